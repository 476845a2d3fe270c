"""Gaps and traps against the size of a particle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from epicarve.style import colours

from .canvas import AnyAxes, framed_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from epicarve.analysis.options import FigureOptions
    from epicarve.analysis.states import SizeSeries
    from epicarve.arrays import Floats

Against = Literal["diameter", "inverse-square"]
"""What gaps are drawn against: d, or 1/d²."""

ROOM = 0.06
"""Room beside the outermost particles, in parts of their range."""


def size_figure(
    series: SizeSeries,
    against: Against,
    look: FigureOptions,
    notes: Sequence[str] = (),
    ax: AnyAxes = None,
) -> Figure:
    """Draw gaps with their fits, numbers of traps and depths of traps against size.

    Parameters
    ----------
    series : SizeSeries
        The particles.
    against : {"diameter", "inverse-square"}
        The diameter d in nm, or 1/d² in nm⁻².
    look : FigureOptions
        The look.
    notes : sequence of str
        Further sentences to stand below, after those of fits.
    ax : Axes or sequence of Axes, optional
        Axes to draw into, one for each panel.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels over one axis.
    """
    told = [f"{fit.sentence[0].upper()}{fit.sentence[1:]}." for fit in series.fits]
    all_notes = (*told, *series.notes, *notes)
    layout = {"sharex": True, "height_ratios": (2.2, 1.0, 1.0)}
    red = colours(look.palette)["ipr"]
    with framed_axes(look, ["gaps", "traps", "depth"], all_notes, 3.4, ax, **layout) as frame:
        upper, middle, lower = frame.axes
        x = np.array([_place(point.diameter_nm, against) for point in series.points])
        for field, colour, marker, face in (
            ("homo_lumo_gap_ev", "black", "s", "white"),
            ("filtered_gap_ev", red, "o", red),
        ):
            gaps = [getattr(point, field) for point in series.points]
            _draw_points(upper, x, gaps, colour, marker=marker, face=face)
        _draw_fits(upper, series, against, red)
        upper.set_ylabel("Gap (eV)")
        faces = {"^": red, "v": "white"}
        for axes, fields in (
            (middle, ("n_valence_traps", "n_conduction_traps")),
            (lower, ("valence_depth_ev", "conduction_depth_ev")),
        ):
            for field, marker in zip(fields, faces, strict=True):
                values = [getattr(point, field) for point in series.points]
                _draw_points(axes, x, values, red, marker=marker, face=faces[marker])
            top = max((getattr(p, f) or 0.0 for p in series.points for f in fields), default=0.0)
            axes.set_ylim(-0.12 * (top or 1.0), 1.15 * (top or 1.0))
        middle.set_ylabel("Traps")
        middle.yaxis.set_major_locator(MaxNLocator(4, integer=True))
        lower.set_ylabel("Depth (eV)")
        lower.yaxis.set_major_locator(MaxNLocator(4))
        upper.margins(y=0.12)
        inverse = "Inverse square of the diameter, 1/$d^{2}$ (nm$^{-2}$)"
        lower.set_xlabel("Diameter $d$ (nm)" if against == "diameter" else inverse)
        if frame.is_own:
            frame.figure.align_ylabels()
        frame.legend(_handles(series, red), 2)
    return frame.figure


def _place(diameter_nm: float, against: Against) -> float:
    """Return where a diameter stands on the axis."""
    return diameter_nm if against == "diameter" else diameter_nm**-2


def _draw_points(
    axes: Axes,
    x: Floats,
    values: Sequence[float | None],
    colour: str,
    *,
    marker: str,
    face: str,
) -> None:
    """Draw the values that exist."""
    y = np.array([np.nan if value is None else value for value in values], dtype=float)
    axes.plot(x, y, marker, color=colour, mfc=face, ms=3.5, mew=0.7, ls="", zorder=3)


def _draw_fits(axes: Axes, series: SizeSeries, against: Against, red: str) -> None:
    """Draw each fit as a line: to infinite size against 1/d², within the sizes against d."""
    sizes = np.array([point.diameter_nm for point in series.points])
    if against == "diameter":
        room = ROOM * (np.ptp(sizes) or sizes[0])
        diameters = np.linspace(max(sizes.min() - room, 0.3 * sizes.min()), sizes.max() + room, 200)
        axes.set_xlim(diameters[0], diameters[-1])
    else:
        end = (1.0 + ROOM) * sizes.min() ** -2
        diameters = np.linspace(1e-9 * end, end, 200) ** -0.5
        axes.set_xlim(0.0, end)
    x = [_place(d, against) for d in diameters.tolist()]
    for fit in series.fits:
        is_plain = fit.gap == "HOMO-LUMO gap"
        colour = "black" if is_plain else red
        dashes = (0, (4, 2)) if is_plain else "-"
        axes.plot(x, [fit.at(d) for d in diameters.tolist()], lw=0.8, color=colour, ls=dashes)
        if against != "diameter":
            axes.plot(0.0, fit.bulk_ev, "_", color=colour, ms=6, clip_on=False)


def _handles(series: SizeSeries, red: str) -> list[Line2D]:
    """Name points, lines and the two sides of traps."""
    told = series.filter_told or "by the filter of each"
    marks: dict[str, Any] = {"ls": "", "ms": 3.5, "mew": 0.7}
    return [
        Line2D([], [], marker="s", color="black", mfc="white", label="HOMO–LUMO gap", **marks),
        Line2D([], [], marker="o", color=red, label=f"gap at {told}", **marks),
        Line2D([], [], marker="^", color=red, label="valence traps", **marks),
        Line2D([], [], marker="v", color=red, mfc="white", label="conduction traps", **marks),
    ]
