"""States of a closed shell with spin-orbit coupling: Kramers pairs of spinors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

from .potential import coupled_hamiltonian

if TYPE_CHECKING:
    from epicarve.arrays import Floats

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
