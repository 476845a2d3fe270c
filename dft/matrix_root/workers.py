"""Threads that share out products of dense blocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from threadpoolctl import threadpool_info, threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")


class Team:
    """Threads that each call BLAS for themselves.

    BLAS shares out every single product and waits for the slowest thread each time; a team shares
    out many products and waits once. What it computes does not depend on the number of threads.

    Parameters
    ----------
    pool : ThreadPoolExecutor, optional
        The threads; all is done in the caller's own if not given.
    """

    def __init__(self, pool: ThreadPoolExecutor | None = None) -> None:
        self._pool = pool

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Call a function for each item; the results in the order of the items."""
        if self._pool is None:
            return [function(item) for item in items]
        return list(self._pool.map(function, items))


@contextmanager
def team() -> Iterator[Team]:
    """Make as many threads as BLAS may use (OMP_NUM_THREADS, or all cores)."""
    allowed = [blas["num_threads"] for blas in threadpool_info() if blas["user_api"] == "blas"]
    n_threads = max(allowed, default=1)
    with threadpool_limits(1, "blas"):
        if n_threads == 1:
            yield Team()
        else:
            single = partial(threadpool_limits, 1, "blas")
            with ThreadPoolExecutor(n_threads, initializer=single) as pool:
                yield Team(pool)
