"""The spin-orbit part of the pseudopotentials of a model, between its orbitals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import block_diag, csr_array

from epicarve.dft.orbitals import project
from epicarve.units import EV_PER_HARTREE

from .angular_momentum import rotation_generators

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.dft.orbitals import GaussianShell
    from epicarve.dft.pseudopotentials import Projectors

    ComplexFloats = np.ndarray[tuple[int, ...], np.dtype[np.complex128]]


@dataclass(frozen=True)
class SpinOrbitPotential:
    """``V = Σ_l Σ_ij |p_i^lm⟩ k_ij ⟨m|L|m'⟩·S ⟨p_j^lm'|`` of all atoms.

    C. Hartwigsen, S. Goedecker and J. Hutter, Phys. Rev. B 58, 3641 (1998), equation 18.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    shells, functions : tuple of tuple of GaussianShell, length n_atoms
        Basis functions and projectors of each atom.
    translations_bohr : ndarray of float, shape (n_periodic, 3), or None
        Vectors of a periodic cell, whose orbitals are those of Γ.
    strengths : tuple of csr_array, length 3, each of shape (n_projectors, n_projectors)
        Σ k_ij ⟨m|r × ∇|m'⟩ along x, y and z in hartree, real and antisymmetric.
    """

    positions_bohr: Floats
    shells: tuple[tuple[GaussianShell, ...], ...]
    functions: tuple[tuple[GaussianShell, ...], ...]
    translations_bohr: Floats | None
    strengths: tuple[csr_array, csr_array, csr_array]

    @classmethod
    def of(
        cls,
        positions_bohr: Floats,
        shells: Sequence[tuple[GaussianShell, ...]],
        projectors: Sequence[tuple[Projectors, ...]],
        translations_bohr: Floats | None = None,
    ) -> SpinOrbitPotential:
        """Take the projectors of each atom.

        Parameters
        ----------
        positions_bohr : ndarray of float, shape (n_atoms, 3)
            Coordinates in bohr.
        shells : sequence of tuple of GaussianShell, length n_atoms
            Basis functions of each atom.
        projectors : sequence of tuple of Projectors, length n_atoms
            Of each atom, () where there are none.
        translations_bohr : ndarray of float, shape (n_periodic, 3), optional
            Vectors of a periodic cell; the orbitals are then those of Γ.
        """
        blocks: list[list[Floats]] = [[], [], []]
        for of_atom in projectors:
            for each in of_atom:
                turned = np.kron(each.matrix, rotation_generators(each.angular))
                for along, block in zip(blocks, turned, strict=True):
                    along.append(block)
        x, y, z = (
            csr_array(block_diag(along, format="csr")) if along else csr_array((0, 0))
            for along in blocks
        )
        of_kind = {
            of_atom: tuple(shell for each in of_atom for shell in each.shells)
            for of_atom in dict.fromkeys(projectors)
        }
        functions = tuple(of_kind[of_atom] for of_atom in projectors)
        return cls(positions_bohr, tuple(shells), functions, translations_bohr, (x, y, z))

    def between(self, orbitals: Floats) -> Floats:
        """Matrices A of an orbital's L·S, V = -i/2 Σ_a A_a σ_a, in eV.

        Parameters
        ----------
        orbitals : ndarray of float, shape (n_functions, n_states)
            Coefficients of real orbitals.

        Returns
        -------
        ndarray of float, shape (3, n_states, n_states)
            Real and antisymmetric, along x, y and z.
        """
        projected = project(
            self.positions_bohr, self.shells, self.functions, orbitals, self.translations_bohr
        )
        return np.array(
            [EV_PER_HARTREE * projected.T @ (along @ projected) for along in self.strengths]
        )


def coupled_hamiltonian(energies_ev: Floats, between_ev: Floats) -> ComplexFloats:
    """Return the Hamiltonian of states with spin-orbit coupling, spin up before spin down.

    Parameters
    ----------
    energies_ev : ndarray of float, shape (n_states,)
        Energies without it, of either spin.
    between_ev : ndarray of float, shape (3, n_states, n_states)
        As from `SpinOrbitPotential.between`.

    Returns
    -------
    ndarray of complex, shape (2 n_states, 2 n_states)
        In eV.
    """
    x, y, z = between_ev
    diagonal = np.diag(energies_ev)
    spins = [[2.0 * diagonal - 1j * z, -y - 1j * x], [y - 1j * x, 2.0 * diagonal + 1j * z]]
    return np.asarray(0.5 * np.block(spins), dtype=np.complex128)
