"""Whether a crystal is made of layers that hold together by weak forces or by lone cations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

if TYPE_CHECKING:
    from epicarve.arrays import Ints

    from .crystal import Crystal


def is_layered(crystal: Crystal) -> bool:
    """Tell whether the bonds of a crystal, but for those of cations of charge 1, form layers.

    The cations between the layers of Cs2PbCl4 hold them together as the van der Waals forces
    between those of PbI2 do: weakly, so that dispersion counts.

    Parameters
    ----------
    crystal : Crystal
        The crystal.

    Returns
    -------
    bool
        Whether each bonded unit of the other ions goes on for ever along two directions.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> [name for name in ("PbS", "CsPbCl3", "Cs2PbCl4") if is_layered(bundled_crystal(name))]
    ['Cs2PbCl4']
    """
    bonds = crystal.bonds
    strong = crystal.oxidation_states[bonds.cations] != 1
    i, j, shifts = bonds.cations[strong], bonds.anions[strong], bonds.shifts[strong]
    if not i.size:
        return False
    graph = coo_array((np.ones(len(i)), (i, j)), shape=(crystal.n_sites,) * 2)
    units = connected_components(graph, directed=False)[1]
    cell_of = _cells(crystal.n_sites, i, j, shifts)
    closing = cell_of[i] + shifts - cell_of[j]
    ranks = [np.linalg.matrix_rank(closing[units[i] == unit]) for unit in np.unique(units[i])]
    return all(rank == 2 for rank in ranks)


def _cells(n_sites: int, i: Ints, j: Ints, shifts: Ints) -> Ints:
    """Return the cell in which each site lies when its unit is followed along its bonds."""
    step: dict[tuple[int, int], Ints] = {}
    for first, second, shift in zip(i.tolist(), j.tolist(), shifts, strict=True):
        step.setdefault((first, second), shift)
        step.setdefault((second, first), -shift)
    graph = coo_array((np.ones(len(i)), (i, j)), shape=(n_sites, n_sites)).tocsr()
    cells = np.zeros((n_sites, 3), dtype=np.int64)
    placed = np.zeros(n_sites, dtype=bool)
    for site in range(n_sites):
        if placed[site]:
            continue
        order, before = breadth_first_order(graph, site, directed=False)
        placed[order] = True
        for one in order[1:].tolist():
            cells[one] = cells[before[one]] + step[int(before[one]), one]
    return cells
