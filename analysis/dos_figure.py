"""The figure of the study: density of states by element, localization of each state, gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FormatStrFormatter, MaxNLocator

from epicarve.style import colours, element_colours

from .coop_panel import COOP_INCHES, draw_coop
from .dos import by_species_in_domain
from .figure import SHORTEST_ARROW, framed_figure, pretty_formula

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from .gap import Gap
    from .results import Analysis

HEADROOM = 1.45
"""Height of the first panel of the density over its peak: room for the labels of the gaps."""

NAME_ROOM = 1.25
"""The same of the further panels: room for the name of the domain."""

PANEL_INCHES = 0.95
"""Height of each further panel."""

MOST_PANELS = 4
"""Domains that have a panel of their own; of more, all share one."""


def dos_figure(analysis: Analysis, notes: tuple[str, ...] = ()) -> Figure:
    """Draw the density of states by element under the localization of each state.

    Above, each state is a red mark at its IPR on a logarithmic axis, filled if the trap filter
    keeps it, hollow if not, with the threshold as a dashed line. Below, the density is stacked by
    element, in a panel for each domain. Shades and arrows mark the HOMO-LUMO gap and the filtered
    gap. Of unrestricted states, beta points down. Overlap populations, if there are some, stand in
    the lowest panel, a line for each pair of groups, bonding up and antibonding down; there, beta
    is dashed.

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
    gap, look = analysis.gap, analysis.options.figures
    zero_ev = gap.homo_ev or 0.0
    if gap.filtered.gap_ev is None:
        notes = (_why_no_gap(gap), *notes)
    panels = _panels(analysis)
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
        drawn = np.concatenate([_stacked(d, analysis).ravel() for d in panels.values()])
        peak = float(drawn.max(initial=0.0)) or 1.0
        for number, (each, (name, density)) in enumerate(zip(lower, panels.items(), strict=True)):
            _draw_density(each, analysis, density, zero_ev)
            _scale_density(each, peak, HEADROOM if number == 0 else NAME_ROOM, analysis)
            if name:
                each.text(0.02, 0.95, pretty_formula(name), transform=each.transAxes, va="top")
        _label_gaps(lower[0], gap, zero_ev)
        spins = "" if analysis.states.restricted else ", α ↑ β ↓"
        label = f"DOS (states eV$^{{-1}}$){spins}"
        lower[0].set_ylabel(label)
        for each in lower[1:]:
            each.set_ylabel("DOS (eV$^{-1}$)")
        if analysis.coop is not None:
            draw_coop(axes[-1], analysis.coop, analysis, zero_ev)
        reference = " − HOMO" if gap.homo_ev is not None else ""
        axes[-1].set_xlabel(f"Energy{reference} (eV)")
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


def _panels(analysis: Analysis) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the density of each element, shape (n_spins, n_grid), for each panel by its name."""
    by_element = analysis.densities[0]
    model = analysis.model
    if model is not None and 1 < len(model.domain_names) <= MOST_PANELS:
        names = by_species_in_domain(model).names
        dos = next(each for each in analysis.densities if each.groups == names)
        panels: dict[str, dict[str, NDArray[np.float64]]] = {}
        for index, group in enumerate(dos.groups):
            domain, element = group.rsplit(":", 1)
            panels.setdefault(domain, {})[element] = dos.density[:, index]
        return panels
    return {"": {name: by_element.density[:, i] for i, name in enumerate(by_element.groups)}}


def _in_window(analysis: Analysis) -> NDArray[np.bool_]:
    """Return which energies of the grid are drawn."""
    grid_ev, (below_ev, above_ev) = analysis.densities[0].grid_ev, analysis.window_ev
    return np.asarray((grid_ev >= below_ev) & (grid_ev <= above_ev))


def _stacked(density: dict[str, NDArray[np.float64]], analysis: Analysis) -> NDArray[np.float64]:
    """Sum the drawn part of the densities of a panel."""
    return np.asarray(sum(density.values()))[:, _in_window(analysis)]


def _shade_gaps(axes: Axes, analysis: Analysis, zero_ev: float) -> None:
    """Shade the filtered gap, and the HOMO-LUMO gap within it darker."""
    gap, palette = analysis.gap, colours(analysis.options.figures.palette)
    filtered = gap.filtered
    for lower_ev, upper_ev, shade in (
        (filtered.valence_edge_ev, filtered.conduction_edge_ev, "filtered_gap"),
        (gap.homo_ev, gap.lumo_ev, "plain_gap"),
    ):
        if lower_ev is not None and upper_ev is not None:
            axes.axvspan(lower_ev - zero_ev, upper_ev - zero_ev, color=palette[shade], lw=0)


def _draw_states(axes: Axes, analysis: Analysis, zero_ev: float) -> None:
    """Draw a stick and a mark for each state: filled if kept, hollow if dropped."""
    red = colours(analysis.options.figures.palette)["ipr"]
    limit = analysis.gap.filtered.limit
    energies_ev = analysis.states.energies_ev
    shown = (energies_ev >= analysis.window_ev[0]) & (energies_ev <= analysis.window_ev[1])
    energies_ev, ipr = energies_ev[shown] - zero_ev, analysis.localization.ipr[shown]
    kept = analysis.gap.filtered.kept[shown]
    floor = 0.7 * min(1.0 / analysis.states.n_atoms, limit)
    axes.set_yscale("log")
    axes.set_ylim(floor, 1.5)
    axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.vlines(energies_ev[~kept], floor, ipr[~kept], color=red, lw=0.5, alpha=0.6)
    axes.plot(energies_ev[kept], ipr[kept], "o", ms=1.8, color=red, mew=0)
    axes.plot(energies_ev[~kept], ipr[~kept], "o", ms=2.2, mfc="white", mec=red, mew=0.5)
    axes.axhline(limit, color=red, lw=0.6, ls=(0, (4, 2)))
    axes.annotate(
        f"{limit:g}",
        (1.0, limit),
        xycoords=("axes fraction", "data"),
        xytext=(2, 0),
        textcoords="offset points",
        va="center",
        color=red,
    )
    axes.set_ylabel("IPR", color=red)
    axes.tick_params(axis="y", colors=red, which="both")


def _draw_density(
    axes: Axes, analysis: Analysis, density: dict[str, NDArray[np.float64]], zero_ev: float
) -> None:
    """Stack the densities of the elements; beta points down."""
    shown = _in_window(analysis)
    grid_ev = analysis.densities[0].grid_ev[shown] - zero_ev
    shades = element_colours(analysis.densities[0].groups, analysis.options.figures.palette)
    total = _stacked(density, analysis)
    for spin, sign in zip(range(len(total)), (1.0, -1.0), strict=False):
        axes.stackplot(
            grid_ev,
            [sign * curve[spin, shown] for curve in density.values()],
            colors=[shades[name] for name in density],
            linewidth=0,
        )
        axes.plot(grid_ev, sign * total[spin], color="black", lw=0.5)


def _scale_density(axes: Axes, peak: float, headroom: float, analysis: Analysis) -> None:
    """Set the range of a panel of the density."""
    restricted = analysis.states.restricted
    axes.set_ylim(0.0 if restricted else -1.05 * peak, headroom * peak)
    axes.yaxis.set_major_locator(MaxNLocator(4, prune="upper"))
    if not restricted:
        axes.axhline(0.0, color="black", lw=0.5)


def _label_gaps(axes: Axes, gap: Gap, zero_ev: float) -> None:
    """Write each gap over an arrow between its edges, in the room above the density."""
    filtered = gap.filtered
    arrows = [(gap.homo_ev, gap.lumo_ev, 0.73)]
    if filtered.gap_ev != gap.homo_lumo_gap_ev:
        arrows.append((filtered.valence_edge_ev, filtered.conduction_edge_ev, 0.87))
    for lower_ev, upper_ev, height in arrows:
        if lower_ev is None or upper_ev is None:
            continue
        below_ev, above_ev = axes.get_xlim()
        if upper_ev - lower_ev > SHORTEST_ARROW * (above_ev - below_ev):
            axes.annotate(
                "",
                (upper_ev - zero_ev, height),
                (lower_ev - zero_ev, height),
                xycoords=("data", "axes fraction"),
                arrowprops={"arrowstyle": "<->", "lw": 0.6, "shrinkA": 0, "shrinkB": 0},
            )
        axes.annotate(
            f"{upper_ev - lower_ev:.2f} eV",
            ((lower_ev + upper_ev) / 2 - zero_ev, height),
            xycoords=("data", "axes fraction"),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha="center",
            va="bottom",
        )


def _legend_of_gaps(analysis: Analysis) -> list[Patch]:
    """Name the shades."""
    gap, palette = analysis.gap, colours(analysis.options.figures.palette)
    plain, filtered = palette["plain_gap"], palette["filtered_gap"]
    if gap.homo_lumo_gap_ev is None:
        return []
    if gap.filtered.gap_ev is None:
        return [Patch(color=plain, label="HOMO–LUMO gap")]
    if gap.filtered.gap_ev == gap.homo_lumo_gap_ev:
        return [Patch(color=plain, label="HOMO–LUMO gap, no traps at the edges")]
    return [
        Patch(color=filtered, label="trap-filtered gap"),
        Patch(color=plain, label="HOMO–LUMO gap"),
    ]


def _legend_of_marks(analysis: Analysis) -> list[Patch | Line2D]:
    """Name the elements and the two kinds of marks."""
    palette = analysis.options.figures.palette
    red = colours(palette)["ipr"]
    marks = {"marker": "o", "ls": "", "mec": red}
    shades = element_colours(analysis.densities[0].groups, palette)
    return [
        *(Patch(color=colour, label=name) for name, colour in shades.items()),
        Line2D([], [], ms=3, mfc=red, label="kept", **marks),
        Line2D([], [], ms=3, mfc="white", mew=0.6, label="trap", **marks),
    ]


def _why_no_gap(gap: Gap) -> str:
    """Say why there is no filtered gap, and what the size-aware filter finds instead."""
    reasons = [r for r in (gap.filtered.valence_reason, gap.filtered.conduction_reason) if r]
    sentence = f"No filtered gap: {', and '.join(reasons)}."
    if gap.size_aware.gap_ev is not None:
        aware = f"{gap.size_aware.gap_ev:.2f} eV (N·IPR ≤ {gap.size_aware.limit:g})"
        sentence += f" The size-aware gap is {aware}."
    return sentence
