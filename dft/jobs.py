"""Job scripts of the chain: one SLURM script a stage, and what submits or runs them in order."""

from __future__ import annotations

import shlex
from importlib.resources import files
from typing import TYPE_CHECKING

from .stages import START

if TYPE_CHECKING:
    from .settings import MachineSettings
    from .stages import Stage

SHARED_SCRIPTS = ("stage.sh", "submit.sh", "run.sh")
"""Scripts of templates/jobs that stand in the chain's folder as they are."""


def job_files(chain: tuple[Stage, ...], machine: MachineSettings) -> dict[str, str]:
    """Return the text of each script of the chain by its path below the chain's folder.

    Parameters
    ----------
    chain : tuple of Stage
        The stages in the order in which they run.
    machine : MachineSettings
        What the scripts ask of SLURM.
    """
    folder = files("epicarve.templates") / "jobs"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in SHARED_SCRIPTS}
    texts["chain.txt"] = "".join(f"{stage.script}\n" for stage in chain)
    return texts | {stage.script: stage_script(stage, machine) for stage in chain}


def stage_script(stage: Stage, machine: MachineSettings) -> str:
    """Return the SLURM script of a stage; without SLURM it is a plain bash script.

    Parameters
    ----------
    stage : Stage
        The stage to run.
    machine : MachineSettings
        Resources, modules and command.
    """
    from qtoolkit.core.data_objects import QResources  # noqa: PLC0415
    from qtoolkit.io.slurm import SlurmIO  # noqa: PLC0415

    resources = QResources(
        job_name=stage.name,
        queue_name=machine.partition,
        account=machine.account,
        nodes=machine.nodes,
        processes_per_node=machine.ranks_per_node,
        threads_per_process=machine.threads_per_rank,
        time_limit=round(machine.time_limit_h * 3600),
        output_filepath="%x-%j.log",
        scheduler_kwargs={
            "qverbatim": "\n".join(f"#SBATCH {option}" for option in machine.sbatch_options)
        },
    )
    script: str = SlurmIO().get_submission_script(_body(stage, machine), resources)
    return script + "\n"


def _body(stage: Stage, machine: MachineSettings) -> list[str]:
    previous = stage.previous
    must_relax = stage.relaxation is not None and stage.relaxation.must_converge
    prepare = [
        f"export OMP_NUM_THREADS={machine.threads_per_rank}",
        # Newer srun no longer takes this from sbatch.
        f"export SRUN_CPUS_PER_TASK={machine.threads_per_rank}",
        # Open MPI's mpirun would put all threads of one or two ranks on one core each.
        *["export OMPI_MCA_hwloc_base_binding_policy=none"] * (machine.threads_per_rank > 1),
        *(f"module load {module}" for module in machine.modules),
        *machine.prologue,
    ]
    settings = {
        "stage": stage.name,
        "previous": _above(previous.output if previous else None),
        "trajectory": _above(previous.trajectory if previous else START),
        "orbitals": _above(previous.orbitals if previous else None),
        "must_relax": "yes" if must_relax else "no",
        "cp2k_command": machine.cp2k_command,
    }
    return [
        *(f"{name}={shlex.quote(value)}" for name, value in settings.items()),
        "prepare() {",
        *(f"  {line}" for line in prepare),
        "}",
        ". ../stage.sh",
    ]


def _above(path: str | None) -> str:
    """Path as seen from within a stage's folder, empty if there is none."""
    return f"../{path}" if path else ""
