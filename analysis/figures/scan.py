"""How the gap and the number of traps depend on the threshold of the trap filter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FuncFormatter

from epicarve.style import colours

from .canvas import AnyAxes, framed_axes, label_decades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from epicarve.analysis.states import Analysis


def scan_figure(analysis: Analysis, notes: tuple[str, ...] = (), ax: AnyAxes = None) -> Figure:
    """Draw gap and traps against the largest IPR that the filter keeps.

    Each is a step function; the steps are those of the threshold scan. The fixed threshold, that of
    the size-aware filter with the ends of its band, and the plateau of the gap are marked.

    Parameters
    ----------
    analysis : Analysis
        The results.
    notes : tuple of str
        Sentences to stand below the figure.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each panel.

    Returns
    -------
    matplotlib.figure.Figure
        In the look that the options of the analysis ask for.
    """
    look, options = analysis.options.figures, analysis.options
    palette = colours(look.palette)
    red = palette["ipr"]
    layout = {"sharex": True, "height_ratios": (3, 2)}
    with framed_axes(look, ["gap", "traps"], notes, 2.6, ax, **layout) as frame:
        upper, lower = frame.axes
        limits = [step.limit for step in analysis.threshold_scan]
        upper.set_xscale("log")
        n_atoms = analysis.states.n_atoms
        aware = options.n_ipr_max / n_atoms
        band = [limit / n_atoms for limit in options.n_ipr_band]
        low = 0.8 * min(limits[0], options.ipr_max, aware, band[0])
        upper.set_xlim(low, max(1.0, limits[-1]))  # with both thresholds in sight
        label_decades(upper.xaxis, low, 1.0)
        _draw_steps(upper, analysis, "gap_ev", color="black", lw=1.0)
        upper.set_ylabel("Gap (eV)")
        upper.margins(y=0.15)
        upper.set_ylim(bottom=min(0.0, upper.get_ylim()[0]))
        steps = [
            _draw_steps(lower, analysis, field, color="black", lw=0.8, ls=dashes, label=name)
            for name, field, dashes in (
                ("valence traps", "n_valence_traps", "-"),
                ("conduction traps", "n_conduction_traps", (0, (3, 1.5))),
            )
        ]
        lower.set_ylabel("Traps")
        lower.set_yscale("symlog", linthresh=1.0)
        lower.margins(y=0.15)
        lower.set_ylim(0.0, max(1.2, lower.get_ylim()[1]))
        lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        lower.set_xlabel("Largest IPR kept")
        for axes in (upper, lower):
            fixed_line = axes.axvline(options.ipr_max, color=red, lw=0.8, ls=(0, (4, 2)))
            aware_line = axes.axvline(aware, color=red, lw=0.8, ls=(0, (1, 1.5)))
            for end in band:
                axes.axvline(end, color=red, lw=0.4, ls=(0, (1, 3)))
        fixed_line.set_label(f"IPR {options.ipr_max:g}")
        strict, loose = options.n_ipr_band
        aware_line.set_label(f"N·IPR {options.n_ipr_max:g} ({strict:g}–{loose:g})")
        marks: list[Line2D | Patch] = [fixed_line]
        if aware <= 1.0:  # of some ten atoms, every state is within the size-aware threshold
            marks.append(aware_line)
        if (plateau := analysis.plateau) is not None:
            for axes in (upper, lower):
                span = axes.axvspan(
                    plateau.ipr_from, plateau.ipr_to, color=palette["filtered_gap"], lw=0, zorder=0
                )
            span.set_label(f"plateau, {plateau.gap_ev:.2f} eV".replace("-", "−"))
            marks.append(span)
        if frame.is_own:
            frame.figure.align_ylabels()
        frame.legend(marks, 3, handlelength=1.8)
        frame.legend_of_axes(upper, steps, handlelength=1.8)
    return frame.figure


def _draw_steps(axes: Axes, analysis: Analysis, field: str, **style: Any) -> Line2D:
    """Draw a number of the scan, each value from its own threshold to the next one."""
    steps = [
        (step.limit, value)
        for step in analysis.threshold_scan
        if (value := getattr(step, field)) is not None
    ]
    limits = [*(limit for limit, _ in steps), 1.0]
    values = [*(value for _, value in steps), steps[-1][1] if steps else math.nan]
    (line,) = axes.plot(limits, values, drawstyle="steps-post", **style)
    return line
