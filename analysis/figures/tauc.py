"""The Tauc plots of absorption, for direct and indirect gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.analysis.states import GAPS, tauc_curve
from epicarve.errors import InputError
from epicarve.style import colours

from .canvas import AnyAxes, framed_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epicarve.analysis.states import Analysis

BELOW = 5.0
"""Standard deviations of the broadening by which the axis reaches below the lowest transition."""


def tauc_figure(analysis: Analysis, notes: tuple[str, ...] = (), ax: AnyAxes = None) -> Figure:
    """Draw (αE)² and (αE)^½ against the energy of light, with the lines that were fitted.

    Parameters
    ----------
    analysis : Analysis
        Results with transitions.
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
        If there are no transitions.
    """
    found, options = analysis.absorption, analysis.options
    if found is None:
        raise InputError("there are no transitions; ask for them by transitions=True")
    red = colours(options.figures.palette)["ipr"]
    low_ev = max(0.0, found.lowest_ev - BELOW * options.broadening_ev)
    shown = (found.grid_ev >= low_ev) & (found.grid_ev <= found.tauc_end_ev)
    grid_ev = found.grid_ev[shown]
    layout = {"sharex": True}
    with framed_axes(options.figures, list(GAPS), notes, 3.6, ax, **layout) as frame:
        for axes, (name, power) in zip(frame.axes, GAPS.items(), strict=True):
            curve = tauc_curve(grid_ev, found.spectrum[shown], power)
            axes.plot(grid_ev, curve, color="black", lw=1.0)
            fit = found.tauc[name]
            told = "no straight part"
            if fit is not None:
                line = np.array([fit.onset_ev, fit.to_ev])
                heights = fit.slope * (line - fit.onset_ev)
                axes.plot(line, heights, color=red, lw=0.9, ls=(0, (4, 2)))
                axes.axvspan(fit.from_ev, fit.to_ev, color=red, alpha=0.1, lw=0)
                told = f"{fit.onset_ev:.2f} eV"
            axes.set_ylim(0.0, 1.08 * float(curve.max(initial=0.0)) or 1.0)
            axes.text(0.03, 0.92, f"{name}: {told}", transform=axes.transAxes, va="top")
            axes.set_ylabel("(αE)$^2$" if power > 1.0 else "(αE)$^{1/2}$")
        frame.axes[0].set_xlim(low_ev, max(grid_ev[-1], low_ev + options.broadening_ev))
        frame.axes[-1].set_xlabel("Energy of light (eV)")
        frame.align_labels()
    return frame.figure
