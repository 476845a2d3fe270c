"""The figure of the study: density of states by element, localization of each state, gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from epicarve.analysis.states import DensityOfStates, by_species_in_domain
from epicarve.style import colours, element_colours

from .canvas import (
    NAME_BOX,
    SHORTEST_ARROW,
    ShownFigure,
    framed_figure,
    label_decades,
    pretty_formula,
)
from .coop_panel import COOP_INCHES, draw_coop
from .dos_panel import density_label, draw_density, scale_density

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from epicarve.analysis.states import Analysis, Gap

HEADROOM = 1.45
"""Height of the first panel of the density over its peak: room for the labels of the gaps."""

NAME_ROOM = 1.25
"""The same of the further panels: room for the name of the domain."""

PANEL_INCHES = 0.95
"""Height of each further panel."""

MOST_PANELS = 4
"""Domains that have a panel of their own; of more, all share one."""

PRINTED_EV = 0.005
"""Half of the last digit of a gap in the figure."""

MARKERS = (("^", "α"), ("v", "β"))
"""Marks and names of unrestricted states in the panel of the IPR."""


def dos_figure(analysis: Analysis, notes: tuple[str, ...] = ()) -> ShownFigure:
    """Draw the density of states by element under the localization of each state.

    Above, each state is a red mark at its IPR on a logarithmic axis, filled if the trap filter
    keeps it, hollow if not, with the threshold as a dashed line. Below, the density is stacked by
    element, in a panel for each domain. Shades and arrows mark the HOMO-LUMO gap and the filtered
    gap. Filter and gap are the size-aware ones where the fixed threshold leaves none. Of
    unrestricted states, alpha are triangles that point up, and beta point down. Overlap
    populations, if there are some, stand in the lowest panel, a line for each pair of groups,
    bonding up and antibonding down; there, beta is dashed.

    Parameters
    ----------
    analysis : Analysis
        The results.
    notes : tuple of str
        Sentences to stand below the figure.

    Returns
    -------
    matplotlib.figure.Figure
        In the look that the options of the analysis ask for.
    """
    gap, look, restricted = analysis.gap, analysis.options.figures, analysis.states.restricted
    zero_ev = analysis.zero.energy_ev
    notes = (*_why_no_gap(gap), *notes)
    panels = _panels(analysis)
    shades = element_colours(analysis.densities[0].groups, look.palette)
    inches = [1.2, 1.8, *[PANEL_INCHES] * (len(panels) - 1)]
    if analysis.coop is not None:
        inches.append(COOP_INCHES)
    height = (3.4 if look.width == "double" else 3.0) + sum(inches[2:])
    with framed_figure(look, notes, height) as figure:
        axes = figure.subplots(len(inches), 1, sharex=True, height_ratios=inches)
        upper, lower = axes[0], axes[1 : 1 + len(panels)]
        upper.set_xlim(*(energy_ev - zero_ev for energy_ev in analysis.window_ev))
        for each in axes:
            _shade_gaps(each, analysis, zero_ev)
        _draw_states(upper, analysis, zero_ev)
        peak = max(float(dos.total.max(initial=0.0)) for dos in panels.values()) or 1.0
        for number, (each, (name, dos)) in enumerate(zip(lower, panels.items(), strict=True)):
            draw_density(each, dos, shades, zero_ev)
            headroom = HEADROOM if number == 0 else NAME_ROOM
            scale_density(each, peak, headroom, restricted=restricted)
            if name:
                place = {"transform": each.transAxes, "va": "top", "bbox": NAME_BOX}
                each.text(0.02, 0.95, pretty_formula(name), **place)
        _label_gaps(lower[0], gap, zero_ev, peak)
        lower[0].set_ylabel(density_label(restricted=restricted))
        for each in lower[1:]:
            each.set_ylabel("DOS (eV$^{-1}$)")
        if analysis.coop is not None:
            draw_coop(axes[-1], analysis.coop, analysis, zero_ev)
        axes[-1].set_xlabel(analysis.zero.label)
        figure.align_ylabels()
        upper.legend(
            handles=_legend_of_gaps(analysis),
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=2,
        )
        marks = _legend_of_marks(analysis)
        figure.legend(handles=marks, loc="outside upper center", ncols=min(len(marks), 7))
    return figure


def _panels(analysis: Analysis) -> dict[str, DensityOfStates]:
    """Return what is drawn of the density of each element, for each panel by its name."""
    model = analysis.model
    if model is None or not 1 < len(model.domain_names) <= MOST_PANELS:
        return {"": analysis.densities[0].within(*analysis.window_ev)}
    names = by_species_in_domain(model).names
    dos = next(each for each in analysis.densities if each.groups == names)
    dos = dos.within(*analysis.window_ev)
    of_domain: dict[str, dict[str, int]] = {}
    for index, name in enumerate(names):
        domain, element = name.rsplit(":", 1)
        of_domain.setdefault(domain, {})[element] = index
    return {
        domain: DensityOfStates(dos.grid_ev, tuple(rows), dos.density[:, list(rows.values())])
        for domain, rows in of_domain.items()
    }


def _shade_gaps(axes: Axes, analysis: Analysis, zero_ev: float) -> None:
    """Shade the filtered gap, and the HOMO-LUMO gap within it darker."""
    gap, palette = analysis.gap, colours(analysis.options.figures.palette)
    filtered = gap.delocalised
    for lower_ev, upper_ev, shade in (
        (filtered.valence_edge_ev, filtered.conduction_edge_ev, "filtered_gap"),
        (gap.homo_ev, gap.lumo_ev, "plain_gap"),
    ):
        if lower_ev is not None and upper_ev is not None and lower_ev < upper_ev:
            axes.axvspan(lower_ev - zero_ev, upper_ev - zero_ev, color=palette[shade], lw=0)


def _draw_states(axes: Axes, analysis: Analysis, zero_ev: float) -> None:
    """Draw a stick and a mark for each state: filled if kept, hollow if dropped."""
    red = colours(analysis.options.figures.palette)["ipr"]
    states, used, limit = analysis.states, analysis.gap.delocalised, analysis.ipr_limit
    below_ev, above_ev = analysis.window_ev
    floor, top = analysis.ipr_range
    axes.set_yscale("log")
    axes.set_ylim(floor, top)
    label_decades(axes.yaxis, floor, top)
    for spin, marker in enumerate(_markers(analysis)):
        shown = (states.energies_ev >= below_ev) & (states.energies_ev <= above_ev)
        shown &= states.spins == spin
        energies_ev, ipr = states.energies_ev[shown] - zero_ev, analysis.localization.ipr[shown]
        kept = used.kept[shown]
        axes.vlines(energies_ev[~kept], floor, ipr[~kept], color=red, lw=0.5, alpha=0.6)
        axes.plot(energies_ev[kept], ipr[kept], marker, ls="", ms=1.8, color=red, mew=0)
        axes.plot(
            energies_ev[~kept], ipr[~kept], marker, ls="", ms=2.2, mfc="white", mec=red, mew=0.5
        )
    axes.axhline(limit, color=red, lw=0.6, ls=(0, (4, 2)))
    axes.annotate(
        f"{limit:.2g}",
        (1.0, limit),
        xycoords=("axes fraction", "data"),
        xytext=(2, 0),
        textcoords="offset points",
        va="center",
        color=red,
    )
    axes.set_ylabel("IPR", color=red)
    axes.tick_params(axis="y", colors=red, which="both")


def _markers(analysis: Analysis) -> list[str]:
    """Return the mark of each spin."""
    return ["o"] if analysis.states.restricted else [marker for marker, _ in MARKERS]


def _is_plain(gap: Gap) -> bool:
    """Whether the gap of the filter in use is that of HOMO and LUMO, to what is printed."""
    filtered_ev, plain_ev = gap.delocalised.gap_ev, gap.homo_lumo_gap_ev
    if filtered_ev is None or plain_ev is None:
        return filtered_ev is plain_ev
    return abs(filtered_ev - plain_ev) < PRINTED_EV


def _label_gaps(axes: Axes, gap: Gap, zero_ev: float, peak: float) -> None:
    """Write each gap over an arrow between its edges, in the room above the density."""
    filtered = gap.delocalised
    arrows = [(gap.homo_ev, gap.lumo_ev, 1.06 * peak)]
    if not _is_plain(gap):
        arrows.append((filtered.valence_edge_ev, filtered.conduction_edge_ev, 1.26 * peak))
    for lower_ev, upper_ev, height in arrows:
        if lower_ev is None or upper_ev is None:
            continue
        below_ev, above_ev = axes.get_xlim()
        if upper_ev - lower_ev > SHORTEST_ARROW * (above_ev - below_ev):
            axes.annotate(
                "",
                (upper_ev - zero_ev, height),
                (lower_ev - zero_ev, height),
                arrowprops={"arrowstyle": "<->", "lw": 0.6, "shrinkA": 0, "shrinkB": 0},
            )
        axes.annotate(
            f"{upper_ev - lower_ev:.2f} eV".replace("-", "−"),
            ((lower_ev + upper_ev) / 2 - zero_ev, height),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha="center",
            va="bottom",
        )


def _legend_of_gaps(analysis: Analysis) -> list[Patch]:
    """Name the shades."""
    gap, palette = analysis.gap, colours(analysis.options.figures.palette)
    plain, filtered = palette["plain_gap"], palette["filtered_gap"]
    if gap.homo_lumo_gap_ev is None or gap.homo_lumo_gap_ev <= 0.0:
        return []
    used = gap.delocalised
    if used.gap_ev is None:
        return [Patch(color=plain, label="HOMO–LUMO gap")]
    if _is_plain(gap):
        return [Patch(color=plain, label="HOMO–LUMO gap, no traps at the edges")]
    name = "trap-filtered gap" if used is gap.filtered else "size-aware gap"
    return [Patch(color=filtered, label=name), Patch(color=plain, label="HOMO–LUMO gap")]


def _legend_of_marks(analysis: Analysis) -> list[Patch | Line2D]:
    """Name the elements and the two kinds of marks."""
    palette = analysis.options.figures.palette
    red = colours(palette)["ipr"]
    marker = _markers(analysis)[0]
    marks = {"ls": "", "mec": red}
    shades = element_colours(analysis.densities[0].groups, palette)
    return [
        *(Patch(color=colour, label=name) for name, colour in shades.items()),
        Line2D([], [], ms=3, marker=marker, mfc=red, label="kept", **marks),
        Line2D([], [], ms=3, marker=marker, mfc="white", mew=0.6, label="trap", **marks),
        *(
            Line2D([], [], ms=3, marker=marker, mfc=red, label=name, **marks)
            for marker, name in (() if analysis.states.restricted else MARKERS)
        ),
    ]


def _why_no_gap(gap: Gap) -> tuple[str, ...]:
    """Say why there is no filtered gap, and which filter is shown instead."""
    reasons = [r for r in (gap.filtered.valence_reason, gap.filtered.conduction_reason) if r]
    if not reasons:
        return ()
    sentence = f"No filtered gap: {', and '.join(reasons)}."
    if gap.delocalised is gap.size_aware:
        sentence += f" Kept and trap are told by {gap.size_aware.told} (size-aware)."
    return (sentence,)
