"""Several particles in one picture, each in rows of its geometries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epicarve.style import element_colours, figure_style

from .preview import ANION_RADIUS_A, CATION_RADIUS_A, FADE, centred, draw_discs, draw_scale_bar
from .visible import visible_discs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from epicarve.arrays import Floats
    from epicarve.builder.recognition import Identification

FLAT = 0.6
"""A particle is flat if its extent along one axis is no more than this part of another one's, both
in squares."""

CELL_INCHES, LEFT_INCHES, TITLE_INCHES, LEGEND_INCHES = 1.55, 0.3, 0.25, 0.3


def draw_side_by_side(
    path: Path, columns: Mapping[str, Mapping[str, Identification]], rows: Sequence[str]
) -> None:
    """Draw particles with their ions coloured by element, the normal of an interface upward.

    Parameters
    ----------
    path : Path
        The PNG to write.
    columns : mapping of str to mapping of str to Identification
        For each particle its title, and its geometries by row.
    rows : sequence of str
        Names of the rows from above.
    """
    everyone = [found for column in columns.values() for found in column.values()]
    colours = element_colours(list(dict.fromkeys(e for one in everyone for e in one.counts)))
    extent = max(float(np.abs(_seen(one)[:, :2]).max()) for one in everyone) + 2.5
    width = LEFT_INCHES + CELL_INCHES * len(columns)
    height = LEGEND_INCHES + TITLE_INCHES + CELL_INCHES * len(rows)
    with figure_style():
        figure = Figure(figsize=(width, height))
        FigureCanvasAgg(figure)
        for i, (title, column) in enumerate(columns.items()):
            left = (LEFT_INCHES + i * CELL_INCHES) / width
            top = 1.0 - 0.5 * TITLE_INCHES / height
            middle = left + 0.5 * CELL_INCHES / width
            figure.text(middle, top, title, ha="center", va="center", fontsize=7)
            for j, row in enumerate(rows):
                if row not in column:
                    continue
                low = 1.0 - (TITLE_INCHES + (j + 1) * CELL_INCHES) / height
                place = (left, low, CELL_INCHES / width, CELL_INCHES / height)
                axes = figure.add_axes(place)
                _draw(axes, column[row], colours, extent)
                if i == 0 and j == len(rows) - 1:
                    draw_scale_bar(axes, extent)
        for j, row in enumerate(rows):
            at = 1.0 - (TITLE_INCHES + (j + 0.5) * CELL_INCHES) / height
            figure.text(
                0.5 * LEFT_INCHES / width,
                at,
                row,
                rotation=90,
                ha="center",
                va="center",
                fontsize=7,
            )
        style: dict[str, Any] = {"marker": "o", "ls": "", "ms": 6, "mec": "0.25", "mew": 0.4}
        marks = [Line2D([], [], mfc=c, label=symbol, **style) for symbol, c in colours.items()]
        figure.legend(handles=marks, loc="lower center", ncol=len(marks))
        figure.savefig(path, dpi=160, metadata={"Software": None})


def _seen(found: Identification) -> Floats:
    """Return the atoms as they are seen, right, up and to the eye; shape (n_atoms, 3).

    Upward is the normal of an interface, or that axis along which a flat particle is the shortest,
    its wider end below.
    """
    points = centred(found.positions_a @ found.axes.T)
    away = points - points.mean(axis=0)
    extents = (away**2).mean(axis=0)
    up, turn = int(np.argmin(extents)), 1.0
    if found.interface is not None or extents[up] > FLAT * extents.max():
        up = 2
    elif (away[:, up] ** 3).sum() < 0.0:
        turn = -1.0
    right, eye = (up + 1) % 3, (up + 2) % 3
    return np.column_stack([turn * points[:, right], turn * points[:, up], -points[:, eye]])


def _draw(axes: Axes, found: Identification, colours: Mapping[str, str], extent: float) -> None:
    points = _seen(found)
    order = np.argsort(points[:, 2], kind="stable")
    points = points[order]
    radii = np.where(found.is_cation, CATION_RADIUS_A, ANION_RADIUS_A)[order]
    depth = (points[:, 2].max() - points[:, 2]) / max(float(np.ptp(points[:, 2])), 1.0)
    seen = visible_discs(points[:, :2], radii)
    base = np.array([to_rgb(colours[symbol]) for symbol in found.symbols[order][seen].tolist()])
    shades = base + (1.0 - base) * (FADE * depth[seen])[:, None]
    draw_discs(axes, points[seen, :2], radii[seen], shades, extent)
