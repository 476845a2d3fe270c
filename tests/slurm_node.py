"""A real SLURM of one node, started for the tests and ended after them."""

import os
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE_S = 300.0
"""How long a test waits for what a job does, on however slow a machine."""

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
KillWait=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SchedulerParameters=sched_interval=1,sched_min_interval=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={n_cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
"""


@contextmanager
def slurm_node(folder):
    """Yield the environment in which sbatch and squeue speak to a SLURM of one node."""
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
        memory_mb=int(0.9 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20),
    )
    (folder / "slurm.conf").write_text(configuration)
    environment = {
        **os.environ,
        "SLURM_CONF": str(folder / "slurm.conf"),
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }
    munge = {"key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{name}={folder / 'munged'}.{end}" for name, end in munge.items()]
    key.rename(folder / "munged.key")
    subprocess.run(
        ["munged", *options, f"--socket={folder / 'munge.socket'}", "--force"], check=True
    )
    for daemon in ("slurmctld", "slurmd"):
        subprocess.run([daemon], env=environment, check=True)
    try:
        wait_until(lambda: "idle" in output(["sinfo", "-h"], environment), environment)
        yield environment
    finally:
        for daemon in ("slurmd", "slurmctld", "munged"):
            stop(folder / f"{daemon}.pid")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(pid_file):
    """End the daemon that wrote the file, and no other."""
    if pid_file.is_file():
        with suppress(ProcessLookupError):
            os.kill(int(pid_file.read_text()), 15)


def output(command, environment, folder=None):
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    ).stdout


def wait_until(true, environment):
    """Wait for something that jobs bring about; if it does not come, tell how SLURM stands."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"waited too long for SLURM\n{told(environment)}"
        time.sleep(0.1)


def told(environment):
    """What SLURM says of its jobs and its node, and the ends of its logs."""
    folder = Path(environment["SLURM_CONF"]).parent
    logs = [folder / f"{daemon}.log" for daemon in ("slurmctld", "slurmd")]
    ends = ["\n".join(log.read_text().splitlines()[-20:]) for log in logs if log.is_file()]
    asked = [output(command, environment) for command in (["squeue"], ["sinfo", "-N", "-l"])]
    return "\n".join([*asked, *ends])
