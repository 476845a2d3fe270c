"""What all figures share: size, notes below, formats."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from epicarve.style import caption, figure_style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axis import Axis

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import Gap

NOTE_POINTS = 7.0
"""Size of the letters of notes."""

LINE_INCHES = 0.125
"""Height of a line of notes."""

SHORTEST_ARROW = 0.06
"""Differences of energy that are a smaller part of the axis have no arrow, only a number."""

FEW_DECADES = 2.0
"""Decades of an axis up to which 1, 2 and 5 of each are labelled."""

NAME_BOX = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
"""Ground of the name of a domain."""

NOTE_GREY = "#444444"

_NO_DATES = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+(?=-|$)")


class ShownFigure(Figure):
    """A figure of matplotlib that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        """Return the figure as PNG."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", metadata=_NO_DATES[".png"])
        return buffer.getvalue()


@contextmanager
def framed_figure(
    look: FigureOptions, notes: Sequence[str] = (), height_inches: float | None = None
) -> Iterator[ShownFigure]:
    """Hand out an empty figure to draw into, and set the notes below it.

    Parameters
    ----------
    look : FigureOptions
        Its width.
    notes : sequence of str
        To stand below as one paragraph, of each its first line; the figure grows by them.
    height_inches : float, optional
        Height without the notes; that of the style sheet if not given.

    Yields
    ------
    ShownFigure
        The figure. The style sheet holds while it is drawn into.
    """
    with figure_style(look.width):
        width, usual_height = mpl.rcParams["figure.figsize"]
        height = usual_height if height_inches is None else height_inches
        lines = _wrapped(caption(notes), 0.96 * width) if notes else []
        layout = ConstrainedLayoutEngine(hspace=0.0, h_pad=0.02, w_pad=0.02)
        figure = ShownFigure((width, height + LINE_INCHES * len(lines)), layout=layout)
        yield figure
        if lines:
            figure.supxlabel(
                "\n".join(lines), x=0.02, ha="left", fontsize=NOTE_POINTS, color=NOTE_GREY
            )
        _settle(figure)


def _settle(figure: Figure) -> None:
    """Lay the figure out for good, at places without the last bits, in which two runs differ."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, low, width, height = (round(x, 6) for x in axes.get_position(original=True).bounds)
        axes.set_position((left, low, width, height))


def legend_columns(labels: Sequence[str], width_inches: float) -> int:
    """Return how many columns of a legend fit a width at the size of letters of the style sheet."""
    points = mpl.rcParams["legend.fontsize"]
    mark_em = mpl.rcParams["legend.handlelength"] + mpl.rcParams["legend.handletextpad"]
    beside = points * (mark_em + mpl.rcParams["legend.columnspacing"])
    widest = max(_points(label, points) for label in labels) + beside
    return int(min(max(72.0 * width_inches // widest, 1), len(labels)))


def _points(text: str, size: float) -> float:
    """Width of a text in points."""
    font = FontProperties(size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath="$" in text)
    return float(width)


def _wrapped(note: str, width_inches: float) -> list[str]:
    """Break a note into lines that fit a width at the size of notes."""
    lines = [""]
    for word in note.split():
        line = f"{lines[-1]} {word}".strip()
        if _points(line, NOTE_POINTS) <= 72.0 * width_inches or not lines[-1]:
            lines[-1] = line
        else:
            lines.append(word)
    return lines


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the suffix; the same figure gives the same bytes."""
    with figure_style():
        figure.savefig(path, metadata=_NO_DATES[path.suffix])


def label_decades(axis: Axis, low: float, high: float) -> None:
    """Label a logarithmic axis with plain numbers, with 2 and 5 of each decade if there are few."""
    few = high < low * 10.0**FEW_DECADES
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def note_of_edges(gap: Gap) -> tuple[str, ...]:
    """Tell the filter that edges are of, unless it is the fixed one, as is usual."""
    used = gap.delocalised
    return () if used is gap.filtered else (f"Edges of the states with {used.told}.",)


def pretty_formula(name: str) -> str:
    """Set the numbers of a chemical formula low, for matplotlib; other names stay as they are.

    Examples
    --------
    >>> pretty_formula("Pb4S3Cl2"), pretty_formula("CsPbCl3-Pnma"), pretty_formula("film 2")
    ('Pb$_{4}$S$_{3}$Cl$_{2}$', 'CsPbCl$_{3}$-Pnma', 'film 2')
    """
    formula = _FORMULA.match(name)
    if formula is None:
        return name
    return re.sub(r"(\d+)", r"$_{\1}$", formula.group()) + name[formula.end() :]
