"""Running a graph of steps with Parsl: each step as soon as those before it are through."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING, Any

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
    import networkx as nx  # noqa: PLC0415
    import parsl  # noqa: PLC0415
    from parsl.config import Config  # noqa: PLC0415
    from parsl.dataflow.errors import DependencyError  # noqa: PLC0415
    from parsl.executors.threads import ThreadPoolExecutor  # noqa: PLC0415

    stop = Event()
    failures: dict[str, Exception] = {}
    with tempfile.TemporaryDirectory(prefix="epicarve-") as scratch:
        config = Config(
            executors=[ThreadPoolExecutor(label="steps", max_threads=n_threads)],
            run_dir=scratch,
            strategy="none",
            initialize_logging=False,
            usage_tracking=0,
        )
        with parsl.DataFlowKernel(config) as kernel:
            perform = parsl.python_app(_perform, data_flow_kernel=kernel)
            futures: dict[str, Future[None]] = {}
            for name in nx.topological_sort(graph):
                before = [futures[other] for other in graph.predecessors(name)]
                futures[name] = perform(graph.nodes[name]["action"], stop, inputs=before)
            try:
                for name, future in futures.items():
                    error = future.exception()
                    if isinstance(error, Exception) and not isinstance(error, DependencyError):
                        failures[name] = error
            except BaseException:
                stop.set()
                raise
    return failures


def _perform(action: Action, stop: Event, inputs: Any = ()) -> None:
    """Perform a step; Parsl calls it when all of `inputs` are there."""
    if stop.is_set():
        raise Stopped
    action(stop)
