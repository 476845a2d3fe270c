"""The panel of overlap populations in the figure of the density of states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from epicarve.style import pair_colours

from .canvas import legend_columns
from .formulas import pretty_group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import Coop, Spectrum

COOP_INCHES = 1.5
"""Height of the panel."""

COOP_ROOM = 0.5
"""Least part of the panel on either side of zero, relative to what is drawn."""

MOST_OF_OCCUPIED = 6.0
"""Curves are cut off beyond this many times the peak of the occupied states: diffuse functions make
some empty states so antibonding that nothing else would be seen."""

LEGEND_SHARE = 0.85
"""Part of the width of the figure that the legend may take."""


def draw_coop(
    axes: Axes,
    coop: Coop,
    spectrum: Spectrum,
    window_ev: tuple[float, float],
    zero_ev: float,
    *,
    look: FigureOptions,
) -> None:
    """Draw a line for each pair of groups, bonding up and antibonding down; beta is dashed.

    Curves of empty states that exceed those of the occupied ones by far leave the panel.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        The panel, whose axis of energies is set already.
    coop : Coop
        What to draw.
    spectrum : Spectrum
        The states that it is of.
    window_ev : pair of float
        Range in eV that is shown, on the scale of the states.
    zero_ev : float
        Energy in eV that the axis counts from.
    look : FigureOptions
        Colours, legend, broadening.
    """
    all_curves = coop.curves
    if look.broadening_ev is not None:
        all_curves = spectrum.broadened(coop.names, coop.populations, look.broadening_ev)
    shown = all_curves.within(*window_ev)
    grid_ev, curves = shown.grid_ev - zero_ev, shown.density
    shades = pair_colours(len(coop.pairs), look.palette)
    handles = []
    for index, (pair, shade) in enumerate(zip(coop.pairs, shades, strict=True)):
        for of_spin, dashes in zip(curves[:, index], ("-", "--"), strict=False):
            axes.plot(grid_ev, of_spin, dashes, color=shade, lw=0.8)
        label = "–".join(map(pretty_group, pair))
        handles.append(Line2D([], [], color=shade, lw=0.8, label=label))
    if len(curves) > 1:
        handles.append(Line2D([], [], color="black", ls="--", lw=0.8, label="β"))
    axes.axhline(0.0, color="black", lw=0.5)
    low, high = float(curves.min(initial=0.0)), float(curves.max(initial=0.0))
    if spectrum.gap.homo_ev is not None:
        occupied = curves[:, :, grid_ev <= spectrum.gap.homo_ev - zero_ev]
        most = MOST_OF_OCCUPIED * float(np.abs(occupied).max(initial=0.0)) or np.inf
        low, high = max(low, -most), min(high, most)
    least = COOP_ROOM * ((high - low) or 1.0)  # room on either side for the words beside it
    axes.set_ylim(min(1.05 * low, -least), max(1.05 * high, least))
    axes.yaxis.set_major_locator(MaxNLocator(4, prune="both"))
    axes.set_ylabel("COOP (eV$^{-1}$)")
    for word, place in (("bonding", "bottom"), ("antibonding", "top")):
        axes.annotate(
            word,
            (1.0, 0.0),
            xycoords=("axes fraction", "data"),
            xytext=(3, 3 if place == "bottom" else -3),
            textcoords="offset points",
            rotation=90,
            va=place,
        )
    labels = [str(handle.get_label()) for handle in handles]
    width_inches = LEGEND_SHARE * mpl.rcParams["figure.figsize"][0]
    axes.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=legend_columns(labels, width_inches),
    )
