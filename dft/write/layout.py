"""How a job is laid out on nodes: processes and threads, by what keeps them busy.

The rule stands in docs/running.md.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from epicarve.units import duration, two_digits

if TYPE_CHECKING:
    from epicarve.dft.settings import MachineSettings

NODE_CORES, NODE_GB = 64, 256.0
"""Cores and memory in 1e9 bytes of a node of which nothing is stated."""

FUNCTIONS_PER_CORE = 80
"""Basis functions that keep a core busy; more cores mostly wait for each other."""

THREADS, THREADS_FROM = 4, 32
"""Threads of each process from so many cores on; fewer cores run one process each."""

LEAST_SQUARE = 0.6
"""A square number of processes is taken if it is at least this part of those that are wanted."""

MISMATCH = 2.0
"""What is asked for and what is needed are told of if they differ by more than this factor."""

SMALL_CORES, SMALL_GB, SMALL_H = 2, 4.0, 1.0
"""Too much is not told of up to here."""


class Layout(NamedTuple):
    """Nodes, processes on each, and threads of each process."""

    nodes: int
    ranks_per_node: int
    threads_per_rank: int

    @property
    def ranks(self) -> int:
        """All processes."""
        return self.nodes * self.ranks_per_node

    @property
    def cores(self) -> int:
        """All cores."""
        return self.ranks * self.threads_per_rank


def usual_layout(functions: int, machine: MachineSettings) -> Layout:
    """Return the layout that basis functions keep busy; what is stated stays.

    On one node the processes are a square number where one is near, as CP2K spreads its matrices
    on squares; several nodes are filled evenly.

    Examples
    --------
    >>> from epicarve.dft.settings import MachineSettings
    >>> usual_layout(1092, MachineSettings()), usual_layout(19_700, MachineSettings()).cores
    (Layout(nodes=1, ranks_per_node=16, threads_per_rank=1), 256)
    >>> usual_layout(19_700, MachineSettings(nodes=1, threads_per_rank=1)).ranks
    64
    """
    node_cores = machine.cores_per_node or NODE_CORES
    busy = max(1.0, functions / FUNCTIONS_PER_CORE)
    threads = machine.threads_per_rank
    if threads is None:
        threads = THREADS if busy >= THREADS_FROM else 1
        threads = max(1, min(threads, node_cores // (machine.ranks_per_node or 1)))
    most_ranks = max(1, node_cores // threads)
    nodes = machine.nodes
    if nodes is None and machine.memory_gb is not None:
        nodes = 1
    elif nodes is None:
        per_node = threads * (machine.ranks_per_node or most_ranks)
        nodes = max(1, round(busy / per_node))
    ranks = machine.ranks_per_node
    if ranks is None and nodes == 1:
        ranks = min(max(1, round(math.sqrt(busy / threads))), math.isqrt(most_ranks)) ** 2
        wanted = min(math.floor(busy / threads), most_ranks)
        if ranks < LEAST_SQUARE * wanted:
            ranks = wanted
    elif ranks is None:
        ranks = min(math.ceil(busy / (threads * nodes)), most_ranks)
    return Layout(nodes, ranks, threads)


def roomier_layout(usual: Layout, memory_gb: float, machine: MachineSettings) -> Layout:
    """Return a layout with room for more memory, as far as the settings leave that open.

    The same processes on more nodes; or, where the memory of the nodes is stated, one process on
    each with the threads of all.

    Examples
    --------
    >>> from epicarve.dft.settings import MachineSettings
    >>> roomier_layout(Layout(1, 16, 4), 400.0, MachineSettings())
    Layout(nodes=2, ranks_per_node=8, threads_per_rank=4)
    >>> roomier_layout(Layout(1, 16, 4), 60.0, MachineSettings(memory_gb=48))
    Layout(nodes=1, ranks_per_node=1, threads_per_rank=64)
    """
    if memory_gb <= usual.nodes * (machine.memory_gb or NODE_GB):
        return usual
    if machine.nodes is None and machine.memory_gb is None:
        nodes = math.ceil(memory_gb / NODE_GB)
        ranks = machine.ranks_per_node or math.ceil(usual.ranks / nodes)
        return Layout(nodes, ranks, usual.threads_per_rank)
    if machine.ranks_per_node is None:
        threads = machine.threads_per_rank or usual.ranks_per_node * usual.threads_per_rank
        return Layout(usual.nodes, 1, threads)
    return usual


def mismatches(
    asked: Layout,
    functions: int,
    memory_gb: float,
    time_h: float,
    machine: MachineSettings,
) -> str:
    """Tell what is asked for that is not within a factor of two of what is needed.

    Parameters
    ----------
    asked : Layout
        What the job asks for.
    functions : int
        Basis functions, which keep cores busy.
    memory_gb, time_h : float
        Memory of all processes and wall time, as estimated for what is asked.
    machine : MachineSettings
        What is stated.

    Returns
    -------
    str
        Empty if all is near.
    """
    told = []
    busy = max(1.0, functions / FUNCTIONS_PER_CORE)
    if not busy / MISMATCH <= asked.cores <= max(MISMATCH * busy, SMALL_CORES):
        can = "could be kept busy" if asked.cores < busy else "can be kept busy"
        told.append(f"{_counted(asked.cores, 'core')} asked for, about {busy:.0f} {can}")
    stated_gb = (machine.memory_gb or 0.0) * asked.nodes
    if stated_gb > max(MISMATCH * memory_gb, SMALL_GB):
        told.append(f"{stated_gb:g} GB asked for, about {two_digits(memory_gb)} needed")
    elif machine.memory_gb is None and memory_gb > NODE_GB * asked.nodes:
        told.append(
            f"{NODE_GB * asked.nodes:g} GB asked for, about {two_digits(memory_gb)} needed: give "
            "more nodes, or their memory_gb"
        )
    stated_h, needed = machine.time_limit_h, duration(time_h * 3600)
    if stated_h is not None and time_h > MISMATCH * stated_h:
        told.append(
            f"{stated_h:g} h asked for, about {needed} needed: submit again to go on, or ask for "
            "more cores or time"
        )
    elif stated_h is not None and stated_h > max(MISMATCH * time_h, SMALL_H):
        told.append(f"{stated_h:g} h asked for, about {needed} needed")
    return "; ".join(told)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"
