"""Ions moved for their energy: point charges, wrong sites, dipole, fidelity, time, GFN1-xTB.

The three models of the study, its film carved by itself (with the energy over that of the same ions
in bulk, also with other options) and two more spheres; with --xtb also GFN1-xTB single points of
small cuts, some minutes with the reference BLAS. Run with

    python benchmarks/relocation.py [--xtb]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers

import epicarve as ec
from epicarve.blas import load_fast_blas
from epicarve.builder.point_charges import electrostatics
from epicarve.units import A_PER_BOHR, EV_PER_HARTREE

EXAMPLES = Path(__file__).parents[1] / "examples"
STUDY = ("pb3s2cl2-sphere", "pb4s3cl2-hemisphere", "pb4s3cl2-cspbcl3")
OFF_CENTRE = (0.1, 0.2, 0.3)
SPHERES = (("Pb4S3Cl2", 4.2, (0.0, 0.0, 0.0)), ("PbS", 4.2, OFF_CENTRE))
CUTS = (
    ("Pb4S3Cl2", 1.6, (0.0, 0.0, 0.0)),
    ("PbS", 1.7, OFF_CENTRE),
    ("Pb4S3Cl2", 1.75, (0.0, 0.0, 0.0)),
    ("Pb3S2Cl2", 1.8, (0.0, 0.0, 0.0)),
    ("Pb3S2Cl2", 2.0, (0.0, 0.0, 0.0)),
)


def told(name: str, model: ec.Model, seconds: float) -> str:
    """Put a model's moves into a line."""
    moved, optimum = model.report.relocation, model.report.optimum
    return (
        f"{name}: {model.n_atoms} ions, {moved.n_moved} moved, {-moved.gained_ev:.0f} eV "
        f"({-moved.without_dipole_limit.gained_ev:.0f} eV at "
        f"{moved.without_dipole_limit.dipole_debye:.0f} D without a limit), dipole "
        f"{moved.dipole_debye_before:.0f} -> {moved.dipole_debye:.0f} D, wrong sites "
        f"{moved.n_wrong_sign_before} -> {moved.n_wrong_sign}, fidelity "
        f"{optimum.fidelity_a:.1f} -> {moved.fidelity_a:.1f} Å, gap {optimum.gap:.1e}, "
        f"{model.diameter_nm:.2f} nm, {seconds:.1f} s"
    )


def timed(make, *arguments):
    """Return what a function makes, and its processor time in s."""
    start = time.process_time()
    made = make(*arguments)
    return made, time.process_time() - start


def sphere(name: str, diameter_nm: float, centre, relocations: int | None = None) -> ec.Model:
    """Return a sphere of a bundled crystal."""
    shape = ec.Sphere(diameter_nm=diameter_nm, centre=centre)
    return ec.carve(ec.crystal(name), shape, {"relocations": relocations})


def film(**balance) -> ec.Model:
    """Return the film of the study's particle, carved by itself."""
    half = ec.Hemisphere(diameter_nm=4.2, hkl=(0, 1, 0), termination="Pb")
    return ec.carve(ec.crystal("Pb4S3Cl2"), half, balance)


def over_bulk_ev(model: ec.Model) -> float:
    """Return the energy of the formal charges over that of the same ions on their bulk sites."""
    from pymatgen.analysis.ewald import EwaldSummation

    crystal = ec.crystal("Pb4S3Cl2")
    bulk = EwaldSummation(crystal.to_pymatgen(), acc_factor=10)
    of_site = np.array([bulk.get_site_energy(i) for i in range(len(crystal.symbols))])
    return electrostatics(model).energy_ev - float(of_site[model.sites].sum())


def xtb_energy_and_gap_ev(model: ec.Model) -> tuple[float, float]:
    """Return energy and gap of a model by a GFN1-xTB single point."""
    load_fast_blas()
    from tblite.interface import Calculator

    numbers = np.array([atomic_numbers[symbol] for symbol in model.symbols.tolist()])
    calculator = Calculator("GFN1-xTB", numbers, model.positions_a / A_PER_BOHR)
    calculator.set("verbosity", 0)
    calculator.set("max-iter", 500)
    found = calculator.singlepoint()
    levels, filled = found.get("orbital-energies"), found.get("orbital-occupations")
    gap = levels[filled < 1.0].min() - levels[filled >= 1.0].max()
    return float(found.get("energy")) * EV_PER_HARTREE, float(gap) * EV_PER_HARTREE


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xtb", action="store_true")
    for name in STUDY:
        built, seconds = timed(ec.build, EXAMPLES / f"{name}.yaml")
        print(told(name, built.model, seconds), flush=True)
        if name == "pb4s3cl2-hemisphere":
            print(f"  {over_bulk_ev(built.model):.1f} eV over bulk, the film alone", flush=True)
    for name, diameter_nm, centre in SPHERES:
        model, seconds = timed(sphere, name, diameter_nm, centre)
        print(told(f"{name} {diameter_nm:g} nm", model, seconds), flush=True)
    for balance in ({}, {"strong_bonds": False}, {"free_dipole_v": 100.0}):
        model, seconds = timed(lambda: film(**balance))  # noqa: B023  (called at once)
        print(told(f"film by itself {balance or ''}", model, seconds))
        still = over_bulk_ev(film(relocations=0, **balance))
        print(f"  {still:.1f} -> {over_bulk_ev(model):.1f} eV over bulk", flush=True)
    for case in CUTS if parser.parse_args().xtb else ():
        still, moved = sphere(*case, relocations=0), sphere(*case)
        before, after = xtb_energy_and_gap_ev(still), xtb_energy_and_gap_ev(moved)
        print(
            told(f"{case[0]} {case[1]:g} nm", moved, 0.0).rpartition(",")[0]
            + f"; GFN1-xTB {after[0] - before[0]:+.1f} eV, "
            f"gap {before[1]:.2f} -> {after[1]:.2f} eV",
            flush=True,
        )


if __name__ == "__main__":
    main()
