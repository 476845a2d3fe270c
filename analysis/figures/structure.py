"""The figure of two geometries: radial distribution and diffraction before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.analysis.options import FigureOptions
from epicarve.style import colours

from .canvas import framed_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epicarve.analysis.compare import Comparison

FORWARD_DEG = 15.0
"""The pattern is scaled to its peaks beyond this angle 2θ, not to the forward beam."""


def structure_figure(
    comparison: Comparison, notes: tuple[str, ...] = (), look: FigureOptions | None = None
) -> Figure:
    """Draw the radial distribution and the diffraction pattern of both geometries.

    Parameters
    ----------
    comparison : Comparison
        The results.
    notes : tuple of str
        Sentences to stand below the figure.
    look : FigureOptions, optional
        Width and palette.

    Returns
    -------
    matplotlib.figure.Figure
        Black: before; in colour: after.
    """
    look = look or FigureOptions()
    shade = colours(look.palette)["ipr"]
    with framed_figure(look, notes) as figure:
        upper, lower = figure.subplots(2, 1)
        for curves, label, colour, width in (
            (comparison.before, "before", "black", 0.6),
            (comparison.after, "after", shade, 0.9),
        ):
            style = {"color": colour, "lw": width, "label": label}
            upper.plot(curves.radial.distances_a, curves.radial.values[0], **style)
            lower.plot(curves.two_theta_deg, curves.intensity / 1000.0, **style)
        upper.set_xlabel("Distance (Å)")
        upper.set_ylabel("Neighbours (Å$^{-1}$)")
        upper.set_xlim(0.0, float(comparison.before.radial.distances_a[-1]))
        lower.set_xlabel("Diffraction angle 2θ (°)")
        lower.set_ylabel("Intensity (10$^{3}$ e.u.)")
        lower.set_xlim(*comparison.before.two_theta_deg[[0, -1]].tolist())
        upper.set_ylim(bottom=0.0)
        shown = comparison.before.two_theta_deg > FORWARD_DEG
        peaks = [c.intensity[shown].max(initial=0.0) for c in (comparison.before, comparison.after)]
        lower.set_ylim(0.0, 1.1 * max(peaks) / 1000.0)
        upper.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
        figure.align_ylabels()
    return figure
