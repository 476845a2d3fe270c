"""The panel of a density of states by group, beta pointing down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from epicarve.analysis.states import DensityOfStates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from epicarve.analysis.options import FigureOptions

SEE_THROUGH = 0.45
"""Opacity of areas that are not stacked, so that none hides another."""

LOWEST = -1.05
"""Lower end of a panel with beta states, in parts of the peak."""


def in_order(dos: DensityOfStates, names: Sequence[str]) -> DensityOfStates:
    """Return a density with its groups in the order of names, those that it has."""
    rows = [dos.groups.index(name) for name in names if name in dos.groups]
    return DensityOfStates(
        dos.grid_ev, tuple(dos.groups[row] for row in rows), dos.density[:, rows]
    )


def draw_density(
    axes: Axes,
    dos: DensityOfStates,
    shades: Mapping[str, str],
    zero_ev: float,
    look: FigureOptions,
) -> None:
    """Draw the densities of the groups, with a black line for their sum; beta points down.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        The panel.
    dos : DensityOfStates
        What to draw, all of it.
    shades : mapping
        Colour of each group by its name.
    zero_ev : float
        Energy in eV that the axis counts from.
    look : FigureOptions
        Whether groups are areas or lines, and stacked or not.
    """
    grid_ev = dos.grid_ev - zero_ev
    for of_spin, total, sign in zip(dos.density, dos.total, (1.0, -1.0), strict=False):
        tops = sign * (np.cumsum(of_spin, axis=0) if look.stacked else of_spin)
        bottoms = np.vstack([np.zeros_like(grid_ev), tops[:-1]]) if look.stacked else 0.0 * tops
        for name, top, bottom in zip(dos.groups, tops, bottoms, strict=True):
            if look.filled:
                opacity = 1.0 if look.stacked else SEE_THROUGH
                axes.fill_between(
                    grid_ev, bottom, top, color=shades[name], lw=0, alpha=opacity, label=name
                )
            if not (look.filled and look.stacked):
                axes.plot(grid_ev, top, color=shades[name], lw=0.8, label=name)
        axes.plot(grid_ev, sign * total, color="black", lw=0.5)


def scale_density(axes: Axes, peak: float, headroom: float, *, restricted: bool) -> None:
    """Set the range of a panel to hold a peak and some room over it, in parts of the peak."""
    axes.set_ylim(0.0 if restricted else LOWEST * peak, headroom * peak)
    axes.yaxis.set_major_locator(MaxNLocator(4, prune="upper"))
    if not restricted:
        axes.axhline(0.0, color="black", lw=0.5)


def density_label(*, restricted: bool) -> str:
    """Return the words beside the axis of a density."""
    return "DOS (states eV$^{-1}$)" if restricted else "DOS (eV$^{-1}$), α ↑ β ↓"
