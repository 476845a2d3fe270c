"""A picture of a model: two views with depth, colours of the study, a scale bar."""

from __future__ import annotations

import io
import re
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epicarve.builder.model import composition
from epicarve.style import caption, element_colours, figure_style

from .visible import visible_discs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from epicarve.arrays import Floats
    from epicarve.builder.carve import IonTable
    from epicarve.builder.model import Model

CATION_RADIUS_A, ANION_RADIUS_A, HYDROGEN_RADIUS_A = 1.15, 1.45, 0.7
ANIONS = frozenset(("N", "P", "As", "O", "S", "Se", "Te", "F", "Cl", "Br", "I"))
"""Elements that are drawn as anions where charges are not known."""

FADE = 0.55
"""How far towards white the deepest ions fade."""

TILT_DEG = 12.0


def draw_model(path: Path, model: Model, notes: Sequence[str] = ()) -> None:
    """Draw a model seen along y (with z upward) and along z into a PNG.

    Parameters
    ----------
    path : Path
        The PNG to write.
    model : Model
        The model; an interface lies in its xy plane.
    notes : sequence of str
        What stands under the picture, of each its first line.
    """
    colours = element_colours(list(model.counts))
    with figure_style():
        lines = textwrap.wrap(caption(notes), 118)
        height = 3.5 + 0.14 * len(lines)
        figure = Figure(figsize=(6.4, height))
        FigureCanvasAgg(figure)
        bottom = 1.0 - 3.2 / height
        points = centred(model.positions_a)
        views = (side_view(), np.eye(3))
        extent = 1.22 * max(float(np.abs(points @ view[:2].T).max()) for view in views)
        for left, view, title in zip((0.0, 0.5), views, ("side view", "top view"), strict=True):
            axes = figure.add_axes((left, bottom, 0.5, 2.95 / height))
            _draw_view(axes, model, view, colours, extent)
            axes.text(0.0, -0.97 * extent, title, ha="center", fontsize=6.5, color="0.35")
        draw_scale_bar(figure.axes[0], extent)
        marks = [
            Line2D([], [], marker="o", ls="", ms=6, mfc=colour, mec="0.25", mew=0.4, label=symbol)
            for symbol, colour in colours.items()
        ]
        figure.legend(
            handles=marks, loc="lower center", ncol=len(marks), bbox_to_anchor=(0.5, bottom - 0.035)
        )
        title = f"{_pretty(model)}   {model.told_size}, {model.diameter_nm:.1f} nm"
        figure.text(0.5, 1.0 - 0.07 / height, title, ha="center", va="top", fontsize=8)
        if lines:
            figure.text(
                0.02, 0.05 / height, "\n".join(lines), va="bottom", fontsize=5.5, color="0.35"
            )
        figure.savefig(path, dpi=220, metadata={"Software": None})


def picture(ions: IonTable) -> bytes:
    """Return a small PNG of ions from the side and from above, for notebooks."""
    colours = element_colours(list(composition(ions.symbols, ions.charges)))
    views = (side_view(), np.eye(3))
    points = centred(ions.positions_a)
    extent = 1.1 * max(float(np.abs(points @ view[:2].T).max()) for view in views) + 1.5
    figure = Figure(figsize=(4.4, 2.2))
    FigureCanvasAgg(figure)
    for left, view in zip((0.0, 0.5), views, strict=True):
        _draw_view(figure.add_axes((left, 0.0, 0.5, 1.0)), ions, view, colours, extent)
    draw_scale_bar(figure.axes[0], extent)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _pretty(model: Model) -> str:
    formula = re.sub(r"(?<=[A-Za-z)])(\d+)", r"$_{\1}$", model.formula)
    return f"{formula}  ({' / '.join(model.domain_names)})"


def centred(positions_a: Floats) -> Floats:
    """Return positions in Å about the middle of the box around them, shape (n_atoms, 3)."""
    middle = 0.5 * (positions_a.max(axis=0) + positions_a.min(axis=0))
    return np.asarray(positions_a - middle)


def side_view() -> Floats:
    """Return rows that point right, up and to the eye: along y, tilted so that faces show."""
    tilt = np.radians(TILT_DEG)
    up = np.array([0.0, np.sin(tilt), np.cos(tilt)])
    eye = np.array([0.0, -np.cos(tilt), np.sin(tilt)])
    return np.array([[1.0, 0.0, 0.0], up, eye])


def radii_a(model: Model | IonTable) -> Floats:
    """Return the radius in Å at which each atom is drawn, shape (n_atoms,)."""
    of_ions = np.where(model.charges > 0, CATION_RADIUS_A, ANION_RADIUS_A)
    return np.where(model.charges == 0, radii_of_elements_a(model.symbols.tolist()), of_ions)


def radii_of_elements_a(symbols: Sequence[str]) -> Floats:
    """Return the radius in Å at which each atom is drawn where charges are not known.

    Examples
    --------
    >>> radii_of_elements_a(["Pb", "S", "H"]).tolist()
    [1.15, 1.45, 0.7]
    """
    radii = {"H": HYDROGEN_RADIUS_A, **dict.fromkeys(ANIONS, ANION_RADIUS_A)}
    return np.array([radii.get(symbol, CATION_RADIUS_A) for symbol in symbols])


def draw_discs(
    axes: Axes,
    points_a: Floats,
    sizes_a: Floats,
    shades: Floats,
    extent_a: float,
    *,
    rims: Floats | None = None,
) -> None:
    """Draw ions as discs, the first ones farthest back.

    Parameters
    ----------
    axes : Axes
        Where; its axis is hidden and set to ±`extent_a`.
    points_a : ndarray, shape (n_atoms, 2)
        Positions in the plane of the picture in Å.
    sizes_a : ndarray, shape (n_atoms,)
        Radii in Å.
    shades : ndarray, shape (n_atoms, 3)
        Colours.
    extent_a : float
        Half of the width and height that are shown.
    rims : ndarray, shape (n_atoms, 3), optional
        Colours of broad rims; if not given, rims are fine and darker than the discs.
    """
    ions = EllipseCollection(
        2.0 * sizes_a,
        2.0 * sizes_a,
        np.zeros(len(sizes_a)),
        units="xy",
        offsets=points_a,
        transOffset=axes.transData,
        facecolors=shades,
        edgecolors=shades * 0.55 if rims is None else rims,
        linewidths=0.25 if rims is None else 0.8,
    )
    axes.add_collection(ions)
    axes.set_xlim(-extent_a, extent_a)
    axes.set_ylim(-extent_a, extent_a)
    axes.set_aspect("equal")
    axes.axis("off")


def draw_scale_bar(axes: Axes, extent_a: float) -> None:
    """Draw a bar of 1 nm, of 0.5 nm for a small model, in the lower left corner."""
    length_nm = 1.0 if extent_a > 8.0 else 0.5
    style: dict[str, Any] = {"color": "0.2", "lw": 1.5, "solid_capstyle": "butt"}
    left, low = -0.95 * extent_a, -0.93 * extent_a
    axes.plot([left, left + 10.0 * length_nm], [low, low], **style)
    axes.text(left, low + 0.02 * extent_a, f"{length_nm:g} nm", fontsize=7, va="bottom")


def _draw_view(
    axes: Axes,
    model: Model | IonTable,
    view: Floats,
    colours: dict[str, str],
    extent: float,
) -> None:
    """Draw the model with its ions fading towards white with depth."""
    points = centred(model.positions_a) @ view.T
    order = np.argsort(points[:, 2], kind="stable")
    points = points[order]
    depth = (points[:, 2].max() - points[:, 2]) / max(float(np.ptp(points[:, 2])), 1.0)
    radii = radii_a(model)[order]
    seen = visible_discs(points[:, :2], radii)
    symbols = model.symbols[order[seen]]
    base = np.zeros((len(symbols), 3))
    for symbol, colour in colours.items():
        base[symbols == symbol] = to_rgb(colour)
    shade = base + (1.0 - base) * (FADE * depth[seen])[:, None]
    draw_discs(axes, points[seen, :2], radii[seen], shade, extent)
