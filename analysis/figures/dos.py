"""The figure of the study: density of states by element, localization of each state, gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from epicarve.analysis.states import DensityOfStates, kind_of_groups
from epicarve.style import colours, element_colours

from .canvas import NAME_BOX, AnyAxes, framed_axes
from .coop_panel import COOP_INCHES, draw_coop
from .dos_panel import density_label, draw_density, in_order, scale_density
from .formulas import pretty_formula, pretty_group
from .levels_panel import (
    colour_localization,
    draw_localization,
    label_gaps,
    legend_of_gaps,
    legend_of_marks,
    scale_localization,
    shade_gaps,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import Analysis, Gap, KindAnalysis, Spectrum

HEADROOM = 1.45
"""Height of the first panel of the density over its peak: room for the labels of the gaps."""

NAME_ROOM = 1.25
"""The same of the further panels: room for the name of the domain."""

PANEL_INCHES = 0.95
"""Height of each further panel."""

MOST_PANELS = 4
"""Domains that have a panel of their own; of more, all share one."""


FIRST_INCHES = 3.0
"""Heights of the panels of the IPR and of one density together."""


class Panel(NamedTuple):
    """A panel of the figure.

    Parameters
    ----------
    kind : {"ipr", "dos", "coop"}
        What it shows.
    name : str
        Of the domain, empty if it is of all.
    inches : float
        Its height.
    dos : DensityOfStates or None
        What a panel of the density shows.
    """

    kind: str
    name: str
    inches: float
    dos: DensityOfStates | None = None


def dos_figure(
    analysis: Analysis | KindAnalysis, notes: tuple[str, ...] = (), ax: AnyAxes = None
) -> Figure:
    """Draw the density of states by element under the localization of each state.

    Above, each state is a red mark at its IPR on a logarithmic axis, filled if the trap filter
    keeps it, hollow if not, with the threshold as a dashed line. Below, the density is stacked by
    element, in a panel for each domain. Shades and arrows mark the HOMO-LUMO gap and the filtered
    gap. Filter and gap are the size-aware ones where the fixed threshold leaves none. Of
    unrestricted states, alpha are triangles that point up, and beta point down. Overlap
    populations, if there are some, stand in the lowest panel, a line for each pair of groups,
    bonding up and antibonding down; there, beta is dashed. Of whole kinds of atoms there is the
    density alone.

    Parameters
    ----------
    analysis : Analysis or KindAnalysis
        The results.
    notes : tuple of str
        Sentences to stand below the figure.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each panel; a single one takes the density.

    Returns
    -------
    matplotlib.figure.Figure
        In the look that the options of the analysis ask for.
    """
    look = analysis.options.figures
    panels = panels_of(analysis)
    if isinstance(ax, Axes) and len(panels) > 1:
        panels = [panel for panel in panels if panel.kind == "dos"]
    inches = [panel.inches for panel in panels]
    height = (3.4 if look.width == "double" else 3.0) + sum(inches) - FIRST_INCHES
    notes = (*why_no_gap(analysis.spectrum), *notes)
    names = [f"{panel.kind} {panel.name}".strip() for panel in panels]
    layout = {"sharex": True, "height_ratios": inches}
    with framed_axes(look, names, notes, max(height, 1.6), ax, **layout) as frame:
        draw_dos(frame.axes, analysis, panels)
        if frame.is_own:
            frame.figure.align_ylabels()
        frame.legend_of_axes(frame.axes[0], legend_of_gaps(analysis.spectrum.gap, look.palette))
        frame.legend(legend_of_groups(analysis, panels))
    return frame.figure


def draw_dos(
    axes: Sequence[Axes], analysis: Analysis | KindAnalysis, panels: Sequence[Panel]
) -> None:
    """Draw each panel into its axes, without legends."""
    spectrum, look, zero = analysis.spectrum, analysis.options.figures, analysis.zero
    window_ev = window_of(spectrum, zero.energy_ev, look)
    densities = [panel.dos for panel in panels if panel.dos is not None]
    shades = element_colours(_group_names(densities), look.palette, look.colours)
    peak = max((_peak(dos) for dos in densities), default=1.0) or 1.0
    first = True
    for each, panel in zip(axes, panels, strict=True):
        each.set_xlim(*(energy_ev - zero.energy_ev for energy_ev in window_ev))
        shade_gaps(each, spectrum.gap, zero.energy_ev, look.palette)
        if panel.kind == "ipr":
            red = colours(look.palette)["ipr"]
            scale_localization(each, *spectrum.ipr_range)
            draw_localization(each, spectrum, zero.energy_ev, window_ev, red)
            colour_localization(each, spectrum.ipr_limit, red)
        elif panel.dos is not None:
            draw_density(each, panel.dos, shades, zero.energy_ev, look)
            headroom = HEADROOM if first else NAME_ROOM
            scale_density(each, peak, headroom, restricted=spectrum.restricted)
            short = "DOS (eV$^{-1}$)"
            each.set_ylabel(density_label(restricted=spectrum.restricted) if first else short)
            if panel.name:
                name = pretty_formula(panel.name)
                each.text(0.02, 0.95, name, transform=each.transAxes, va="top", bbox=NAME_BOX)
            if first:
                label_gaps(each, spectrum.gap, zero.energy_ev, peak)
            first = False
        elif analysis.coop is not None:
            draw_coop(each, analysis.coop, spectrum, window_ev, zero.energy_ev, look=look)
    axes[-1].set_xlabel(zero.label)


def window_of(spectrum: Spectrum, zero_ev: float, look: FigureOptions) -> tuple[float, float]:
    """Return the range in eV that is shown, on the scale of the states."""
    if look.window_ev is None:
        return spectrum.window_ev
    return look.window_ev[0] + zero_ev, look.window_ev[1] + zero_ev


def panels_of(analysis: Analysis | KindAnalysis) -> list[Panel]:
    """Return the panels that are asked for and have something to show, from above."""
    spectrum, look = analysis.spectrum, analysis.options.figures
    found = []
    for kind in look.panels:
        if kind == "ipr" and spectrum.ipr is not None:
            found.append(Panel("ipr", "", 1.2))
        if kind == "dos":
            found += _density_panels(spectrum, look, analysis.zero.energy_ev)
        if kind == "coop" and analysis.coop is not None:
            found.append(Panel("coop", "", COOP_INCHES))
    return found or _density_panels(spectrum, look, analysis.zero.energy_ev)


def _density_panels(spectrum: Spectrum, look: FigureOptions, zero_ev: float) -> list[Panel]:
    """Return the panels of the density: one, or that of elements in each of a few domains."""
    window_ev = window_of(spectrum, zero_ev, look)
    domains = spectrum.domain_names
    kind = kind_of_groups(look.groups, [spectrum])
    if kind != "element" or not 1 < len(domains) <= MOST_PANELS:
        dos = spectrum.density(kind, look.broadening_ev).within(*window_ev)
        return [Panel("dos", "", 1.8, dos)]
    elements = spectrum.shared_by("element").names
    whole = spectrum.density("domain-element", look.broadening_ev).within(*window_ev)
    panels = []
    for number, domain in enumerate(domains):
        rows = [i for i, name in enumerate(whole.groups) if name.rpartition(":")[0] == domain]
        names = tuple(whole.groups[i].rpartition(":")[2] for i in rows)
        dos = in_order(DensityOfStates(whole.grid_ev, names, whole.density[:, rows]), elements)
        panels.append(Panel("dos", domain, PANEL_INCHES if number else 1.8, dos))
    return panels


def _group_names(densities: Sequence[DensityOfStates]) -> tuple[str, ...]:
    """Return the names of the groups in all panels, once each."""
    return tuple(dict.fromkeys(name for dos in densities for name in dos.groups))


def _peak(dos: DensityOfStates) -> float:
    """Return the highest density that is drawn."""
    return float(dos.total.max(initial=0.0))


def legend_of_groups(
    analysis: Analysis | KindAnalysis, panels: Sequence[Panel]
) -> list[Patch | Line2D]:
    """Name the groups and, beside a panel of the IPR, the kinds of marks."""
    spectrum, look = analysis.spectrum, analysis.options.figures
    densities = [panel.dos for panel in panels if panel.dos is not None]
    known = spectrum.shared_by(kind_of_groups(look.groups, [spectrum])).names
    names = [name for name in known if name in _group_names(densities)]
    shades = element_colours(_group_names(densities), look.palette, look.colours)
    handles: list[Patch | Line2D] = [
        Patch(color=shades[name], label=pretty_group(name)) for name in names
    ]
    if any(panel.kind == "ipr" for panel in panels):
        red = colours(look.palette)["ipr"]
        handles += legend_of_marks(red, restricted=spectrum.restricted)
    return handles


def why_no_gap(spectrum: Spectrum) -> tuple[str, ...]:
    """Say why there is no filtered gap, and which filter is shown instead."""
    gap: Gap = spectrum.gap
    reasons = [r for r in (gap.filtered.valence_reason, gap.filtered.conduction_reason) if r]
    if not reasons:
        return ()
    sentence = f"No filtered gap: {', and '.join(reasons)}."
    if gap.delocalised is gap.size_aware:
        sentence += f" Kept and trap are told by {gap.size_aware.told} (size-aware)."
    return (sentence,)
