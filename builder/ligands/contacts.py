"""When atoms of ligands are in contact with ions and with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from .radii import vdw_radii_a

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints, Strings

    from .ligand import Ligand

CONTACT = 0.8
"""Share of the sum of two radii below which atoms are in contact, unless told otherwise."""

BLOCK_ATOMS = 20_000
"""Atoms whose neighbours are looked up at once, which bounds the memory."""

LEAST_RADIUS_A = 0.3


def ion_radii_a(
    symbols: Strings, charges: Ints, cations: Ints, anions: Ints, lengths_a: Floats
) -> Floats:
    """Return the radius in Å of single ions, by which contacts are judged, shape (n_ions,).

    That of an anion is its van der Waals radius. Cations touch anions in every crystal, so theirs
    is what the shortest bond leaves beside the van der Waals radius of its anion.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_ions,)
        Elements.
    charges : ndarray of int, shape (n_ions,)
        Charges in units of e.
    cations, anions : ndarray of int, shape (n_bonds,)
        Ends of their bonds.
    lengths_a : ndarray of float, shape (n_bonds,)
        Lengths of these in Å.
    """
    radii = vdw_radii_a(symbols)
    left = np.full(len(symbols), np.inf)
    np.minimum.at(left, cations, lengths_a - radii[anions])
    is_bonded = (charges > 0) & np.isfinite(left)
    return np.where(is_bonded, np.maximum(left, LEAST_RADIUS_A), radii)


def near_anchor(ligand: Ligand) -> Bools:
    """Whether an atom binds, or is bonded to one that does: no contact of the cation that it binds.

    Parameters
    ----------
    ligand : Ligand
        The ligand.

    Returns
    -------
    ndarray of bool, shape (n_atoms,)
        Of each atom.
    """
    near = np.zeros(ligand.n_atoms, dtype=bool)
    near[list(ligand.anchors)] = True
    anchored = near[ligand.bonds].any(axis=1)
    near[ligand.bonds[anchored]] = True
    return near


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
