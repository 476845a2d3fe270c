"""What a long search has come to so far, for whoever waits for it."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TELL: ContextVar[Callable[[str], None] | None] = ContextVar("tell", default=None)


@contextmanager
def watched(tell: Callable[[str], None] | None) -> Iterator[None]:
    """Have every search within the block say what it has come to.

    Parameters
    ----------
    tell : callable or None
        Is given one line at a time; None for silence.

    Examples
    --------
    >>> lines = []
    >>> with watched(lines.append):
    ...     report(200, 12.5, 12.0)
    >>> lines
    ['search: 200 ions that may be edited, 12.5 Å found, 12.0 Å proven, gap 4.0 %']
    """
    before = _TELL.set(tell)
    try:
        yield
    finally:
        _TELL.reset(before)


def report(n_free: int, objective_a: float | None, bound_a: float | None) -> None:
    """Say how many ions a search may edit, and the objective it has found and proven, in Å."""
    tell = _TELL.get()
    if tell is None:
        return
    line = f"search: {n_free} ions that may be edited"
    if objective_a is not None and bound_a is not None:
        gap = (objective_a - bound_a) / max(objective_a, 1e-9)
        line += f", {objective_a:.1f} Å found, {bound_a:.1f} Å proven, gap {100 * gap:.1f} %"
    tell(line)
