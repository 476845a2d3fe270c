"""Where the traps sit: the model with its ions shaded by their part in the traps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize

from epicarve.builder.preview import centred, draw_discs, draw_scale_bar, radii_a, side_view
from epicarve.style import colours

from .figure import framed_figure
from .gap import DEGENERATE_EV

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from .results import Analysis

SIDES = ("valence", "conduction")


def trap_map_figure(analysis: Analysis, notes: tuple[str, ...] = ()) -> Figure:
    """Draw the model from the side, its ions shaded by their weight summed over the traps.

    One panel shows the valence traps, one the conduction traps. Ions of larger weight are drawn
    over those of smaller weight, so that no trap is hidden behind the model.

    Parameters
    ----------
    analysis : Analysis
        The results; they have a model.
    notes : tuple of str
        Sentences to stand below the figure.

    Returns
    -------
    matplotlib.figure.Figure
        In the look that the options of the analysis ask for.
    """
    model, look = analysis.model, analysis.options.figures
    assert model is not None
    shades = LinearSegmentedColormap.from_list("weights", colours(look.palette)["weights"])
    weights = [_trap_weights(analysis, side) for side in SIDES]
    largest = max(float(w.max(initial=0.0)) for w, _ in weights) or 1.0
    with framed_figure(look, notes, 3.0 if look.width == "double" else 1.65) as figure:
        panels = figure.subplots(1, 2)
        for axes, side, (summed, n_traps) in zip(panels, SIDES, weights, strict=True):
            points = centred(model) @ side_view().T
            order = np.lexsort((points[:, 2], np.round(summed / largest, 2)))
            extent_a = 1.06 * float(np.abs(points[:, :2]).max()) + 2.0
            rgb = shades(summed[order] / largest)[:, :3]
            draw_discs(axes, points[order, :2], radii_a(model)[order], rgb, extent_a)
            axes.set_title(f"{n_traps} {side} trap{'' if n_traps == 1 else 's'}")
        draw_scale_bar(panels[0], extent_a)
        bar = figure.colorbar(
            ScalarMappable(Normalize(0.0, largest), shades), ax=panels, shrink=0.7, aspect=18
        )
        bar.set_label("Summed weight of an ion")
        bar.outline.set_linewidth(0.5)
    return figure


def _trap_weights(analysis: Analysis, side: str) -> tuple[NDArray[np.float64], int]:
    states, filtered = analysis.states, analysis.gap.filtered
    e = states.energies_ev
    if side == "valence":
        edge = filtered.valence_edge_ev
        mask = states.is_occupied & (e > (np.inf if edge is None else edge + DEGENERATE_EV))
    else:
        edge = filtered.conduction_edge_ev
        mask = ~states.is_occupied & (e < (-np.inf if edge is None else edge - DEGENERATE_EV))
    return states.weights[:, mask].sum(axis=1), int(mask.sum())
