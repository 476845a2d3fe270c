"""Poses of ligands that are in each other's way."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.builder.ligands import near_pairs

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints

BLOCK_ATOMS = 20_000


def touching(
    atoms_a: Floats, radii_a: Floats, pose_of: Ints, site: Ints, share: float
) -> tuple[Ints, Ints]:
    """Return pairs of poses of different sites that are in contact, each in both orders.

    Parameters
    ----------
    atoms_a : ndarray of float, shape (n_atoms, 3)
        Atoms of all poses in Å, those of a pose one after the other.
    radii_a : ndarray of float, shape (n_atoms,)
        Their radii in Å.
    pose_of : ndarray of int, shape (n_atoms,)
        The pose of each.
    site : ndarray of int, shape (n_poses,)
        The first site that each pose takes.
    share : float
        Share of the sum of two radii below which atoms are in contact.
    """
    n_poses, found = len(site), [np.empty(0, dtype=np.int64)]
    for start in range(0, len(atoms_a), BLOCK_ATOMS):
        block, on = slice(start, start + BLOCK_ATOMS), slice(start, None)
        one, other, _ = near_pairs(atoms_a[block], radii_a[block], atoms_a[on], radii_a[on], share)
        one, other = pose_of[block][one], pose_of[on][other]
        apart = site[one] != site[other]
        first, second = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
        found.append(np.unique(first * n_poses + second))
    codes = np.unique(np.concatenate(found))
    codes = np.sort(np.r_[codes, codes % n_poses * n_poses + codes // n_poses])
    return codes // n_poses, codes % n_poses


def needless(alike: Ints, hindered: Ints, by: Ints) -> Bools:
    """Return which poses are never better than another one of the same place.

    Of two poses that bind, take and fill the same, one is needless if it leaves no room for all
    that the other leaves no room for, and perhaps for more.

    Parameters
    ----------
    alike : ndarray of int, shape (n_poses,)
        Poses that bind, take and fill the same have the same number.
    hindered, by : ndarray of int, shape (n_pairs,)
        A pose, and what it leaves no room for: a number for each other pose or ion.
    """
    sets = _sets(hindered, by, len(alike))
    is_needless = np.zeros(len(alike), dtype=bool)
    members: dict[int, list[int]] = {}
    for pose in np.argsort([len(each) for each in sets], kind="stable").tolist():
        kept = members.setdefault(int(alike[pose]), [])
        if any(sets[other] <= sets[pose] for other in kept):
            is_needless[pose] = True
        else:
            kept.append(pose)
    return is_needless


def exclusive_rows(one: Ints, other: Ints, sites: Ints) -> csr_array:
    """Return sets of poses of which one at most can be, as they are in contact.

    Of a set each pose excludes every other, by a contact or as both take one site. Every contact of
    two sites is in some set, and no pose can be added to a set; so they are few, and as rows of a
    program they hold more tightly than pairs.

    Parameters
    ----------
    one, other : ndarray of int, shape (n_pairs,)
        Pairs of poses in contact, each in both orders.
    sites : ndarray of int, shape (n_poses, 2)
        The sites that each pose takes, -1 for none.
    """
    n_poses = len(sites)
    taker, which = np.nonzero(sites >= 0)
    taken = csr_array((np.ones(len(taker)), (taker, sites[taker, which])))
    first, second = csr_array(taken @ taken.T).tocoo().coords
    on_one = first != second
    first, second = first[on_one], second[on_one]
    alike = _sets(first, second, n_poses)
    near = _sets(one, other, n_poses)
    left = [set(touched - same) for touched, same in zip(near, alike, strict=True)]
    around = [touched | same for touched, same in zip(near, alike, strict=True)]
    cliques = []
    for pose in range(n_poses):
        while left[pose]:
            clique, common, wanted = [pose], around[pose], left[pose]
            while common:
                added = min(wanted or common)
                clique.append(added)
                common, wanted = common & around[added], wanted & around[added]
            cliques.append(clique)
            for each in clique:
                if left[each]:
                    left[each].difference_update(clique)
    row = np.repeat(np.arange(len(cliques)), [len(clique) for clique in cliques])
    column = np.array([pose for clique in cliques for pose in clique], dtype=np.int64)
    return csr_array((np.ones(len(row)), (row, column)), shape=(len(cliques), n_poses))


def _sets(one: Ints, other: Ints, n_poses: int) -> list[frozenset[int]]:
    """Return the others that stand in pairs with each pose."""
    order = np.argsort(one, kind="stable")
    starts = np.searchsorted(one[order], np.arange(n_poses + 1))
    other = other[order]
    return [frozenset(other[a:b].tolist()) for a, b in pairwise(starts.tolist())]
