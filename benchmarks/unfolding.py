"""Bands of a particle at the study's size: processor and wall time, memory at four sizes.

The particles are those of weights.py, cut from the neutral Pb3S2Cl2 sphere of the study, with the
basis functions of CP2K's DZVP-MOLOPT-SR-GTH; orbitals are random, with a tail like theirs. Run with

    python benchmarks/unfolding.py [--quick]
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from synthetic import parts_of_sphere, shells_of

from epicarve.builder.crystal import primitive_cell
from epicarve.builder.library import bundled_crystal
from epicarve.dft.bands import DomainStates, FourierBasis, UnfoldedBands, Zone, ZonePath
from epicarve.units import A_PER_BOHR

SIZES = (231, 462, 846, None)
"""Atoms, those nearest the middle; None for all."""

STATES = 500


def main() -> None:
    """Print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the smallest size")
    sizes = SIZES[:1] if parser.parse_args().quick else SIZES
    cell_a = primitive_cell(bundled_crystal("Pb3S2Cl2")).cell_a
    print(f"{STATES} orbitals along the path of Pb3S2Cl2")
    print("atoms  functions  points  cutoff/bohr  processor s  wall s  peak GB")
    for symbols, positions_a in parts_of_sphere(sizes):
        shells = shells_of(symbols)
        diameter_a = 2.0 * np.sqrt(5.0 / 3.0 * np.square(positions_a).sum(axis=1).mean())
        path = ZonePath.of(cell_a, np.pi / diameter_a)
        zone = Zone("Pb3S2Cl2", cell_a, np.ones(len(symbols), dtype=bool), path)
        start, wall = time.process_time(), time.monotonic()
        basis = FourierBasis.of(positions_a / A_PER_BOHR, shells)
        orbitals = np.random.default_rng(0).normal(size=(basis.n_functions, STATES))
        found = DomainStates(np.arange(STATES), np.zeros(STATES), orbitals, _norms(basis, orbitals))
        bands = UnfoldedBands.of(zone, basis, found)
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(
            f"{len(symbols):5d} {basis.n_functions:10d} {len(bands.weights):7d} "
            f"{bands.cutoff_bohr:12.2f} {time.process_time() - start:12.1f} "
            f"{time.monotonic() - wall:7.1f} {peak_gb:8.2f}",
            flush=True,
        )


def _norms(basis: FourierBasis, orbitals: np.ndarray) -> np.ndarray:
    """Return norms that make the tail beyond 2.75/bohr a hundredth, as in real Pb9S6Cl6."""
    ordered, tails = basis.ordered(orbitals), np.zeros(STATES)
    for length in np.arange(2.75, 12.0, 0.25):
        densities = basis.densities(length * np.eye(3), ordered) / 3.0
        tails += 0.25 * densities * length**2 * 4.0 * np.pi / (2.0 * np.pi) ** 3
    return 100.0 * tails


if __name__ == "__main__":
    main()
