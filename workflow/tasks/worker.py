"""What a worker of Parsl does with a member of a campaign.

Nothing of epicarve is imported before the number of threads is set, which numpy reads only once.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Event, current_thread, main_thread

stop = Event()
"""Ends the members that threads of this process run, and those that wait for one."""


def run_in_worker(path: str) -> str:
    """Run a member in this process; in a thread of a pool, in a process of its own.

    A worker that goes from member to member in one process starts Python and its libraries once.

    Parameters
    ----------
    path : str
        The member's folder, which holds it as recipe.yaml.

    Returns
    -------
    str
        Why it failed, empty if it did not.
    """
    n_threads = threads_of_worker()
    alone = current_thread() is main_thread()
    if alone:
        os.environ.setdefault("OMP_NUM_THREADS", str(n_threads))

    from epicarve.dft.run import Stopped  # noqa: PLC0415
    from epicarve.locks import is_locked  # noqa: PLC0415
    from epicarve.workflow.recipes import read_recipe  # noqa: PLC0415

    from .member import POLL_SECONDS, run_apart  # noqa: PLC0415
    from .run import results_of_run  # noqa: PLC0415
    from .status import is_done, read_status  # noqa: PLC0415

    folder = Path(path)
    recipe = read_recipe(folder / "recipe.yaml")
    if not alone:

        def wait() -> None:
            if stop.wait(POLL_SECONDS):
                raise Stopped

        wait()
        run_apart(folder, recipe, n_threads, wait)
        status = read_status(folder)
        return status.told if status is not None and status.state == "failed" else ""
    while is_locked(folder, "run"):  # by a worker of a campaign that was killed
        time.sleep(POLL_SECONDS)
    if not is_done(folder, recipe):
        try:
            results_of_run(recipe, folder)
        except Exception as error:  # whatever it is, it is the member's
            return str(error) or type(error).__name__
    return ""


def threads_of_worker() -> int:
    """Return the threads of a member: its worker's part of the cores, one if that is not known."""
    n_workers = int(os.environ.get("PARSL_WORKER_COUNT", "0"))
    return max(1, len(os.sched_getaffinity(0)) // n_workers) if n_workers else 1
