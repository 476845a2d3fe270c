"""Poses of ligands that are in each other's way."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from .contacts import near_pairs

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
        block = slice(start, start + BLOCK_ATOMS)
        one, other, _ = near_pairs(atoms_a[block], radii_a[block], atoms_a, radii_a, share)
        one, other = pose_of[block][one], pose_of[other]
        apart = site[one] != site[other]
        found.append(np.unique(one[apart] * n_poses + other[apart]))
    codes = np.unique(np.concatenate(found))
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
    order = np.argsort(hindered, kind="stable")
    by = by[order]
    starts = np.searchsorted(hindered[order], np.arange(len(alike) + 1))
    sets = [frozenset(by[a:b].tolist()) for a, b in pairwise(starts.tolist())]
    is_needless = np.zeros(len(alike), dtype=bool)
    members: dict[int, list[int]] = {}
    for pose in np.argsort([len(each) for each in sets], kind="stable").tolist():
        kept = members.setdefault(int(alike[pose]), [])
        if any(sets[other] <= sets[pose] for other in kept):
            is_needless[pose] = True
        else:
            kept.append(pose)
    return is_needless


def exclusive_rows(one: Ints, other: Ints, site: Ints) -> csr_array:
    """Return sets of poses of which one at most can be, as they are in contact.

    All poses of a site exclude each other. So of those of one site, the ones that touch the same
    poses of another are in one row with these.

    Parameters
    ----------
    one, other : ndarray of int, shape (n_pairs,)
        Pairs of poses in contact, each in both orders.
    site : ndarray of int, shape (n_poses,)
        The first site that each pose takes.
    """
    n_poses, apart = len(site), site[one] < site[other]
    one, other = one[apart], other[apart]
    groups, row_of_pair = np.unique(
        np.column_stack([one, site[other]]), axis=0, return_inverse=True
    )
    random = np.random.default_rng(0).integers(1, 2**62, size=n_poses, dtype=np.int64)
    code = np.zeros(len(groups), dtype=np.int64)
    np.add.at(code, row_of_pair.reshape(-1), random[other])
    alike = np.column_stack([site[groups[:, 0]], groups[:, 1], code])
    kinds_of_row, row = np.unique(alike, axis=0, return_inverse=True)
    row = row.reshape(-1)
    rows = np.r_[row, row[row_of_pair.reshape(-1)]]
    columns = np.r_[groups[:, 0], other]
    cells = np.unique(rows * n_poses + columns)
    places = cells // n_poses, cells % n_poses
    return csr_array((np.ones(len(cells)), places), shape=(len(kinds_of_row), n_poses))
