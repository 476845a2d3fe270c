"""Several runs in the same panels, each in a colour of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from epicarve.style import pair_colours

from .canvas import AnyAxes, framed_axes
from .compared import HEADROOM, Compared, numbers_of
from .dos_panel import scale_density
from .formulas import pretty_words
from .levels_panel import draw_localization, legend_of_marks, markers, scale_localization

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVEL_INCHES = 0.27
"""Height of the bar of a run in the panel of gaps."""


def draw_overlaid(compared: Compared, ax: AnyAxes) -> Figure:
    """Draw all runs into the same panels, each in a colour of its own."""
    look, spectra = compared.look, compared.spectra
    with_ipr = [i for i, one in enumerate(spectra) if one.ipr is not None]
    inches = {"gaps": LEVEL_INCHES * (len(spectra) + 0.6)}
    if "ipr" in look.panels and with_ipr:
        inches["ipr"] = 1.1
    if "dos" in look.panels:
        inches["dos"] = 1.7 if all(one.restricted for one in spectra) else 2.3
    names = [pretty_words(one.label) for one in spectra]
    shades = _colours_of_runs(compared)
    layout = {"sharex": True, "height_ratios": list(inches.values())}
    height = sum(inches.values()) + 0.75
    with framed_axes(look, list(inches), compared.notes(), height, ax, **layout) as frame:
        for axes, kind in zip(frame.axes, inches, strict=True):
            axes.set_xlim(*compared.window_ev)
            if kind == "gaps":
                _draw_bars(axes, compared, shades)
            elif kind == "ipr":
                scale_localization(axes, *compared.ipr_range)
                for i in with_ipr:
                    zero_ev, window_ev = compared.zeros[i].energy_ev, compared.window_of(i)
                    draw_localization(axes, spectra[i], zero_ev, window_ev, shades[i], sticks=False)
            else:
                _draw_totals(axes, compared, shades)
        frame.axes[-1].set_xlabel(compared.zeros[0].label)
        frame.align_labels()
        handles = [
            Line2D([], [], color=shade, lw=1.2, label=name)
            for name, shade in zip(names, shades, strict=True)
        ]
        if "ipr" in inches:
            restricted = all(len(markers(one)) == 1 for one in spectra)
            handles += legend_of_marks("0.3", restricted=True)
            handles += [] if restricted else legend_of_marks("0.3", restricted=False)[2:]
        frame.legend(handles, 9)
    return frame.figure


def _colours_of_runs(compared: Compared) -> list[str]:
    """Return the colour of each run: the user's own by its label, else one of a palette in turn."""
    look = compared.look
    in_turn = pair_colours(len(compared.spectra), look.palette)
    return [
        look.colours.get(one.label, shade)
        for one, shade in zip(compared.spectra, in_turn, strict=True)
    ]


def _draw_totals(axes: Axes, compared: Compared, shades: Sequence[str]) -> None:
    """Draw the whole density of each run; beta points down."""
    for dos, zero, shade in zip(compared.densities, compared.zeros, shades, strict=True):
        for total, sign in zip(dos.total, (1.0, -1.0), strict=False):
            axes.plot(dos.grid_ev - zero.energy_ev, sign * total, color=shade, lw=0.9)
            if compared.look.filled:
                axes.fill_between(
                    dos.grid_ev - zero.energy_ev, sign * total, color=shade, alpha=0.15, lw=0
                )
    restricted = all(one.restricted for one in compared.spectra)
    scale_density(axes, compared.peak, HEADROOM, restricted=restricted)
    axes.set_ylabel(compared.label(restricted=restricted))


def _draw_bars(axes: Axes, compared: Compared, shades: Sequence[str]) -> None:
    """Draw the gaps of each run as a bar: pale the filtered one, full that of HOMO and LUMO."""
    for row, (one, zero, shade) in enumerate(
        zip(compared.spectra, compared.zeros, shades, strict=True)
    ):
        gap, used, zero_ev = one.gap, one.filter_in_use, zero.energy_ev
        for lower_ev, upper_ev, height, opacity in (
            (used.valence_edge_ev, used.conduction_edge_ev, 0.32, 0.35),
            (gap.homo_ev, gap.lumo_ev, 0.32, 1.0),
        ):
            if lower_ev is None or upper_ev is None or lower_ev >= upper_ev:
                continue
            left, wide = lower_ev - zero_ev, upper_ev - lower_ev
            axes.barh(row + 0.2, wide, height, left, color=shade, alpha=opacity, lw=0)
        axes.annotate(
            numbers_of(one),
            (0.0, row),
            xycoords=("axes fraction", "data"),
            xytext=(3, 6),
            textcoords="offset points",
            va="center",
        )
    axes.set_ylim(len(compared.spectra) - 0.5, -0.65)
    axes.set_yticks([])
    axes.set_ylabel("Gaps")
