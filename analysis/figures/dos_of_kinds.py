"""Density of states of whole kinds of atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import Patch

from epicarve.analysis.states import window_around, zero_of
from epicarve.style import colours, element_colours

from .canvas import framed_figure
from .dos_panel import density_label, draw_density, scale_density

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from epicarve.analysis.states import KindAnalysis

HEADROOM = 1.2
"""Height of the panel over its peak."""


def kind_figure(analysis: KindAnalysis, notes: tuple[str, ...] = ()) -> Figure:
    """Draw the density of states, stacked by kind, with the gap shaded.

    Parameters
    ----------
    analysis : KindAnalysis
        The results.
    notes : tuple of str
        Sentences to stand below.
    """
    states, look = analysis.states, analysis.options.figures
    window_ev = window_around(states, analysis.options)
    zero = zero_of(states, look.zero)
    zero_ev = zero.energy_ev
    dos = analysis.densities[0].within(*window_ev)
    with framed_figure(look, notes) as figure:
        axes = figure.subplots()
        axes.set_xlim(*(energy_ev - zero_ev for energy_ev in window_ev))
        shades = element_colours(dos.groups, look.palette)
        marks = [Patch(color=colour, label=name) for name, colour in shades.items()]
        homo_ev, gap_ev = states.homo_ev, states.gap_ev()
        if homo_ev is not None and gap_ev is not None and gap_ev > 0.0:
            shade = colours(look.palette)["plain_gap"]
            axes.axvspan(homo_ev - zero_ev, homo_ev + gap_ev - zero_ev, color=shade, lw=0)
            gap = f"HOMO–LUMO gap, {gap_ev:.2f} eV"
            marks.append(Patch(color=shade, label=gap))
        draw_density(axes, dos, shades, zero_ev)
        peak = float(dos.total.max(initial=0.0)) or 1.0
        scale_density(axes, peak, HEADROOM, restricted=states.restricted)
        axes.set_ylabel(density_label(restricted=states.restricted))
        axes.set_xlabel(zero.label)
        figure.legend(handles=marks, loc="outside upper center", ncols=min(len(marks), 4))
    return figure
