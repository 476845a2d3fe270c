"""The panel of a density of states: stacked by group, beta pointing down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from epicarve.analysis.states import DensityOfStates


def draw_density(
    axes: Axes, dos: DensityOfStates, shades: Mapping[str, str], zero_ev: float = 0.0
) -> None:
    """Stack the densities of the groups, with a line around them all; beta points down.

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
    """
    grid_ev = dos.grid_ev - zero_ev
    for of_spin, total, sign in zip(dos.density, dos.total, (1.0, -1.0), strict=False):
        axes.stackplot(
            grid_ev, sign * of_spin, colors=[shades[name] for name in dos.groups], linewidth=0
        )
        axes.plot(grid_ev, sign * total, color="black", lw=0.5)


def scale_density(axes: Axes, peak: float, headroom: float, *, restricted: bool) -> None:
    """Set the range of a panel to hold a peak and some room over it, in parts of the peak."""
    axes.set_ylim(0.0 if restricted else -1.05 * peak, headroom * peak)
    axes.yaxis.set_major_locator(MaxNLocator(4, prune="upper"))
    if not restricted:
        axes.axhline(0.0, color="black", lw=0.5)


def density_label(*, restricted: bool) -> str:
    """Return the words beside the axis of a density."""
    return "DOS (states eV$^{-1}$)" if restricted else "DOS (eV$^{-1}$), α ↑ β ↓"
