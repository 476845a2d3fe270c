"""Particles covered with ligands: composition, coverage, contacts, what is proven, and the time.

Each is carved with its ligands in one optimisation. The composition stands beside that of any model
whose xyz file is given. With --xtb each is relaxed by GFN1-xTB for so many steps at most, written
into DIR/NAME/relaxed every few steps, from where the next run goes on, and compared with its start
as `epicarve structure` does. Run with

    python benchmarks/ligand_cover.py [NAME ...] [--beside FILE.xyz] [--xtb STEPS] [--out DIR]
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import epicarve as ec
from epicarve.analysis.compare import Comparison
from epicarve.dft.xtb import XtbSettings, relax

STEPS_AT_ONCE = 25
"""Steps of a relaxation between two savings."""


def cube(width_nm: float) -> ec.Box:
    """Return a cube that ends in CsBr."""
    odd = round(width_nm / 0.594863) % 2
    faces = [{"hkl": hkl, "length_nm": width_nm} for hkl in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    return ec.Box(faces=faces, centre=(0.5 * odd, 0.5 * odd, 0.5 * odd))


LOOSEST = {"ratio_tolerance": 0.9}
LOOSE = {"ratio_tolerance": 0.5}
ACETATE = {"name": "acetate", "of_sites": 0.5}
AMMONIUM = {"name": "butylammonium", "of_sites": [0.3, 1]}
PROPIONATE = {"name": "oleate", "length": 3}
BOTH_ON_PBS = [{**PROPIONATE, "per_nm2": [2, 4]}, {"name": "chloride", "per_nm2": [0.5, 4]}]

CASES = {
    "cube 1.2 nm, acetate": ("CsPbBr3", cube(1.21), LOOSEST, [ACETATE]),
    "cube 1.2 nm, butylammonium": ("CsPbBr3", cube(1.21), LOOSEST, [AMMONIUM]),
    "cube 1.2 nm, both": ("CsPbBr3", cube(1.21), LOOSEST, [ACETATE, AMMONIUM]),
    "cube 1.8 nm, acetate": ("CsPbBr3", cube(1.79), LOOSE, [ACETATE]),
    "cube 2.4 nm, acetate": ("CsPbBr3", cube(2.4), LOOSE, [ACETATE]),
    "cube 2.4 nm, butylammonium": ("CsPbBr3", cube(2.4), LOOSE, [AMMONIUM]),
    "cube 2.4 nm, both": ("CsPbBr3", cube(2.4), LOOSE, [ACETATE, AMMONIUM]),
    "cube 4.2 nm, 90 % acetate": (
        "CsPbBr3",
        cube(4.18),
        LOOSE,
        [{"name": "acetate", "of_sites": [0.9, 1]}],
    ),
    "cube 4.2 nm, both": (
        "CsPbBr3",
        cube(4.18),
        LOOSE,
        [ACETATE, {"name": "butylammonium", "of_sites": [0.2, 1]}],
    ),
    "PbS 1.5 nm, propionate and chloride": ("PbS", ec.Sphere(diameter_nm=1.5), {}, BOTH_ON_PBS),
    "PbS 3 nm, propionate and chloride": ("PbS", ec.Sphere(diameter_nm=3), {}, BOTH_ON_PBS),
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


def relaxed(model: ec.Model, steps: int, folder: Path) -> tuple[ec.Model, dict[str, float]]:
    """Relax a model from where the last run in the folder stopped; return it and what was done."""
    record = folder / "relaxed.json"
    if record.is_file():
        done = json.loads(record.read_text())
        now = replace(model, positions_a=ec.Model.read(folder).positions_a)
    else:
        start = relax(model, XtbSettings(max_steps=0)).report.relaxation
        done = {"steps": 0, "seconds": 0.0, "start_ev": start.energy_ev}
        now = model
    while done["steps"] < steps and not done.get("converged"):
        begin = time.process_time()
        now = relax(now, XtbSettings(max_steps=min(STEPS_AT_ONCE, steps - done["steps"])))
        end = now.report.relaxation
        done["seconds"] += time.process_time() - begin
        done["steps"] += end.n_steps
        done |= {"ev": end.energy_ev, "converged": end.converged, "ev_a": end.max_force_ev_a}
        now.write(folder)
        record.write_text(json.dumps(done))
    return now, done


def outcome(before: ec.Model, after: ec.Model, done: dict[str, float]) -> str:
    """Return what a relaxation did to the ligands and the ions, in lines."""
    found = Comparison.of(
        before.symbols, before.positions_a, after.symbols, after.positions_a, model=before
    ).as_dict()
    rmsd = ", ".join(f"{name} {value:.2f}" for name, value in found["rmsd_by"]["domain"].items())
    lines = [
        f"   GFN1-xTB: {done['steps']} steps, {'at rest' if done['converged'] else 'not at rest'}, "
        f"{done['ev'] - done['start_ev']:+.2f} eV, largest force {done['ev_a']:.3f} eV/Å; "
        f"rms shift in Å: {rmsd}; {done['seconds']:.0f} s"
    ]
    lines += [
        f"   {name}: {kind['bound_after']} of {kind['n']} bound, {kind['bound_before']} before; "
        f"{kind['came_off']} came off, {kind['moved']} moved, {kind['modes_before']} → "
        f"{kind['modes_after']}, nearest {kind['nearest_before_a']} → "
        f"{kind['nearest_after_a']} Å, {kind['changed_bonds']} with other covalent bonds"
        for name, kind in found["ligands"].items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Carve, tell, and relax if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(CASES), help="which, by their names")
    parser.add_argument("--beside", type=Path, help="xyz file of a model to compare with")
    parser.add_argument("--xtb", type=int, default=0, help="most steps of a relaxation")
    parser.add_argument("--out", type=Path, default=Path("covered"), help="where models go")
    arguments = parser.parse_args()
    for name in arguments.names:
        crystal, shape, balance, ligands = CASES[name]
        start = time.process_time()
        model = ec.carve(ec.crystal(crystal), shape, balance, ligands=ligands)
        print(f"{name}: {told(model, time.process_time() - start)}", flush=True)
        folder = arguments.out / name.replace(",", "").replace(" ", "-")
        model.write(folder)
        if arguments.xtb:
            print(outcome(model, *relaxed(model, arguments.xtb, folder / "relaxed")), flush=True)
    if arguments.beside is not None:
        rows = [line.split() for line in arguments.beside.read_text().splitlines()[2:]]
        counts = Counter(row[0] for row in rows if len(row) == 4)
        print(f"{arguments.beside.name}: " + " ".join(f"{s}{n}" for s, n in counts.items()))


if __name__ == "__main__":
    main()
