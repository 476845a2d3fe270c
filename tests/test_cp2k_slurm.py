"""Chains and campaigns submitted to a real SLURM of one node, and killed in the middle."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial

import pytest
import yaml
from slurm_node import PATIENCE_S, output, slurm_node, wait_until

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.output import read_output
from epicarve.dft.settings import Cp2kSettings, MachineSettings, stages
from epicarve.dft.write import write_stages
from epicarve.workflow.recipes import parse_recipe

pytestmark = pytest.mark.slurm

RECIPE = {
    "crystal": {"name": "PbS"},
    "shape": {
        "kind": "box",
        "faces": [
            {"hkl": [1, 0, 0], "length_nm": 0.6},
            {"hkl": [0, 1, 0], "length_nm": 0.6},
            {"hkl": [0, 0, 1], "length_nm": 1.2},
        ],
        "centre": [0.25, 0.25, 0.25],
    },
    "cp2k": {
        "basis": "SZV-MOLOPT-SR-GTH",
        "cutoff_ry": 50,
        "rel_cutoff_ry": 20,
        "vacuum_a": 2.5,
        "eps_scf": 1e-5,
        "prerelax": None,
        "relax": {"max_steps": 60, "max_force_hartree_bohr": 2e-4},
    },
    "machine": {"time_limit_h": 0.2},
    "analysis": {"ipr_max": 0.5},
}
"""Pb8S8, a block of two by two by four ions, which relaxes in a dozen steps. A relaxation that is
taken up again takes another way, so that only one that converges ends with the same energy."""

BLOCKS = """
from parsl import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import SlurmProvider


class Watched(SlurmProvider):
    status_polling_interval = 1


provider = Watched(
    exclusive=False, cores_per_node=1, mem_per_node=1, walltime="00:10:00", parallelism=0.01
)
executor = HighThroughputExecutor(
    label="watched", provider=provider, heartbeat_period=1, heartbeat_threshold=4
)
config = Config(executors=[executor], retries=1, strategy_period=0.5)
"""
"""Parsl's configuration of SLURM, with less patience than Parsl has by itself."""

TINY = {
    "crystal": {"name": "PbS"},
    "shape": {"kind": "sphere", "diameter_nm": 0.6},
    "engine": "xtb",
    "xtb": {"max_steps": 1},
    "analysis": {"ipr_max": 0.5},
}

CHAIN = stages(parse_recipe(RECIPE).cp2k)

HELD = """#!/bin/bash
# CP2K, stopped in the middle of its SCF if the file "hold" beside this script names its output.
mpirun cp2k.psmp "$@" &
while grep -qsx "$4" "${0%/*}/hold" && kill -0 $! 2>/dev/null; do
  grep -qs "SCF WAVEFUNCTION" "$4" && pkill -STOP -P $! -x cp2k.psmp
  sleep 0.01
done
wait $!
"""
"""The SCF of this small model takes a second, too short to be sure to come in between."""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """Environment in which sbatch and squeue speak to a SLURM of one node."""
    if os.geteuid() != 0:
        pytest.skip("SLURM's daemons want to be started by root")
    with slurm_node(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture
def left_clean(slurm, tmp_path):
    """End the runners and jobs of a test, however it ended: no other has to wait for them."""
    yield
    subprocess.run(["pkill", "-KILL", "-f", f"epicarve run .*{tmp_path}"], check=False)
    jobs = [path.read_text().strip() for path in tmp_path.rglob("job.id")]
    subprocess.run(["scancel", *jobs], env=slurm, check=False)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
    path.write_text(yaml.safe_dump(RECIPE))
    return path


@pytest.fixture(scope="module")
def submitted(slurm, recipe, tmp_path_factory):
    """The chain of `epicarve inputs`, copied and submitted as it stands."""
    folder = tmp_path_factory.mktemp("copied")
    epicarve(["inputs", recipe, "-o", folder / "written"], slurm)
    shutil.copytree(folder / "written", folder / "chain")
    told = output(["bash", "submit.sh"], slurm, folder / "chain")
    assert told.count("job ") == len(CHAIN)
    return folder / "chain"


@pytest.fixture(scope="module")
def copied(slurm, submitted):
    """The copied chain when it is through."""
    wait_until(partial(is_through, submitted, slurm), slurm)
    return submitted


def epicarve(arguments, environment, **options):
    return subprocess.run(
        [sys.executable, "-m", "epicarve", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        **options,
    )


def runner(recipe, folder, environment):
    """`epicarve run --on slurm`, left to itself."""
    command = [sys.executable, "-m", "epicarve", "run", str(recipe), "-o", str(folder)]
    return subprocess.Popen(
        [*command, "--on", "slurm"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def is_through(folder, environment):
    """Whether none of the jobs of a chain waits or runs."""
    jobs = ",".join(path.read_text().strip() for path in folder.rglob("job.id"))
    return not output(["squeue", "-h", "-j", jobs], environment)


def energies(folder):
    return [read_output(folder / stage.output).energy_hartree for stage in CHAIN]


@pytest.mark.cp2k
@pytest.mark.usefixtures("left_clean")
def test_a_chain_killed_in_every_stage_ends_as_if_it_had_not_been(
    slurm, submitted, tmp_path, request
):
    command, hold = tmp_path / "cp2k.sh", tmp_path / "hold"
    command.write_text(HELD)
    command.chmod(0o755)
    recipe, out = tmp_path / "recipe.yaml", tmp_path / "out"
    machine = {**RECIPE["machine"], "cp2k_command": str(command)}
    recipe.write_text(yaml.safe_dump({**RECIPE, "machine": machine}))
    for stage in CHAIN:
        if stage.relaxation is None:
            hold.write_text(f"{stage.name}.out\n")
        first = runner(recipe, out, slurm)
        job = suspended_in(stage, out, slurm)
        # kill -9 of the runner: the job lives on, and the next runner follows the same one
        first.kill()
        first.communicate()
        second = runner(recipe, out, slurm)
        told = f"{stage.folder}: waiting, job {job}: SUSPENDED"
        wait_until(partial(is_following, second, out, told), slurm)
        # scancel: the runner says so and ends
        subprocess.run(["scancel", job], env=slurm, check=True)
        _, said = second.communicate(timeout=PATIENCE_S)
        assert second.returncode == 2, said
        assert re.search(rf"{stage.folder}: job {job} ended as CANCELLED.*run the same", said), said
        hold.unlink(missing_ok=True)
    last = runner(recipe, out, slurm)
    _, said = last.communicate(timeout=PATIENCE_S)
    assert last.returncode == 0, said
    copied = request.getfixturevalue("copied")  # it ran on beside
    assert energies(out) == pytest.approx(energies(copied), abs=1e-6)
    # Each stage was begun twice, by the job that was cancelled and by the one that went on, and
    # never after it was complete.
    for stage in CHAIN:
        logs = [path.read_text() for path in (out / stage.folder).glob("*.log")]
        assert sorted(log.count("complete\n") for log in logs) == [0, 1]


def suspended_in(stage, folder, environment):
    """Wait until CP2K computes a stage, hold its job there, and return the job's number."""
    out, job_file = folder / stage.output, folder / stage.folder / "job.id"

    begun = "OPTIMIZATION STEP:      3" if stage.relaxation else "SCF WAVEFUNCTION OPTIMIZATION"

    def computes():
        return out.is_file() and begun in out.read_text()

    wait_until(computes, environment)
    job = job_file.read_text().strip()
    subprocess.run(["scontrol", "suspend", job], env=environment, check=True)
    assert "PROGRAM ENDED" not in out.read_text()
    return job


def is_following(process, folder, told):
    """Whether a runner, and not the one before it, has told something."""
    assert process.poll() is None, process.stderr.read()
    lock, status = folder / ".run.lock", folder / "run.json"
    if f"process {process.pid} " not in lock.read_text():
        return False
    return json.loads(status.read_text())["told"].startswith(told)


@pytest.mark.cp2k
def test_copied_folder_runs_without_a_touch(slurm, copied):
    logs = sorted(path.read_text() for path in copied.rglob("*.log"))
    assert logs == [f"{stage.folder}: complete\n" for stage in CHAIN]
    assert epicarve(["analyse", copied], slurm).returncode == 0
    assert json.loads((copied / "summary.json").read_text())["n_electrons"] == 80


@pytest.mark.cp2k
def test_a_second_submission_of_what_is_complete_submits_nothing(slurm, copied):
    told = output(["bash", "submit.sh"], slurm, copied)
    assert told.count("complete already") == len(CHAIN)


def test_a_failed_stage_takes_the_rest_off_the_queue(slurm, tmp_path):
    model = carve(bundled_crystal("PbS"), Sphere(radius_a=3.0))
    machine = MachineSettings(cp2k_command="false")
    chain = write_stages(model, Cp2kSettings(prerelax=None), machine, tmp_path)
    assert output(["bash", "submit.sh"], slurm, tmp_path).count("job ") == len(chain)
    wait_until(partial(is_through, tmp_path, slurm), slurm)
    assert [path.parent.name for path in tmp_path.rglob("*.log")] == [chain[0].folder]
    (log,) = tmp_path.rglob("*.log")
    assert log.read_text() == "1-relax: CP2K stopped with an error; read relax.out\n"
    assert not (tmp_path / chain[1].output).exists()


def test_a_refused_job_is_quoted(slurm, recipe, tmp_path):
    data = {**RECIPE, "machine": {"partition": "nowhere"}}
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(data))
    result = epicarve(["run", recipe, "-o", tmp_path / "out", "--on", "slurm"], slurm)
    assert result.returncode == 2
    assert "not submitted: " in result.stderr
    assert "Invalid partition" in result.stderr


def test_embedded_engine_runs_as_one_job(slurm, tmp_path):
    recipe, out = tmp_path / "recipe.yaml", tmp_path / "out"
    recipe.write_text(yaml.safe_dump(TINY))
    result = epicarve(["run", recipe, "-o", out, "--on", "slurm", "--json"], slurm)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == json.loads((out / "summary.json").read_text())
    (log,) = (out / "logs").iterdir()
    assert "analyse" in log.read_text()


def test_campaign_as_an_array_outlives_its_runner(slurm, tmp_path):
    series = {**TINY, "series": {"diameter_nm": [0.5, 0.6, 0.65]}}
    path, out = tmp_path / "series.yaml", tmp_path / "out"
    path.write_text(yaml.safe_dump(series))
    command = [sys.executable, "-m", "epicarve", "campaign", path, "-o", out, "--on", "slurm"]
    killed = subprocess.Popen([*map(str, command)], env=slurm, stderr=subprocess.DEVNULL)
    wait_until((out / "array.jobs").is_file, slurm)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    result = epicarve(["campaign", path, "-o", out, "--on", "slurm", "--json"], slurm)
    assert result.returncode == 1, result.stderr
    rows = {row["name"]: row for row in json.loads(result.stdout)["campaign"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "0.5nm": "failed",
        "0.6nm": "done",
        "0.65nm": "done",
    }
    assert "smaller than the unit cell" in rows["0.5nm"]["told"]
    # What waited, ran or was done was left alone; what had failed already was tried again.
    assert (out / "array-1.txt").read_text().split() == ["0.5nm", "0.6nm", "0.65nm"]
    assert all(later.read_text() == "0.5nm\n" for later in out.glob("array-[2-9].txt"))


def test_campaign_in_blocks_loses_neither_driver_nor_block(slurm, tmp_path):
    """The driver of the default blocks is killed, and a block of the configured ones cancelled."""
    recipes, out, config = tmp_path / "recipes", tmp_path / "out", tmp_path / "blocks.py"
    recipes.mkdir()
    config.write_text(BLOCKS)
    machine = {"cores_per_node": 1, "memory_gb": 1, "time_limit_h": 0.2, "array_limit": 1}
    analysis = {"ipr_max": 0.5, "figures": {"formats": ["svg"]}}
    for number in range(12):
        shape = {"kind": "sphere", "diameter_nm": 0.5 if number == 3 else 0.6 + 0.001 * number}
        member = {**TINY, "shape": shape, "machine": machine, "analysis": analysis}
        (recipes / f"{number:02d}.yaml").write_text(yaml.safe_dump(member))
    command = ["campaign", recipes, "-o", out, "--on", "parsl", "--json"]
    start = [sys.executable, "-m", "epicarve", *map(str, command)]

    def done():
        return {path: path.stat().st_mtime_ns for path in out.glob("[01]?/summary.json")}

    killed = subprocess.Popen(start, env=slurm, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(done()) >= 2, slurm)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    before = done()
    goes_on = subprocess.Popen(
        [*start, "--config", str(config)], env=slurm, stdout=subprocess.PIPE, text=True
    )
    wait_until(lambda: len(done()) >= 6, slurm)
    jobs = output(["squeue", "-h", "-t", "R", "-o", "%i %j"], slurm).splitlines()
    cancelled = [line.split()[0] for line in jobs if "parsl.watched" in line]
    subprocess.run(["scancel", *cancelled], env=slurm, check=True)
    answer, _ = goes_on.communicate(timeout=PATIENCE_S)
    states = {row["name"]: row["state"] for row in json.loads(answer)["campaign"]}
    assert states == {f"{n:02d}": "failed" if n == 3 else "done" for n in range(12)}
    assert len(cancelled) == 1
    assert before.items() <= done().items()
