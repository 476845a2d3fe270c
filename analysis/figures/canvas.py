"""What all figures share: size, notes below, formats."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font_names
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from epicarve.errors import InputError, near_name
from epicarve.style import caption, figure_style

from .formulas import pretty_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from matplotlib.artist import Artist
    from matplotlib.axis import Axis

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import Gap

AnyAxes: TypeAlias = "Axes | Sequence[Axes] | None"
"""Axes of a user to draw into, if any."""

NOTE_POINTS = 7.0
"""Size of letters at which a line of notes has its height."""

LINE_INCHES = 0.125
"""Height of a line of notes."""

LABELS_LARGER_PT = 0.5
"""Points by which the labels of axes are larger than other letters."""

LINE_HEIGHT = 1.5
"""Height of the line of a title, in sizes of its letters."""

MM_PER_INCH = 25.4

SHORTEST_ARROW = 0.06
"""Differences of energy that are a smaller part of the axis have no arrow, only a number."""

FEW_DECADES = 2.0
"""Decades of an axis up to which 1, 2 and 5 of each are labelled."""

NAME_BOX: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
"""Ground of the name of a domain."""

NOTE_GREY = "#444444"

_SIZES = ("font.size", "xtick.labelsize", "ytick.labelsize", "legend.fontsize")

_STYLE_OF = {"rm": "", "it": ":italic", "bf": ":bold"}
"""How a font's shape is named to matplotlib, by the shape of letters in formulas."""

_NO_DATES = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


class ShownFigure(Figure):
    """A figure of matplotlib that a notebook shows without pyplot, and that keeps its look.

    Parameters
    ----------
    look : FigureOptions
        The look in which it is saved too.
    *given, **settings
        As for Figure.
    """

    title_share: float = 0.0
    """Part of the height that the title takes at the top."""

    def __init__(self, look: FigureOptions, *given: Any, **settings: Any) -> None:
        self.look = look
        super().__init__(*given, **settings)

    def savefig(self, *given: Any, **settings: Any) -> None:
        """Save it as matplotlib does, in its own look: in SVG, letters stay letters."""
        with styled(self.look):
            super().savefig(*given, **settings)

    def _repr_png_(self) -> bytes:
        """Return the figure as PNG."""
        return png_of(self)


def png_of(figure: Figure) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata=_NO_DATES[".png"])
    return buffer.getvalue()


def svg_of(figure: Figure) -> str:
    """Return a figure as SVG, its text as text; the same figure gives the same text."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=_NO_DATES[".svg"])
    return buffer.getvalue()


def styled(look: FigureOptions) -> AbstractContextManager[None]:
    """Return a context in which matplotlib draws in a look.

    Raises
    ------
    InputError
        If the font is not installed, or the style file cannot be used.
    """
    settings: dict[str, Any] = {}
    if look.font is not None:
        if look.font not in get_font_names():
            known = near_name(look.font, get_font_names())
            raise InputError(f"there is no font {look.font!r} on this machine; {known}")
        settings |= {
            "font.family": [look.font, "DejaVu Sans"],
            "mathtext.fontset": "custom",
            **{f"mathtext.{shape}": f"{look.font}{_STYLE_OF[shape]}" for shape in _STYLE_OF},
        }
    if look.font_size_pt is not None:
        settings |= dict.fromkeys(_SIZES, look.font_size_pt)
        settings["axes.labelsize"] = look.font_size_pt + LABELS_LARGER_PT
    return figure_style(look.width, look.style, settings)


@contextmanager
def framed_figure(
    look: FigureOptions, notes: Sequence[str] = (), height_inches: float | None = None
) -> Iterator[ShownFigure]:
    """Hand out an empty figure to draw into, and set title and notes around it.

    Parameters
    ----------
    look : FigureOptions
        Size, letters, title, and whether legends and notes are shown.
    notes : sequence of str
        To stand below as one paragraph, of each its first line; the figure grows by them, unless
        its height is given.
    height_inches : float, optional
        Height without the notes; that of the style sheet if not given.

    Yields
    ------
    ShownFigure
        The figure. The style sheet holds while it is drawn into.
    """
    with styled(look):
        width, usual_height = mpl.rcParams["figure.figsize"]
        width = width if look.width_mm is None else look.width_mm / MM_PER_INCH
        size = mpl.rcParams["font.size"]
        line_inches = LINE_INCHES * size / NOTE_POINTS
        lines = (
            _wrapped(pretty_words(caption(notes)), 0.96 * width) if notes and look.caption else []
        )
        larger = mpl.rcParams["axes.labelsize"]
        title_inches = LINE_HEIGHT * larger / 72.0 if look.title else 0.0
        height = usual_height if height_inches is None else height_inches
        height += line_inches * len(lines) + title_inches
        if look.height_mm is not None:
            height = look.height_mm / MM_PER_INCH
        layout = ConstrainedLayoutEngine(hspace=0.0, h_pad=0.02, w_pad=0.02)
        figure = ShownFigure(look, (width, height), layout=layout)
        figure.title_share = title_inches / height
        layout.set(rect=(0.0, 0.0, 1.0, 1.0 - figure.title_share))
        yield figure
        if look.title:
            title = pretty_words(look.title)
            figure.text(0.5, 1.0 - 0.02 / height, title, ha="center", va="top", fontsize=larger)
        if lines:
            figure.supxlabel("\n".join(lines), x=0.02, ha="left", fontsize=size, color=NOTE_GREY)
        if not look.legend:
            _take_legends_away(figure)
        _settle(figure)


def _take_legends_away(figure: Figure) -> None:
    """Remove all legends of a figure and of its axes."""
    for legend in (*figure.legends, *(axes.get_legend() for axes in figure.axes)):
        if legend is not None:
            legend.remove()


def _settle(figure: ShownFigure) -> None:
    """Lay the figure out for good, at places without the last bits, in which two runs differ."""
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.execute(figure)
    figure.set_layout_engine("none")
    if figure.title_share:
        for legend in figure.legends:  # only now, as the engine makes no room for anchored ones
            legend.set_bbox_to_anchor((0.0, 0.0, 1.0, 1.0 - figure.title_share))
    for axes in figure.axes:
        left, low, width, height = (round(x, 6) for x in axes.get_position(original=True).bounds)
        axes.set_position((left, low, width, height))


class Frame(NamedTuple):
    """Axes to draw into, one for each panel of a figure.

    Parameters
    ----------
    figure : Figure
        What holds the axes.
    axes : list of Axes
        One for each panel.
    look : FigureOptions
        The look that was asked for.
    is_own : bool
        Whether the figure was made for these panels, or is the user's.
    """

    figure: Figure
    axes: list[Axes]
    look: FigureOptions
    is_own: bool

    @property
    def width_inches(self) -> float:
        """Width of the figure."""
        return float(self.figure.get_size_inches()[0])

    def align_labels(self) -> None:
        """Put the labels of all panels at one distance; matplotlib is slow to align many."""
        if self.is_own:
            points = 4.6 * mpl.rcParams["ytick.labelsize"]
            for axes in self.axes:
                axes.yaxis.set_label_coords(-points / (72.0 * 0.8 * self.width_inches), 0.5)

    def legend(self, handles: Sequence[Artist], most: int = 7, **settings: Any) -> None:
        """Tell colours and marks above all panels; in the axes of a user in the last of them."""
        if self.is_own:
            labels = [str(handle.get_label()) for handle in handles]
            columns = min(most, legend_columns(labels, 0.97 * self.width_inches))
            settings["loc"] = "outside upper center"
            self.figure.legend(handles=handles, ncols=columns, **settings)
        elif self.look.legend:
            self.axes[-1].legend(handles=handles)

    def legend_of_axes(self, axes: Axes, handles: Sequence[Artist], **settings: Any) -> None:
        """Tell marks of one panel above it; not in axes of a user, which may have a title."""
        if self.is_own:
            place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2, **settings}
            axes.legend(handles=handles, **place)


@contextmanager
def framed_axes(
    look: FigureOptions,
    panels: Sequence[str],
    notes: Sequence[str] = (),
    height_inches: float | None = None,
    given: AnyAxes = None,
    **subplots: Any,
) -> Iterator[Frame]:
    """Hand out axes for some panels: those of a new figure, or those that a user gave.

    Parameters
    ----------
    look : FigureOptions
        As for `framed_figure`.
    panels : sequence of str
        What each panel shows.
    notes : sequence of str
        To stand below a new figure.
    height_inches : float, optional
        Height of a new figure without the notes.
    given : Axes or sequence of Axes, optional
        Axes of a user, whose style holds.
    **subplots
        As for `Figure.subplots`; a column if not given.

    Yields
    ------
    Frame
        The axes.

    Raises
    ------
    InputError
        If there is not one of the user's axes for each panel.
    """
    if given is None:
        with framed_figure(look, notes, height_inches) as figure:
            shape = {"nrows": len(panels), "ncols": 1, **subplots}
            axes = figure.subplots(squeeze=False, **shape)
            yield Frame(figure, list(axes.flat), look, is_own=True)
        return
    axes = [given] if isinstance(given, Axes) else list(np.ravel(np.asarray(given, dtype=object)))
    if not axes or not all(isinstance(each, Axes) for each in axes):
        raise InputError("plot: ax holds what is no Axes of matplotlib; give those of subplots()")
    if len(axes) != len(panels):
        raise InputError(
            f"plot: there are {len(axes)} axes for {len(panels)} panels; give one for each of "
            f"{', '.join(panels)}"
        )
    of_user = axes[0].get_figure(root=True)
    assert of_user is not None
    yield Frame(of_user, axes, look, is_own=False)


def legend_columns(labels: Sequence[str], width_inches: float) -> int:
    """Return how many columns of a legend fit a width at the size of letters of the style sheet."""
    points = mpl.rcParams["legend.fontsize"]
    mark_em = mpl.rcParams["legend.handlelength"] + mpl.rcParams["legend.handletextpad"]
    beside = points * (mark_em + mpl.rcParams["legend.columnspacing"])
    widths = [_points(label, points) + beside for label in labels]
    for n_columns in range(len(labels), 1, -1):
        columns = np.array_split(widths, n_columns)  # as matplotlib fills them
        if sum(float(column.max()) for column in columns) <= 72.0 * width_inches:
            return n_columns
    return 1


def fits_width(text: str, width_inches: float) -> bool:
    """Whether a line of text fits a width at the size of letters of the style sheet."""
    return _points(text, mpl.rcParams["font.size"]) <= 72.0 * width_inches


def _points(text: str, size: float) -> float:
    """Width of a text in points."""
    font = FontProperties(size=size)  # of the family of the style sheet
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath="$" in text)
    return float(width)


def _wrapped(note: str, width_inches: float) -> list[str]:
    """Break a note into lines that fit a width at the size of letters of the style sheet."""
    size = mpl.rcParams["font.size"]
    lines = [""]
    for word in note.split():
        line = f"{lines[-1]} {word}".strip()
        if _points(line, size) <= 72.0 * width_inches or not lines[-1]:
            lines[-1] = line
        else:
            lines.append(word)
    return lines


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the suffix; the same figure gives the same bytes."""
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
