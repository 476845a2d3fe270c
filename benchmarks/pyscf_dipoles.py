"""Position integrals, oscillator strengths and their sum rule beside PySCF's.

H2O, H2, S2 and He in large basis sets; strengths between Hartree-Fock orbitals, and between those
of a local potential (nuclei and half of the Coulomb potential), for which they sum to the number of
electrons. PySCF is no part of epicarve: pip install pyscf. Run with

    python benchmarks/pyscf_dipoles.py
"""

from __future__ import annotations

import numpy as np
from pyscf import gto, scf
from scipy.linalg import eigh

from epicarve.dft.orbitals import GaussianShell, overlap_matrix
from epicarve.dft.transitions import position_between

MOLECULES = (
    ("H2O", "O 0.1 0.2 0.3; H 0.1 0.9584 0.3; H 1.05 -0.05 0.1", "aug-cc-pvtz"),
    ("H2", "H 0 0 0; H 0 0 0.74", "aug-cc-pvqz"),
    ("S2", "S 0 0 0; S 0.3 1.1 1.7", "cc-pvtz"),
    ("He", "He 0 0 0", "aug-cc-pv5z"),
)


def shells_of(molecule: gto.Mole) -> list[tuple[GaussianShell, ...]]:
    """Shells of each atom, by angular momentum, as PySCF orders them."""
    every = []
    for atom in range(molecule.natm):
        found = [
            GaussianShell(
                angular, tuple(row[0] for row in rows), tuple(row[column] for row in rows)
            )
            for angular, *rows in molecule._basis[molecule.atom_symbol(atom)]
            for column in range(1, len(rows[0]))
        ]
        every.append(tuple(sorted(found, key=lambda shell: shell.angular)))
    return every


def order_of(shells: list[tuple[GaussianShell, ...]]) -> np.ndarray:
    """Where each function stands in PySCF, which has p functions as x, y, z."""
    order: list[int] = []
    for shell in (shell for of_atom in shells for shell in of_atom):
        first = len(order)
        own = (1, 2, 0) if shell.angular == 1 else range(shell.n_functions)
        order += [first + place for place in own]
    return np.array(order)


def main() -> None:
    """Print a line for each molecule, and one for each set of its orbitals."""
    for name, atoms, basis in MOLECULES:
        molecule = gto.M(atom=atoms, basis=basis, verbose=0)
        shells, places = shells_of(molecule), molecule.atom_coords()
        order, overlap = order_of(shells), overlap_matrix(places, shells)
        every = np.eye(len(order))
        ours = position_between(places, shells, every, every)
        ours += places.mean(axis=0)[:, None, None] * overlap.toarray()
        theirs = molecule.intor("int1e_r")
        error = np.abs(ours - theirs[:, order][:, :, order]).max()
        print(f"{name}, {basis}: {len(order)} functions, integrals within {error:.0e} bohr")
        if name == "S2":
            continue
        field = scf.RHF(molecule)
        field.kernel()
        core = molecule.intor("int1e_kin") + molecule.intor("int1e_nuc")
        local = eigh(core + 0.5 * field.get_j(), molecule.intor("int1e_ovlp"))
        n = molecule.nelectron // 2
        kinds = zip(
            ("Hartree-Fock", "local potential"),
            ((field.mo_energy, field.mo_coeff), local),
            strict=True,
        )
        for kind, (energies, orbitals) in kinds:
            bras, kets = np.hsplit(orbitals[order], [n])
            dipoles = position_between(places, shells, bras, kets)
            per_square = 4.0 / 3.0 * (energies[n:] - energies[:n, None])
            strengths = per_square * (dipoles**2).sum(axis=0)
            theirs_between = [orbitals[:, :n].T @ along @ orbitals[:, n:] for along in theirs]
            error = np.abs(strengths - per_square * np.square(theirs_between).sum(axis=0)).max()
            print(
                f"  {kind}: strengths within {error:.0e}, sum {strengths.sum():.3f} of "
                f"{molecule.nelectron} electrons"
            )


if __name__ == "__main__":
    main()
