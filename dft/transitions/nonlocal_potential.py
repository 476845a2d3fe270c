"""The nonlocal part of the pseudopotentials of a model, and what it adds to velocities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag as dense_block_diag
from scipy.sparse import block_diag, csr_array

from epicarve.dft.orbitals import project

from .matrix_elements import ATOMS_AT_ONCE, own_positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.dft.orbitals import GaussianShell
    from epicarve.dft.pseudopotentials import Projectors


@dataclass(frozen=True)
class NonlocalPotential:
    """``V = Σ_l Σ_ij Σ_m |p_i^lm⟩ h_ij ⟨p_j^lm|`` of all atoms of a finite model.

    C. Hartwigsen, S. Goedecker and J. Hutter, Phys. Rev. B 58, 3641 (1998), equation 2.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    shells : tuple of tuple of GaussianShell, length n_atoms
        Basis functions of each atom.
    of_atoms : tuple of tuple, length n_atoms
        Of each atom its projectors and the functions that r times these are made of; the matrix h
        in hartree, shape (n_projectors, n_all); and how r from the own atom makes projectors of
        all these, shape (3, n_projectors, n_all), in bohr.
    """

    positions_bohr: Floats
    shells: tuple[tuple[GaussianShell, ...], ...]
    of_atoms: tuple[_OfAtom, ...]

    @classmethod
    def of(
        cls,
        positions_bohr: Floats,
        shells: Sequence[tuple[GaussianShell, ...]],
        projectors: Sequence[tuple[Projectors, ...]],
    ) -> NonlocalPotential:
        """Take the projectors of each atom.

        Parameters
        ----------
        positions_bohr : ndarray of float, shape (n_atoms, 3)
            Coordinates in bohr.
        shells : sequence of tuple of GaussianShell, length n_atoms
            Basis functions of each atom.
        projectors : sequence of tuple of Projectors, length n_atoms
            Of each atom, () where there are none.
        """
        of_kind = {each: _of_atom(each) for each in dict.fromkeys(projectors)}
        return cls(positions_bohr, tuple(shells), tuple(of_kind[each] for each in projectors))

    def commutator(self, bras: Floats, kets: Floats) -> Floats:
        """Compute ``⟨i|[r, V]|j⟩`` between real orbitals.

        Parameters
        ----------
        bras, kets : ndarray of float, shape (n_functions, n_bras) and (n_functions, n_kets)
            Coefficients of the orbitals.

        Returns
        -------
        ndarray of float, shape (3, n_bras, n_kets)
            In hartree·bohr, along x, y and z. The place of the atom drops out, as both projectors
            of a term are on one atom.
        """
        n_bras = bras.shape[1]
        orbitals = np.concatenate([bras, kets], axis=1)
        found = np.zeros((3, n_bras, kets.shape[1]))
        for start in range(0, len(self.shells), ATOMS_AT_ONCE):
            some = range(start, min(start + ATOMS_AT_ONCE, len(self.shells)))
            projected = project(
                self.positions_bohr,
                self.shells,
                [each if i in some else () for i, (each, _, _) in enumerate(self.of_atoms)],
                orbitals,
            )
            weighted = _blocks([self.of_atoms[i][1] for i in some]) @ projected
            for axis in range(3):
                along = _blocks([self.of_atoms[i][2][axis] for i in some]) @ projected
                found[axis] += along[:, :n_bras].T @ weighted[:, n_bras:]
                found[axis] -= weighted[:, :n_bras].T @ along[:, n_bras:]
        return found


_OfAtom = tuple["tuple[GaussianShell, ...]", "Floats", "Floats"]


def _of_atom(projectors: tuple[Projectors, ...]) -> _OfAtom:
    """Return the projectors of an atom and r times these as shells, strengths and factors."""
    shells = tuple(shell for each in projectors for shell in each.shells)
    if not shells:
        return (), np.zeros((0, 0)), np.zeros((3, 0, 0))
    others, factors = own_positions(shells)
    strengths = [np.kron(each.matrix, np.eye(2 * each.angular + 1)) for each in projectors]
    n = factors.shape[1]
    of_others = np.pad(factors, ((0, 0), (0, 0), (n, 0)))
    own = np.pad(dense_block_diag(*strengths), ((0, 0), (0, factors.shape[2])))
    return shells + others, own, of_others


def _blocks(matrices: Sequence[Floats]) -> csr_array:
    """Return a matrix of blocks on the diagonal."""
    return csr_array(block_diag(matrices, format="csr"))
