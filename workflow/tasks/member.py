"""One member of a campaign, run in a process of its own."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from epicarve.dft.run import own_command
from epicarve.locks import is_locked

from .status import RunStatus, is_done, key_of, read_status, write_status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from epicarve.workflow.recipes import Recipe

LOG = "run.log"
"""What a member said, in its folder."""

POLL_SECONDS = 0.2


def run_apart(folder: Path, recipe: Recipe, n_threads: int, wait: Callable[[], None]) -> None:
    """Run a member in a process of its own; run.json in its folder tells what came of it.

    Parameters
    ----------
    folder : Path
        Its folder, which holds it as recipe.yaml.
    recipe : Recipe
        The member.
    n_threads : int
        How many threads it may use.
    wait : callable
        Is called again and again until the member is through; what it raises ends the member.
    """
    decided = False
    while not decided:
        # A member whose campaign was killed may still be at work.
        while is_locked(folder, "run"):
            wait()
        if is_done(folder, recipe):
            return
        write_status(folder, RunStatus("running", "begins", key_of(recipe)))
        code = _run_process(folder, n_threads, wait)
        status = read_status(folder)
        decided = code == 0 or (status is not None and status.state == "failed")
        if not decided and not is_locked(folder, "run") and not is_done(folder, recipe):
            said = (folder / LOG).read_text(encoding="utf-8").strip().splitlines()
            reason = ": ".join([f"the run ended with code {code}", *said[-1:]])
            write_status(folder, RunStatus("failed", reason, key_of(recipe)))
            decided = True


def _run_process(folder: Path, n_threads: int, wait: Callable[[], None]) -> int:
    """Run a member in a process of its own, and return its exit code."""
    with (folder / LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*own_command().split(), "run", "recipe.yaml", "-o", ".", "--on", "local"],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": str(n_threads)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    return process.returncode
