"""Joined particles: time against the bare lattice cut of the same ions, in one run.

The study's Pb4S3Cl2 / CsPbCl3 particle, and larger ones. epicarve finds registry and gap and
chooses the ions of both domains with one proven program; the peer is what scripts of the field do:
cut the same two half spheres out of supercells with pymatgen, with whatever charge comes of it.
Run with

    python benchmarks/janus.py [--quick]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from epicarve.builder.hetero import interface_of, join, sphere_half
from epicarve.builder.library import bundled_crystal

FILM, SUBSTRATE = bundled_crystal("Pb4S3Cl2"), bundled_crystal("CsPbCl3")
CENTRE = (0.0, 0.2, 0.2)


def ours(radius_a: float):
    """Join the two hemispheres."""
    film = sphere_half(FILM, radius_a, (0, 1, 0), "Pb")
    substrate = sphere_half(SUBSTRATE, radius_a, (1, 0, 0), "PbCl2", centre=CENTRE)
    along = ((1, 0, 0), (0, 0, 1)), ((0, 1, 1), (0, -1, 1))
    return join(film, substrate, interface_of(film, substrate, along))


def theirs(radius_a: float) -> tuple[int, int]:
    """Cut the two hemispheres out of supercells; return their ions and their charge."""
    from pymatgen.core import Lattice, Structure

    n_ions = charge = 0
    for crystal, normal in ((FILM, (0.0, 1.0, 0.0)), (SUBSTRATE, (1.0, 0.0, 0.0))):
        structure = Structure(
            Lattice(crystal.cell_a),
            crystal.symbols.tolist(),
            crystal.fractional,
            site_properties={"charge": crystal.oxidation_states.tolist()},
        )
        copies = 2 * np.ceil(radius_a / np.array(crystal.cell_parameters[:3])).astype(int) + 1
        structure.make_supercell(copies.tolist())
        away = structure.cart_coords - structure.lattice.matrix.sum(axis=0) / 2
        inside = (np.linalg.norm(away, axis=1) <= radius_a) & (away @ normal <= 0.0)
        half = Structure.from_sites([structure[i] for i in np.flatnonzero(inside)])
        n_ions += len(half)
        charge += sum(half.site_properties["charge"])
    return n_ions, charge


def seconds(call, repeats: int) -> float:
    """Median time of a call in seconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> None:
    """Print times, what the models are, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the particle of 10 nm")
    radii = [21.0, 35.0] if parser.parse_args().quick else [21.0, 35.0, 52.0]
    theirs(10.0)  # imports
    for radius_a in radii:
        repeats = 3 if radius_a < 30.0 else 1
        janus = ours(radius_a)
        model, optimum = janus.model, janus.model.report.optimum
        worst = model.report.interface.shortest_contact
        mine = seconds(lambda radius_a=radius_a: ours(radius_a), repeats)
        n_cut, charge = theirs(radius_a)
        peer = seconds(lambda radius_a=radius_a: theirs(radius_a), repeats)
        print(
            f"{radius_a / 5:.1f} nm, {model.n_atoms} ions: {mine:.2f} s; net charge "
            f"{model.net_charge}, domains {janus.film.net_charge} and "
            f"{janus.substrate.net_charge}, shortest contact "
            f"{worst.fraction_of_bulk:.1%} of the bulk's, {len(model.edits)} edits, "
            f"gap {optimum.gap:.1e}, dipoles {model.dipole_debye:.0f}, "
            f"{janus.film.dipole_debye:.0f} and {janus.substrate.dipole_debye:.0f} D"
        )
        print(
            f"  pymatgen cuts {n_cut} ions of {charge:+.0f} e in {peer:.2f} s: "
            f"epicarve / pymatgen = {mine / peer:.2f}"
        )


if __name__ == "__main__":
    main()
