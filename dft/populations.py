"""Mulliken's partition of orbitals: gross weights of atoms, overlap populations between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ASYMMETRY = 1e-8
"""Largest difference of overlaps across the diagonal, of functions normalised to 1."""


def mulliken_weights(
    overlap: NDArray[np.float64] | csr_array,
    coefficients: NDArray[np.float64],
    atom_of_function: NDArray[np.int64],
    n_atoms: int,
) -> NDArray[np.float64]:
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
    gross = overlap @ coefficients
    gross *= coefficients
    return np.asarray(atoms_of_functions(atom_of_function, n_atoms) @ gross)


def overlap_population(
    overlap: NDArray[np.float64] | csr_array,
    coefficients: NDArray[np.float64],
    functions_a: NDArray[np.bool_],
    functions_b: NDArray[np.bool_],
) -> NDArray[np.float64]:
    r"""Return the overlap population between two groups of functions in each real orbital.

    .. math:: P_i = 2 \sum_{\mu \in A} \sum_{\nu \in B} C_{\mu i} S_{\mu\nu} C_{\nu i}

    Positive for an orbital that bonds A to B, negative for one that antibonds. Broadened over
    energy, it is the crystal orbital overlap population (COOP; T. Hughbanks, R. Hoffmann, J. Am.
    Chem. Soc. 1983, 105, 3528), for which `epicarve.analysis.dos.fractional_dos` takes it in the
    place of weights.

    Parameters
    ----------
    overlap : ndarray or csr_array, shape (n_functions, n_functions)
        Overlap matrix S, real and symmetric, both triangles stored.
    coefficients : ndarray, shape (n_functions, n_states)
        Orbital coefficients C, normalised so that Cᵀ S C = 1.
    functions_a, functions_b : ndarray of bool, shape (n_functions,)
        Functions of each group; none may be in both. ``np.isin(atom_of_function, atoms)`` makes
        one from the indices of atoms.

    Returns
    -------
    ndarray, shape (n_states,)
        The populations, for one electron in each orbital.

    Raises
    ------
    InputError
        If a function is in both groups, or shapes disagree.

    Examples
    --------
    >>> overlap = np.array([[1.0, 0.6], [0.6, 1.0]])
    >>> orbitals = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt([3.2, 0.8])
    >>> first = np.array([True, False])
    >>> overlap_population(overlap, orbitals, first, ~first).round(6).tolist()
    [0.375, -1.5]
    """
    n_functions = len(coefficients)
    if overlap.shape != (n_functions, n_functions) or not (
        functions_a.shape == functions_b.shape == (n_functions,)
    ):
        raise InputError(
            f"overlap {overlap.shape}, coefficients {coefficients.shape} and groups "
            f"{functions_a.shape}, {functions_b.shape} differ in their number of functions; take "
            "them from one run"
        )
    if np.any(functions_a & functions_b):
        raise InputError("a function is in both groups of an overlap population; part the groups")
    between = overlap[np.flatnonzero(functions_a)][:, np.flatnonzero(functions_b)]
    halves = coefficients[functions_a] * (between @ coefficients[functions_b])
    return np.asarray(2.0 * halves.sum(axis=0))


def atoms_of_functions(atom_of_function: NDArray[np.int64], n_atoms: int) -> csr_array:
    """Return the matrix of shape (n_atoms, n_functions) that sums over the functions of atoms."""
    n_functions = len(atom_of_function)
    entries = (np.ones(n_functions), (atom_of_function, np.arange(n_functions)))
    return csr_array(entries, shape=(n_atoms, n_functions))


def require_fitting(
    overlap: NDArray[np.float64] | csr_array,
    coefficients: NDArray[np.float64],
    atom_of_function: NDArray[np.int64],
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
