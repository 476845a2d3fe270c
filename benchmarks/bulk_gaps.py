"""Gaps of bulk CsPbCl3 and PbS with spin-orbit coupling, from runs of CP2K with k-points.

Lattice constants, k-points, cutoff and the first of the two basis sets and potentials are those of
the public bulk tables of the study's group (nlesc-nano/QDEX on GitHub, benchmarks/bulk_bands); the
gaps there stand beside. A gap is negative if conduction states fall below valence states. Both lie
at a corner of the zone, R and L, where e^(ik·T) is 1 or -1. CP2K prints its matrices between the
cell and each of its images. Their sum with these signs has real Bloch states, which are orbitals of
a supercell of 2 × 2 × 2 cells at its Γ point. A quarter of an hour with one core. Run with

    python benchmarks/bulk_gaps.py FOLDER [--pack]

which packs the Bloch states of the first settings into tests/fixtures.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import tarfile
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from ase import Atoms
from ase.build import bulk
from scipy.linalg import eigh

from epicarve.dft.cp2k_input import entries
from epicarve.dft.orbitals import overlap_matrix, read_basis_set
from epicarve.dft.spin_orbit import SpinOrbitPotential, coupled_states, known_projectors
from epicarve.units import A_PER_BOHR, EV_PER_HARTREE

if TYPE_CHECKING:
    from epicarve.arrays import Floats

DATA = Path("/usr/share/cp2k")
FIXTURE = Path(__file__).parents[1] / "tests/fixtures/cp2k-bulk-corners.tar.xz"
ELECTRONS = {"Pb": 4, "S": 6, "Cl": 7, "Cs": 9}
SETTINGS = {
    "group": ("DZVP-MOLOPT-PBE-GTH", "BASIS_MOLOPT_UZH", "POTENTIAL_UZH"),
    "chain": ("DZVP-MOLOPT-SR-GTH", "BASIS_MOLOPT", "GTH_POTENTIALS"),
    "between": ("DZVP-MOLOPT-SR-GTH", "BASIS_MOLOPT", "POTENTIAL_UZH"),
    "larger": ("TZV2P-MOLOPT-PBE-GTH", "BASIS_MOLOPT_UZH", "POTENTIAL_UZH"),
}
"""Basis set, its file and that of potentials."""

INPUT = """&GLOBAL
  PROJECT run
  RUN_TYPE ENERGY
  PRINT_LEVEL MEDIUM
&END GLOBAL
&FORCE_EVAL
  METHOD QUICKSTEP
  &DFT
    BASIS_SET_FILE_NAME {file}
    POTENTIAL_FILE_NAME {potentials}
    &MGRID
      CUTOFF 400
    &END MGRID
    &QS
      EPS_DEFAULT 1e-12
    &END QS
    &KPOINTS
      SCHEME MONKHORST-PACK {k} {k} {k}
      SYMMETRY ON
      FULL_GRID ON
    &END KPOINTS
    &XC
      &XC_FUNCTIONAL PBE
      &END XC_FUNCTIONAL
    &END XC
    &SCF
      EPS_SCF 1e-6
      MAX_SCF 100
      ADDED_MOS 10
      &MIXING
        METHOD BROYDEN_MIXING
        ALPHA 0.3
      &END MIXING
    &END SCF
    &PRINT
      &KS_CSR_WRITE
        REAL_SPACE ON
        THRESHOLD 1e-12
      &END KS_CSR_WRITE
      &S_CSR_WRITE
        REAL_SPACE ON
        THRESHOLD 1e-12
      &END S_CSR_WRITE
    &END PRINT
  &END DFT
  &SUBSYS
    &CELL
{cell}
    &END CELL
    &COORD
      SCALED
{atoms}
    &END COORD
{kinds}
  &END SUBSYS
&END FORCE_EVAL
"""


class Crystal(NamedTuple):
    """A crystal as the group computed it, and its gaps in eV without and with coupling."""

    name: str
    atoms: Atoms
    k_points: int
    gaps_ev: tuple[float, float]


def crystals() -> list[Crystal]:
    """Return them, with no atom on a face of the cells that CP2K puts about the origin."""
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    chloride = Atoms("CsPbCl3", scaled_positions=sites, cell=5.6 * np.eye(3), pbc=True)
    found = [
        Crystal("CsPbCl3", chloride, 5, (1.7711, 0.8701)),
        Crystal("PbS", bulk("PbS", "rocksalt", a=5.94), 8, (0.2526, -0.0370)),
    ]
    for crystal in found:
        places = crystal.atoms.get_scaled_positions() + 0.1
        crystal.atoms.set_scaled_positions(places - np.rint(places))
    return found


def run(folder: Path, crystal: Crystal, settings: tuple[str, str, str]) -> None:
    """Run CP2K unless that was done."""
    folder.mkdir(parents=True, exist_ok=True)
    basis, file, potentials = settings
    atoms = crystal.atoms
    cell = zip("ABC", atoms.cell.array.tolist(), strict=True)
    scaled = zip(atoms.symbols, atoms.get_scaled_positions(wrap=False).tolist(), strict=True)
    kinds = [
        f"    &KIND {e}\n      BASIS_SET {basis}-q{ELECTRONS[e]}\n"
        f"      POTENTIAL GTH-PBE-q{ELECTRONS[e]}\n    &END KIND"
        for e in dict.fromkeys(atoms.symbols)
    ]
    text = INPUT.format(
        file=file,
        potentials=potentials,
        k=crystal.k_points,
        cell="\n".join(f"      {name} {x:.6f} {y:.6f} {z:.6f}" for name, (x, y, z) in cell),
        atoms="\n".join(f"      {e} {x:.6f} {y:.6f} {z:.6f}" for e, (x, y, z) in scaled),
        kinds="\n".join(kinds),
    )
    path, output = folder / "run.inp", folder / "run.out"
    is_there = output.exists() and "PROGRAM ENDED" in output.read_text()
    if not is_there or path.read_text() != text:
        path.write_text(text)
        command = ["cp2k.psmp", "-i", path.name, "-o", output.name]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def at_corner(folder: Path, name: str, n_functions: int) -> Floats:
    """Return a matrix at the corner of the zone where all three phases of the cell are -1."""
    lines = (folder / "run.out").read_text().partition("KS CSR write|")[2].splitlines()[2:]
    images = [words[1:] for words in map(str.split, lines[:2000]) if len(words) == 4]
    found = np.zeros((n_functions, n_functions))
    for number, image in enumerate(images, start=1):
        path = folder / f"run-{name}_SPIN_1_R_{number}-1_0.csr"
        if path.exists() and path.stat().st_size:
            row, column, value = np.loadtxt(path, ndmin=2).T
            sign = 1.0 - 2.0 * (sum(map(int, image)) % 2)
            np.add.at(found, (row.astype(int) - 1, column.astype(int) - 1), sign * value)
    upper = np.triu(found)
    return upper + np.triu(upper, 1).T


def bloch_states(folder: Path, atoms: Atoms, settings: tuple[str, str, str]) -> dict[str, Floats]:
    """Return energies in eV and orbitals of the supercell at the corner, with its places in Å."""
    basis, file, _ = settings
    shells = [read_basis_set([DATA / file], e, f"{basis}-q{ELECTRONS[e]}") for e in atoms.symbols]
    n = sum(shell.n_functions for of_atom in shells for shell in of_atom)
    energies, orbitals = eigh(at_corner(folder, "KS", n), at_corner(folder, "S", n))
    cells = np.array(list(product((0, 1), repeat=3)))
    signs = 1.0 - 2.0 * (cells.sum(axis=1) % 2)
    found = {
        "energies_ev": energies * EV_PER_HARTREE,
        "orbitals": np.concatenate([sign / np.sqrt(8.0) * orbitals for sign in signs]),
        "positions_a": np.concatenate([atoms.positions + c @ atoms.cell.array for c in cells]),
        "cell_a": 2.0 * atoms.cell.array,
    }
    overlap = overlap_matrix(
        found["positions_a"] / A_PER_BOHR, shells * 8, found["cell_a"] / A_PER_BOHR
    )
    products = found["orbitals"].T @ (overlap @ found["orbitals"])
    assert np.abs(products - np.eye(n)).max() < 1e-4, "signs of images and atoms do not fit"
    potential = SpinOrbitPotential.of(
        found["positions_a"] / A_PER_BOHR,
        shells * 8,
        [known_projectors(e, f"GTH-PBE-q{ELECTRONS[e]}") for e in atoms.symbols] * 8,
        found["cell_a"] / A_PER_BOHR,
    )
    between_ev = potential.between(found["orbitals"])
    coupled = coupled_states(found["energies_ev"], between_ev)
    is_empty = np.arange(n) >= sum(ELECTRONS[e] for e in atoms.symbols) // 2
    of_empty = is_empty @ coupled.weights(np.eye(n))
    found["gaps_ev"] = np.array(
        [
            signed_gap_ev(found["energies_ev"], is_empty.astype(float)),
            signed_gap_ev(coupled.energies_ev, of_empty),
        ]
    )
    return found


def signed_gap_ev(energies_ev: Floats, of_empty: Floats) -> float:
    """Return the lowest level that is mostly empty states minus the highest of occupied ones."""
    return float(energies_ev[of_empty > 0.5].min() - energies_ev[of_empty <= 0.5].max())


def pack(parts: dict[str, tuple[Path, Atoms, dict[str, Floats]]]) -> None:
    """Put Bloch states of one cell, inputs and basis sets into the fixture of the tests."""
    files: dict[str, bytes] = {}
    basis, file, _ = SETTINGS["group"]
    known = entries(DATA / file)
    names = [(e, f"{basis}-q{n}") for e, n in ELECTRONS.items()]
    tables = [f"{e} {name}\n{known[e.upper(), name.upper()]}" for e, name in names]
    files[file] = "\n".join(tables).encode()
    for name, (folder, atoms, found) in parts.items():
        files[f"{name}/run.inp"] = (folder / "run.inp").read_bytes()
        n = len(found["energies_ev"])
        text = io.BytesIO()
        columns = np.vstack([found["energies_ev"], np.sqrt(8.0) * found["orbitals"][:n]])
        np.savetxt(text, columns, fmt="%.9f")
        files[f"{name}/states.txt"] = text.getvalue()
        atoms.write(text := io.StringIO(), format="extxyz")
        files[f"{name}/cell.extxyz"] = text.getvalue().encode()
    with tarfile.open(FIXTURE, "w:xz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def main() -> None:
    """Print the gaps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pack", action="store_true", help="make the fixture anew")
    asked = parser.parse_args()
    packed = {}
    for which, settings in SETTINGS.items():
        for crystal in crystals():
            folder = asked.folder / which / crystal.name
            run(folder, crystal, settings)
            found = bloch_states(folder, crystal.atoms, settings)
            print(
                f"{crystal.name}, {settings[0]}, {settings[2]}: "
                f"{found['gaps_ev'].round(4).tolist()} eV without and with coupling; the group has "
                f"{list(crystal.gaps_ev)} eV",
                flush=True,
            )
            if which == "group":
                packed[crystal.name] = folder, crystal.atoms, found
    if asked.pack:
        pack(packed)


if __name__ == "__main__":
    main()
