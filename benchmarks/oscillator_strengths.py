"""Dipoles and spin-orbit coupling at the study's size: processor time and memory at four sizes.

The particles are those of weights.py, cut from the neutral Pb3S2Cl2 sphere of the study, with the
basis functions of CP2K's DZVP-MOLOPT-SR-GTH and as many projectors as GTH-PBE has; orbitals are
random, half of them occupied. Velocities are dipoles and velocities together. Run with

    python benchmarks/oscillator_strengths.py [--quick]
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from synthetic import parts_of_sphere, shells_of

from epicarve.dft.orbitals import overlap_matrix
from epicarve.dft.pseudopotentials import Projectors
from epicarve.dft.spin_orbit import SpinOrbitPotential, coupled_states, known_projectors
from epicarve.dft.transitions import (
    NonlocalPotential,
    position_and_gradient_between,
    position_between,
)
from epicarve.units import A_PER_BOHR

SIZES = (231, 462, 846, None)
"""Atoms, those nearest the middle; None for all."""

STATES = 506

PROJECTORS = {"Pb": (3, 2, 1), "S": (2, 1), "Cl": (2, 1)}
"""How many of each angular momentum."""


def main() -> None:
    """Print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the smallest size")
    sizes = SIZES[:1] if parser.parse_args().quick else SIZES
    print(f"{STATES} orbitals; seconds of processor time")
    print("atoms  functions  overlap  dipoles  velocities  spin-orbit  peak GB")
    of_element = {
        element: tuple(
            Projectors(angular, 0.6, tuple(map(tuple, np.eye(n).tolist())))
            for angular, n in enumerate(ns)
        )
        for element, ns in PROJECTORS.items()
    }
    for symbols, positions_a in parts_of_sphere(sizes):
        positions_bohr, shells = positions_a / A_PER_BOHR, shells_of(symbols)
        known = [known_projectors(symbol, "GTH-PBE") for symbol in symbols]
        times = [time.process_time()]
        overlap = overlap_matrix(positions_bohr, shells)
        times.append(time.process_time())
        orbitals = np.random.default_rng(0).normal(size=(STATES, overlap.shape[0])).T
        occupied, empty = np.hsplit(orbitals, 2)
        position_between(positions_bohr, shells, occupied, empty)
        times.append(time.process_time())
        position_and_gradient_between(positions_bohr, shells, occupied, empty)
        projectors = [of_element[symbol] for symbol in symbols]
        NonlocalPotential.of(positions_bohr, shells, projectors).commutator(occupied, empty)
        times.append(time.process_time())
        potential = SpinOrbitPotential.of(positions_bohr, shells, known)
        coupled_states(np.linspace(-4.0, 4.0, STATES), potential.between(orbitals))
        times.append(time.process_time())
        spent = np.diff(times)
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(
            f"{len(symbols):5d} {overlap.shape[0]:10d} {spent[0]:8.1f} {spent[1]:8.1f} "
            f"{spent[2]:11.1f} {spent[3]:11.1f} {peak_gb:8.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
