"""States of a closed shell with spin-orbit coupling: Kramers pairs of spinors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

from .potential import coupled_hamiltonian

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

    from .potential import ComplexFloats

PAIRS_AT_ONCE = 64


@dataclass(frozen=True)
class CoupledStates:
    """Kramers pairs in a window of scalar states.

    Each pair holds two electrons. Both of its spinors have the same weight on every atom, whatever
    mixture of the two is taken, as any operator without spin that time reversal leaves alone is a
    multiple of one within the pair. So a pair has one IPR.

    Parameters
    ----------
    energies_ev : ndarray of float, shape (n_pairs,)
        Energies in ascending order.
    spinors : ndarray of complex, shape (2, n_states, 2 n_pairs)
        Coefficients of the scalar states, spin up and down, two neighbours a pair.
    """

    energies_ev: Floats
    spinors: ComplexFloats

    def weights(self, parts: Floats) -> Floats:
        """Weights of pairs, of the amplitudes of scalar states in orthonormal functions.

        Parameters
        ----------
        parts : ndarray of float, shape (n_functions, n_states)
            S^1/2 C of the scalar states.

        Returns
        -------
        ndarray of float, shape (n_functions, n_pairs)
            The weights, the mean of both spinors.
        """
        n_pairs = len(self.energies_ev)
        found = np.empty((len(parts), n_pairs))
        for start in range(0, n_pairs, PAIRS_AT_ONCE):
            stop = min(start + PAIRS_AT_ONCE, n_pairs)
            squares = np.zeros((len(parts), 2 * (stop - start)))
            for of_spin in self.spinors[:, :, 2 * start : 2 * stop]:
                for part in (of_spin.real, of_spin.imag):
                    squares += (parts @ part) ** 2
            found[:, start:stop] = 0.5 * (squares[:, ::2] + squares[:, 1::2])
        return found

    def root_mean_squares(self, elements: Floats, occupied: Ints, empty: Ints) -> Floats:
        """Return elements of an operator without spin between pairs, whatever mixes their spinors.

        Parameters
        ----------
        elements : ndarray of float, shape (n_states, n_states)
            The operator between the scalar states, real.
        occupied, empty : ndarray of int, shape (n_occupied,) and (n_empty,)
            Pairs on the left and on the right.

        Returns
        -------
        ndarray of float, shape (n_occupied, n_empty)
            The root of half the sum of the squares of the four elements between the spinors of two
            pairs: without coupling, the size of the element between the two scalar states.
        """
        bras, kets = (
            self.spinors[:, :, np.stack([2 * pairs, 2 * pairs + 1], axis=1).ravel()]
            for pairs in (occupied, empty)
        )
        between = np.zeros((bras.shape[2], kets.shape[2]), dtype=np.complex128)
        for of_bras, of_kets in zip(bras, kets, strict=True):
            parts = np.ascontiguousarray(of_kets).view(np.float64)  # real and imaginary by turns
            between += of_bras.conj().T @ (elements @ parts).view(np.complex128)
        squares = np.square(np.abs(between)).reshape(len(occupied), 2, len(empty), 2)
        return np.asarray(np.sqrt(0.5 * squares.sum(axis=(1, 3))))


def coupled_states(energies_ev: Floats, between_ev: Floats) -> CoupledStates:
    """Diagonalise spin-orbit coupling in a window of scalar states of a closed shell.

    Parameters
    ----------
    energies_ev : ndarray of float, shape (n_states,)
        Energies without it.
    between_ev : ndarray of float, shape (3, n_states, n_states)
        As from `SpinOrbitPotential.between`.

    Returns
    -------
    CoupledStates
        As many pairs as scalar states.

    Examples
    --------
    Three p states split into one pair, j = 1/2, 3/2 of the strength below the two of j = 3/2:

    >>> from .angular_momentum import rotation_generators
    >>> coupled_states(np.zeros(3), rotation_generators(1)).energies_ev.round(12).tolist()
    [-1.0, 0.5, 0.5]
    """
    n = len(energies_ev)
    values, vectors = eigh(coupled_hamiltonian(energies_ev, between_ev))
    return CoupledStates(0.5 * (values[::2] + values[1::2]), vectors.reshape(2, n, 2 * n))
