"""Particles that are made here, moved and shaken, and whether they are recognised.

Models of all bundled crystals without molecules in several shapes and of joined halves, are turned,
shifted, shaken (every coordinate by a normal deviate of 0.2 Å) and listed in another order.
Crystal, orientation, registry and the site of every ion that has all its neighbours must be found.
With a folder, what is found of the files in it is printed too. Run with

    python benchmarks/recognition.py [FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

import epicarve as ec
from epicarve.builder.geometry import kabsch
from epicarve.builder.library import bundled_crystal, bundled_names

if TYPE_CHECKING:
    from epicarve.builder.recognition import FoundDomain

RATTLE_A = 0.2
MOST_DEG = 1.0
MOST_OFF_A = 0.2
"""How far, as root mean square, the lattice found may lie from the one that was carved."""

BALANCE = {"relocations": 0, "strong_bonds": False, "ratio_tolerance": 0.1}
"""What makes the models cheap; how good their surfaces are is not asked here."""

SHAPES = (
    ec.Sphere(diameter_nm=2.6),
    ec.Hemisphere(diameter_nm=3.4, hkl=(1, 0, 0)),
    ec.Rod(diameter_nm=1.9, length_nm=3.2, direction=(0, 0, 1)),
)
PAIRS = (
    ("Pb4S3Cl2", "CsPbCl3"),
    ("Pb4S3Br2", "CsPbBr3"),
    ("Pb4S3Br2", "CsPbCl3"),
    ("CsPb2Cl5", "CsPbCl3"),
    ("Cs2PbCl4", "CsPbCl3"),
    ("PbS", "CsPbBr3"),
)
DIAMETER_NM = 2.6


def models(*, quick: bool):
    """Yield names and models: single particles, then joined halves."""
    names = [name for name in bundled_names() if not bundled_crystal(name).molecules]
    for k, shape in enumerate(SHAPES):
        for name in names[k::4] if quick else names:
            yield f"{name} {shape.kind}", ec.carve(ec.crystal(name), shape, BALANCE)
    for film, substrate in PAIRS[:1] if quick else PAIRS:
        best = ec.find_interfaces(ec.crystal(film), ec.crystal(substrate))[0]
        halves = [
            ec.half_of(
                face.crystal,
                ec.Hemisphere(
                    diameter_nm=DIAMETER_NM,
                    hkl=face.termination.hkl,
                    termination=face.termination.layer,
                ),
                balance=BALANCE,
            )
            for face in (best.film, best.substrate)
        ]
        yield f"{film} on {substrate}", ec.join(*halves, best)


def shaken(model: ec.Model, seed: int) -> tuple[Atoms, np.ndarray, np.ndarray]:
    """Return the atoms of a model in another place and order, where they would be, and which."""
    random = np.random.default_rng(seed)
    turn = Rotation.random(random_state=random).as_matrix()
    order = random.permutation(model.n_atoms)
    ideal = (model.positions_a @ turn.T + random.uniform(-20.0, 20.0, 3))[order]
    moved = ideal + random.normal(0.0, RATTLE_A, ideal.shape)
    return Atoms(model.symbols[order].tolist(), moved), ideal, order


def faults(model: ec.Model, seed: int) -> tuple[list[str], float]:
    """Return what was not recognised of a model, and the processor time in seconds."""
    atoms, ideal, order = shaken(model, seed)
    start = time.process_time()
    found = ec.identify(atoms)
    seconds = time.process_time() - start
    named = [_crystal(domain) for domain in found.domains]
    names = sorted(named)
    if names != sorted(model.domain_names):
        return [f"found {' and '.join(names) or 'nothing'}"], seconds
    wrong = []
    is_bulk = (model.coordination == model.bulk_coordination)[order]
    for name, lattice in zip(named, found.lattices, strict=True):
        mine = is_bulk & (model.domains[order] == name)
        if len(found.domains) > 1:  # ions at the interface belong to either
            others = ideal[model.domains[order] != name]
            mine &= cKDTree(others).query(ideal)[0] > 4.5
        lost = int((mine & ~lattice.members).sum())
        orbits = lattice.crystal.symmetry.orbits
        here = mine & lattice.members
        other = orbits[lattice.sites[here]] != orbits[model.sites[order][here]]
        if lost or other.any():
            wrong.append(f"{name}: {lost} of {int(mine.sum())} lost, {int(other.sum())} misplaced")
        places = lattice.places_a[here]
        fit = kabsch(places, ideal[here])
        cosine = 0.5 * (np.trace(fit.rotation.T @ lattice.fit.rotation) - 1.0)
        angle = float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
        off = lattice.fit.positions_a(places) - ideal[here]
        off_a = float(np.sqrt((off**2).sum(axis=1).mean()))
        if angle > MOST_DEG or off_a > MOST_OFF_A:
            wrong.append(f"{name}: turned {angle:.2f}°, {off_a:.2f} Å off")
    told, junction = found.interface, model.report.interface
    if junction is not None:
        if told is None:
            return [*wrong, "no interface"], seconds
        pairs = {
            "film": (told.film, junction.film),
            "film_termination": (told.film_termination, junction.film_termination),
            "substrate_termination": (told.substrate_termination, junction.substrate_termination),
        }
        if told.film != junction.film:
            pairs = {
                "film": (told.substrate, junction.film),
                "film_termination": (told.substrate_termination, junction.film_termination),
                "substrate_termination": (told.film_termination, junction.substrate_termination),
            }
        wrong += [
            f"{key}: {one} for {other}" for key, (one, other) in pairs.items() if one != other
        ]
        if abs(told.gap_a - junction.gap_a) > 0.5:
            wrong.append(f"gap {told.gap_a:.2f} Å for {junction.gap_a:.2f}")
    return wrong, seconds


def _crystal(domain: FoundDomain) -> str:
    """Return the crystal of a domain, by its ordering where crystals differ in that alone."""
    ordering = domain.ordering
    return domain.crystal if ordering is None or ordering.crystal is None else ordering.crystal


def main() -> None:
    """Recognise the models, then the files of a folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    n_right = n_models = 0
    for seed, (name, model) in enumerate(models(quick=given.quick)):
        wrong, seconds = faults(model, seed)
        n_right, n_models = n_right + (not wrong), n_models + 1
        told = "; ".join(wrong) or "right"
        print(f"{name:28} {model.n_atoms:5} ions {seconds:5.1f} s  {told}", flush=True)
    print(f"{n_right} of {n_models} right")
    for path in sorted(given.folder.iterdir()) if given.folder else ():
        if path.suffix not in {".xyz", ".extxyz"}:
            continue
        try:
            start = time.process_time()
            found = ec.identify(path)
        except ec.InputError as error:
            print(f"{path.name}: {error}")
            continue
        print(f"{found!r} {time.process_time() - start:.1f} s, {found.net_charge} e")
        for one in found.domains:
            ordering = one.ordering.told if one.ordering else "no anions"
            print(f"    {one.told}: {one.core_cell.told}, {one.assigned_fraction:.2f}, {ordering}")
        if found.interface is not None:
            print(f"    {found.interface.as_dict()}")


if __name__ == "__main__":
    main()
