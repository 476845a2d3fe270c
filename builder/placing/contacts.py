"""When atoms of ligands are in contact with ions and with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.ligands import vdw_radii_a

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints
    from epicarve.builder.crystal import Crystal

BLOCK_ATOMS = 20_000
"""Atoms whose neighbours are looked up at once, which bounds the memory."""

LEAST_RADIUS_A = 0.3


def ion_radii_a(crystal: Crystal) -> Floats:
    """Return the radius in Å of each site of a crystal, shape (n_sites,).

    That of an anion is its van der Waals radius. Cations touch anions in every crystal, so theirs
    is what the shortest bond leaves beside the van der Waals radius of its anion.
    """
    radii = vdw_radii_a(crystal.symbols)
    bonds = crystal.bonds
    left = np.full(crystal.n_sites, np.inf)
    np.minimum.at(left, bonds.cations, bonds.lengths_a - radii[bonds.anions])
    is_cation = crystal.oxidation_states > 0
    return np.where(is_cation, np.maximum(left, LEAST_RADIUS_A), radii)


def near_pairs(
    first_a: Floats, first_radii_a: Floats, second_a: Floats, second_radii_a: Floats, share: float
) -> tuple[Ints, Ints, Floats]:
    """Return pairs of points nearer than a share of the sum of their radii.

    Parameters
    ----------
    first_a, second_a : ndarray of float, shape (n, 3) and (m, 3)
        Points in Å.
    first_radii_a, second_radii_a : ndarray of float, shape (n,) and (m,)
        Their radii in Å.
    share : float
        Share of the sum.

    Returns
    -------
    ndarray of int, ndarray of int, ndarray of float
        Indices of each pair, and its distance as a share of the sum.
    """
    none = np.empty(0, dtype=np.int64)
    if len(first_a) == 0 or len(second_a) == 0:
        return none, none, np.empty(0)
    tree, reach = cKDTree(second_a), share * (first_radii_a.max() + second_radii_a.max())
    found = []
    for start in range(0, len(first_a), BLOCK_ATOMS):
        block = cKDTree(first_a[start : start + BLOCK_ATOMS])
        near = block.sparse_distance_matrix(tree, reach, output_type="ndarray")
        i, j, apart_a = near["i"] + start, near["j"], near["v"]
        sums = first_radii_a[i] + second_radii_a[j]
        close = apart_a < share * sums
        found.append((i[close], j[close], apart_a[close] / sums[close]))
    first, second, shares = zip(*found, strict=True)
    return np.concatenate(first), np.concatenate(second), np.concatenate(shares)
