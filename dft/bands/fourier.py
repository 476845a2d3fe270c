"""Gaussian basis functions on plane waves, by their analytic Fourier transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.orbitals import solid_harmonics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints
    from epicarve.dft.orbitals import GaussianShell

    Singles = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
    Complexes = np.ndarray[tuple[int, ...], np.dtype[np.complex64]]

WAVES_AT_ONCE = 256
"""Plane waves whose overlaps with all basis functions are held in memory together: 40 MB at 20,000
functions."""


@dataclass(frozen=True)
class FourierBasis:
    """Basis functions on atoms, whose overlaps with plane waves are wanted.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    kinds : tuple of pairs
        Shells of each kind of atoms, and for each such atom (row) the places of its functions.
    n_functions : int
        Number of basis functions.
    """

    positions_bohr: Floats
    kinds: tuple[tuple[tuple[GaussianShell, ...], Ints, Ints], ...]
    n_functions: int

    @classmethod
    def of(
        cls, positions_bohr: Floats, shells: Sequence[tuple[GaussianShell, ...]]
    ) -> FourierBasis:
        """Sort atoms by their shells.

        Parameters
        ----------
        positions_bohr : ndarray of float, shape (n_atoms, 3)
            Coordinates in bohr.
        shells : sequence of tuple of GaussianShell, length n_atoms
            Basis functions of each atom.
        """
        sizes = [sum(shell.n_functions for shell in of_atom) for of_atom in shells]
        first = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        kinds = []
        for of_kind in dict.fromkeys(shells):
            atoms = np.flatnonzero([of_atom == of_kind for of_atom in shells])
            places = first[atoms][:, None] + np.arange(sizes[int(atoms[0])])
            kinds.append((of_kind, atoms, places))
        return cls(positions_bohr, tuple(kinds), int(first[-1]))

    def overlaps(self, waves: Floats) -> Complexes:
        r"""Return ∫ exp(-iq·r) χ(r) d³r of plane waves with all functions, in single precision.

        Of S_lm(r) exp(-ar²) about R it is exp(-iq·R) (π/a)^3/2 (-i/2a)^l S_lm(q) exp(-q²/4a).

        Parameters
        ----------
        waves : ndarray of float, shape (n_waves, 3)
            Wave vectors q in 1/bohr.

        Returns
        -------
        ndarray of complex, shape (n_waves, n_functions)
            The overlaps.

        Examples
        --------
        >>> from epicarve.dft.orbitals import GaussianShell
        >>> s = (GaussianShell(0, (1.0,), (1.0,)),)
        >>> basis = FourierBasis.of(np.zeros((1, 3)), [s])
        >>> float(basis.overlaps(np.zeros((1, 3)))[0, 0].real.round(4))  # (2π)^(3/4)
        3.9687
        """
        found = np.empty((len(waves), self.n_functions), dtype=np.complex64)
        squares = np.einsum("qx,qx->q", waves, waves)
        highest = max(shell.angular for shells, _, _ in self.kinds for shell in shells)
        harmonics = solid_harmonics(waves, highest)
        for shells, atoms, places in self.kinds:
            phases = np.exp(-1j * (waves @ self.positions_bohr[atoms].T)).astype(np.complex64)
            parts = [_of_shell(shell, squares, harmonics[shell.angular]) for shell in shells]
            factors = np.concatenate(parts, axis=1).astype(np.complex64)
            found[:, places.ravel()] = (phases[:, :, None] * factors[:, None, :]).reshape(
                len(waves), -1
            )
        return found

    def densities(self, waves: Floats, orbitals: Singles) -> Floats:
        """Return |∫ exp(-iq·r) ψ(r) d³r|² summed over plane waves.

        Parameters
        ----------
        waves : ndarray of float, shape (n_waves, 3)
            Wave vectors q in 1/bohr.
        orbitals : ndarray of float32, shape (n_functions, n_states)
            Coefficients of real orbitals.

        Returns
        -------
        ndarray of float, shape (n_states,)
            The sums in bohr³.
        """
        summed = np.zeros(orbitals.shape[1])
        for start in range(0, len(waves), WAVES_AT_ONCE):
            overlaps = self.overlaps(waves[start : start + WAVES_AT_ONCE])
            for part in (overlaps.real, overlaps.imag):
                amplitudes = np.ascontiguousarray(part) @ orbitals
                summed += np.einsum("qs,qs->s", amplitudes, amplitudes)
        return summed


def _of_shell(shell: GaussianShell, squares: Floats, harmonics: Floats) -> Floats:
    """Return the transforms of the functions of a shell about its own atom, (n_waves, 2l + 1)."""
    exponents = np.array(shell.exponents)
    front = shell.contraction() * (np.pi / exponents) ** 1.5 / (2.0 * exponents) ** shell.angular
    radial = np.exp(-squares[:, None] / (4.0 * exponents)) @ front
    return np.asarray((-1j) ** shell.angular * radial[:, None] * harmonics)
