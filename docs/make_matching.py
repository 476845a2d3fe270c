"""Draw the coincidence cells of docs/matching.md: `make docs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from epicarve.builder.interfaces.match import (
    MatchOptions,
    StrainRule,
    coincidence_cells,
    common_cell,
)
from epicarve.builder.library import bundled_crystal
from epicarve.style import figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from epicarve.builder.interfaces.match import CoincidenceCell

IMAGE = Path(__file__).parent / "images" / "matching.png"
FILM_A = bundled_crystal("Pb4S3Br2").cell_a[np.ix_([0, 2], [0, 2])]
SUBSTRATE_A = bundled_crystal("CsPbBr3").cell_a[:2, :2]
FILM_COLOUR, SUBSTRATE_COLOUR = "#c1440e", "0.45"
EXTENT_A = 19.0


def draw_nets(axes: Axes, cell: CoincidenceCell) -> None:
    """Draw both nets, the film turned but unstrained, and the cell that they share."""
    shared = common_cell(cell, FILM_A, SUBSTRATE_A, StrainRule(fixed="film"))
    film = FILM_A @ shared.film_deformation
    steps = np.stack(np.meshgrid(*[np.arange(-12, 13)] * 2), axis=-1).reshape(-1, 2)
    below, above = steps @ SUBSTRATE_A, steps @ film
    axes.scatter(*below.T, s=26, facecolor="none", edgecolor=SUBSTRATE_COLOUR, linewidth=0.8)
    axes.scatter(*above.T, s=7, color=FILM_COLOUR)
    for lattice, matrix, colour in (
        (SUBSTRATE_A, cell.substrate_matrix, SUBSTRATE_COLOUR),
        (film, cell.film_matrix, FILM_COLOUR),
    ):
        a, b = matrix @ lattice
        axes.plot(*np.array([0 * a, a, a + b, b, 0 * a]).T, color=colour, lw=1.0)
    x, y = 0.5 * (cell.substrate_matrix @ SUBSTRATE_A).sum(axis=0)
    angle, strain = cell.rotation_deg, cell.strain
    axes.set_title(
        f"{cell.area_a2:.0f} Å², {angle:+.1f}°, strain {strain[0]:+.1%} / {strain[1]:+.1%}",
        fontsize=7,
    )
    axes.set(xlim=(x - EXTENT_A, x + EXTENT_A), ylim=(y - EXTENT_A, y + EXTENT_A), aspect="equal")
    axes.axis("off")


def main() -> None:
    """Draw area against strain of all cells, and two of them."""
    cells = coincidence_cells(FILM_A, SUBSTRATE_A, MatchOptions(max_area_a2=800.0, max_strain=0.06))
    small = min(cells, key=lambda cell: cell.area_a2)
    other = min(
        (cell for cell in cells if cell.area_a2 < 450.0 and cell.rotation_deg % 45.0 > 1.0),
        key=lambda cell: cell.max_strain,
    )
    with figure_style():
        figure = Figure(figsize=(7.2, 2.6), layout="constrained")
        FigureCanvasAgg(figure)
        scatter, first, second = figure.subplots(1, 3)
        points = np.array([(cell.area_a2, 100.0 * cell.max_strain) for cell in cells])
        scatter.scatter(*points.T, s=8, color="0.6", linewidth=0)
        for cell in (small, other):
            scatter.scatter(cell.area_a2, 100.0 * cell.max_strain, s=22, color=FILM_COLOUR)
        scatter.set(xlabel="area (Å²)", ylabel="largest strain (%)", xlim=(0, 820), ylim=(0, 6.2))
        draw_nets(first, small)
        draw_nets(second, other)
        figure.savefig(IMAGE, dpi=200, metadata={"Software": None})


if __name__ == "__main__":
    main()
