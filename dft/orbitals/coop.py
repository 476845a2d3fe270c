"""Overlap populations between groups of basis functions, and the product S C beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from scipy.sparse import csr_array

from epicarve.errors import InputError

from .populations import require_fitting, summing_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    atoms: NDArray[np.bool_]
    momentum: int | None = None

    def functions(
        self, atom_of_function: NDArray[np.int64], angular: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
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


GroupPair: TypeAlias = tuple[OrbitalGroup, OrbitalGroup]

FunctionPair: TypeAlias = "tuple[NDArray[np.bool_], NDArray[np.bool_]]"
"""Which basis functions are in each of two groups, two arrays of shape (n_functions,)."""

PairsOf: TypeAlias = Callable[[tuple[str, ...]], Sequence[GroupPair]]
"""Gives the pairs of groups that are asked for, once the element of each atom is known."""


def function_pairs(
    pairs: Sequence[GroupPair], atom_of_function: NDArray[np.int64], angular: NDArray[np.int64]
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
    overlap: NDArray[np.float64] | csr_array,
    coefficients: NDArray[np.float64],
    atom_of_function: NDArray[np.int64],
    pairs: Sequence[FunctionPair],
) -> NDArray[np.float64]:
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
    result = np.empty((len(pairs), n_states))
    if not pairs:
        return result
    split = SplitOverlap.of(csr_array(overlap), atom_of_function, pairs)
    for start in range(0, n_states, STATES_AT_ONCE):
        part = slice(start, start + STATES_AT_ONCE)
        result[:, part] = split.applied(coefficients[:, part])[1]
    return result


class _Cell(NamedTuple):
    """Functions that are in the same groups, with their columns of the overlap."""

    functions: NDArray[np.int64]
    columns: csr_array
    on_atoms: csr_array


@dataclass(frozen=True)
class SplitOverlap:
    """An overlap matrix, cut into columns of functions that are in the same groups.

    Its product with orbitals, which takes as long as that of the whole matrix, gives their overlap
    populations by the way. If there are pairs, it takes the memory of a second overlap matrix.

    Parameters
    ----------
    cells : tuple
        The columns, part by part: together all of them.
    sums : csr_array, shape (n_cells, n_functions)
        Sums over the functions of each part.
    counted : ndarray, shape (n_pairs, n_cells, n_cells)
        1 for two parts whose functions a pair of groups joins, 0 for others; symmetric.
    """

    cells: tuple[_Cell, ...]
    sums: csr_array
    counted: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        overlap: csr_array,
        atom_of_function: NDArray[np.int64],
        pairs: Sequence[FunctionPair],
    ) -> SplitOverlap:
        """Cut an overlap matrix by the groups of some pairs; without pairs it is kept whole."""
        n_functions = len(atom_of_function)
        groups = [group for pair in pairs for group in pair]
        # The row that all functions share keeps the shape right where there are no pairs.
        kinds, cell_of = np.unique(
            np.array([np.ones(n_functions, dtype=bool), *groups]), axis=1, return_inverse=True
        )
        cell_of = cell_of.ravel()
        first, second = kinds[1::2], kinds[2::2]
        counted = first[:, :, None] & second[:, None, :] | second[:, :, None] & first[:, None, :]
        cells = []
        for cell in range(kinds.shape[1]):
            functions = np.flatnonzero(cell_of == cell)
            columns = overlap[:, functions] if pairs else overlap
            on_atoms = _on_atoms(columns, atom_of_function, functions) if pairs else columns[:0]
            cells.append(_Cell(functions, columns, on_atoms))
        return cls(tuple(cells), summing_matrix(cell_of, kinds.shape[1]), counted.astype(float))

    def applied(
        self, coefficients: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Multiply the overlap with orbitals.

        Parameters
        ----------
        coefficients : ndarray, shape (n_functions, n_states)
            Orbital coefficients C; memory for two more of these is needed.

        Returns
        -------
        product : ndarray, shape (n_functions, n_states)
            S C.
        populations : ndarray, shape (n_pairs, n_states)
            Overlap population of each pair in each orbital.
        """
        total = np.zeros(coefficients.shape)
        populations = np.zeros((len(self.counted), coefficients.shape[1]))
        for cell, (functions, columns, on_atoms) in enumerate(self.cells):
            inside = coefficients[functions]
            product = columns @ inside
            total += product
            if len(populations):
                product -= on_atoms @ inside
                product *= coefficients
                populations += self.counted[:, :, cell] @ (self.sums @ product)
        return total, populations


def _on_atoms(
    columns: csr_array, atom_of_function: NDArray[np.int64], functions: NDArray[np.int64]
) -> csr_array:
    """Return the elements of some columns of the overlap that join functions of one atom."""
    atoms = atom_of_function.astype(np.int32)
    of_rows = np.repeat(atoms, np.diff(columns.indptr))
    same = np.flatnonzero(of_rows == atoms[functions][columns.indices])
    rows = np.searchsorted(columns.indptr, same, side="right") - 1
    return csr_array((columns.data[same], (rows, columns.indices[same])), shape=columns.shape)
