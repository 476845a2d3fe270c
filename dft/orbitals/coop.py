"""Overlap populations between groups of basis functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.sparse import csr_array

from epicarve.errors import InputError

from .populations import require_fitting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epicarve.arrays import Bools, Floats, Ints

STATES_AT_ONCE = 512
"""States multiplied with the overlap together: they bound the memory beside it."""


@dataclass(frozen=True)
class OrbitalGroup:
    """Basis functions of some atoms, of all angular momenta or of one.

    Parameters
    ----------
    name : str
        Name of the group.
    atoms : ndarray of bool, shape (n_atoms,)
        Its atoms.
    momentum : int, optional
        The only angular momentum whose functions count; all count if not given.
    """

    name: str
    atoms: Bools
    momentum: int | None = None

    def functions(self, atom_of_function: Ints, angular: Ints) -> Bools:
        """Return which basis functions belong to the group, shape (n_functions,).

        Parameters
        ----------
        atom_of_function, angular : ndarray of int, shape (n_functions,)
            Atom, from 0, and angular momentum of each function.

        Raises
        ------
        InputError
            If there is none.
        """
        chosen = self.atoms[atom_of_function]
        if self.momentum is not None:
            chosen = chosen & (angular == self.momentum)
        if not chosen.any():
            raise InputError(
                f"overlap populations: the basis has no function of {self.name}; name another group"
            )
        return chosen


GroupPair: TypeAlias = "tuple[OrbitalGroup, OrbitalGroup]"

FunctionPair: TypeAlias = "tuple[Bools, Bools]"
"""Which basis functions are in each of two groups, two arrays of shape (n_functions,)."""


def function_pairs(
    pairs: Sequence[GroupPair], atom_of_function: Ints, angular: Ints
) -> list[FunctionPair]:
    """Return the basis functions of pairs of groups."""
    return [
        (first.functions(atom_of_function, angular), second.functions(atom_of_function, angular))
        for first, second in pairs
    ]


def pair_names(pairs: Sequence[GroupPair]) -> tuple[tuple[str, str], ...]:
    """Return the names of pairs of groups."""
    return tuple((first.name, second.name) for first, second in pairs)


def overlap_populations(
    overlap: Floats | csr_array,
    coefficients: Floats,
    atom_of_function: Ints,
    pairs: Sequence[FunctionPair],
) -> Floats:
    r"""Return the overlap population between two groups of functions in each real orbital.

    .. math:: P_i = 2 \sum_{\{\mu, \nu\}} C_{\mu i} S_{\mu\nu} C_{\nu i}

    over every two functions μ, ν on different atoms of which one is in the first group and the
    other in the second. For groups A and B without a common atom this is 2 Σ_{μ∈A} Σ_{ν∈B}; of A
    with itself, the sum over the pairs of its atoms. However groups overlap, each two functions
    count once, and those on one atom never: these make its net population.

    Positive for an orbital that bonds the groups, negative for one that antibonds. Broadened over
    energy, it is the crystal orbital overlap population (COOP; T. Hughbanks, R. Hoffmann, J. Am.
    Chem. Soc. 1983, 105, 3528), for which `epicarve.analysis.states.dos.fractional_dos` takes it in
    the place of weights.

    Parameters
    ----------
    overlap : ndarray or csr_array, shape (n_functions, n_functions)
        Overlap matrix S, real and symmetric, both triangles stored.
    coefficients : ndarray, shape (n_functions, n_states)
        Orbital coefficients C, normalised so that Cᵀ S C = 1.
    atom_of_function : ndarray of int, shape (n_functions,)
        Index of the atom that each basis function sits on.
    pairs : sequence of pairs of ndarray of bool, shape (n_functions,)
        Functions of the two groups; ``np.isin(atom_of_function, atoms)`` makes one from the indices
        of atoms.

    Returns
    -------
    ndarray, shape (n_pairs, n_states)
        The populations, for one electron in each orbital.

    Raises
    ------
    InputError
        If shapes disagree, a number is not finite, or the overlap matrix is not symmetric.

    Examples
    --------
    >>> overlap = np.array([[1.0, 0.6], [0.6, 1.0]])
    >>> orbitals = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt([3.2, 0.8])
    >>> first, atoms = np.array([True, False]), np.array([0, 1])
    >>> overlap_populations(overlap, orbitals, atoms, [(first, ~first)]).round(6).tolist()
    [[0.375, -1.5]]
    """
    require_fitting(overlap, coefficients, atom_of_function, int(atom_of_function.max()) + 1)
    for functions in (group for pair in pairs for group in pair):
        if functions.shape != atom_of_function.shape:
            raise InputError(
                f"a group of an overlap population is of {functions.shape[0]} functions, but the "
                f"basis has {len(atom_of_function)}; give True or False for each function"
            )
    n_states = coefficients.shape[1]
    result = np.zeros((len(pairs), n_states))
    for first, second, counted in _joined_cells(pairs, len(atom_of_function)):
        joins = _between_atoms(csr_array(overlap), atom_of_function, first, second)
        for start in range(0, n_states, STATES_AT_ONCE):
            part = slice(start, start + STATES_AT_ONCE)
            product = joins @ coefficients[second, part]
            product *= coefficients[first, part]
            result[counted, part] += 2.0 * product.sum(axis=0)
    return result


def _joined_cells(
    pairs: Sequence[FunctionPair], n_functions: int
) -> Iterator[tuple[Ints, Ints, Bools]]:
    """Cut the functions into cells of those in the same groups, and yield cells that pairs join.

    Yields
    ------
    first, second : ndarray of int
        Functions of two cells, or of one and the same; each two cells come once.
    counted : ndarray of bool, shape (n_pairs,)
        Which pairs join them.
    """
    groups = [group for pair in pairs for group in pair]
    # The row that all functions share keeps the shape right where there are no pairs.
    kinds, cell_of = np.unique(
        np.array([np.ones(n_functions, dtype=bool), *groups]), axis=1, return_inverse=True
    )
    cells = [np.flatnonzero(cell_of.ravel() == cell) for cell in range(kinds.shape[1])]
    left, right = kinds[1::2], kinds[2::2]
    for i, first in enumerate(cells):
        for j, second in enumerate(cells[: i + 1]):
            counted = left[:, i] & right[:, j] | left[:, j] & right[:, i]
            if counted.any():
                yield first, second, counted


def _between_atoms(
    overlap: csr_array,
    atom_of_function: Ints,
    first: Ints,
    second: Ints,
) -> csr_array:
    """Return the overlaps of functions of two cells on different atoms, each two of them once."""
    block = overlap[first][:, second]
    rows = np.repeat(np.arange(len(first)), np.diff(block.indptr))
    kept = atom_of_function[first][rows] != atom_of_function[second][block.indices]
    if first is second:
        kept &= rows > block.indices
    return csr_array((block.data[kept], (rows[kept], block.indices[kept])), shape=block.shape)
