"""Mulliken's partition of orbitals: gross weights of atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.dft.states import ANGULAR_MOMENTA
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints

ASYMMETRY = 1e-8
"""Largest difference of overlaps across the diagonal, of functions normalised to 1."""


def mulliken_weights(
    overlap: Floats | csr_array,
    coefficients: Floats,
    atom_of_function: Ints,
    n_atoms: int,
) -> Floats:
    r"""Return the Mulliken weight (gross population) of each atom in each real orbital.

    .. math:: w_{Ai} = \sum_{\mu \in A} C_{\mu i} (S C)_{\mu i}

    They sum to 1 as Löwdin's do, but some are negative where the basis is diffuse, so an IPR made
    of them need not lie between 1/N and 1. Use them to compare with other work.

    Parameters
    ----------
    overlap : ndarray or csr_array, shape (n_functions, n_functions)
        Overlap matrix S, real and symmetric, both triangles stored.
    coefficients : ndarray, shape (n_functions, n_states)
        Orbital coefficients C, normalised so that Cᵀ S C = 1.
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
        If shapes disagree or the overlap matrix is not symmetric.

    Examples
    --------
    >>> overlap = np.array([[1.0, 0.6], [0.6, 1.0]])
    >>> bonding = np.array([[1.0], [1.0]]) / np.sqrt(3.2)
    >>> mulliken_weights(overlap, bonding, np.array([0, 1]), 2).ravel().round(12).tolist()
    [0.5, 0.5]
    """
    require_fitting(overlap, coefficients, atom_of_function, n_atoms)
    gross = gross_populations(overlap, coefficients)
    return np.asarray(summing_matrix(atom_of_function, n_atoms) @ gross)


def gross_populations(overlap: Floats | csr_array, coefficients: Floats) -> Floats:
    r"""Return the Mulliken weight C_μi (S C)_μi of each function in each orbital."""
    gross = np.asarray(overlap @ coefficients)
    gross *= coefficients
    return gross


def summing_matrix(group_of_function: Ints, n_groups: int) -> csr_array:
    """Return the matrix of shape (n_groups, n_functions) that sums over the functions of groups."""
    n_functions = len(group_of_function)
    entries = (np.ones(n_functions), (group_of_function, np.arange(n_functions)))
    return csr_array(entries, shape=(n_groups, n_functions))


def momenta_of_functions(
    symbols: Sequence[str], atom_of_function: Ints, angular: Ints
) -> tuple[tuple[str, ...], Ints]:
    """Group basis functions by element and angular momentum.

    Parameters
    ----------
    symbols : sequence of str
        Element of each atom.
    atom_of_function, angular : ndarray of int, shape (n_functions,)
        Atom, from 0, and angular momentum of each function.

    Returns
    -------
    names : tuple of str
        Name of each group, such as ``"Pb:s"``.
    group_of_function : ndarray of int, shape (n_functions,)
        The group of each function.

    Examples
    --------
    >>> momenta_of_functions(("Pb", "S"), np.array([0, 1, 1, 1, 1]), np.array([0, 0, 1, 1, 1]))
    (('Pb:s', 'S:s', 'S:p'), array([0, 1, 2, 2, 2]))
    """
    elements = list(dict.fromkeys(symbols))
    element_of_atom = np.array([elements.index(symbol) for symbol in symbols])
    keys = element_of_atom[atom_of_function] * len(ANGULAR_MOMENTA) + angular
    known, groups = np.unique(keys, return_inverse=True)
    pairs = (divmod(int(key), len(ANGULAR_MOMENTA)) for key in known)
    return tuple(f"{elements[e]}:{ANGULAR_MOMENTA[momentum]}" for e, momentum in pairs), groups


def require_fitting(
    overlap: Floats | csr_array,
    coefficients: Floats,
    atom_of_function: Ints,
    n_atoms: int,
) -> None:
    """Refuse an overlap, coefficients and functions that cannot be of one basis.

    Raises
    ------
    InputError
        If their sizes differ, a function sits on no atom, a number is not finite, or the overlap is
        not symmetric, as when a file holds one triangle of it.
    """
    n_functions = len(atom_of_function)
    if overlap.shape != (n_functions, n_functions) or len(coefficients) != n_functions:
        raise InputError(
            f"overlap {overlap.shape}, coefficients {coefficients.shape} and a list of "
            f"{n_functions} basis functions differ in size; take them from one run"
        )
    if n_functions and not 0 <= atom_of_function.min() <= atom_of_function.max() < n_atoms:
        raise InputError(f"a basis function sits on none of the {n_atoms} atoms")
    entries = overlap if isinstance(overlap, np.ndarray) else overlap.data
    for name, numbers in (("an overlap", entries), ("a coefficient", coefficients)):
        if not np.isfinite(numbers).all():
            raise InputError(f"{name} is not a finite number; repeat the run")
    probe = np.random.default_rng(0).choice([-1.0, 1.0], n_functions)
    if np.abs(overlap @ probe - overlap.T @ probe).max(initial=0.0) > ASYMMETRY * n_functions:
        raise InputError("the overlap matrix is not symmetric; give both of its triangles")
