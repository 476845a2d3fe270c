"""The localization of each state, and the gaps, in panels over one axis of energies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from epicarve.style import colours

from .canvas import SHORTEST_ARROW, label_decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from epicarve.analysis.states import Gap, Spectrum
    from epicarve.style import Palette

PRINTED_EV = 0.005
"""Half of the last digit of a gap in the figure."""

MARKERS = (("^", "α"), ("v", "β"))
"""Marks and names of unrestricted states in the panel of the IPR."""


def draw_localization(
    axes: Axes,
    spectrum: Spectrum,
    zero_ev: float,
    window_ev: tuple[float, float],
    colour: str,
    *,
    sticks: bool = True,
) -> None:
    """Draw a stick and a mark for each state: filled if kept, hollow if dropped.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        The panel, whose axis of the IPR is set already.
    spectrum : Spectrum
        The states, with an IPR.
    zero_ev : float
        Energy in eV that the axis counts from.
    window_ev : pair of float
        Energies in eV between which states are drawn, on their own scale.
    colour : str
        Of marks, sticks and threshold.
    sticks : bool
        Whether traps have sticks.
    """
    assert spectrum.ipr is not None
    used, limit = spectrum.filter_in_use, spectrum.ipr_limit
    floor = axes.get_ylim()[0]
    for spin, marker in enumerate(markers(spectrum)):
        shown = (spectrum.energies_ev >= window_ev[0]) & (spectrum.energies_ev <= window_ev[1])
        shown &= spectrum.spins == spin
        energies_ev, ipr = spectrum.energies_ev[shown] - zero_ev, spectrum.ipr[shown]
        kept = used.kept[shown]
        if sticks:
            axes.vlines(energies_ev[~kept], floor, ipr[~kept], color=colour, lw=0.5, alpha=0.6)
        axes.plot(energies_ev[kept], ipr[kept], marker, ls="", ms=1.8, color=colour, mew=0)
        axes.plot(
            energies_ev[~kept], ipr[~kept], marker, ls="", ms=2.2, mfc="white", mec=colour, mew=0.5
        )
    axes.axhline(limit, color=colour, lw=0.6, ls=(0, (4, 2)))


def scale_localization(axes: Axes, floor: float, top: float) -> None:
    """Set a logarithmic axis of the IPR, labelled with plain numbers."""
    axes.set_yscale("log")
    axes.set_ylim(floor, top)
    label_decades(axes.yaxis, floor, top)
    axes.set_ylabel("IPR")


def colour_localization(axes: Axes, limit: float, colour: str) -> None:
    """Write the threshold beside its line, and give the axis the colour of the marks."""
    axes.annotate(
        f"{limit:.2g}",
        (1.0, limit),
        xycoords=("axes fraction", "data"),
        xytext=(2, 0),
        textcoords="offset points",
        va="center",
        color=colour,
    )
    axes.yaxis.label.set_color(colour)
    axes.tick_params(axis="y", colors=colour, which="both")


def markers(spectrum: Spectrum) -> list[str]:
    """Return the mark of each spin."""
    return ["o"] if spectrum.restricted else [marker for marker, _ in MARKERS]


def shade_gaps(axes: Axes, gap: Gap, zero_ev: float, palette: Palette) -> None:
    """Shade the filtered gap, and the HOMO-LUMO gap within it darker."""
    shades, filtered = colours(palette), gap.delocalised
    for lower_ev, upper_ev, shade in (
        (filtered.valence_edge_ev, filtered.conduction_edge_ev, "filtered_gap"),
        (gap.homo_ev, gap.lumo_ev, "plain_gap"),
    ):
        if lower_ev is not None and upper_ev is not None and lower_ev < upper_ev:
            axes.axvspan(lower_ev - zero_ev, upper_ev - zero_ev, color=shades[shade], lw=0)


def is_plain(gap: Gap) -> bool:
    """Whether the gap of the filter in use is that of HOMO and LUMO, to what is printed."""
    filtered_ev, plain_ev = gap.delocalised.gap_ev, gap.homo_lumo_gap_ev
    if filtered_ev is None or plain_ev is None:
        return filtered_ev is plain_ev
    return abs(filtered_ev - plain_ev) < PRINTED_EV


def label_gaps(axes: Axes, gap: Gap, zero_ev: float, peak: float) -> None:
    """Write each gap over an arrow between its edges, in the room above the density."""
    filtered = gap.delocalised
    arrows = [(gap.homo_ev, gap.lumo_ev, 1.06 * peak)]
    if not is_plain(gap):
        arrows.append((filtered.valence_edge_ev, filtered.conduction_edge_ev, 1.26 * peak))
    below_ev, above_ev = axes.get_xlim()
    for lower_ev, upper_ev, height in arrows:
        if lower_ev is None or upper_ev is None:
            continue
        left, right = lower_ev - zero_ev, upper_ev - zero_ev
        if right - left > SHORTEST_ARROW * (above_ev - below_ev):
            axes.annotate(
                "",
                (right, height),
                (left, height),
                annotation_clip=True,
                arrowprops={"arrowstyle": "<->", "lw": 0.6, "shrinkA": 0, "shrinkB": 0},
            )
        axes.annotate(
            f"{upper_ev - lower_ev:.2f} eV".replace("-", "−"),
            ((left + right) / 2, height),
            xytext=(0, 1.5),
            textcoords="offset points",
            annotation_clip=True,
            ha="center",
            va="bottom",
        )


def legend_of_gaps(gap: Gap, palette: Palette) -> list[Patch]:
    """Name the shades."""
    shades = colours(palette)
    plain, filtered = shades["plain_gap"], shades["filtered_gap"]
    if gap.homo_lumo_gap_ev is None or gap.homo_lumo_gap_ev <= 0.0:
        return []
    used = gap.delocalised
    if used.gap_ev is None:
        return [Patch(color=plain, label="HOMO–LUMO gap")]
    if is_plain(gap):
        return [Patch(color=plain, label="HOMO–LUMO gap, no traps at the edges")]
    name = "trap-filtered gap" if used is gap.filtered else "size-aware gap"
    return [Patch(color=filtered, label=name), Patch(color=plain, label="HOMO–LUMO gap")]


def legend_of_marks(colour: str, *, restricted: bool) -> list[Line2D]:
    """Name the kinds of marks in the panel of the IPR."""
    marker = "o" if restricted else MARKERS[0][0]
    marks: dict[str, Any] = {"ls": "", "mec": colour, "ms": 3}
    return [
        Line2D([], [], marker=marker, mfc=colour, label="kept", **marks),
        Line2D([], [], marker=marker, mfc="white", mew=0.6, label="trap", **marks),
        *(
            Line2D([], [], marker=marker, mfc=colour, label=name, **marks)
            for marker, name in (() if restricted else MARKERS)
        ),
    ]
