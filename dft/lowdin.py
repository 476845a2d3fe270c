"""Löwdin weights: how much of each orbital sits on each atom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_array

from epicarve.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lowdin_weights(
    overlap: NDArray[np.float64] | csr_array,
    coefficients: NDArray[np.float64],
    atom_of_function: NDArray[np.int64],
    n_atoms: int,
) -> NDArray[np.float64]:
    r"""Return the Löwdin weight of each atom in each real orbital.

    .. math:: w_{Ai} = \sum_{\mu \in A} \left|(S^{1/2} C)_{\mu i}\right|^2

    The square root of the overlap comes from one dense diagonalisation, S = U s Uᵀ. These are the
    weights of CP2K's own projected density of states. They do not change when the particle is
    rotated, they are never negative, and they sum to 1 over the atoms of a normalised orbital.
    Within a set of degenerate orbitals only their sum is unique, as the orbitals themselves are
    unique only up to a rotation among them.

    Parameters
    ----------
    overlap : ndarray, shape (n_functions, n_functions)
        Overlap matrix S of the basis functions, real and symmetric.
    coefficients : ndarray, shape (n_functions, n_states)
        Orbital coefficients C, one orbital per column, normalised so that Cᵀ S C = 1.
    atom_of_function : ndarray of int, shape (n_functions,)
        Index of the atom that each basis function sits on.
    n_atoms : int
        Number of atoms.

    Returns
    -------
    ndarray, shape (n_atoms, n_states)
        The weights.

    Raises
    ------
    InputError
        If the overlap matrix is not positive definite.

    Examples
    --------
    Two functions that overlap by 0.6, in their bonding combination: half on each atom.

    >>> overlap = np.array([[1.0, 0.6], [0.6, 1.0]])
    >>> bonding = np.array([[1.0], [1.0]]) / np.sqrt(3.2)
    >>> lowdin_weights(overlap, bonding, np.array([0, 1]), 2).ravel().round(12).tolist()
    [0.5, 0.5]
    """
    values, vectors = eigh(csr_array(overlap).toarray())
    if values[0] <= 0.0:
        raise InputError(
            f"the overlap matrix has the eigenvalue {values[0]:.2e}, so its basis is linearly "
            "dependent; use a smaller basis or move apart the atoms that are too close"
        )
    orthogonal = vectors @ (np.sqrt(values)[:, None] * (vectors.T @ coefficients))
    functions = np.arange(overlap.shape[0])
    atoms = csr_array(
        (np.ones(overlap.shape[0]), (atom_of_function, functions)),
        shape=(n_atoms, overlap.shape[0]),
    )
    return np.asarray(atoms @ orthogonal**2)
