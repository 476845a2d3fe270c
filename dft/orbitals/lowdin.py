"""Löwdin weights: how much of each orbital sits on each atom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.matrix_root import root_product

from .populations import require_fitting, summing_matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from epicarve.arrays import Floats, Ints


def lowdin_weights(
    overlap: Floats | csr_array,
    coefficients: Floats,
    atom_of_function: Ints,
    n_atoms: int,
) -> Floats:
    r"""Return the Löwdin weight of each atom in each real orbital.

    .. math:: w_{Ai} = \sum_{\mu \in A} \left|(S^{1/2} C)_{\mu i}\right|^2

    These are the weights of CP2K's own projected density of states. They do not change when the
    particle is rotated, they are never negative, and they sum to 1 over the atoms of a normalised
    orbital. Within a set of degenerate orbitals only their sum is unique, as the orbitals
    themselves are unique only up to a rotation among them.

    The square root is applied by `root.root_product`, to rounding and without eigenvectors.

    Parameters
    ----------
    overlap : ndarray or csr_array, shape (n_functions, n_functions)
        Overlap matrix S of the basis functions, real and symmetric, both triangles stored.
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
        If shapes disagree, or the overlap matrix is not symmetric or not positive definite.

    Examples
    --------
    Two functions that overlap by 0.6, in their bonding combination: half on each atom.

    >>> overlap = np.array([[1.0, 0.6], [0.6, 1.0]])
    >>> bonding = np.array([[1.0], [1.0]]) / np.sqrt(3.2)
    >>> lowdin_weights(overlap, bonding, np.array([0, 1]), 2).ravel().round(12).tolist()
    [0.5, 0.5]
    """
    require_fitting(overlap, coefficients, atom_of_function, n_atoms)
    parts = function_weights(overlap, coefficients)
    return np.asarray(summing_matrix(atom_of_function, n_atoms) @ parts)


def function_weights(overlap: Floats | csr_array, coefficients: Floats) -> Floats:
    r"""Return the Löwdin weight of each basis function in each orbital, shape of `coefficients`.

    .. math:: \left|(S^{1/2} C)_{\mu i}\right|^2

    Only sums over all functions of a shell keep when the particle is rotated.
    """
    parts = root_product(overlap, coefficients)
    return np.square(parts, out=parts)
