"""The chain submitted to a real SLURM of one node, which the tests start for themselves."""

import os
import socket
import subprocess
import time

import pytest

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.inputs import write_stages
from epicarve.dft.read import read_states
from epicarve.dft.settings import Cp2kSettings, MachineSettings

pytestmark = pytest.mark.slurm

CONFIGURATION = """ClusterName=epicarve
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthInfo=socket={folder}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SchedulerParameters=sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={n_cpus} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
"""

SETTINGS = Cp2kSettings(
    basis="SZV-MOLOPT-SR-GTH",
    cutoff_ry=80,
    rel_cutoff_ry=30,
    vacuum_a=4.0,
    prerelax=None,
    relax={"max_steps": 1, "must_converge": False},
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(pid_file):
    """End the daemon that wrote the file, and no other."""
    if pid_file.is_file():
        os.kill(int(pid_file.read_text()), 15)


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """Environment in which sbatch and squeue speak to a SLURM of one node."""
    if os.geteuid() != 0:
        pytest.skip("SLURM's daemons want to be started by root")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    configuration = CONFIGURATION.format(
        host=socket.gethostname().partition(".")[0],
        controller_port=free_port(),
        node_port=free_port(),
        folder=folder,
        n_cpus=os.cpu_count(),
    )
    (folder / "slurm.conf").write_text(configuration)
    environment = {
        **os.environ,
        "SLURM_CONF": str(folder / "slurm.conf"),
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    files = {"key": "munge.key", "socket": "munge.socket", "pid": "munged.pid"}
    options = [f"--{name}-file={folder / file}" for name, file in files.items() if name != "socket"]
    options += [f"--socket={folder / files['socket']}", f"--log-file={folder / 'munged.log'}"]
    options += [f"--seed-file={folder / 'munge.seed'}", "--force"]
    subprocess.run(["munged", *options], check=True)
    for daemon in ("slurmctld", "slurmd"):
        subprocess.run([daemon], env=environment, check=True)
    try:
        wait_until(lambda: "idle" in output(["sinfo", "-h"], environment), 30)
        yield environment
    finally:
        for daemon in ("slurmd", "slurmctld", "munged"):
            stop(folder / f"{daemon}.pid")


def output(command, environment, folder=None):
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    ).stdout


def wait_until(true, seconds):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long for SLURM"
        time.sleep(0.5)


def submit(folder, environment, machine):
    model = carve(bundled_crystal("PbS"), Sphere(radius_a=3.0))
    chain = write_stages(model, SETTINGS, machine, folder)
    told = output(["bash", "submit.sh"], environment, folder)
    assert told.count("job ") == len(chain)
    wait_until(lambda: not output(["squeue", "-h"], environment), 240)
    return chain


@pytest.mark.cp2k
def test_submitted_chain_runs_without_a_touch(slurm, tmp_path):
    submit(tmp_path, slurm, MachineSettings(time_limit_h=0.1))
    assert read_states(tmp_path).n_electrons == 20
    logs = sorted(path.read_text() for path in tmp_path.rglob("*.log"))
    assert logs == [f"{name}: complete\n" for name in ("1-relax", "2-ground-state", "3-states")]


def test_a_failed_stage_takes_the_rest_off_the_queue(slurm, tmp_path):
    chain = submit(tmp_path, slurm, MachineSettings(cp2k_command="false"))
    assert [path.parent.name for path in tmp_path.rglob("*.log")] == [chain[0].folder]
    (log,) = tmp_path.rglob("*.log")
    assert log.read_text() == "1-relax: CP2K stopped with an error; read relax.out\n"
    assert not (tmp_path / chain[1].output).exists()
