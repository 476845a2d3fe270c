"""The figure of the absorption of independent particles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.errors import InputError
from epicarve.style import colours

from .canvas import AnyAxes, framed_axes, note_of_edges

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epicarve.analysis.states import Analysis

BELOW = 5.0
"""Standard deviations of the broadening by which the axis reaches below the lowest transition."""


def absorption_figure(
    analysis: Analysis, notes: tuple[str, ...] = (), ax: AnyAxes = None
) -> Figure:
    """Draw oscillator strength against the energy of light, the part of traps apart.

    The axis ends where transitions begin to be missing, or where the window of the options does.

    Parameters
    ----------
    analysis : Analysis
        Results with transitions.
    notes : tuple of str
        Sentences to stand below the figure.
    ax : Axes or sequence of Axes, optional
        Axes to draw into.

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
    end_ev = found.lowest_ev + options.window_below_ev + options.window_above_ev
    low_ev = max(0.0, found.lowest_ev - BELOW * options.broadening_ev)
    shown = (found.grid_ev >= low_ev) & (found.grid_ev <= end_ev)
    grid_ev, traps = found.grid_ev[shown], found.of_traps[shown]
    with framed_axes(
        options.figures, ["absorption"], (*note_of_edges(analysis.gap), *notes), given=ax
    ) as frame:
        (axes,) = frame.axes
        if traps.any():
            axes.fill_between(grid_ev, traps, color=red, lw=0.0, label="from or to traps")
        axes.plot(grid_ev, found.spectrum[shown], color="black", lw=1.0, label="all")
        axes.set_xlim(low_ev, max(grid_ev[-1], low_ev + options.broadening_ev))
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel("Energy of light (eV)")
        axes.set_ylabel("Oscillator strength (eV$^{-1}$)")
        frame.legend_of_axes(axes, axes.get_legend_handles_labels()[0])
    return frame.figure
