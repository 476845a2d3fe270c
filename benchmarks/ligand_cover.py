"""Particles covered with ligands: composition, coverage, contacts, what is proven, and the time.

Each is carved with its ligands in one optimisation. The composition stands beside that of any model
whose xyz file is given. With --xtb the smallest is relaxed by GFN1-xTB, and the ligands are counted
that came off: whose shortest distance to an ion of the other sign (a cation for a neutral one)
grew by more than a third. Run with

    python benchmarks/ligand_cover.py [NAME ...] [--beside FILE.xyz] [--xtb STEPS] [--out DIR]
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

import epicarve as ec
from epicarve.dft.xtb import XtbSettings, relax

OFF = 4.0 / 3.0
"""Factor by which a distance grows where a ligand has come off."""

SMALLEST = "cube 1.2 nm, acetate"


def cube(width_nm: float) -> ec.Box:
    """Return a cube that ends in CsBr."""
    odd = round(width_nm / 0.594863) % 2
    faces = [{"hkl": hkl, "length_nm": width_nm} for hkl in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    return ec.Box(faces=faces, centre=(0.5 * odd, 0.5 * odd, 0.5 * odd))


LOOSE = {"ratio_tolerance": 0.5}
ACETATE = {"name": "acetate", "of_sites": 0.5}
AMMONIUM = {"name": "butylammonium", "of_sites": [0.3, 1]}
PROPIONATE = {"name": "oleate", "length": 3}

CASES = {
    SMALLEST: ("CsPbBr3", cube(1.21), {"ratio_tolerance": 0.9}, [ACETATE]),
    "cube 2.4 nm, acetate": ("CsPbBr3", cube(2.4), LOOSE, [ACETATE]),
    "cube 2.4 nm, butylammonium": ("CsPbBr3", cube(2.4), LOOSE, [AMMONIUM]),
    "cube 2.4 nm, both": ("CsPbBr3", cube(2.4), LOOSE, [ACETATE, AMMONIUM]),
    "cube 4.2 nm, both": (
        "CsPbBr3",
        cube(4.18),
        LOOSE,
        [ACETATE, {"name": "butylammonium", "of_sites": [0.2, 1]}],
    ),
    "PbS 3 nm, propionate and chloride": (
        "PbS",
        ec.Sphere(diameter_nm=3),
        {},
        [{**PROPIONATE, "per_nm2": [2, 4]}, {"name": "chloride", "per_nm2": [0.5, 4]}],
    ),
    "PbS 4.2 nm, propionate": (
        "PbS",
        ec.Sphere(diameter_nm=4.2),
        {},
        [{**PROPIONATE, "per_nm2": [3, 4]}],
    ),
    "PbS 4.2 nm, propionate and chloride": (
        "PbS",
        ec.Sphere(diameter_nm=4.2),
        {},
        [{**PROPIONATE, "per_nm2": 3}, {"name": "chloride", "per_nm2": 0.5}],
    ),
}


def told(model: ec.Model, seconds: float) -> str:
    """Return what is found of a model, in two lines."""
    cover, optimum = model.report.ligands, model.report.optimum
    kinds = ", ".join(
        f"{kind.n_placed} {name} ({kind.of_sites:.0%} of its sites, {kind.per_nm2:.2f} per nm²)"
        for name, kind in cover.kinds.items()
    )
    contact = cover.nearest
    memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return (
        f"{model.formula}, {model.net_charge:+d} e, {model.n_atoms} atoms; {kinds}\n"
        f"   edits {optimum.objective:.1f} Å, gap {optimum.gap:.1e}; "
        f"{cover.filled_bonds} bonds filled, at most {cover.spare_bonds} more; nearest "
        f"{contact.pair} {contact.distance_a:.2f} Å, {contact.of_radii:.2f} of the radii; "
        f"{seconds:.1f} s, up to {memory_gb:.2f} GB"
    )


def came_off(before: ec.Model, after: ec.Model) -> tuple[int, int]:
    """Return how many ligands came off, and how many there are."""
    is_ligand = np.char.startswith(before.domains, "ligand:")
    number = before.ion_of
    off, every = 0, np.unique(number[is_ligand])
    for ion in every.tolist():
        atoms = np.flatnonzero(number == ion)
        charge = int(before.charges[atoms].sum())
        partner = ~is_ligand & (before.charges < 0 if charge > 0 else before.charges > 0)
        heavy = atoms[before.symbols[atoms] != "H"]
        nearest = [
            cKDTree(model.positions_a[partner]).query(model.positions_a[heavy])[0].min()
            for model in (before, after)
        ]
        off += int(nearest[1] > OFF * nearest[0])
    return off, len(every)


def main() -> None:
    """Carve, tell, and relax if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(CASES), help="which, by their names")
    parser.add_argument("--beside", type=Path, help="xyz file of a model to compare with")
    parser.add_argument("--xtb", type=int, default=0, help="steps of a relaxation of the smallest")
    parser.add_argument("--out", type=Path, help="where models are written")
    arguments = parser.parse_args()
    for name in arguments.names:
        crystal, shape, balance, ligands = CASES[name]
        start = time.process_time()
        model = ec.carve(ec.crystal(crystal), shape, balance, ligands=ligands)
        print(f"{name}: {told(model, time.process_time() - start)}", flush=True)
        if arguments.out is not None:
            model.write(arguments.out / name.replace(",", "").replace(" ", "-"))
        if arguments.xtb and name == SMALLEST:
            relaxed = relax(model, XtbSettings(max_steps=arguments.xtb))
            off, every = came_off(model, relaxed)
            print(f"   GFN1-xTB, {arguments.xtb} steps at most: {off} of {every} ligands came off")
    if arguments.beside is not None:
        rows = [line.split() for line in arguments.beside.read_text().splitlines()[2:]]
        counts = Counter(row[0] for row in rows if len(row) == 4)
        print(f"{arguments.beside.name}: " + " ".join(f"{s}{n}" for s, n in counts.items()))


if __name__ == "__main__":
    main()
