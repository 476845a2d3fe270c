"""The look of figures and report: a matplotlib style sheet and the colours of the elements."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import yaml
from matplotlib import style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STYLES = files("epicarve.templates") / "styles"


@cache
def colours() -> dict[str, Any]:
    """Return the table of colours: ``elements``, ``others``, and one per mark of the figure."""
    table: dict[str, Any] = yaml.safe_load((_STYLES / "colours.yaml").read_text("utf-8"))
    return table


def element_colours(symbols: Sequence[str]) -> dict[str, str]:
    """Give each element a colour; those without one of their own share a palette in turn.

    Parameters
    ----------
    symbols : sequence of str
        Chemical symbols, without repetition.

    Returns
    -------
    dict
        Colour as ``#rrggbb`` by symbol.

    Examples
    --------
    >>> element_colours(["Pb", "Ca"])
    {'Pb': '#4a4a4a', 'Ca': '#7aa6d8'}
    """
    own, others = colours()["elements"], colours()["others"]
    unknown = [symbol for symbol in symbols if symbol not in own]
    palette = {symbol: others[i % len(others)] for i, symbol in enumerate(unknown)}
    return {symbol: own.get(symbol) or palette[symbol] for symbol in symbols}


@contextmanager
def figure_style() -> Iterator[None]:
    """Set matplotlib to the style sheet for the time of a ``with``, whatever the user's own is."""
    with as_file(_STYLES / "dos.mplstyle") as path, style.context(["default", path]):
        yield
