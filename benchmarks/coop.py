"""Overlap populations of three pairs of elements, against the product S C and a peer's route.

The particles are those of weights.py, cut from the neutral Pb3S2Cl2 sphere of the study, with the
overlaps of CP2K's DZVP-MOLOPT-SR-GTH basis; orbitals are random. Testing orbitals takes S C in any
case; the populations come on top. The peer's route is that of nano-qmflows
(nanoqm/workflows/workflow_coop.py): for each orbital, the outer product of its
coefficients on two elements times a dense overlap, summed; it leaves out the factor 2. Run with

    python benchmarks/coop.py [--quick]
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from synthetic import overlap_of, parts_of_sphere

from epicarve.dft.orbitals import STATES_AT_ONCE, overlap_populations

SIZES = (231, 462, 846, None)
"""Atoms, those nearest the middle; None for all. 231 atoms have 3,003 functions."""

PAIRS = (("Pb", "S"), ("Pb", "Cl"), ("S", "Cl"))
PEER_STATES = 32


def timed(function, *arguments):
    """Call a function: its result, and seconds of processor time."""
    start = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - start


def peer_route(
    overlap: np.ndarray, orbitals: np.ndarray, groups: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Overlap populations of pairs of groups as nano-qmflows computes those of one."""

    def population(column, first, second, reduced):
        return np.sum(np.tensordot(column[first], column[second], 0) * reduced)

    return np.array(
        [
            np.apply_along_axis(population, 0, orbitals, one, two, overlap[one][:, two])
            for one, two in groups
        ]
    )


def main() -> None:
    """Print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the smallest size")
    sizes = SIZES[:1] if parser.parse_args().quick else SIZES
    print(f"{STATES_AT_ONCE} orbitals; seconds of processor time")
    print("functions    S C  populations   peak GB")
    for symbols, positions_a in parts_of_sphere(sizes):
        overlap = overlap_of(symbols, positions_a)
        atoms = np.repeat(np.arange(len(symbols)), 13)
        element = np.array(symbols)[atoms]
        orbitals = np.random.default_rng(0).normal(size=(STATES_AT_ONCE, len(atoms))).T
        pairs = [(element == first, element == second) for first, second in PAIRS]
        _, plain_s = timed(overlap.__matmul__, orbitals)
        populations, own_s = timed(overlap_populations, overlap, orbitals, atoms, pairs)
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(
            f"{len(atoms):9d} {plain_s:6.2f} {own_s:12.2f} {peak_gb:9.2f}",
            flush=True,
        )
        if len(symbols) == SIZES[0]:
            few = orbitals[:, :PEER_STATES]
            groups = [tuple(np.flatnonzero(mask) for mask in pair) for pair in pairs]
            theirs, peer_s = timed(peer_route, overlap.toarray(), few, groups)
            error = np.abs(2.0 * theirs - populations[:, :PEER_STATES]).max() / np.abs(theirs).max()
            per_state = peer_s / PEER_STATES * STATES_AT_ONCE / own_s
            print(
                f"  nano-qmflows' route: {1e3 * peer_s / PEER_STATES:.0f} ms an orbital, "
                f"{per_state:.0f} times as long; largest relative difference {error:.0e}"
            )


if __name__ == "__main__":
    main()
