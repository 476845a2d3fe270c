"""Potentials at every ion of a sphere: growth with size, and the ratio to the sum over all pairs.

Run ``python benchmarks/electrostatics.py``. Each line is the median processor time of its
repeats, all in one run on one machine; the ratio compares the mesh with the exact sum over the
same ions.
"""

from __future__ import annotations

from statistics import median
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.library import bundled_crystal
from epicarve.builder.point_charges import mesh_potentials_v, pairwise_potentials_v
from epicarve.builder.shapes import Sphere, ions_near

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CRYSTAL = "Pb3S2Cl2"
SIZES = (3_000, 10_000, 30_000, 100_000, 300_000)
LARGEST_PAIRWISE = 100_000
REPEATS = 3


def plain_sphere(n_ions: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Positions and charges of the ions within a sphere that holds about n_ions."""
    crystal = bundled_crystal(CRYSTAL)
    radius_a = (0.75 / np.pi * n_ions * crystal.volume_a3 / crystal.n_sites) ** (1 / 3)
    ions = ions_near(crystal, Sphere(radius_a), np.zeros(3), 0.0)
    return ions.positions_a, ions.charges


def timed(
    work: Callable[..., NDArray[np.float64]], *arguments: object, repeats: int = REPEATS
) -> tuple[float, NDArray[np.float64]]:
    """Median time in seconds of a few calls, and the result."""
    times = []
    for _ in range(repeats):
        start = process_time()
        result = work(*arguments)
        times.append(process_time() - start)
    return median(times), result


def main() -> None:
    """Print the table."""
    print(f"{'ions':>8} {'mesh (s)':>9} {'pairs (s)':>10} {'mesh/pairs':>11} {'max error (V)':>14}")
    sizes, times = [], []
    for n_ions in SIZES:
        positions, charges = plain_sphere(n_ions)
        mesh_s, mesh = timed(mesh_potentials_v, positions, charges)
        line = f"{len(charges):>8} {mesh_s:>9.3f}"
        if n_ions <= LARGEST_PAIRWISE:
            repeats = 1 if n_ions > 30_000 else REPEATS
            pairs_s, exact = timed(pairwise_potentials_v, positions, charges, repeats=repeats)
            error = np.abs(mesh - exact).max()
            line += f" {pairs_s:>10.3f} {mesh_s / pairs_s:>11.3f} {error:>14.1e}"
        print(line, flush=True)
        sizes.append(len(charges))
        times.append(mesh_s)
    growth = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    print(f"cost of the mesh grows as N^{growth:.2f}")


if __name__ == "__main__":
    main()
