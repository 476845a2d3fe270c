"""The nonlocal part of the pseudopotentials of a model, and what it adds to velocities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag as dense_block_diag
from scipy.sparse import block_diag, csr_array

from epicarve.dft.orbitals import overlap_between

from .matrix_elements import own_positions

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
    projectors, moved : csr_array, shape (n_functions, n_projectors) and (n_functions, n_others)
        Overlap of basis functions with projectors, and with the functions that r times the
        projectors are made of.
    strengths : csr_array, shape (n_projectors, n_projectors)
        The matrix h in hartree.
    factors : tuple of csr_array, length 3, each of shape (n_projectors, n_others)
        How r from the own atom makes projectors of these functions, along x, y and z, in bohr.
    """

    projectors: csr_array
    moved: csr_array
    strengths: csr_array
    factors: tuple[csr_array, csr_array, csr_array]

    @classmethod
    def of(
        cls,
        positions_bohr: Floats,
        shells: Sequence[tuple[GaussianShell, ...]],
        projectors: Sequence[tuple[Projectors, ...]],
    ) -> NonlocalPotential:
        """Compute the overlaps with the projectors of each atom, sparse by distance.

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
        atoms = [of_kind[each] for each in projectors]
        functions, others, strengths, factors = zip(*atoms, strict=True)
        x, y, z = (_blocks([each[axis] for each in factors]) for axis in range(3))
        return cls(
            overlap_between(positions_bohr, shells, functions),
            overlap_between(positions_bohr, shells, others),
            _blocks(strengths),
            (x, y, z),
        )

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
        (bra, bra_moved), (ket, ket_moved) = (
            (self.strengths @ (self.projectors.T @ each), self.moved.T @ each)
            for each in (bras, kets)
        )
        return np.array(
            [
                (factors @ bra_moved).T @ ket - bra.T @ (factors @ ket_moved)
                for factors in self.factors
            ]
        )


_OfAtom = tuple["tuple[GaussianShell, ...]", "tuple[GaussianShell, ...]", "Floats", "Floats"]


def _of_atom(projectors: tuple[Projectors, ...]) -> _OfAtom:
    """Return the projectors of an atom as shells, r times these, strengths and factors."""
    shells = tuple(shell for each in projectors for shell in each.shells)
    if not shells:
        return (), (), np.zeros((0, 0)), np.zeros((3, 0, 0))
    others, factors = own_positions(shells)
    strengths = [np.kron(each.matrix, np.eye(2 * each.angular + 1)) for each in projectors]
    return shells, others, dense_block_diag(*strengths), factors


def _blocks(matrices: Sequence[Floats]) -> csr_array:
    """Return a matrix of blocks on the diagonal."""
    return csr_array(block_diag(matrices, format="csr"))
