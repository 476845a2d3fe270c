"""Energy of an interface: a scan of registries and gaps, and pymatgen's Ewald sum for one place.

Pb4S3Cl2 (010) on CsPbCl3 (100), as deep as the energy needs. pymatgen sums the Coulomb energy of
both sides in a cell with vacuum, as one would to get one point of the scan; epicarve's energy
holds the repulsion too. Processor time of one thread. Run with

    python benchmarks/interface_energy.py
"""

from __future__ import annotations

from statistics import median
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from epicarve.builder.interfaces import SearchOptions, registry_grid_a, search
from epicarve.builder.interfaces.energy import (
    Interaction,
    born_repulsion,
    interface_energy,
    neutral_sides,
)
from epicarve.builder.library import bundled_crystal

if TYPE_CHECKING:
    from collections.abc import Callable

    from epicarve.builder.interfaces import Stack

REPEATS = 7
CANDIDATES = 24
VACUUM_A = 30.0


def timed(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median processor time in seconds of some calls, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = process_time()
        work()
        times.append(process_time() - start)
    return median(times)


def pymatgen_ev(film: Stack, substrate: Stack) -> float:
    """Coulomb energy in eV of both sides in one cell with vacuum."""
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Lattice, Structure

    points = np.vstack([film.positions_a, substrate.positions_a])
    lattice = np.diag([1.0, 1.0, np.ptp(points[:, 2]) + VACUUM_A])
    lattice[:2, :2] = film.lattice_a
    symbols = np.concatenate([film.symbols, substrate.symbols])
    structure = Structure(Lattice(lattice), symbols, points, coords_are_cartesian=True)
    charges = np.concatenate([film.charges, substrate.charges])
    structure.add_oxidation_state_by_site(charges.tolist())
    return float(EwaldSummation(structure).total_energy)


def main() -> None:
    """Print the table."""
    film_crystal, substrate_crystal = bundled_crystal("Pb4S3Cl2"), bundled_crystal("CsPbCl3")
    found = search(film_crystal, substrate_crystal, SearchOptions())
    born = born_repulsion(film_crystal, substrate_crystal)
    film, substrate = neutral_sides(found[0])
    shifts = registry_grid_a(film.lattice_a, (24, 24)).reshape(-1, 2)
    gaps = np.linspace(-0.2, 2.0, 12)

    def scan() -> object:
        return Interaction(film, substrate, born, (-0.2, 2.0)).energies_ev(shifts, gaps)

    scan_s = timed(scan)
    whole_s = timed(lambda: interface_energy(film, substrate, born))
    one_s = timed(lambda: pymatgen_ev(film.shifted((0.0, 0.0, 0.5)), substrate), 3)
    per_place = scan_s / (len(shifts) * len(gaps))
    print(f"{film.n_ions + substrate.n_ions} ions, {film.area_a2:.1f} Å²")
    print(f"scan of 24 × 24 registries, 12 gaps: {scan_s * 1e3:.1f} ms")
    print(f"search of registry and gap, refined: {whole_s * 1e3:.1f} ms")
    print(f"pymatgen's Ewald sum, one place:     {one_s * 1e3:.1f} ms")
    print(f"pymatgen / epicarve for each place:  {one_s / per_place:.0f}")
    start = process_time()
    for interface in found[:CANDIDATES]:
        interface_energy(*neutral_sides(interface), born)
    areas = [interface.cell.area_a2 for interface in found[:CANDIDATES]]
    print(
        f"{len(areas)} candidates of {min(areas):.0f} to {max(areas):.0f} Å²: "
        f"{process_time() - start:.2f} s"
    )


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
