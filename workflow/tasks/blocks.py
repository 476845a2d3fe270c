"""Members of a campaign in pilot blocks: what Parsl runs, wherever its configuration says."""

from __future__ import annotations

import os
import re
import sys
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .status import RunStatus, is_done, key_of, write_status
from .worker import run_in_worker, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from parsl import Config

    from epicarve.workflow.recipes import Recipe

POLL_SECONDS = 1.0

SPECIAL = r"[^\w@%+=:,./~-]"
"""What means something to a shell, which starts blocks by a path that Parsl doesn't quote."""

DIE_WITH_PARENT = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, 15); "
    "signal.signal(signal.SIGINT, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Python that starts a program which Linux ends (signal 15) when its parent dies.

Ctrl-C reaches it too in a terminal, and is the parent's, who still needs it to end the blocks.
"""


def run_in_blocks(
    out: Path, members: Mapping[str, Recipe], config: Config, update: Callable[[], None]
) -> dict[str, str]:
    """Run members by the executors of a configuration of Parsl, and wait for them.

    Whether a member is through stands in its folder alone. Blocks end with this function; if its
    process is killed, they end when Parsl misses it (the executor's `heartbeat_threshold`).

    Parameters
    ----------
    out : Path
        The campaign's folder. A relative `run_dir` of the configuration lies in it.
    members : mapping of str to Recipe
        Recipe of each by its folder in `out`, which holds it as recipe.yaml.
    config : parsl.Config
        Executors, providers, retries. It serves one call.
    update : callable
        Is called again and again.

    Returns
    -------
    dict of str to str
        Why each member failed that did.

    Raises
    ------
    InputError
        If Parsl gets no block to run, or can't from this folder.
    """
    from parsl import python_app  # noqa: PLC0415  (optional)
    from parsl.dataflow.dflow import DataFlowKernel  # noqa: PLC0415

    config.run_dir = str((out / config.run_dir).resolve())
    _require_plain_paths(config)
    _end_with_us(config)
    for name, recipe in members.items():
        write_status(out / name, RunStatus("stopped", "submitted", key_of(recipe)))
    failed: dict[str, str] = {}
    with _own_programs_first(), DataFlowKernel(config) as kernel:
        app = python_app(run_in_worker, data_flow_kernel=kernel)
        stop.clear()
        running: dict[Future[str], str] = {app(str((out / n).resolve())): n for n in members}
        try:
            while running:
                for future in wait(running, POLL_SECONDS, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    reason = _reason(future, kernel.run_dir)
                    if reason and not is_done(out / name, members[name]):
                        failed[name] = reason
                update()
        finally:
            stop.set()  # Parsl waits for the threads of a pool
    return failed


def _reason(future: Future[str], logs: str) -> str:
    """Why a member failed, empty if it did not."""
    from parsl.executors.errors import BadStateException  # noqa: PLC0415
    from parsl.jobs.errors import TooManyJobFailuresError  # noqa: PLC0415

    error = future.exception()
    if error is None:
        return future.result()
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[-1].rpartition("stderr=")[2] or lines[-1] if lines else type(error).__name__
    if isinstance(error, (BadStateException, TooManyJobFailuresError)):
        raise InputError(
            f"Parsl gets no block to run: {said.removeprefix('sbatch: error: ')}; its logs are in "
            f"{logs}; mend machine: in the recipe, or Parsl's configuration"
        )
    return f"{type(error).__name__}: {said}; run the same command again to go on where it stopped"


def _require_plain_paths(config: Config) -> None:
    """Refuse a folder, or an executor's label in it, that a shell takes for something else."""
    for executor in config.executors:
        path = f"{config.run_dir}/{executor.label}"
        if special := re.search(SPECIAL, path):
            character = "a space" if special[0].isspace() else special[0]
            raise InputError(
                f"{path}: Parsl's blocks start in no folder whose path holds {character}; take "
                "another folder, or label of the executor"
            )


def _end_with_us(config: Config) -> None:
    """Let the process that hands members to blocks die with this one, as its blocks then do."""
    from parsl.executors import HighThroughputExecutor  # noqa: PLC0415

    for executor in config.executors:
        if isinstance(executor, HighThroughputExecutor) and sys.platform == "linux":
            command = executor.interchange_launch_cmd
            executor.interchange_launch_cmd = [sys.executable, "-c", DIE_WITH_PARENT, *command]


@contextmanager
def _own_programs_first() -> Iterator[None]:
    """Let Parsl find its programs beside this Python, here and in blocks that inherit PATH."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before
