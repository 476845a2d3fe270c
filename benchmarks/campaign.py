"""Campaigns of many tiny recipes, on this machine and on a real one-node SLURM, each killed once.

Run as root (SLURM's daemons want it):

    python benchmarks/campaign.py [N] [local] [slurm] [parsl] [blocks] [jobs]

Prints for each way how many members are done and failed by name, and the wall time; ends with 1 if
a result was lost, that is, if a member is neither, or was computed again after it was done.

parsl: blocks of one core; kill -9 of the driver when a quarter is done, scancel of a block when
half is. For comparison and not killed, blocks: the same, jobs: one sbatch a recipe.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from slurm_node import output, slurm_node

KILL_AFTER_S = 25.0
POLL_S = 0.5

EPICARVE = [sys.executable, "-m", "epicarve"]


def write_recipes(folder: Path, n_members: int) -> None:
    """Write recipes of 4 to 20 ions; every tenth is too small to be built."""
    folder.mkdir()
    for number in range(n_members):
        diameter_nm = 0.5 if number % 10 == 9 else 0.6 + 0.4 * number / n_members
        recipe = {
            "crystal": {"name": "PbS"},
            "shape": {"kind": "sphere", "diameter_nm": round(diameter_nm, 4)},
            "engine": "xtb",
            "xtb": {"max_steps": 2},
            "machine": {
                "cores_per_node": 1,
                "memory_gb": 2,
                "time_limit_h": 1,
                "array_limit": os.cpu_count(),
            },
            "analysis": {"ipr_max": 0.5, "figures": {"formats": ["svg"]}},
        }
        (folder / f"member-{number:04d}.yaml").write_text(yaml.safe_dump(recipe))


def run(recipes: Path, out: Path, on: str, environment: dict[str, str]) -> bool:
    """Run the campaign, kill -9 its runner once, run it again, and count."""
    command = [*EPICARVE, "campaign", str(recipes), "-o", str(out), "--on", on, "--json"]
    begun = time.perf_counter()
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    runner = subprocess.Popen(command, **quiet)
    if on == "parsl":
        _wait_for(out, len(list(recipes.iterdir())) // 4, runner)
    else:
        time.sleep(KILL_AFTER_S)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    ages = {path: path.stat().st_mtime_ns for path in out.glob("member-*/summary.json")}
    print(f"{on}: killed after {time.perf_counter() - begun:.0f} s, {len(ages)} done")
    runner = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    if on == "parsl":
        n_done = _wait_for(out, len(list(recipes.iterdir())) // 2, runner)
        blocks = output(["squeue", "-h", "-t", "R", "-o", "%i"], environment).split()
        subprocess.run(["scancel", blocks[-1]], env=environment, check=True)
        print(f"{on}: scancel after {time.perf_counter() - begun:.0f} s, {n_done} done")
    answer, _ = runner.communicate()
    seconds = time.perf_counter() - begun
    rows = json.loads(answer)["campaign"]
    done = [row for row in rows if row["state"] == "done" and row["homo_lumo_gap_ev"] is not None]
    failed = [row for row in rows if row["state"] == "failed" and row["told"]]
    again = [path for path, age in ages.items() if path.stat().st_mtime_ns != age]
    print(f"{on}: {len(rows)} members, {len(done)} done, {len(failed)} failed, {seconds:.0f} s")
    print(f"  {len(again)} computed again after they were done")
    for reason in sorted({row["told"] for row in failed}):
        print(f"  failed: {reason}")
    return len(done) + len(failed) == len(list(recipes.iterdir())) and not again


def _wait_for(out: Path, n_done: int, runner: subprocess.Popen[str]) -> int:
    """Wait until so many members are done, and return how many are."""
    found = 0
    while found < n_done:
        if runner.poll() is not None:
            raise RuntimeError("the campaign ended too early")
        time.sleep(POLL_S)
        found = sum(1 for _ in out.glob("member-*/summary.json"))
    return found


def run_jobs(recipes: Path, out: Path, environment: dict[str, str]) -> bool:
    """Submit each recipe as a job of its own, and wait until the queue is empty."""
    begun = time.perf_counter()
    for recipe in sorted(recipes.iterdir()):
        wrapped = " ".join([*EPICARVE, "run", str(recipe), "-o", str(out / recipe.stem)])
        options = ["-n", "1", "--mem=2G", "-o", "/dev/null", "--wrap", wrapped]
        subprocess.run(["sbatch", *options], env=environment, check=True, capture_output=True)
    submitted = time.perf_counter() - begun
    while output(["squeue", "-h"], environment).strip():
        time.sleep(POLL_S)
    n_done = sum(1 for _ in out.glob("member-*/summary.json"))
    seconds = time.perf_counter() - begun
    print(f"jobs: {n_done} done, {seconds:.0f} s, of which {submitted:.0f} s to submit")
    return True


def run_blocks(recipes: Path, out: Path, environment: dict[str, str]) -> bool:
    """Run the campaign in Parsl's blocks, and let nobody kill anything."""
    begun = time.perf_counter()
    command = [*EPICARVE, "campaign", str(recipes), "-o", str(out), "--on", "parsl"]
    subprocess.run(command, env=environment, capture_output=True, check=False)
    n_done = sum(1 for _ in out.glob("member-*/summary.json"))
    print(f"blocks: {n_done} done, {time.perf_counter() - begun:.0f} s")
    return True


def main() -> None:
    """Run the campaigns that are asked for, those that are killed if none is."""
    words = sys.argv[1:]
    n_members = next((int(word) for word in words if word.isdigit()), 100)
    ways = [word for word in words if not word.isdigit()] or ["local", "slurm", "parsl"]
    whole = True
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        write_recipes(folder / "recipes", n_members)
        if "local" in ways:
            whole &= run(folder / "recipes", folder / "local", "local", dict(os.environ))
        (folder / "node").mkdir()
        with slurm_node(folder / "node") as environment:
            for way in ways:
                if way in {"blocks", "jobs"}:
                    alone = run_blocks if way == "blocks" else run_jobs
                    whole &= alone(folder / "recipes", folder / way, environment)
                elif way != "local":
                    whole &= run(folder / "recipes", folder / way, way, environment)
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
