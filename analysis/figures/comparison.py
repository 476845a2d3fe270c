"""Several runs in one figure, over one axis of energies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.patches import Patch

from epicarve.errors import InputError
from epicarve.style import colours, element_colours

from .canvas import AnyAxes, fits_width, framed_axes
from .compared import HEADROOM, Compared, numbers_of
from .dos_panel import LOWEST, draw_density, scale_density
from .formulas import pretty_group, pretty_words
from .levels_panel import (
    colour_localization,
    draw_localization,
    legend_of_marks,
    scale_localization,
    shade_gaps,
)
from .overlaid import draw_overlaid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import Spectrum

IPR_INCHES, DOS_INCHES = 0.62, 0.85
"""Heights of the panels of the IPR and of a density of one spin, of each run."""

AXES_SHARE = 0.8
"""Part of the width of a figure that its panels take."""


def comparison_figure(
    spectra: Sequence[Spectrum], look: FigureOptions, ax: AnyAxes = None
) -> Figure:
    """Draw the density of states, the IPR, the gaps and the traps of several runs.

    One axis of energies, counted from `FigureOptions.zero` of each run. Each run has a panel of
    the IPR and one of the density, in the same unit, to the same scale and with its groups in the
    same order; or, overlaid, all share a panel of the IPR, one of the whole density and one of the
    gaps, each run in a colour of its own. Above the panels of a run, or beside its bar, stand its
    name, its gaps and its traps: so many at the valence edge + so many at the conduction edge.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The runs, from above.
    look : FigureOptions
        The look.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each panel from above.

    Returns
    -------
    matplotlib.figure.Figure
        In that look.

    Raises
    ------
    InputError
        As `Compared.of`; and if no panel is left, or the axes are not as many as the panels.
    """
    compared = Compared.of(spectra, look)
    return draw_overlaid(compared, ax) if look.overlaid else _stacked(compared, ax)


def _stacked(compared: Compared, ax: AnyAxes) -> Figure:
    """Draw the panels of each run below each other."""
    look, per_unit = compared.look, DOS_INCHES / HEADROOM
    kinds, inches = [], []
    for number, one in enumerate(compared.spectra):
        if "ipr" in look.panels and one.ipr is not None:
            kinds.append((number, "ipr"))
            inches.append(IPR_INCHES)
        if "dos" in look.panels:
            kinds.append((number, "dos"))
            inches.append(per_unit * (HEADROOM - (0.0 if one.restricted else LOWEST)))
    if not kinds:
        raise InputError(
            "plot: no panel is left; panels ipr need weights of atoms, and dos is always there"
        )
    labels = [f"{kind} of {compared.spectra[number].label}" for number, kind in kinds]
    layout = {"sharex": True, "height_ratios": inches}
    height = sum(inches) + 0.17 * len(compared.spectra) + 0.7
    with framed_axes(look, labels, compared.notes(), height, ax, **layout) as frame:
        seen: set[int] = set()
        for axes, (number, kind) in zip(frame.axes, kinds, strict=True):
            draw = _draw_ipr if kind == "ipr" else _draw_dos
            draw(axes, compared, number)
            if number not in seen:
                words = _heading(compared.spectra[number], AXES_SHARE * frame.width_inches)
                size = mpl.rcParams["font.size"]
                axes.set_title(words, loc="left", pad=2.5, fontsize=size, linespacing=1.1)
            seen.add(number)
            axes.yaxis.minorticks_off()  # in panels so low they are noise
        frame.axes[-1].set_xlabel(compared.zeros[0].label)
        frame.align_labels()
        frame.legend(_legend(compared, {kind for _, kind in kinds}), 9)
    return frame.figure


def _draw_ipr(axes: Axes, compared: Compared, number: int) -> None:
    """Draw the IPR of the states of one run."""
    spectrum, zero_ev = compared.spectra[number], compared.zeros[number].energy_ev
    palette = compared.look.palette
    red = colours(palette)["ipr"]
    axes.set_xlim(*compared.window_ev)
    shade_gaps(axes, spectrum.gap, zero_ev, palette)
    scale_localization(axes, *compared.ipr_range)
    draw_localization(axes, spectrum, zero_ev, compared.window_of(number), red)
    colour_localization(axes, spectrum.ipr_limit, red)


def _draw_dos(axes: Axes, compared: Compared, number: int) -> None:
    """Draw the density of the groups of one run."""
    spectrum, zero_ev = compared.spectra[number], compared.zeros[number].energy_ev
    look = compared.look
    axes.set_xlim(*compared.window_ev)
    shade_gaps(axes, spectrum.gap, zero_ev, look.palette)
    shades = element_colours(compared.group_names, look.palette, look.colours)
    draw_density(axes, compared.densities[number], shades, zero_ev, look)
    scale_density(axes, compared.peak, HEADROOM, restricted=spectrum.restricted)
    axes.set_ylabel(compared.label(restricted=spectrum.restricted))


def _heading(spectrum: Spectrum, width_inches: float) -> str:
    """Return name and numbers of a run, in two lines if one is too long."""
    name, told = pretty_words(spectrum.label), numbers_of(spectrum)
    line = f"{name}:  {told}"
    return line if fits_width(line, width_inches) else f"{name}:\n{told}"


def _legend(compared: Compared, kinds: set[str]) -> list[Patch | Line2D]:
    """Name groups, marks and gaps."""
    look = compared.look
    handles: list[Patch | Line2D] = []
    if "dos" in kinds:
        shades = element_colours(compared.group_names, look.palette, look.colours)
        handles += [
            Patch(color=shades[name], label=pretty_group(name)) for name in compared.group_names
        ]
    if "ipr" in kinds:
        restricted = all(one.restricted for one in compared.spectra)
        red = colours(look.palette)["ipr"]
        handles += legend_of_marks(red, restricted=True)
        handles += [] if restricted else legend_of_marks(red, restricted=False)[2:]
    shades = colours(look.palette)
    if any(one.filter_in_use.gap_ev is not None for one in compared.spectra):
        handles.append(Patch(color=shades["filtered_gap"], label="filtered gap"))
    handles.append(Patch(color=shades["plain_gap"], label="HOMO–LUMO gap"))
    return handles
