"""Campaigns of many tiny recipes, on this machine and on a real one-node SLURM, each killed once.

Run as root (SLURM's daemons want it): python benchmarks/campaign.py [N]
Prints for both how many members are done and failed by name, and the wall time; ends with 1 if a
result was lost, that is, if a member is neither.
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
from slurm_node import slurm_node

KILL_AFTER_S = 25.0


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
            "analysis": {"ipr_max": 0.5},
        }
        (folder / f"member-{number:03d}.yaml").write_text(yaml.safe_dump(recipe))


def run(recipes: Path, out: Path, on: str, environment: dict[str, str]) -> bool:
    """Run the campaign, kill -9 its runner once, run it again, and count."""
    command = [sys.executable, "-m", "epicarve", "campaign", str(recipes), "-o", str(out)]
    command += ["--on", on, "--json"]
    begun = time.perf_counter()
    killed = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    time.sleep(KILL_AFTER_S)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    rows = json.loads(answer.stdout)["campaign"]
    done = [row for row in rows if row["state"] == "done" and row["homo_lumo_gap_ev"] is not None]
    failed = [row for row in rows if row["state"] == "failed" and row["told"]]
    print(f"{on}: {len(rows)} members, {len(done)} done, {len(failed)} failed, {seconds:.0f} s")
    for reason in sorted({row["told"] for row in failed}):
        print(f"  failed: {reason}")
    return len(done) + len(failed) == len(list(recipes.iterdir()))


def main() -> None:
    """Run both campaigns."""
    n_members = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        write_recipes(folder / "recipes", n_members)
        whole = run(folder / "recipes", folder / "local", "local", dict(os.environ))
        (folder / "node").mkdir()
        with slurm_node(folder / "node") as environment:
            whole &= run(folder / "recipes", folder / "slurm", "slurm", environment)
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
