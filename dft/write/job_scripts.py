"""Job scripts of the chain: one script a stage for SLURM or PBS, and what submits or runs them."""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from epicarve.dft.settings import JOIN, START

from .job_header import header_comment, job_script

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from epicarve.dft.settings import MachineSettings, Stage

    from .resources import StageResources

SHARED_SCRIPTS = ("stage.sh", "submit.sh", "run.sh", "within.awk")
"""Scripts of templates/jobs that stand in the chain's folder as they are."""

ORDER = "chain.txt"
"""The scripts of the chain, a line each: the script, then those that have to succeed before."""

JOB_ID = "job.id"
"""Name of the file, in a stage's folder, that holds the job that submit.sh last submitted."""


def job_files(
    chain: tuple[Stage, ...],
    machine: MachineSettings,
    data: Mapping[str, Collection[str]],
    needs: Mapping[str, StageResources],
    counted: str = "",
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
    counted : str
        The atoms by which it is told how far a model has moved, as ranges; all if empty.
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
        given = _body(stage, asked, data.get(stage.folder, ()), counted)
        body = [*header_comment(need, own), *given]
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


def _body(stage: Stage, machine: MachineSettings, data: Collection[str], counted: str) -> list[str]:
    previous = stage.previous
    must_relax = stage.relaxation is not None and stage.relaxation.must_converge
    most_move_a = previous.most_move_a if previous is not None else None
    before = previous.previous if previous is not None and most_move_a is not None else None
    settings = {
        "stage": stage.name,
        "previous": _above(previous.key if previous else None),
        "trajectory": _above(previous.trajectory if previous else START),
        "most_move_a": "" if most_move_a is None else f"{most_move_a:g}",
        "before": _above(before.trajectory if before else None),
        "counted": counted,
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
