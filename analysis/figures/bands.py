"""The figure of the bands of a particle or a supercell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.analysis.states import DEGENERATE_EV, fractional_dos
from epicarve.errors import InputError
from epicarve.style import colours

from .canvas import AnyAxes, framed_axes
from .formulas import pretty_formula

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epicarve.analysis.states import Analysis
    from epicarve.dft.bands import BulkBands, PathSegment, UnfoldedBands

ENERGY_STEPS = 400
"""Energies of the map."""

BRIGHTEST = 99.8
"""Percentile of the intensity that has the darkest colour."""

LARGEST_MARK = 12.0
"""Area of the mark of a whole band at a point of the zone, or several, in points squared."""


def bands_figure(analysis: Analysis, notes: tuple[str, ...] = (), ax: AnyAxes = None) -> Figure:
    """Draw the weight of states along the path of each crystal's zone, and bulk bands over it.

    Of a particle each state is broadened by a Gaussian; of a periodic cell it is a mark at each
    point of the path that the cell folds onto Γ.

    Parameters
    ----------
    analysis : Analysis
        Results with bands.
    notes : tuple of str
        Sentences to stand below the figure.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each crystal.

    Returns
    -------
    matplotlib.figure.Figure
        In the look that the options of the analysis ask for.

    Raises
    ------
    InputError
        If there are no bands.
    """
    if not analysis.bands:
        raise InputError("there are no bands; ask for them by bands=True")
    look, zero = analysis.options.figures, analysis.zero
    names = [bands.zone.name for bands in analysis.bands]
    if analysis.bulk_bands:
        notes = (_told_bulk(analysis), *notes)
    with framed_axes(look, names, notes, 2.6 * len(names), ax) as frame:
        for axes, bands in zip(frame.axes, analysis.bands, strict=True):
            low, high = (each - zero.energy_ev for each in analysis.window_ev)
            _draw_states(axes, analysis, bands, (low, high))
            bulk = analysis.bulk_bands.get(bands.zone.name)
            if bulk is not None:
                shift_ev = analysis.shift_of_bulk_ev(bands.zone.name) - zero.energy_ev
                red = colours(look.palette)["ipr"]
                _draw_bulk(axes, bands, bulk, shift_ev, red)
            axes.set_ylim(low, high)
            axes.set_ylabel(zero.label)
            _label_path(axes, bands)
            if len(names) > 1:
                axes.set_title(pretty_formula(bands.zone.name))
        frame.align_labels()
    return frame.figure


def _draw_states(
    axes: Axes, analysis: Analysis, bands: UnfoldedBands, range_ev: tuple[float, float]
) -> None:
    """Draw the weights of the states, the darker the larger."""
    energies_ev = bands.energies_ev - analysis.zero.energy_ev
    if bands.zone.supercell is not None:
        n_cells = abs(float(np.linalg.det(bands.zone.supercell)))
        order = np.argsort(energies_ev, kind="stable")
        starts = np.flatnonzero(np.diff(energies_ev[order], prepend=-np.inf) > DEGENERATE_EV)
        levels_ev, weights = energies_ev[order][starts], bands.weights[:, order]
        weights = np.add.reduceat(weights, starts, axis=1) / n_cells
        for left, segment, rows in _parts(bands):
            x = np.repeat(left + segment.length * segment.places, len(levels_ev))
            area = LARGEST_MARK * np.minimum(weights[rows].ravel(), 1.0)
            axes.scatter(x, np.tile(levels_ev, len(segment.places)), area, "black", lw=0)
        return
    look = analysis.options.figures
    sigma_ev = look.broadening_ev or analysis.options.broadening_ev
    grid_ev = np.linspace(*range_ev, ENERGY_STEPS)
    maps = fractional_dos(energies_ev, bands.weights, grid_ev, sigma_ev)
    top = float(np.percentile(maps, BRIGHTEST)) or 1.0
    for left, segment, rows in _parts(bands):
        axes.pcolormesh(
            left + segment.length * segment.places,
            grid_ev,
            maps[rows].T,
            cmap="Greys",
            vmin=0.0,
            vmax=top,
            shading="gouraud",
            rasterized=True,
        )


def _draw_bulk(
    axes: Axes, bands: UnfoldedBands, bulk: BulkBands, shift_ev: float, colour: str
) -> None:
    """Draw the bands of the bulk crystal over those parts of the path that it has."""
    for left, segment, _ in _parts(bands):
        for places, energies_ev in bulk.on(segment):
            x = left + segment.length * places
            axes.plot(x, energies_ev + shift_ev, color=colour, lw=0.6, ls=(0, (4, 2)))


def _parts(bands: UnfoldedBands) -> list[tuple[float, PathSegment, slice]]:
    """Return where each segment begins on the axis, and which rows of the weights are its own."""
    parts, left, row = [], 0.0, 0
    for segment in bands.zone.path.segments:
        rows = slice(row, row + len(segment.places))
        parts.append((left, segment, rows))
        left, row = left + segment.length, rows.stop
    return parts


def _label_path(axes: Axes, bands: UnfoldedBands) -> None:
    """Name the special points, both of them where the path jumps."""
    names: dict[float, str] = {}
    end = 0.0
    for left, segment, _ in _parts(bands):
        before = names.get(left)
        start = _letter(segment.start)
        names[left] = start if before in {None, start} else f"{before}|{start}"
        end = left + segment.length
        names[end] = _letter(segment.end)
    axes.set_xticks(list(names), list(names.values()))
    axes.tick_params(axis="x", which="both", length=0)
    axes.set_xlim(0.0, end)
    for place in names:
        axes.axvline(place, color="0.6", lw=0.4)


def _letter(name: str) -> str:
    """Return the name of a special point as it is written."""
    if name == "G":
        return "Γ"
    return f"{name[0]}$_{{{name[1:]}}}$" if len(name) > 1 else name


def _told_bulk(analysis: Analysis) -> str:
    """Say where the bulk bands stand."""
    if analysis.is_periodic:
        return "Dashed: bands of the bulk crystal, on the energies of its own run."
    return (
        "Dashed: bands of the bulk crystal, the highest occupied one at the valence edge of its "
        "domain."
    )
