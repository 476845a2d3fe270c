"""Pictures of orbitals: the surface within which a share of each lies, around the atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from epicarve.builder.output import draw_scale_bar, side_view
from epicarve.style import element_colours

from .canvas import MM_PER_INCH, AnyAxes, framed_axes
from .isosurface import Window, atoms_seen, composed, surface_seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import OrbitalPicture
    from epicarve.arrays import Floats

SIGNS = {"positive": "#d1495b", "negative": "#2e6fb7"}
"""Colours of the two signs of an orbital, told apart with any colour vision."""

N_PIXELS = 600
"""Pixels along each side of a panel."""

ATOM_RADIUS_A = 0.55
"""Radius in Å at which atoms are drawn: small, so that orbitals are seen around them."""

MARGIN_A = 3.0
"""Width in Å that is shown beyond the outermost atoms."""

LEAST_WIDTH_INCHES = 1.5
"""Width of a panel that its title needs."""

WIDTH_INCHES = {"single": 3.35, "double": 6.7}


def orbitals_figure(
    pictures: Sequence[OrbitalPicture],
    look: FigureOptions,
    notes: Sequence[str] = (),
    ax: AnyAxes = None,
) -> Figure:
    """Draw isosurfaces of orbitals of one model from the side, a panel for each.

    Parameters
    ----------
    pictures : sequence of OrbitalPicture
        The orbitals, with the same share of their density on each surface.
    look : FigureOptions
        Size, letters, colours.
    notes : sequence of str
        Sentences to stand below.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each orbital.

    Returns
    -------
    matplotlib.figure.Figure
        In the look that was asked for; the pictures are images in SVG and PDF too.
    """
    width = WIDTH_INCHES[look.width] if look.width_mm is None else look.width_mm / MM_PER_INCH
    n_rows = -(-len(pictures) // max(1, int(width / LEAST_WIDTH_INCHES)))
    n_columns = -(-len(pictures) // n_rows)
    height = n_rows * (width / n_columns + 0.2) + 0.2
    told = f"Surfaces hold {100 * pictures[0].share:g} % of the density of each orbital."
    titles = [picture.title for picture in pictures]
    shape = {"nrows": n_rows, "ncols": n_columns}
    with framed_axes(look, titles, (told, *notes), height, ax, **shape) as frame:
        panels = frame.axes if not frame.is_own else frame.axes[: len(pictures)]
        for unused in frame.axes[len(panels) :]:
            unused.set_axis_off()
        elements = tuple(dict.fromkeys(s for picture in pictures for s in picture.symbols))
        shades = element_colours(elements, look.palette, look.colours)
        for axes, picture in zip(panels, pictures, strict=True):
            window = _window(picture.positions_a)
            surface = surface_seen(picture.grid, picture.isovalue, window)
            radii_a = np.full(len(picture.symbols), ATOM_RADIUS_A)
            image = composed(
                atoms_seen(picture.positions_a, radii_a, window),
                surface,
                np.array([to_rgb(shades[symbol]) for symbol in picture.symbols]),
                np.array([to_rgb(colour) for colour in SIGNS.values()]),
            )
            extent_a = window.extent_a
            axes.imshow(image, origin="lower", extent=(-extent_a, extent_a) * 2)
            axes.set_axis_off()
            axes.set_title(picture.title)
        draw_scale_bar(panels[0], _window(pictures[0].positions_a).extent_a)
        handles = [Patch(color=shades[name], label=name) for name in elements]
        handles += [Patch(color=colour, label=f"ψ {sign}") for sign, colour in SIGNS.items()]
        frame.legend(handles)
    return frame.figure


def _window(positions_a: Floats) -> Window:
    """Return the plane that shows all atoms, with room for what lies around them."""
    view = side_view()
    middle_a = 0.5 * (positions_a.max(axis=0) + positions_a.min(axis=0))
    reach_a = np.abs(((positions_a - middle_a) @ view.T)[:, :2]).max(initial=0.0)
    return Window(middle_a, view, float(reach_a) + MARGIN_A, N_PIXELS)
