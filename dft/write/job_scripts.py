"""Job scripts of the chain: one script a stage for SLURM or PBS, and what submits or runs them."""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from epicarve.dft.settings import JOIN, START
from epicarve.errors import InputError
from epicarve.units import duration, two_digits

from .layout import NODE_CORES, NODE_GB
from .walltime import UNKNOWN_HOURS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from epicarve.dft.settings import MachineSettings, Stage

    from .resources import StageResources

SHARED_SCRIPTS = ("stage.sh", "submit.sh", "run.sh", "within.awk")
"""Scripts of templates/jobs that stand in the chain's folder as they are."""

ORDER = "chain.txt"
"""The scripts of the chain, a line each: the script, then those that have to succeed before."""

BYTES_PER_GB = 1e9

ASKED = {
    "cores": ("nodes", "ranks_per_node", "threads_per_rank"),
    "memory": ("memory_gb",),
    "time": ("time_limit_h",),
}
"""What a header asks for, and the settings that state it."""

JOB_ID = "job.id"
"""Name of the file, in a stage's folder, that holds the job that submit.sh last submitted."""


def job_files(
    chain: tuple[Stage, ...],
    machine: MachineSettings,
    data: Mapping[str, Collection[str]],
    needs: Mapping[str, StageResources],
) -> dict[str, str]:
    """Return the text of each script of the chain by its path below the chain's folder.

    Parameters
    ----------
    chain : tuple of Stage
        The stages in the order in which they run.
    machine : MachineSettings
        What the scripts ask of the scheduler.
    data : mapping
        Names of the data files that lie beside the input, by the folder of the stage.
    needs : mapping
        What each stage needs and asks for, by its folder.
    """
    texts = {name: job_template(name) for name in SHARED_SCRIPTS}
    texts["scheduler.sh"] = job_template(f"submit_{machine.scheduler}.sh")
    texts[ORDER] = _order_text(_in_line(chain))
    for stage in chain:
        need, own = needs[stage.folder], machine.of_stage(stage.name)
        asked = own.model_copy(
            update={
                "nodes": need.nodes,
                "ranks_per_node": need.ranks // need.nodes,
                "threads_per_rank": need.threads_per_rank,
                "memory_gb": need.asked_gb,
                "time_limit_h": need.asked_h,
            }
        )
        body = [*_comment(need, own), *_body(stage, asked, data.get(stage.folder, ()))]
        texts[stage.script] = job_script(stage.name, body, asked)
    return texts


def join_files(
    halves: Mapping[str, tuple[Stage, ...]], whole: tuple[Stage, ...], machine: MachineSettings
) -> dict[str, str]:
    """Return the scripts that relax halves, join them and go on with the whole.

    Parameters
    ----------
    halves : mapping of str to tuple of Stage
        The stages of each half by its folder, whose own scripts `job_files` gives.
    whole : tuple of Stage
        The stages of the joined particle.
    machine : MachineSettings
        What the scripts ask of the scheduler.

    Returns
    -------
    dict of str to str
        Text by path: the script that joins, and the order of all scripts.
    """
    order = {
        f"{half}/{script}": [f"{half}/{need}" for need in needs]
        for half, chain in halves.items()
        for script, needs in _in_line(chain).items()
    }
    order[JOIN.script] = [f"{half}/{chain[-1].script}" for half, chain in halves.items()]
    order |= _in_line(whole) | {whole[0].script: [JOIN.script]}
    machine = machine.of_stage(JOIN.name)
    body = [*_prepare(machine), ". ../join.sh"]
    return {
        ORDER: _order_text(order),
        "join.sh": job_template("join.sh"),
        JOIN.script: job_script(JOIN.name, body, machine),
    }


def _in_line(chain: tuple[Stage, ...]) -> dict[str, list[str]]:
    """Scripts of a chain, and those that have to succeed before each."""
    return {
        stage.script: [stage.previous.script] if stage.previous is not None else []
        for stage in chain
    }


def _order_text(order: Mapping[str, list[str]]) -> str:
    return "".join(" ".join([script, *needs]) + "\n" for script, needs in order.items())


def read_parts(folder: Path) -> dict[str, tuple[str, ...]]:
    """Read which folders of stages run, in their order, by the part of the model that they are of.

    Parameters
    ----------
    folder : Path
        Folder of the chain.

    Returns
    -------
    dict of str to tuple of str
        Folders of stages by part: ``film`` and ``substrate``, whose halves are relaxed by
        themselves, and ``""`` for the whole.
    """
    parts: dict[str, tuple[str, ...]] = {}
    for line in (folder / ORDER).read_text(encoding="utf-8").splitlines():
        stage = PurePosixPath(line.split()[0]).parent
        part = "" if len(stage.parts) == 1 else stage.parts[0]
        parts[part] = (*parts.get(part, ()), stage.name)
    return parts


def job_template(name: str) -> str:
    """Return the text of a script of templates/jobs."""
    return (files("epicarve.templates") / "jobs" / name).read_text(encoding="utf-8")


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
    options = list(machine.sbatch_options)
    if machine.memory_gb is not None and not any("--mem" in option for option in options):
        options.insert(0, f"--mem={_mebibytes(machine.memory_gb)}M")
    asked = {
        "qos": machine.qos,
        "constraint": machine.constraint,
        "gpus_per_node": machine.gpus,
        "qverbatim": "\n".join(f"#SBATCH {option}" for option in options),
    }
    return {name: str(value) for name, value in asked.items() if value is not None}


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


def _comment(need: StageResources, stated: MachineSettings) -> list[str]:
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


def preparation(machine: MachineSettings) -> list[str]:
    """Return the lines of bash that ready a job for its program."""
    threads = machine.threads_per_rank or 1
    return [
        f"export OMP_NUM_THREADS={threads}",
        # Newer srun no longer takes this from sbatch.
        f"export SRUN_CPUS_PER_TASK={threads}",
        # Open MPI's mpirun would put all threads of one or two ranks on one core each, and single
        # ranks of several jobs on the same one.
        *["export OMPI_MCA_hwloc_base_binding_policy=none"]
        * (threads > 1 or (machine.ranks_per_node or 1) == 1),
        *(f"module load {module}" for module in machine.modules),
        *machine.prologue,
    ]


def _body(stage: Stage, machine: MachineSettings, data: Collection[str]) -> list[str]:
    previous = stage.previous
    must_relax = stage.relaxation is not None and stage.relaxation.must_converge
    most_move_a = previous.most_move_a if previous is not None else None
    settings = {
        "stage": stage.name,
        "previous": _above(previous.key if previous else None),
        "trajectory": _above(previous.trajectory if previous else START),
        "most_move_a": "" if most_move_a is None else f"{most_move_a:g}",
        "orbitals": _above(previous.orbitals if previous else None),
        "must_relax": "yes" if must_relax else "no",
        "data_files": " ".join(data),
        "cp2k_command": machine.cp2k_command,
    }
    return [
        *(f"{name}={shlex.quote(value)}" for name, value in settings.items()),
        *_prepare(machine),
        ". ../stage.sh",
    ]


def _prepare(machine: MachineSettings) -> list[str]:
    """Lines that bring a job to its folder, and define what readies it for its program."""
    return [
        *['[ -e ../stage.sh ] || cd "$PBS_O_WORKDIR"  # PBS starts its jobs at home']
        * (machine.scheduler == "pbs"),
        "prepare() {",
        *(f"  {line}" for line in preparation(machine)),
        "}",
    ]


def _above(path: str | None) -> str:
    """Path as seen from within a stage's folder, empty if there is none."""
    return f"../{path}" if path else ""
