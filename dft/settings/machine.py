"""Settings of the machine that runs CP2K: what the jobs ask for, and how they start it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from epicarve.options import Options

OneLine = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\r\n]+$")]
"""A string without line breaks, so that it stays one line of a job script."""

Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.,@+-]*$")]
"""A name as SLURM takes it: no spaces, no quotes."""

Features = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\[(][A-Za-z0-9_.,&|*()\[\]-]*$")]
"""Features of nodes as SLURM combines them, such as ``"zen4&ib"``."""


def _address(text: str) -> str:
    if not re.fullmatch(r"[^\s@'\"]+@[^\s@'\"]+", text):
        raise ValueError("this is no address of e-mail; write name@host")
    return text


Address = Annotated[str, AfterValidator(_address)]
"""An address of e-mail."""

ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./+@:-]*$")]
"""Name of an environment module."""

SubmitOption = Annotated[str, StringConstraints(pattern=r"^--?[A-Za-z][^\r\n]*$")]
"""An option of sbatch or qsub with its value."""

StageName = Literal["join", "relax-ligands", "prerelax", "relax", "ground-state", "states"]
"""Names of the stages that may have settings of their own."""


OTHER_WORDS = {
    **dict.fromkeys(("mem", "ram", "mem_gb", "mem_per_node"), "memory_gb, of each node"),
    **dict.fromkeys(("walltime", "time", "hours", "time_h"), "time_limit_h, in hours"),
    "queue": "partition",
    "project": "account",
    **dict.fromkeys(("ntasks", "ranks", "mpi", "processes"), "ranks_per_node"),
    **dict.fromkeys(("ntasks_per_node", "tasks_per_node", "mpiprocs"), "ranks_per_node"),
    **dict.fromkeys(("threads", "cpus_per_task", "omp_num_threads"), "threads_per_rank"),
    **dict.fromkeys(("cores", "cpus", "ncpus", "ppn"), "cores_per_node"),
    **dict.fromkeys(("array", "max_jobs"), "array_limit"),
    **dict.fromkeys(("srun", "mpirun", "launcher", "executable"), "cp2k_command"),
    "module": "modules, a list",
    **dict.fromkeys(("mail", "mail_user"), "email"),
    "gres": "gpus, of each node",
    "exclusive": "sbatch_options: [--exclusive]",
    "reservation": "sbatch_options: [--reservation=NAME]",
}
"""What other programs call the keys of jobs, and ours."""


class JobSettings(Options):
    """What the job of a stage asks of the scheduler, and how it starts CP2K.

    Parameters
    ----------
    nodes : int or None
        Number of nodes. None takes what the estimate needs (docs/running.md); one node where
        `memory_gb` is stated.
    ranks_per_node, threads_per_rank : int or None
        MPI processes on each node, and OpenMP threads of each process; None takes what the
        estimate needs.
    cores_per_node : int or None
        Cores that a node has; None counts with 64.
    memory_gb : float or None
        Memory of each node in 1e9 bytes, which no stage may exceed; settings of CP2K that are not
        stated are chosen to fit. None asks for what the estimate needs, and counts with 256 GB a
        node.
    gpus : int or None
        GPUs of each node.
    time_limit_h : float or None
        Wall time of the stage in hours; None takes twice the estimated time.
    partition, account : str, optional
        Partition (PBS: queue) and account.
    qos, constraint : str, optional
        Quality of service, and features of the nodes (SLURM).
    email : str, optional
        Where the scheduler writes of the job.
    sbatch_options, qsub_options : tuple of str
        More options of SLURM's sbatch and of PBS' qsub, each as one would write it, for instance
        ``"--exclusive"`` and ``"-l filesystems=home"``.
    modules : tuple of str
        Environment modules to load, for instance ``"cp2k/2023.1"``.
    prologue : tuple of str
        Shell lines to run before CP2K, after the modules.
    cp2k_command : str
        The command that starts CP2K in a job; ``"srun cp2k.psmp"`` where SLURM and MPI know each
        other.
    """

    other_words: ClassVar[Mapping[str, str]] = OTHER_WORDS

    nodes: int | None = Field(default=None, ge=1)
    ranks_per_node: int | None = Field(default=None, ge=1)
    threads_per_rank: int | None = Field(default=None, ge=1)
    cores_per_node: int | None = Field(default=None, ge=1)
    memory_gb: float | None = Field(default=None, gt=0)
    gpus: int | None = Field(default=None, ge=1)
    time_limit_h: float | None = Field(default=None, gt=0)
    partition: Word | None = None
    account: Word | None = None
    qos: Word | None = None
    constraint: Features | None = None
    email: Address | None = None
    sbatch_options: tuple[SubmitOption, ...] = ()
    qsub_options: tuple[SubmitOption, ...] = ()
    modules: tuple[ModuleName, ...] = ()
    prologue: tuple[OneLine, ...] = ()
    cp2k_command: OneLine = "mpirun cp2k.psmp"


class MachineSettings(JobSettings):
    """What the job scripts ask of the scheduler, and how they start CP2K there.

    Parameters
    ----------
    scheduler : {"slurm", "pbs"}
        The scheduler of the machine.
    array_limit : int or None
        Most tasks of a campaign's array that run at once; None sets no limit.
    stages : dict of str to JobSettings
        Settings of one stage, by its name, which go over those of all.

    Examples
    --------
    >>> machine = MachineSettings(partition="long", stages={"relax": {"time_limit_h": 48}})
    >>> machine.of_stage("relax").time_limit_h, machine.of_stage("relax").partition
    (48.0, 'long')
    >>> machine.of_stage("states").time_limit_h is None
    True
    """

    scheduler: Literal["slurm", "pbs"] = "slurm"
    array_limit: int | None = Field(default=None, ge=1)
    stages: dict[StageName, JobSettings] = Field(default_factory=dict)

    def of_stage(self, name: str) -> MachineSettings:
        """Return the settings of a stage by its name: its own over those of all stages."""
        for stage, own in self.stages.items():
            if stage == name:
                stated = {key: getattr(own, key) for key in own.model_fields_set}
                return self.model_copy(update=stated)
        return self
