"""Measure what a cutoff costs in energy, forces and gap: docs/cutoffs.csv and its table.

Run as ``python benchmarks/cutoffs.py FOLDER``, with CP2K on the PATH. FOLDER keeps the runs, so
that a second call goes on where the first one ended; a quarter of an hour on one free core.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.library import bundled_crystal
from epicarve.dft.output import read_output
from epicarve.dft.run import PROGRAM, local_environment
from epicarve.dft.settings import PeriodicSettings, Stage
from epicarve.dft.write import System, stage_input
from epicarve.units import A_PER_BOHR, EV_PER_HARTREE

if TYPE_CHECKING:
    from numpy.typing import NDArray

START_RY = 200.0
"""Cutoff of the run whose orbitals all others start from."""

REFERENCE_RY = 600.0
CUTOFFS_RY = (150.0, 200.0, 250.0, 300.0, 400.0)
SHIFT = 0.5
"""Part of the distance of grid points by which all atoms are moved, along all three axes."""

RATTLE_A = 0.12
"""Standard deviation in Å of the random displacements that give the atoms forces."""

TABLE = Path(__file__).parents[1] / "docs" / "cutoffs.csv"


@dataclass(frozen=True)
class Errors:
    """How a run differs from the one at the reference cutoff.

    Parameters
    ----------
    system : str
        What was computed.
    cutoff_ry : float
        CUTOFF of the input.
    grid_ry : float
        What the grid holds; CP2K rounds its points up, which counts in small cells.
    energy_mev : float
        Difference of the energies for each atom in meV.
    force_mev_a : float
        Largest difference of a component of a force, in meV/Å.
    gap_mev : float
        Difference of the gaps in meV.
    egg_box_mev, egg_box_force_mev_a : float
        Change of the energy of the whole system, and the largest of a force, when the atoms are
        moved by half of the distance of the grid points.
    """

    system: str
    cutoff_ry: float
    grid_ry: float
    energy_mev: float
    force_mev_a: float
    gap_mev: float
    egg_box_mev: float
    egg_box_force_mev_a: float


@dataclass(frozen=True)
class Run:
    """What a finished run says: energy and gap in eV, forces in eV/Å, points of the grid."""

    energy_ev: float
    gap_ev: float
    forces_ev_a: NDArray[np.float64]
    n_points: int


def rattled(system: System) -> System:
    """Displace the atoms at random, the same way each time."""
    noise = np.random.default_rng(0).normal(scale=RATTLE_A, size=system.positions_a.shape)
    return moved(system, noise)


def moved(system: System, shift_a: NDArray[np.float64]) -> System:
    """Displace atoms."""
    return System(
        system.title, system.symbols, system.positions_a + shift_a, system.cell_a, system.dimensions
    )


def perovskite(halide: str, lattice_a: float) -> System:
    """Return a cubic cell of CsPbX3."""
    symbols = ("Cs", "Pb", halide, halide, halide)
    corner = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5]]
    cell_a = np.eye(3) * lattice_a
    return System(f"CsPb{halide}3", symbols, np.array(corner) @ cell_a, cell_a, 3)


def systems() -> list[System]:
    """Return crystals that hold each element."""
    return [
        rattled(perovskite("Cl", 5.605)),
        rattled(perovskite("Br", 5.87)),
        rattled(perovskite("I", 6.29)),
        rattled(System.of_crystal(bundled_crystal("PbS"))),
    ]


START = Stage(1, "ground-state", None, None)


def computed(system: System, cutoff_ry: float, folder: Path, name: str) -> Run:
    """Run CP2K unless it has run, and read what it found."""
    stage = START if name == START.folder else Stage(2, "ground-state", None, START)
    where = folder / name
    where.mkdir(parents=True, exist_ok=True)
    output = where / "run.out"
    if not output.is_file() or not read_output(output).ended:
        settings = PeriodicSettings(relax=None, cutoff_ry=cutoff_ry, eps_scf=1e-7)
        text = stage_input(system, settings, stage)
        (where / "ground-state.xyz").write_text(system.xyz_text(), encoding="utf-8")
        (where / "run.inp").write_text(with_prints(text), encoding="utf-8")
        output.unlink(missing_ok=True)
        subprocess.run(
            [PROGRAM, "-i", "run.inp", "-o", "run.out"],
            cwd=where,
            env={**local_environment(None), "OMP_NUM_THREADS": os.environ["OMP_NUM_THREADS"]},
            check=True,
        )
    found = read_output(output)
    found.require_sound()
    states = np.concatenate([np.loadtxt(path)[:, 1:3] for path in where.glob("*-k1-1.pdos")])
    energies_ev, filled = states[:, 0] * EV_PER_HARTREE, states[:, 1] > 1.0
    points = re.findall(r"PW_GRID\|\s+Bounds\s+1\s.*Points:\s+(\d+)", output.read_text())
    return Run(
        found.energy_hartree * EV_PER_HARTREE,
        energies_ev[~filled].min() - energies_ev[filled].max(),
        np.array(found.forces_hartree_bohr) * EV_PER_HARTREE / A_PER_BOHR,
        max(map(int, points)),
    )


def with_prints(text: str) -> str:
    """Let a run tell its forces, its empty states and its grid."""
    for old, new in (
        ("RUN_TYPE ENERGY\n", "RUN_TYPE ENERGY_FORCE\n"),
        ("PRINT_LEVEL LOW", "PRINT_LEVEL MEDIUM"),
        ("&DFT\n", "&DFT\n&PRINT\n&PDOS\n&END PDOS\n&END PRINT\n"),
        ("&SCF\n", "&SCF\nADDED_MOS 4\n"),
    ):
        text = text.replace(old, new, 1)
    return text


def errors_of(system: System, cutoff_ry: float, reference: Run, folder: Path) -> Errors:
    """Compare a cutoff to the reference, and to itself with the atoms moved."""
    run = computed(system, cutoff_ry, folder, f"{cutoff_ry:g}")
    length_a = float(system.cell_a[0, 0])
    shift_a = np.full(3, SHIFT * length_a / run.n_points)
    shifted = computed(moved(system, shift_a), cutoff_ry, folder, f"{cutoff_ry:g}-shifted")
    return Errors(
        system=system.title,
        cutoff_ry=cutoff_ry,
        grid_ry=round((np.pi * run.n_points * A_PER_BOHR / length_a) ** 2, 1),
        energy_mev=round(1e3 * (run.energy_ev - reference.energy_ev) / system.n_atoms, 4),
        force_mev_a=round(1e3 * np.abs(run.forces_ev_a - reference.forces_ev_a).max(), 3),
        gap_mev=round(1e3 * (run.gap_ev - reference.gap_ev), 3),
        egg_box_mev=round(1e3 * (shifted.energy_ev - run.energy_ev), 4),
        egg_box_force_mev_a=round(1e3 * np.abs(shifted.forces_ev_a - run.forces_ev_a).max(), 3),
    )


def main() -> None:
    """Run what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows: list[Errors] = []
    for system in systems():
        where = folder / f"{system.title}-3d"
        computed(system, START_RY, where, START.folder)
        reference = computed(system, REFERENCE_RY, where, f"{REFERENCE_RY:g}")
        rows += [errors_of(system, cutoff, reference, where) for cutoff in CUTOFFS_RY]
        for row in rows[-len(CUTOFFS_RY) :]:
            print(*vars(row).values(), sep="\t", flush=True)
    with TABLE.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(vars(rows[0])), lineterminator="\n")
        table.writeheader()
        table.writerows(vars(row) for row in rows)


if __name__ == "__main__":
    main()
