"""The band edges of the domains side by side, with their offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.analysis.states import difference
from epicarve.style import element_colours

from .canvas import SHORTEST_ARROW, AnyAxes, framed_axes, note_of_edges
from .formulas import pretty_formula

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epicarve.analysis.states import Analysis, DomainEdges

BAR, SPACE = 1.0, 1.0
"""Widths of a domain's bars and of the room between two domains, where the offsets stand."""

MARGIN = 0.3
"""How far the bars reach beyond the outermost edges, as a part of the range of the edges."""


def alignment_figure(analysis: Analysis, notes: tuple[str, ...] = (), ax: AnyAxes = None) -> Figure:
    """Draw the band edges of each domain as bars, and the offsets of two domains between them.

    Parameters
    ----------
    analysis : Analysis
        The results; its model has at least two domains.
    notes : tuple of str
        Sentences to stand below the figure.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each panel.

    Returns
    -------
    matplotlib.figure.Figure
        In the look that the options of the analysis ask for.
    """
    gap, alignment, look = analysis.gap, analysis.alignment, analysis.options.figures
    zero_ev = analysis.zero.energy_ev
    notes = (*note_of_edges(gap), *notes)
    if analysis.verdicts is not None and (n := analysis.verdicts.n_without_type):
        notes = (
            f"By {n} of {len(analysis.verdicts.variants)} variants a domain lacks an edge.",
            *notes,
        )
    if alignment.type is None:
        notes = (f"Type not determined: {alignment.reason}.", *notes)
    known = [
        edge - zero_ev
        for domain in analysis.edges.values()
        for edge in (domain.valence_edge_ev, domain.conduction_edge_ev)
        if edge is not None
    ] or [0.0]
    known += [end_ev - zero_ev for ends in _error_bars(analysis) for end_ev in ends]
    margin = MARGIN * max(max(known) - min(known), 0.5)
    low, high = min(known) - margin, max(known) + margin
    names = list(analysis.edges)
    shades = element_colours(names, look.palette, look.colours)
    with framed_axes(look, ["levels"], notes, 2.6, ax) as frame:
        (axes,) = frame.axes
        axes.set_ylim(low, high)
        axes.set_xlim(-0.25 * BAR, len(names) * (BAR + SPACE) - SPACE + 0.25 * BAR)
        for index, (name, domain) in enumerate(analysis.edges.items()):
            left = index * (BAR + SPACE)
            _draw_domain(axes, left, domain, shades[name], zero_ev)
            _draw_error_bars(axes, left + 0.85 * BAR, analysis, name)
        if len(names) == 2:
            _draw_offsets(axes, analysis, zero_ev)
        axes.set_xticks(
            [index * (BAR + SPACE) + BAR / 2 for index in range(len(names))],
            [f"{pretty_formula(n)}\n{_gap_text(analysis.edges[n])}" for n in names],
        )
        axes.tick_params(axis="x", which="both", length=0)
        axes.set_ylabel(analysis.zero.label)
        if alignment.type is not None:
            quasi = alignment.type.startswith("quasi")
            title = "Quasi-type-II alignment" if quasi else f"Type {alignment.type} alignment"
            if (verdicts := analysis.verdicts) is not None:
                title += f" (in {verdicts.agreement(alignment.type)} variants)"
            axes.set_title(title)
    return frame.figure


def _error_bars(analysis: Analysis) -> list[tuple[float, float]]:
    """Return how far each edge moves with the filter and spin-orbit coupling."""
    if analysis.verdicts is None:
        return []
    ranges = [
        analysis.verdicts.edge_range_ev(name, side)
        for name in analysis.edges
        for side in ("valence", "conduction")
    ]
    return [ends for ends in ranges if ends is not None]


def _draw_error_bars(axes: Axes, x: float, analysis: Analysis, name: str) -> None:
    """Draw how far the edges of a domain move with the filter and spin-orbit coupling."""
    if analysis.verdicts is None:
        return
    for side in ("valence", "conduction"):
        ends = analysis.verdicts.edge_range_ev(name, side)
        if ends is not None and ends[1] > ends[0]:
            middle = 0.5 * (ends[0] + ends[1]) - analysis.zero.energy_ev
            half = 0.5 * (ends[1] - ends[0])
            axes.errorbar(x, middle, half, color="0.2", lw=0.7, capsize=2.0, capthick=0.7)


def _gap_text(domain: DomainEdges) -> str:
    """Tell the gap of a domain."""
    gap_ev = difference(domain.conduction_edge_ev, domain.valence_edge_ev)
    return "no gap" if gap_ev is None else f"gap {gap_ev:.2f} eV"


def _draw_domain(axes: Axes, left: float, domain: DomainEdges, shade: str, zero_ev: float) -> None:
    """Draw the two bars of a domain, each with the energy of its edge inside."""
    low, high = axes.get_ylim()
    for edge, end, which, va, offset in (
        (domain.valence_edge_ev, low, "occupied", "top", -2),
        (domain.conduction_edge_ev, high, "empty", "bottom", 2),
    ):
        middle = left + BAR / 2
        if edge is None:
            axes.annotate(
                f"no delocalised\n{which} state",
                (middle, end),
                xytext=(0, -2 * offset),
                textcoords="offset points",
                ha="center",
                va="top" if va == "bottom" else "bottom",
            )
            continue
        level = edge - zero_ev
        axes.fill_between([left, left + BAR], level, end, color=shade, alpha=0.35, lw=0)
        axes.plot([left, left + BAR], [level, level], color=shade, lw=1.8, solid_capstyle="butt")
        axes.annotate(
            f"{level + 0.0:.2f}".replace("-", "−"),
            (middle, level),
            xytext=(0, offset),
            textcoords="offset points",
            ha="center",
            va=va,
        )


def _draw_offsets(axes: Axes, analysis: Analysis, zero_ev: float) -> None:
    """Mark the offset of the edges between two domains; its label stands clear of both levels."""
    first, second = analysis.edges.values()
    for left_ev, right_ev, symbol, outward in (
        (first.valence_edge_ev, second.valence_edge_ev, "v", -1),
        (first.conduction_edge_ev, second.conduction_edge_ev, "c", 1),
    ):
        if left_ev is None or right_ev is None:
            continue
        left, right = left_ev - zero_ev, right_ev - zero_ev
        middle = BAR + SPACE / 2
        for x, level in ((BAR, left), (BAR + SPACE, right)):
            axes.plot([x, middle], [level, level], color="0.3", lw=0.6, ls=(0, (3, 2)))
        if abs(left - right) > SHORTEST_ARROW * (axes.get_ylim()[1] - axes.get_ylim()[0]):
            axes.annotate(
                "",
                (middle, right),
                (middle, left),
                arrowprops={"arrowstyle": "<->", "lw": 0.6, "shrinkA": 0, "shrinkB": 0},
            )
        axes.annotate(
            f"Δ$E_\\mathrm{{{symbol}}}$ {abs(left_ev - right_ev):.2f} eV",
            (middle, max(left, right) if outward > 0 else min(left, right)),
            xytext=(0, 4 * outward),
            textcoords="offset points",
            ha="center",
            va="bottom" if outward > 0 else "top",
        )
