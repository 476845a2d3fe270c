"""Headers of job scripts: what is asked of SLURM or PBS, and what that rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.errors import InputError
from epicarve.units import duration, two_digits

from .layout import NODE_CORES, NODE_GB
from .walltime import UNKNOWN_HOURS

if TYPE_CHECKING:
    from epicarve.dft.settings import MachineSettings

    from .resources import StageResources

BYTES_PER_GB = 1e9

ASKED = {
    "cores": ("nodes", "ranks_per_node", "threads_per_rank"),
    "memory": ("memory_gb",),
    "time": ("time_limit_h",),
}
"""What a header asks for, and the settings that state it."""


def job_script(
    name: str, body: list[str], machine: MachineSettings, *, log: str | None = None
) -> str:
    """Return a script with the header of the machine's scheduler; without it, it is plain bash.

    Parameters
    ----------
    name : str
        Name of the job.
    body : list of str
        Lines of bash.
    machine : MachineSettings
        Scheduler and resources; one core for 24 hours of what is not stated.
    log : str, optional
        Where its messages go; ``NAME-JOB.log`` (SLURM) or ``NAME.log`` (PBS) if not given.

    Raises
    ------
    InputError
        If something is stated that the scheduler does not have.
    """
    from qtoolkit.core.data_objects import QResources  # noqa: PLC0415
    from qtoolkit.io.pbs import PBSIO  # noqa: PLC0415
    from qtoolkit.io.slurm import SlurmIO  # noqa: PLC0415

    on_slurm = machine.scheduler == "slurm"
    time_h = machine.time_limit_h or UNKNOWN_HOURS
    resources = QResources(
        job_name=name,
        queue_name=machine.partition,
        account=machine.account,
        nodes=machine.nodes or 1,
        processes_per_node=machine.ranks_per_node or 1,
        threads_per_process=machine.threads_per_rank or 1,
        time_limit=round(time_h * 3600),
        email_address=machine.email,
        output_filepath=log or ("%x-%j.log" if on_slurm else f"{name}.log"),
        scheduler_kwargs=_slurm_lines(machine) if on_slurm else _pbs_lines(machine),
    )
    scheduler = SlurmIO() if on_slurm else PBSIO()
    script: str = scheduler.get_submission_script(body, resources)
    return script + "\n"


def _slurm_lines(machine: MachineSettings) -> dict[str, str]:
    """Lines of SLURM's header by the names of qtoolkit's template."""
    asked = {
        "qos": machine.qos,
        "constraint": machine.constraint,
        "gpus_per_node": machine.gpus,
        "qverbatim": "\n".join(f"#SBATCH {option}" for option in slurm_options(machine)),
    }
    return {name: str(value) for name, value in asked.items() if value is not None}


def slurm_options(machine: MachineSettings) -> list[str]:
    """Return the options of sbatch that have no word of their own: memory, and those stated."""
    options = list(machine.sbatch_options)
    if machine.memory_gb is not None and not any("--mem" in option for option in options):
        options.insert(0, f"--mem={_mebibytes(machine.memory_gb)}M")
    return options


def _pbs_lines(machine: MachineSettings) -> dict[str, str]:
    """Lines of PBS' header by the names of qtoolkit's template.

    Raises
    ------
    InputError
        If something is stated that PBS does not have.
    """
    for key in ("qos", "constraint"):
        if getattr(machine, key) is not None:
            raise InputError(
                f"machine.{key}: PBS has no such option of one form; write what yours takes under "
                "qsub_options"
            )
    options = list(machine.qsub_options)
    ranks, threads = machine.ranks_per_node or 1, machine.threads_per_rank or 1
    chunk = f"select={machine.nodes or 1}:ncpus={ranks * threads}:mpiprocs={ranks}"
    chunk += f":ompthreads={threads}" if threads > 1 else ""
    if machine.memory_gb is not None and not any("mem=" in option for option in options):
        chunk += f":mem={_mebibytes(machine.memory_gb)}mb"
    chunk += f":ngpus={machine.gpus}" if machine.gpus is not None else ""
    lines = ["#PBS -j oe", *(f"#PBS {option}" for option in options)]
    return {"select": chunk, "qverbatim": "\n".join(lines)}


def _mebibytes(memory_gb: float) -> int:
    return int(memory_gb * BYTES_PER_GB / 2**20)


def header_comment(need: StageResources, stated: MachineSettings) -> list[str]:
    """Return lines that tell what the header rests on."""
    of_estimate = [
        word for word, keys in ASKED.items() if any(getattr(stated, key) is None for key in keys)
    ]
    node = f"{stated.cores_per_node or NODE_CORES} cores and {stated.memory_gb or NODE_GB:g} GB"
    lines = [
        f"estimated: {two_digits(need.memory_gb)} GB, {duration(need.time_h * 3600)} on "
        f"{need.nodes} × {need.ranks // need.nodes} × {need.threads_per_rank} cores (nodes × ranks "
        "of each × threads)"
    ]
    if of_estimate:
        lines += [
            f"from the estimate: {', '.join(of_estimate)}; counted with nodes of {node}, which",
            "machine: {cores_per_node: ..., memory_gb: ...} in the recipe changes",
        ]
    lines += [part for part in need.mismatch.split("; ") if part]
    return [f"# {line}" for line in lines]
