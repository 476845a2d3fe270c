"""Bonded units of a crystal, and whether and along which directions they go on for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from epicarve.arrays import Ints


def bonded_units(n_sites: int, i: Ints, j: Ints, shifts: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the unit of each site of a cell, its place there, and where each bond leads.

    Parameters
    ----------
    n_sites : int
        Number of sites.
    i, j : ndarray of int, shape (n_bonds,)
        The sites that are bonded.
    shifts : ndarray of int, shape (n_bonds, 3)
        In which cell the second one lies, the first one in the cell 0, 0, 0.

    Returns
    -------
    unit : ndarray of int, shape (n_sites,)
        Sites with the same number are bonded to each other.
    cells : ndarray of int, shape (n_sites, 3)
        In which cell each site lies when its unit is followed from bond to bond.
    periods : ndarray of int, shape (n_bonds, 3)
        The lattice vector between the second site and its place in the unit as it is followed from
        bond to bond: zero for all bonds of a molecule; those of a unit span the directions along
        which it has no end.

    Examples
    --------
    A molecule of two sites, and a chain of a third one along the first axis:

    >>> i, j = np.array([0, 2]), np.array([1, 2])
    >>> unit, cells, periods = bonded_units(3, i, j, np.array([[0, 0, -1], [1, 0, 0]]))
    >>> unit.tolist(), cells.tolist(), periods.tolist()
    ([0, 0, 1], [[0, 0, 0], [0, 0, -1], [0, 0, 0]], [[0, 0, 0], [1, 0, 0]])
    """
    graph = coo_array((np.ones(len(i), dtype=np.int8), (i, j)), shape=(n_sites, n_sites))
    _, unit = connected_components(graph, directed=False)
    cell_of = np.zeros((n_sites, 3), dtype=np.int64)  # in which cell its unit has each site
    placed = np.zeros(n_sites, dtype=bool)
    placed[np.unique(unit, return_index=True)[1]] = True
    both = np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([shifts, -shifts])
    while True:
        first, second, step = (each[placed[both[0]] & ~placed[both[1]]] for each in both)
        if not first.size:
            break
        cell_of[second] = cell_of[first] + step
        placed[second] = True
    return np.asarray(unit, dtype=np.int64), cell_of, cell_of[i] + shifts - cell_of[j]
