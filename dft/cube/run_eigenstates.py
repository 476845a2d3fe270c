"""Single orbitals that are states: eigenstates of the Kohn-Sham matrix, of any run.

After an orbital transformation (OT) a .wfn file holds the occupied space in any rotation: none of
its orbitals is a state, and CP2K before 2026.1 leaves zeros for their energies, in its Molden file
too. Its text of &MO holds them rotated; the Kohn-Sham matrix of &KS_CSR_WRITE rotates them here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.orbitals import NO_ENERGY_EV, overlap_matrix
from epicarve.dft.read import (
    read_kohn_sham,
    read_molden,
    read_molog,
    require_right_energies,
)
from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from epicarve.arrays import Floats
    from epicarve.dft.orbitals import Orbitals
    from epicarve.dft.read import AtomBasis, RunFiles, Wfn

RESIDUAL_HARTREE = 1e-2
"""Largest element of K C − S C (Cᵀ K C) that an SCF may leave; more means another run's matrix."""


@dataclass(frozen=True)
class Eigenstates:
    """States of one spin, whose coefficients are read on demand.

    Parameters
    ----------
    path : Path
        The file that they are from.
    basis : AtomBasis
        Atoms and basis functions.
    energies_ev, occupations : ndarray of float, shape (n_states,)
        Energies in eV, ascending, and occupations.
    full : float
        Electrons in a full state, 2 or 1.
    column : callable
        Gives the coefficients of a state, numbered from 0, shape (n_functions,).
    """

    path: Path
    basis: AtomBasis
    energies_ev: Floats
    occupations: Floats
    full: float
    column: Callable[[int], Floats]


def eigenstates(files: RunFiles, wfn: Wfn, basis: AtomBasis, spin: int) -> Eigenstates:
    """Return the states of one spin of a run.

    Parameters
    ----------
    files : RunFiles
        Its files.
    wfn : Wfn
        That with its orbitals.
    basis : AtomBasis
        Its atoms and basis functions.
    spin : int
        0 for alpha or restricted, 1 for beta.

    Returns
    -------
    Eigenstates
        Those of the .wfn file; where it holds none, those of the newest text or Molden file beside
        it, or what the Kohn-Sham matrix beside it makes of the occupied orbitals.

    Raises
    ------
    InputError
        If the orbitals are no states, and nothing beside them tells how to rotate them.
    """
    own = wfn.spins[spin]
    full = 2.0 / len(wfn.spins)
    if np.abs(own.energies_ev).max(initial=0.0) >= NO_ENERGY_EV:
        return Eigenstates(
            wfn.path,
            basis,
            own.energies_ev,
            own.occupations,
            full,
            lambda state: wfn.coefficients(spin, state, state + 1)[:, 0],
        )
    for path in (*files.text, *files.molden):
        found = read_molden(path) if path.suffix == ".molden" else None
        orbitals = found.orbitals if found else read_molog(path)
        if np.abs(orbitals.energies_ev).max(initial=0.0) >= NO_ENERGY_EV:
            require_right_energies(orbitals, files.run)
            return _of_orbitals(orbitals, found.basis if found else basis, spin, wfn)
    matrices = files.folder.glob(f"{files.project}-KS_SPIN_{spin + 1}-*.csr")
    matrix = max(matrices, key=lambda path: path.stat().st_mtime_ns, default=None)
    if matrix is not None:
        return _rotated(wfn, basis, spin, matrix)
    raise InputError(
        f"{wfn.path}: its orbitals are no states but any rotation of the occupied ones, as an "
        "orbital transformation (&OT) leaves them; name the folder of a stage that diagonalises, "
        "of a chain 4-states, or rerun this one with &KS_CSR_WRITE in &PRINT of &DFT"
    )


def _of_orbitals(orbitals: Orbitals, basis: AtomBasis, spin: int, wfn: Wfn) -> Eigenstates:
    """Return the states of another file, which must be of the run of a .wfn file."""
    mine = np.flatnonzero(orbitals.spins == spin)
    n_spins = len(np.unique(orbitals.spins))
    if len(orbitals.atom_of_function) != wfn.n_functions or n_spins != len(wfn.spins):
        raise InputError(
            f"{orbitals.path}: it is not of the run of {wfn.path.name}, which has "
            f"{wfn.n_functions} basis functions and {len(wfn.spins)} spins; keep the files of one "
            "run"
        )
    return Eigenstates(
        orbitals.path,
        basis,
        orbitals.energies_ev[mine],
        orbitals.occupations[mine],
        2.0 / n_spins,
        lambda state: np.asarray(orbitals.coefficients[:, mine[state]]),
    )


def _rotated(wfn: Wfn, basis: AtomBasis, spin: int, path: Path) -> Eigenstates:
    """Diagonalise the Kohn-Sham matrix among the occupied orbitals of a .wfn file."""
    own = wfn.spins[spin]
    orbitals = wfn.coefficients(spin, 0, len(own.energies_ev))
    matrix = read_kohn_sham(path, wfn.n_functions)
    image = matrix @ orbitals
    block = orbitals.T @ image
    overlap = overlap_matrix(basis.positions_bohr, basis.shells, basis.translations_bohr)
    if not np.abs(image - overlap @ (orbitals @ block)).max() < RESIDUAL_HARTREE:
        raise InputError(
            f"{path}: it is not the Kohn-Sham matrix of the orbitals in {wfn.path.name}; keep the "
            "files of one run"
        )
    energies, rotation = np.linalg.eigh(0.5 * (block + block.T))
    states = orbitals @ rotation
    return Eigenstates(
        path,
        basis,
        energies * EV_PER_HARTREE,
        own.occupations,
        2.0 / len(wfn.spins),
        lambda state: np.asarray(states[:, state]),
    )
