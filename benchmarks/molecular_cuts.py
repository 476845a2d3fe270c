"""Cuts of crystals with molecules: whether any breaks one, and how soon they are made.

Each CIF is cut in shapes drawn from a seed: spheres, ellipsoids, boxes, rods and hemispheres of
1.2 to 2.2 nm (rods up to 3.4) about any point of the cell. The molecules are looked for again among
the atoms of each model, by distances alone, and held against those of the crystal. A sphere of 3 nm
is timed as well. Run with

    python benchmarks/molecular_cuts.py FILE.cif ... [--cuts 100] [--seed 0] [--any-dipole]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

import epicarve as ec
from epicarve.builder.crystal import molecules_among, unit_formula
from epicarve.errors import GuessWarning, InputError


def random_shape(rng: np.random.Generator):
    """Return a shape of any kind and size about any point."""
    centre = tuple(rng.uniform(size=3).round(4).tolist())
    first, second, third = rng.uniform(1.2, 2.2, size=3).round(3).tolist()
    kinds = (
        lambda: ec.Sphere(diameter_nm=first, centre=centre),
        lambda: ec.Ellipsoid(diameters_nm=(first, second, third), centre=centre),
        lambda: ec.Box(
            faces=[
                {"hkl": (1, 0, 0), "length_nm": first},
                {"hkl": (0, 1, 0), "length_nm": second},
                {"hkl": (0, 0, 1), "length_nm": third},
            ],
            centre=centre,
        ),
        lambda: ec.Rod(
            diameter_nm=first, length_nm=second + 1.2, direction=(0, 1, 1), centre=centre
        ),
        lambda: ec.Hemisphere(diameter_nm=first + 0.6, hkl=(0, 0, 1), centre=centre),
    )
    return kinds[int(rng.integers(len(kinds)))]()


def faults_of(model: ec.Model, crystal: ec.Crystal) -> list[str]:
    """Return what is wrong with a model."""
    column = model.columns["molecule"]
    numbers = set(column[column >= 0].tolist())
    whole = {tuple(np.flatnonzero(column == number).tolist()) for number in numbers}
    pieces = molecules_among(model.symbols, model.positions_a)
    found = {tuple(sorted(atoms.tolist())) for atoms in pieces}
    known = {unit_formula(ion.symbols) for ion in crystal.molecules.values()}
    formulas = {unit_formula(model.symbols[list(atoms)]) for atoms in found}
    faults = []
    if found != whole or formulas - known:
        faults.append("molecules broken or joined")
    if model.net_charge or model.charges.sum():
        faults.append("charged")
    if model.n_components != 1:
        faults.append("in pieces")
    if abs(model.dipole_debye - model.ions.dipole_debye) > 1e-6:
        faults.append("dipole of ions and atoms differ")
    return faults


def survey(path: Path, n_cuts: int, seed: int, balance: dict[str, float]) -> None:
    """Print what cuts of one crystal come to."""
    crystal = ec.Crystal.from_file(path)
    rng = np.random.default_rng(seed)
    faults: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    times, n_made = [], 0
    while n_made < n_cuts and sum(refused.values()) < n_cuts:
        shape = random_shape(rng)
        start = time.process_time()
        try:
            model = ec.carve(crystal, shape, balance)
        except InputError as error:
            refused[" ".join(str(error).split()[:9])] += 1
            continue
        times.append(time.process_time() - start)
        n_made += 1
        found = faults_of(model, crystal)
        faults.update(found)
        if found:
            print(f"  {shape!r}: {', '.join(found)}")
    start = time.process_time()
    sphere = ec.carve(crystal, ec.Sphere(diameter_nm=3.0))
    took_s = time.process_time() - start
    print(
        f"{crystal.name}, {crystal.formula}: {n_made} cuts, {sum(faults.values())} faults, "
        f"{sum(refused.values())} refused, {np.mean(times):.2f} s each, {max(times):.1f} s at "
        f"most; sphere of 3 nm: {sphere.n_ions} ions of {sphere.n_atoms} atoms in {took_s:.1f} s"
    )
    for told, number in refused.most_common():
        print(f"  refused {number} times: {told} ...")


def main() -> None:
    """Survey each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--cuts", type=int, default=100, help="models of each crystal")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--any-dipole", action="store_true", help="leave dipoles alone, for speed")
    given = parser.parse_args()
    balance = {"free_dipole_v": 1e3} if given.any_dipole else {}
    warnings.simplefilter("ignore", GuessWarning)
    for path in given.files:
        survey(path, given.cuts, given.seed, balance)


if __name__ == "__main__":
    main()
