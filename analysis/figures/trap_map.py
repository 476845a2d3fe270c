"""Where the traps sit: the model with its ions shaded by their part in the traps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.lines import Line2D

from epicarve.analysis.states import SIDES
from epicarve.builder.output import centred, draw_discs, draw_scale_bar, side_view
from epicarve.errors import InputError
from epicarve.style import colours, element_colours

from .canvas import AnyAxes, framed_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epicarve.analysis.states import Analysis

ALONE = 1.6
"""How much higher a figure of one panel is than one of two."""

LEGEND_INCHES = 0.2
"""Height of the names of the elements."""


def trap_map_figure(analysis: Analysis, notes: tuple[str, ...] = (), ax: AnyAxes = None) -> Figure:
    """Draw the model from the side, its ions shaded by their weight summed over the traps.

    One panel shows the valence traps, one the conduction traps, as far as there are some. Ions of
    larger weight are drawn over those of smaller weight, so that no trap is hidden behind the
    model. Rims have the colours of the elements.

    Parameters
    ----------
    analysis : Analysis
        The results; they know where the atoms are, and have at least one trap.
    notes : tuple of str
        Sentences to stand below the figure.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each panel.

    Returns
    -------
    matplotlib.figure.Figure
        In the look that the options of the analysis ask for.

    Raises
    ------
    InputError
        If it is not known where the atoms are.
    """
    positions_a, look = analysis.positions_a, analysis.options.figures
    if positions_a is None:
        raise InputError("traps cannot be drawn on atoms whose places are not known; give a model")
    shades = LinearSegmentedColormap.from_list("weights", colours(look.palette)["weights"])
    traps = analysis.traps
    sides = [side for side in SIDES if traps.of_side(side)]
    weights = [traps.atom_weights(side, analysis.states.weights) for side in sides]
    symbols = analysis.states.symbols
    of_element = element_colours(tuple(dict.fromkeys(symbols)), look.palette, look.colours)
    rims = np.array([to_rgb(of_element[symbol]) for symbol in symbols])
    largest = float(np.max(weights)) or 1.0
    used = analysis.gap.delocalised
    if used is analysis.gap.size_aware:
        notes = (f"Traps are states with N·IPR > {used.limit:g}.", *notes)
    height = (3.0 if look.width == "double" else 1.65) * (1.0 if len(sides) > 1 else ALONE)
    shape = {"nrows": 1, "ncols": len(sides)}
    names = [f"{side} traps" for side in sides]
    with framed_axes(look, names, notes, height + LEGEND_INCHES, ax, **shape) as frame:
        panels = frame.axes
        for axes, side, summed in zip(panels, sides, weights, strict=True):
            points = centred(positions_a) @ side_view().T
            order = np.lexsort((points[:, 2], np.round(summed / largest, 2)))
            extent_a = 1.06 * float(np.abs(points[:, :2]).max()) + 2.0
            rgb = shades(summed[order] / largest)[:, :3]
            sizes_a = analysis.drawn_radii_a[order]
            draw_discs(axes, points[order, :2], sizes_a, rgb, extent_a, rims=rims[order])
            n_traps = len(traps.of_side(side))
            axes.set_title(f"{n_traps} {side} trap{'' if n_traps == 1 else 's'}")
        draw_scale_bar(panels[0], extent_a)
        bar = frame.figure.colorbar(
            ScalarMappable(Normalize(0.0, largest), shades), ax=panels, shrink=0.7, aspect=18
        )
        bar.set_label("Summed weight of an ion")
        bar.outline.set_linewidth(0.5)
        ring: dict[str, Any] = {
            "marker": "o",
            "ls": "",
            "markerfacecolor": "none",
            "markersize": 5.0,
        }
        frame.legend(
            [Line2D([], [], markeredgecolor=c, label=s, **ring) for s, c in of_element.items()]
        )
    return frame.figure
