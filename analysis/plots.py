"""Interactive plots for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from epicarve.style import colours, element_colours

from .tables import SPIN_NAMES, labels

if TYPE_CHECKING:
    from epicarve.builder.model import Model

    from .results import Analysis

MARKER_NM_PIXELS = {"Cs": 40, "Pb": 32, "I": 32, "Br": 28, "Cl": 25, "S": 25}
"""Size of an ion in pixels times the diameter of the model in nm; other elements get 28."""


def dos_plot(analysis: Analysis) -> str:
    """Draw what the figure shows, to zoom into and to point at, as a fragment of HTML."""
    gap, dos, states = analysis.gap, analysis.densities[0], analysis.states
    zero_ev = gap.homo_ev or 0.0
    plot = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.4, 0.6], vertical_spacing=0.03
    )
    red, kept = colours()["ipr"], gap.filtered.kept
    numbers, spins = (np.array(column) for column in labels(states))
    for name, chosen, marker in (
        ("kept", kept, {"color": red, "size": 5}),
        ("trap", ~kept, {"color": "white", "size": 6, "line": {"color": red, "width": 1.2}}),
    ):
        columns = (
            numbers,
            spins,
            states.occupations.round(3),
            analysis.localization.n_eff.round(1),
        )
        plot.add_scatter(
            x=(states.energies_ev[chosen] - zero_ev).round(5),
            y=analysis.localization.ipr[chosen].round(6),
            customdata=[
                list(row) for row in zip(*(c[chosen].tolist() for c in columns), strict=True)
            ],
            mode="markers",
            marker=marker,
            name=name,
            hovertemplate="state %{customdata[0]} (%{customdata[1]})<br>%{x:.3f} eV, "
            "%{customdata[2]} electrons<br>IPR %{y:.4f}, N_eff %{customdata[3]}",
            row=1,
            col=1,
        )
    plot.add_hline(
        gap.filtered.limit, line={"color": red, "width": 1, "dash": "dash"}, row=1, col=1
    )
    shades = element_colours(dos.groups)
    for spin, density in enumerate(dos.density):
        for name, curve in zip(dos.groups, density, strict=True):
            plot.add_scatter(
                x=(dos.grid_ev - zero_ev).round(4),
                y=(curve * (1 - 2 * spin)).round(5),
                stackgroup=SPIN_NAMES[spin],
                mode="lines",
                line={"width": 0},
                fillcolor=shades[name],
                name=name,
                legendgroup=name,
                showlegend=spin == 0,
                hovertemplate=f"{name} %{{y:.2f}}",
                row=2,
                col=1,
            )
    for lower_ev, upper_ev, shade in (
        (gap.filtered.valence_edge_ev, gap.filtered.conduction_edge_ev, "filtered_gap"),
        (gap.homo_ev, gap.lumo_ev, "plain_gap"),
    ):
        if lower_ev is not None and upper_ev is not None:
            plot.add_vrect(
                lower_ev - zero_ev,
                upper_ev - zero_ev,
                fillcolor=colours()[shade],
                line_width=0,
                layer="below",
            )
    below_ev, above_ev = analysis.window_ev
    shown = (dos.grid_ev >= below_ev) & (dos.grid_ev <= above_ev)
    peak = 1.05 * float(dos.total[:, shown].max(initial=0.0))
    floor = 0.0 if analysis.states.restricted else -peak
    plot.update_xaxes(range=[below_ev - zero_ev, above_ev - zero_ev], zeroline=False)
    label = "Energy − HOMO (eV)" if gap.homo_ev is not None else "Energy (eV)"
    plot.update_xaxes(title_text=label, row=2, col=1)
    plot.update_yaxes(type="log", dtick=1, title_text="IPR", color=red, row=1, col=1)
    plot.update_yaxes(title_text="DOS (states/eV)", range=[floor, peak], row=2, col=1)
    plot.update_layout(_layout(height=560))
    return _embedded(plot, "dos")


def model_plot(model: Model) -> str:
    """Draw the ions, to be turned with the mouse, as a fragment of HTML."""
    plot = go.Figure()
    shades = element_colours(tuple(model.counts))
    for symbol in model.counts:
        chosen = model.symbols == symbol
        x, y, z = model.positions_a[chosen].round(3).T
        plot.add_scatter3d(
            x=x,
            y=y,
            z=z,
            customdata=[
                [index + 1, domain]
                for index, domain in zip(
                    np.flatnonzero(chosen).tolist(), model.domains[chosen].tolist(), strict=True
                )
            ],
            mode="markers",
            marker={
                "color": shades[symbol],
                "size": min(MARKER_NM_PIXELS.get(symbol, 28) / max(model.diameter_nm, 1.0), 24),
                "line": {"color": "#333333", "width": 0.5},
                "opacity": 1.0,
            },
            name=symbol,
            hovertemplate=f"{symbol} %{{customdata[0]}}, %{{customdata[1]}}",
        )
    hidden = {"visible": False}
    plot.update_layout(
        _layout(height=480),
        scene={
            "aspectmode": "data",
            "xaxis": hidden,
            "yaxis": hidden,
            "zaxis": hidden,
            "camera": {
                "eye": {"x": 1.5, "y": 0.6, "z": 0.5},
                "projection": {"type": "orthographic"},
            },
        },
    )
    return _embedded(plot, "model")


def _layout(height: int) -> dict[str, Any]:
    """Return what the plots have in common."""
    return {
        "template": "simple_white",
        "height": height,
        "margin": {"l": 70, "r": 20, "t": 30, "b": 50},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "font": {"family": "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"},
    }


def _embedded(plot: go.Figure, name: str) -> str:
    """Return a plot as a fragment of HTML with a fixed id."""
    fragment: str = plot.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=name,
        config={"displaylogo": False, "responsive": True},
    )
    return f'<div class="plot">{fragment}</div>'
