"""The interactive plot of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.style import colours

from .groupings import groupings
from .payload import PALETTE, zero_ev
from .tables import SPIN_NAMES, labels

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from .groupings import Grouping
    from .results import Analysis

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"


def dos_plot(analysis: Analysis) -> str:
    """Draw what the figure shows, to zoom into and to click at, as a fragment of HTML.

    The first trace holds all states, in their order; the second one is for the page to mark the
    selected state with. The others are densities, of which only those by element are visible; their
    ``meta`` is ``"groups-N"`` for the N-th grouping. Lines and shades are left to the page, which
    draws them at the threshold that its reader sets.
    """
    from plotly.subplots import make_subplots  # noqa: PLC0415  (costs a second)

    zero, (below_ev, above_ev) = zero_ev(analysis), analysis.window_ev
    plot = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.42, 0.58], vertical_spacing=0.03
    )
    _add_states(plot, analysis)
    for index, grouping in enumerate(groupings(analysis, PALETTE)):
        _add_densities(plot, grouping, f"groups-{index}", zero, visible=index == 0)
    dos, red = analysis.densities[0], colours(PALETTE)["ipr"]
    shown = (dos.grid_ev >= below_ev) & (dos.grid_ev <= above_ev)
    peak = 1.05 * (float(dos.total[:, shown].max(initial=0.0)) or 1.0)
    restricted = analysis.states.restricted
    plot.update_xaxes(range=[below_ev - zero, above_ev - zero], zeroline=False, mirror=True)
    label = "Energy − HOMO (eV)" if analysis.gap.homo_ev is not None else "Energy (eV)"
    plot.update_xaxes(title_text=label, row=2, col=1)
    plot.update_yaxes(mirror=True, fixedrange=True)
    lowest = 0.7 * min(1.0 / analysis.states.n_atoms, analysis.gap.filtered.limit)
    plot.update_yaxes(
        type="log",
        range=[float(np.log10(lowest)), float(np.log10(1.5))],
        dtick=1,
        title_text="IPR",
        color=red,
        tickformat="~g",
        row=1,
        col=1,
    )
    plot.update_yaxes(
        title_text="DOS (states/eV)" if restricted else "DOS (states/eV), α ↑ β ↓",
        range=[0.0 if restricted else -peak, peak],
        row=2,
        col=1,
    )
    plot.update_layout(
        template="simple_white",
        height=570,
        margin={"l": 64, "r": 12, "t": 72, "b": 46},
        legend={"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0},
        font={"family": FONT, "size": 13},
        hovermode="closest",
        hoverdistance=12,
        dragmode="zoom",
    )
    fragment: str = plot.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id="dos",
        config={
            "displaylogo": False,
            "responsive": True,
            "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
            "toImageButtonOptions": {"format": "svg", "filename": "dos"},
        },
    )
    return fragment


def _add_states(plot: go.Figure, analysis: Analysis) -> None:
    """Add a mark for each state, and an empty one to mark the selected state with."""
    states, red = analysis.states, colours(PALETTE)["ipr"]
    numbers, spins = labels(states)
    names = [
        str(number) if states.restricted else f"{number}, {spin}"
        for number, spin in zip(numbers, spins, strict=True)
    ]
    kept = analysis.gap.filtered.kept
    plot.add_scatter(
        x=(states.energies_ev - zero_ev(analysis)).round(5),
        y=analysis.localization.ipr.round(6),
        text=names,
        mode="markers",
        marker={
            "color": np.where(kept, red, "#fff").tolist(),
            "size": 5,
            "line": {"color": red, "width": 0.9},
        },
        showlegend=False,
        hovertemplate="state %{text}<br>%{x:.3f} eV, IPR %{y:.4f}<extra></extra>",
        row=1,
        col=1,
    )
    plot.add_scatter(
        x=[],
        y=[],
        mode="markers",
        marker={"symbol": "circle-open", "size": 15, "color": "#000", "line": {"width": 2}},
        showlegend=False,
        hoverinfo="skip",
        row=1,
        col=1,
    )


def _add_densities(
    plot: go.Figure, grouping: Grouping, meta: str, zero: float, *, visible: bool
) -> None:
    """Stack the densities of some groups; beta points down."""
    first_ev, second_ev = grouping.dos.grid_ev[:2].tolist()
    for spin, density in enumerate(grouping.dos.density):
        for name, shade, curve in zip(grouping.names, grouping.colours, density, strict=True):
            plot.add_scatter(
                x0=round(first_ev - zero, 6),
                dx=round(second_ev - first_ev, 6),
                y=(curve * (1 - 2 * spin)).round(4).astype(np.float32),
                stackgroup=f"{meta}-{SPIN_NAMES[spin]}",
                mode="lines",
                line={"width": 0, "color": shade},
                fillcolor=shade,
                name=name,
                legendgroup=name,
                showlegend=spin == 0,
                visible=visible,
                meta=meta,
                hovertemplate="%{x:.2f} eV, %{y:.2f} states/eV",
                row=2,
                col=1,
            )
