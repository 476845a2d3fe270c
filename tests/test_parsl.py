"""Campaigns in Parsl's blocks: on this machine, through stand-ins of PBS and LSF, and mistakes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import batch_systems
import pytest
import yaml
from parsl import Config
from parsl.executors import ThreadPoolExecutor
from slurm_node import PATIENCE_S

from epicarve.dft.settings import MachineSettings
from epicarve.errors import InputError
from epicarve.workflow.tasks.campaign import campaign
from epicarve.workflow.tasks.parsl_config import read_config, slurm_config
from epicarve.workflow.tasks.worker import threads_of_worker

MEMBER = {
    "crystal": {"name": "PbS"},
    "shape": {"kind": "sphere", "diameter_nm": 0.6},
    "engine": "xtb",
    "xtb": {"max_steps": 1},
    "analysis": {"ipr_max": 0.5, "figures": {"formats": ["svg"]}},
}

CONFIG = """
from parsl import Config
from parsl.executors import HighThroughputExecutor, ThreadPoolExecutor
from parsl.providers import LocalProvider, LSFProvider, PBSProProvider


def blocks(provider):
    return HighThroughputExecutor(
        label="blocks", address="127.0.0.1", max_workers_per_node=1, provider=provider,
        heartbeat_period=1, heartbeat_threshold=3,
    )


config = Config(executors=[{executor}], strategy_period=0.2)
"""

EXECUTORS = {
    "threads": "ThreadPoolExecutor(max_threads=2)",
    "local": "blocks(LocalProvider())",
    "pbs": "blocks(PBSProProvider())",
    "lsf": "blocks(LSFProvider())",
}

BATCH = {"pbs": batch_systems.PBS, "lsf": batch_systems.LSF}


def write(path, **changes):
    path.write_text(yaml.safe_dump({**MEMBER, **changes}))


@pytest.fixture
def recipes(tmp_path):
    """One that is done, and one that is too small to be built."""
    folder = tmp_path / "recipes"
    folder.mkdir()
    write(folder / "one.yaml")
    write(folder / "small.yaml", shape={"kind": "sphere", "diameter_nm": 0.5})
    return folder


def configured(folder, way):
    path = folder / f"{way}.py"
    path.write_text(CONFIG.format(executor=EXECUTORS[way]))
    return path


def wait_until(true):
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.parametrize("way", ["threads", "pbs", "lsf"])
def test_a_campaign_through_any_provider(way, recipes, tmp_path, monkeypatch):
    if way in BATCH:
        batch_systems.install(BATCH[way], tmp_path, monkeypatch)
    out, config = tmp_path / "out", configured(tmp_path, way)
    config = read_config(config) if way == "threads" else config
    one, small = campaign(recipes, out, on="parsl", config=config).members
    assert (one.name, one.state, one.formula) == ("one", "done", "Pb2S2")
    assert (small.name, small.state) == ("small", "failed")
    assert "smaller than the unit cell" in small.told
    assert list(out.glob("runinfo/000/parsl.log"))
    if way in BATCH:
        (job,) = (tmp_path / "batch").iterdir()  # one block for both, and it ends
        wait_until(lambda: not Path(f"/proc/{job.read_text().strip()}").exists())


def test_a_driver_that_is_killed_leaves_no_block_behind(recipes, tmp_path):
    out, config = tmp_path / "out", configured(tmp_path, "local")
    command = [sys.executable, "-m", "epicarve", "campaign", recipes, "-o", out, "--on", "parsl"]
    driver = subprocess.Popen(
        [*map(str, command), "--config", str(config)], stderr=subprocess.DEVNULL
    )
    wait_until((out / "one" / "model.json").is_file)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    block = ["pgrep", "-f", f"process_worker_pool.*{out}"]
    wait_until(lambda: subprocess.run(block, check=False, capture_output=True).returncode == 1)
    states = {m.name: m.state for m in campaign(recipes, out, on="parsl", config=config).members}
    assert states == {"one": "done", "small": "failed"}


def test_ctrl_c_of_a_terminal_ends_the_driver_and_its_blocks(recipes, tmp_path):
    """It reaches all processes of the driver's group, also what hands members to blocks."""
    out, config = tmp_path / "out", configured(tmp_path, "local")
    write(recipes / "one.yaml", shape={"kind": "sphere", "diameter_nm": 1.0}, xtb={"max_steps": 99})
    command = [sys.executable, "-m", "epicarve", "campaign", recipes, "-o", out, "--on", "parsl"]
    driver = subprocess.Popen(
        [*map(str, command), "--config", str(config)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    wait_until((out / "one" / "model.json").is_file)
    os.killpg(driver.pid, signal.SIGINT)
    _, said = driver.communicate(timeout=PATIENCE_S)
    assert driver.returncode == 130
    assert "stopped; run the same command again to go on" in said
    assert "Traceback" not in said
    block = ["pgrep", "-f", f"process_worker_pool.*{out}"]
    wait_until(lambda: subprocess.run(block, check=False, capture_output=True).returncode == 1)


def test_blocks_that_do_not_start_are_told_in_one_sentence(recipes, tmp_path, monkeypatch):
    refuses = {"qsub": "#!/bin/bash\necho 'qsub: Unknown queue' >&2\nexit 1\n"}
    batch_systems.install(refuses, tmp_path, monkeypatch)
    with pytest.raises(InputError, match=r"no block to run: .*Unknown queue.*runinfo/000") as told:
        campaign(recipes, tmp_path / "out", on="parsl", config=configured(tmp_path, "pbs"))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, r"config.py: no such file; give a Python file that makes Parsl's config"),
        ("config = Config(", r"config.py: Python can't run it: SyntaxError"),
        ("import no_such_thing", r"can't run it: ModuleNotFoundError: No module named 'no_such"),
        ("raise SystemExit", r"config.py: Python can't run it: SystemExit"),
        (
            "import parsl\nconfig = parsl.Config()\nparsl.load(config)",
            r"config.py: it calls parsl.load, which epicarve does; leave that line out",
        ),
        (
            "from parsl import Config, load\nconfig = Config()\nwith load(config):\n    pass",
            r"config.py: it calls parsl.load, which",
        ),
        ("x = 1", r"config.py: makes no config of Parsl; write config = Config\("),
        ("from parsl import Config\nmine = Config()", r"makes no config of Parsl; rename mine"),
    ],
)
def test_a_wrong_configuration_is_told_in_one_sentence(tmp_path, text, told):
    path = tmp_path / "config.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=told) as error:
        read_config(path)
    assert "\n" not in str(error.value)


def test_what_does_not_go_with_parsl_is_refused(recipes, tmp_path, monkeypatch):
    config = configured(tmp_path, "threads")
    with pytest.raises(InputError, match="add --on parsl"):
        campaign(recipes, tmp_path / "out", config=config)
    for name, told in {"my out": "a space", "out(2)": r"\(", "it's": "'", "a&b": "&"}.items():
        with pytest.raises(InputError, match=f"holds {told}; take another folder"):
            campaign(recipes, tmp_path / name, on="parsl", config=config)
    labelled = Config(executors=[ThreadPoolExecutor(label="my pool")])
    with pytest.raises(InputError, match=r"/my pool: .* a space; take .* label of the executor"):
        campaign(recipes, tmp_path / "out", on="parsl", config=labelled)
    with pytest.raises(InputError, match="--jobs counts members on this machine; with --on parsl"):
        campaign(recipes, tmp_path / "out", on="parsl", config=config, n_jobs=2)
    monkeypatch.setitem(sys.modules, "parsl", None)
    with pytest.raises(InputError, match=r"pip install 'epicarve\[parsl\]'"):
        campaign(recipes, tmp_path / "out", on="parsl")


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    programs = dict.fromkeys(("sbatch", "squeue", "sacct"), "#!/bin/bash\n")
    batch_systems.install(programs, tmp_path, monkeypatch)


@pytest.mark.usefixtures("sbatch")
def test_the_default_asks_slurm_for_what_the_machine_says():
    machine = MachineSettings(
        cores_per_node=16,
        threads_per_rank=2,
        memory_gb=64,
        time_limit_h=1.5,
        partition="long",
        account="me",
        qos="high",
        constraint="zen4",
        gpus=1,
        sbatch_options=("--reservation=mine",),
        modules=("cp2k/2023.1",),
    )
    (executor,) = slurm_config(machine, 30).executors
    provider = executor.provider
    asked = provider.scheduler_options
    for line in (
        *("--partition=long", "--account=me", "--qos=high", "--constraint=zen4"),
        *("--gpus-per-node=1", "--mem=61035M", "--reservation=mine"),
    ):
        assert f"#SBATCH {line}\n" in asked
    assert "--exclusive" not in asked
    assert "module load cp2k/2023.1" in provider.worker_init
    assert provider.walltime == "01:30:00"
    # Eight members of two threads on a node: four blocks for thirty members.
    assert (executor.workers_per_node, provider.max_blocks) == (8, 4)
    (limited,) = slurm_config(machine.model_copy(update={"array_limit": 5}), 30).executors
    assert (limited.workers_per_node, limited.provider.max_blocks) == (5, 1)
    (whole,) = slurm_config(MachineSettings(), 10_000).executors
    assert "#SBATCH --exclusive\n" in whole.provider.scheduler_options
    assert (whole.provider.max_blocks, whole.provider.walltime) == (10, "24:00:00")


@pytest.mark.usefixtures("sbatch")
@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"scheduler": "pbs"}, r"no default of Parsl for pbs; .*--config"),
        ({"nodes": 2}, r"a block of the default is one node, and 2 are asked for"),
        ({"cores_per_node": 4, "ranks_per_node": 8}, r"asks for 8 cores, and a node has 4"),
    ],
)
def test_a_machine_that_is_none_for_the_default_is_told(settings, told):
    with pytest.raises(InputError, match=told):
        slurm_config(MachineSettings(**settings), 10)


def test_the_cores_of_a_node_are_shared_by_its_workers(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    assert threads_of_worker() == 1
    monkeypatch.setenv("PARSL_WORKER_COUNT", "4")
    assert threads_of_worker() == 4
