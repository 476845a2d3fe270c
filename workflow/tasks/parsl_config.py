"""Configurations of Parsl: one that the user gives, or that of SLURM from the recipes' machine."""

from __future__ import annotations

import math
import runpy
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from epicarve.dft.run import require_scheduler
from epicarve.dft.write import NODE_CORES, UNKNOWN_HOURS, preparation, slurm_options
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsl import Config

    from epicarve.dft.settings import MachineSettings

MOST_BLOCKS = 10
"""Blocks that wait or run at once where `array_limit` sets no limit."""

RETRIES = 2
"""How often a member is begun again whose block or worker was lost."""

HEARTBEAT_S, LOST_S = 15, 60
"""How often a block tells that it is alive, and after what silence it counts as lost."""

NEEDED = "--on parsl needs Parsl, which is not installed; pip install 'epicarve[parsl]'"


def read_config(path: Path | str) -> Config:
    """Read a configuration of Parsl from a Python file that makes it as ``config``.

    Raises
    ------
    InputError
        If Parsl or the file is not there, or the file fails, makes no `config`, or loads it.
    """
    try:
        from parsl import Config  # noqa: PLC0415  (optional)
    except ImportError as error:
        raise InputError(NEEDED) from error
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give a Python file that makes Parsl's config")
    try:
        with _unloaded():
            made = runpy.run_path(str(path))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{path}: Python can't run it: {reason}") from error
    config = made.get("config")
    if not isinstance(config, Config):
        others = [name for name, value in made.items() if isinstance(value, Config)]
        hint = f"rename {others[0]}" if others else "write config = Config(executors=[...])"
        raise InputError(f"{path}: makes no config of Parsl; {hint}")
    return config


@contextmanager
def _unloaded() -> Iterator[None]:
    """Refuse that a file loads its configuration: its executors would start twice."""
    import parsl  # noqa: PLC0415  (optional)

    def refuse(*_: object, **__: object) -> NoReturn:
        raise InputError("it calls parsl.load, which epicarve does; leave that line out")

    load = parsl.load
    parsl.load = refuse
    try:
        yield
    finally:
        parsl.load = load


def slurm_config(machine: MachineSettings, n_members: int) -> Config:
    """Return a configuration for SLURM: blocks of one node that run as many members as it holds.

    Parameters
    ----------
    machine : MachineSettings
        What to ask of SLURM for each block. A node is asked for as a whole unless
        `cores_per_node` is stated; `time_limit_h` is that of a block, and `array_limit` the most
        members at once.
    n_members : int
        How many members there are to run.

    Raises
    ------
    InputError
        If Parsl or SLURM is not there, or the machine is not one for this.
    """
    try:
        import parsl  # noqa: F401, PLC0415  (optional)
    except ImportError as error:
        raise InputError(NEEDED) from error
    from parsl import Config  # noqa: PLC0415
    from parsl.executors import HighThroughputExecutor  # noqa: PLC0415
    from parsl.providers import SlurmProvider  # noqa: PLC0415

    if machine.scheduler != "slurm":
        raise InputError(
            f"machine.scheduler: there is no default of Parsl for {machine.scheduler}; give "
            "Parsl's configuration of your cluster with --config FILE"
        )
    if (machine.nodes or 1) > 1:
        raise InputError(
            f"machine.nodes: a block of the default is one node, and {machine.nodes} are asked "
            "for; give Parsl's configuration of your cluster with --config FILE"
        )
    require_scheduler("slurm")
    cores = (machine.ranks_per_node or 1) * (machine.threads_per_rank or 1)
    workers = (machine.cores_per_node or NODE_CORES) // cores
    if workers == 0:
        raise InputError(
            f"machine.cores_per_node: a member asks for {cores} cores, and a node has "
            f"{machine.cores_per_node}; lower ranks_per_node or threads_per_rank"
        )
    at_once = min(n_members, machine.array_limit or MOST_BLOCKS * workers)
    seconds = round((machine.time_limit_h or UNKNOWN_HOURS) * 3600)
    provider = SlurmProvider(
        partition=machine.partition,
        account=machine.account,
        qos=machine.qos,
        constraint=machine.constraint,
        gpus_per_node=machine.gpus,
        cores_per_node=machine.cores_per_node,
        exclusive=machine.cores_per_node is None,
        scheduler_options="\n".join(f"#SBATCH {option}" for option in slurm_options(machine)),
        walltime=f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        worker_init="\n".join(preparation(machine)),
        max_blocks=math.ceil(at_once / workers),
    )
    executor = HighThroughputExecutor(
        label="blocks",
        provider=provider,
        cores_per_worker=cores,
        max_workers_per_node=min(workers, at_once) if machine.cores_per_node else None,
        heartbeat_period=HEARTBEAT_S,
        heartbeat_threshold=LOST_S,
    )
    return Config(executors=[executor], retries=RETRIES)
