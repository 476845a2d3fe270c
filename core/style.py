"""The look of figures and report: matplotlib style sheets and colours."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Literal

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Palette = Literal["study", "safe"]
"""Colours of the study, or near ones that can be told apart with any colour vision."""

Width = Literal["single", "double"]
"""Columns of a journal's page that a figure spans."""

_STYLES = files("epicarve.templates") / "styles"


@cache
def colours(palette: Palette = "study") -> dict[str, Any]:
    """Return a palette: ``elements``, ``others``, ``weights`` and one colour per mark.

    Examples
    --------
    >>> colours("safe")["ipr"]
    '#802a05'
    """
    table: dict[str, Any] = yaml.safe_load((_STYLES / "colours.yaml").read_text("utf-8"))
    chosen: dict[str, Any] = table[palette]
    return chosen


def element_colours(symbols: Sequence[str], palette: Palette = "study") -> dict[str, str]:
    """Give each element a colour; those without one of their own share a palette in turn.

    Parameters
    ----------
    symbols : sequence of str
        Chemical symbols, or names of other groups of atoms, without repetition.
    palette : {"study", "safe"}
        Which colours.

    Returns
    -------
    dict
        Colour as ``#rrggbb`` by symbol.

    Examples
    --------
    >>> element_colours(["Pb", "Ca"])
    {'Pb': '#4a4a4a', 'Ca': '#7aa6d8'}
    """
    own, others = colours(palette)["elements"], colours(palette)["others"]
    unknown = [symbol for symbol in symbols if symbol not in own]
    in_turn = {symbol: others[i % len(others)] for i, symbol in enumerate(unknown)}
    return {symbol: own.get(symbol) or in_turn[symbol] for symbol in symbols}


def pair_colours(n_pairs: int, palette: Palette = "study") -> list[str]:
    """Return colours of lines that stand for pairs of elements, in turn, as ``#rrggbb``.

    Examples
    --------
    >>> pair_colours(2)
    ['#332288', '#cc6677']
    """
    in_turn = colours(palette)["pairs"]
    return [in_turn[i % len(in_turn)] for i in range(n_pairs)]


def caption(notes: Sequence[str]) -> str:
    r"""Return the words under a picture: of each note its first line, as one paragraph.

    Examples
    --------
    >>> caption(["Computed crystal: PbS.\nIons relaxed in the cell of the source.", "A test."])
    'Computed crystal: PbS. A test.'
    """
    return " ".join(note.partition("\n")[0] for note in notes)


@contextmanager
def figure_style(width: Width = "single") -> Iterator[None]:
    """Set matplotlib to the style sheets for the time of a ``with``, whatever the user's own is."""
    from matplotlib import style  # noqa: PLC0415  (settings name palettes without drawing)

    with (
        as_file(_STYLES / "figure.mplstyle") as base,
        as_file(_STYLES / f"{width}.mplstyle") as size,
        style.context(["default", base, size]),
    ):
        yield
