"""The figure: density of states by element, localization of each state, gaps."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FormatStrFormatter

from epicarve.style import colours, element_colours, figure_style

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from .dos import DensityOfStates
    from .gap import Gap
    from .results import Analysis

NOTE_CHARACTERS = 82
"""Characters of a line of notes that fit the width of the figure."""

LINE_INCHES = 0.1
"""Height of a line of notes."""

HEADROOM = 1.4
"""Height of the panel of the density over its peak: room for the labels of the gaps."""


def dos_figure(analysis: Analysis, notes: tuple[str, ...] = ()) -> Figure:
    """Draw the density of states by element under the localization of each state.

    Above, each state is a red mark at its IPR on a logarithmic axis, filled if the trap filter
    keeps it, hollow if not, with the threshold as a dashed line. Below, the density is stacked by
    element. Shades and arrows mark the HOMO-LUMO gap and the filtered gap. Of unrestricted states,
    beta points down.

    Parameters
    ----------
    analysis : Analysis
        The results.
    notes : tuple of str
        Sentences to stand below the figure.

    Returns
    -------
    matplotlib.figure.Figure
        One column (89 mm) wide.
    """
    gap, dos = analysis.gap, analysis.densities[0]
    zero_ev = gap.homo_ev or 0.0
    if gap.filtered.gap_ev is None:
        notes = (_why_no_gap(gap), *notes)
    lines = [
        line
        for note in notes
        for line in textwrap.wrap(note, NOTE_CHARACTERS, break_on_hyphens=False)
    ]
    with figure_style():
        width, height = mpl.rcParams["figure.figsize"]
        layout = ConstrainedLayoutEngine(hspace=0.0, h_pad=0.02, w_pad=0.02)
        figure = Figure((width, height + LINE_INCHES * len(lines)), layout=layout)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
        lower.set_xlim(*(energy_ev - zero_ev for energy_ev in analysis.window_ev))
        for axes in (upper, lower):
            _shade_gaps(axes, gap, zero_ev)
        _draw_states(upper, analysis, zero_ev)
        _draw_density(lower, dos, analysis.window_ev, zero_ev)
        _label_gaps(lower, gap, zero_ev)
        reference = " − HOMO" if gap.homo_ev is not None else ""
        lower.set_xlabel(f"Energy{reference} (eV)")
        figure.align_ylabels()
        upper.legend(
            handles=_legend_of_gaps(gap),
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=2,
        )
        marks = _legend_of_marks(dos)
        figure.legend(handles=marks, loc="outside upper center", ncols=min(len(marks), 7))
        if lines:
            figure.supxlabel("\n".join(lines), x=0.02, ha="left", fontsize=5.5, color="#444444")
    return figure


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG or SVG, by the suffix; the same figure gives the same bytes."""
    metadata = {"Software": None} if path.suffix == ".png" else {"Date": None}
    with figure_style():
        figure.savefig(path, metadata=metadata)


def _shade_gaps(axes: Axes, gap: Gap, zero_ev: float) -> None:
    """Shade the filtered gap, and the HOMO-LUMO gap within it darker."""
    filtered = gap.filtered
    for lower_ev, upper_ev, shade in (
        (filtered.valence_edge_ev, filtered.conduction_edge_ev, "filtered_gap"),
        (gap.homo_ev, gap.lumo_ev, "plain_gap"),
    ):
        if lower_ev is not None and upper_ev is not None:
            axes.axvspan(lower_ev - zero_ev, upper_ev - zero_ev, color=colours()[shade], lw=0)


def _draw_states(axes: Axes, analysis: Analysis, zero_ev: float) -> None:
    """Draw a stick and a mark for each state: filled if kept, hollow if dropped."""
    red, limit = colours()["ipr"], analysis.gap.filtered.limit
    energies_ev = analysis.states.energies_ev
    shown = (energies_ev >= analysis.window_ev[0]) & (energies_ev <= analysis.window_ev[1])
    energies_ev, ipr = energies_ev[shown] - zero_ev, analysis.localization.ipr[shown]
    kept = analysis.gap.filtered.kept[shown]
    floor = 0.7 * min(1.0 / analysis.states.n_atoms, limit)
    axes.set_yscale("log")
    axes.set_ylim(floor, 1.5)
    axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.vlines(energies_ev[~kept], floor, ipr[~kept], color=red, lw=0.5, alpha=0.6)
    axes.plot(energies_ev[kept], ipr[kept], "o", ms=2.0, color=red, mew=0)
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
        fontsize=6,
    )
    axes.set_ylabel("IPR", color=red)
    axes.tick_params(axis="y", colors=red, which="both")


def _draw_density(
    axes: Axes, dos: DensityOfStates, window_ev: tuple[float, float], zero_ev: float
) -> None:
    """Stack the densities of the groups; beta points down."""
    shown = (dos.grid_ev >= window_ev[0]) & (dos.grid_ev <= window_ev[1])
    grid_ev = dos.grid_ev[shown] - zero_ev
    shades = element_colours(dos.groups)
    for sign, density, total in zip((1.0, -1.0), dos.density, dos.total, strict=False):
        axes.stackplot(
            grid_ev,
            sign * density[:, shown],
            colors=[shades[name] for name in dos.groups],
            linewidth=0,
        )
        axes.plot(grid_ev, sign * total[shown], color="black", lw=0.5)
    peak = float(dos.total[:, shown].max(initial=0.0)) or 1.0
    restricted = len(dos.density) == 1
    axes.set_ylim(0.0 if restricted else -1.05 * peak, HEADROOM * peak)
    if not restricted:
        axes.axhline(0.0, color="black", lw=0.5)
    spins = "" if restricted else ", α ↑ β ↓"
    axes.set_ylabel(f"DOS (states eV$^{{-1}}$){spins}")


def _label_gaps(axes: Axes, gap: Gap, zero_ev: float) -> None:
    """Write each gap over an arrow between its edges, in the room above the density."""
    filtered = gap.filtered
    arrows = [(gap.homo_ev, gap.lumo_ev, 0.74)]
    if filtered.gap_ev != gap.homo_lumo_gap_ev:
        arrows.append((filtered.valence_edge_ev, filtered.conduction_edge_ev, 0.87))
    for lower_ev, upper_ev, height in arrows:
        if lower_ev is None or upper_ev is None:
            continue
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


def _legend_of_gaps(gap: Gap) -> list[Patch]:
    """Name the shades."""
    plain, filtered = (colours()[name] for name in ("plain_gap", "filtered_gap"))
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


def _legend_of_marks(dos: DensityOfStates) -> list[Patch | Line2D]:
    """Name the elements and the two kinds of marks."""
    red = colours()["ipr"]
    marks = {"marker": "o", "ls": "", "mec": red}
    return [
        *(Patch(color=colour, label=name) for name, colour in element_colours(dos.groups).items()),
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
