"""Orbits of ions under the symmetry that a shell has about its origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints

    from .surface_region import Shell

MATCH_A = 1e-3
"""An operation maps an ion onto another if it comes to lie within this, in Å."""


def operations(shell: Shell) -> Floats:
    """Return the rotations and reflections that map the shell onto itself.

    Returns
    -------
    ndarray of float, shape (n_operations, 3, 3)
        Matrices that act on column vectors about the shape's origin, the identity first.
    """
    first = shell.frames[0]
    candidates = np.einsum("fji,jk->fik", shell.frames, first)
    candidates = candidates[np.argsort([-np.trace(each) for each in candidates], kind="stable")]
    return np.array([each for each in candidates if images(shell, each) is not None])


def kept_operations(shell: Shell, symmetry: str) -> Floats:
    """Return those of the `operations` that a model must keep, shape (n_operations, 3, 3).

    Parameters
    ----------
    shell : Shell
        The ions.
    symmetry : {"none", "inversion", "rotations", "full"}
        Operations that must be kept: none; the inversion; all proper rotations; all.

    Raises
    ------
    InputError
        If the inversion is asked for and the shell does not have it.
    """
    if symmetry == "none":
        return np.eye(3)[None]
    every = operations(shell)
    if symmetry == "rotations":
        every = every[np.linalg.det(every) > 0]
    if symmetry == "inversion":
        every = every[np.abs(every + np.eye(3)).max(axis=(1, 2)) < 1e-6]
        if len(every) == 0:
            raise InputError(
                f"{shell.ions.name}: the cut has no inversion centre at the origin of the "
                "shape; move its centre or choose another symmetry"
            )
    return every


def orbits(found: Sequence[Ints], n: int) -> Ints:
    """Return the orbit of each of n things, numbered by its first one, given their images."""
    start, stop = np.tile(np.arange(n), len(found)), np.concatenate(found)
    graph = coo_array((np.ones(len(start)), (start, stop)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    first = np.unique(label, return_index=True)[1]
    return np.asarray(first[label])


def orbit_of(shell: Shell, symmetry: str) -> Ints:
    """Return the orbit of each free ion, shape (n_free,), as of `kept_operations`."""
    if symmetry == "none":
        return np.arange(len(shell.free))
    every = kept_operations(shell, symmetry)
    found = [image for each in every if (image := images(shell, each)) is not None]
    return orbits(found, len(shell.free))


def images(shell: Shell, operation: Floats) -> Ints | None:
    """Return the free ion onto which each falls, or None if the operation is none of the shell.

    Parameters
    ----------
    shell : Shell
        The ions.
    operation : ndarray of float, shape (3, 3)
        Acts on column vectors about the shape's origin.

    Returns
    -------
    ndarray of int, shape (n_free,), or None
        Places among the free ions.
    """
    points = shell.ions.positions_a[shell.free]
    distance, image = cKDTree(points).query(points @ operation.T)
    kinds = shell.kinds(shell.free)
    if distance.max(initial=0.0) > MATCH_A or (kinds != kinds[image]).any():
        return None
    return np.asarray(image)
