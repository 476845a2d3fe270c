"""The figure of the band diagram in space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError
from epicarve.style import colours

from .canvas import NAME_BOX, AnyAxes, framed_axes, note_of_edges
from .dos import window_of
from .formulas import pretty_formula

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epicarve.analysis.states import Analysis, Profile

SATURATION = 0.98
"""Shades end at this quantile of the local density, so that one sharp level does not pale all."""

LEAST_SHARE = 0.2
"""They do not end below this part of the highest density."""


def profile_figure(analysis: Analysis, notes: tuple[str, ...] = (), ax: AnyAxes = None) -> Figure:
    """Draw the local density of states along the profile's axis, and the edges in each slice.

    Shades are states per eV and per atom of the slice, so that thin slices and thick ones compare.
    Lines are the band edges of each slice among the states that the trap filter keeps.

    Parameters
    ----------
    analysis : Analysis
        Results with a profile.
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
        If there is no profile, as it is not known where the atoms are.
    """
    profile = analysis.profile
    if profile is None:
        raise InputError("there is no profile in space without coordinates; give the model")
    zero_ev = analysis.zero.energy_ev
    look = analysis.options.figures
    below_ev, above_ev = window_of(analysis.spectrum, zero_ev, look)
    notes = (*note_of_edges(analysis.gap), *notes)
    with framed_axes(look, ["profile"], notes, given=ax) as frame:
        (axes,) = frame.axes
        _draw_density(frame.figure, axes, profile, (below_ev, above_ev), zero_ev)
        _draw_edges(axes, profile, zero_ev, colours(look.palette)["ipr"])
        axes.set_ylim(below_ev - zero_ev, above_ev - zero_ev)
        axes.set_ylabel(analysis.zero.label)
        frame.legend_of_axes(axes, axes.get_legend_handles_labels()[0])
        axes.set_xlabel("Distance from the centre (Å)")
        if profile.axis.kind == "normal":
            axes.set_xlabel("Height over the interface (Å)")
            axes.axvline(0.0, color="black", lw=0.6, ls=(0, (3, 2)))
            assert analysis.model is not None
            above, below = (pretty_formula(name) for name in analysis.model.domain_names)
            for name, x, side in ((below, 0.02, "left"), (above, 0.98, "right")):
                axes.text(x, 0.02, name, transform=axes.transAxes, ha=side, bbox=NAME_BOX)
    return frame.figure


def _draw_density(
    figure: Figure,
    axes: Axes,
    profile: Profile,
    window_ev: tuple[float, float],
    zero_ev: float,
) -> None:
    """Shade the density per atom; slices without atoms stay white."""
    shown = (profile.grid_ev >= window_ev[0]) & (profile.grid_ev <= window_ev[1])
    per_atom = profile.density[:, shown] / np.maximum(profile.n_atoms, 1)[:, None]
    grid_ev = profile.grid_ev[shown] - zero_ev
    half_ev = 0.5 * float(grid_ev[1] - grid_ev[0])
    mesh = axes.pcolormesh(
        profile.borders_a,
        np.append(grid_ev - half_ev, grid_ev[-1] + half_ev),
        per_atom.T,
        cmap="Greys",
        vmin=0.0,
        vmax=max(np.quantile(per_atom, SATURATION), LEAST_SHARE * per_atom.max()) or 1.0,
        rasterized=True,
    )
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=30, extend="max")
    bar.set_label("Local DOS (states eV$^{-1}$ atom$^{-1}$)")


def _draw_edges(axes: Axes, profile: Profile, zero_ev: float, colour: str) -> None:
    """Draw the edges as steps."""
    for edges_ev, label, style in (
        (profile.conduction_edge_ev, "conduction edge", "-"),
        (profile.valence_edge_ev, "valence edge", (0, (4, 1))),
    ):
        axes.stairs(
            edges_ev - zero_ev,
            profile.borders_a,
            baseline=None,
            color=colour,
            lw=1.0,
            ls=style,
            label=label,
        )
