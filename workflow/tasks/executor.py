"""Running a graph of steps: each as soon as those before it are through."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from threading import Event
from typing import TYPE_CHECKING

from epicarve.dft.run import Stopped

if TYPE_CHECKING:
    from concurrent.futures import Future

    import networkx as nx

Action = Callable[[Event], None]
"""What a step does; it comes to an early end when the event is set."""


def execute(graph: nx.DiGraph, n_threads: int) -> dict[str, Exception]:
    """Perform the steps of a graph, as many at a time as there are threads.

    The steps run in threads of this process, and leave long work to processes of their own: what a
    step has started may outlive a runner that is killed, and is found again by the next one.

    Parameters
    ----------
    graph : networkx.DiGraph
        The steps in any order, each with its `Action` as the attribute ``action``; edges point from
        a step to those that need it.
    n_threads : int
        How many steps may run at once.

    Returns
    -------
    dict of str to Exception
        Why each step failed that did; those that come after a failed one are left out of it.

    Raises
    ------
    KeyboardInterrupt, SystemExit
        If the program is told to stop; the steps that run are stopped before.
    """
    stop = Event()
    failures: dict[str, Exception] = {}
    through: set[str] = set()
    waiting = list(graph)
    with ThreadPoolExecutor(n_threads, thread_name_prefix="step") as threads:
        running: dict[Future[None], str] = {}
        try:
            while True:
                for name in [n for n in waiting if through.issuperset(graph.predecessors(n))]:
                    waiting.remove(name)
                    running[threads.submit(_perform, graph.nodes[name]["action"], stop)] = name
                if not running:
                    return failures
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    error = future.exception()
                    if isinstance(error, Exception):
                        failures[name] = error
                    elif error is None:
                        through.add(name)
        except BaseException:
            stop.set()
            raise


def _perform(action: Action, stop: Event) -> None:
    """Perform a step, unless the program is told to stop before its turn."""
    if stop.is_set():
        raise Stopped
    action(stop)
