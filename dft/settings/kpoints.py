"""Grids of k-points that keep the symmetry of a crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

Grid = tuple[int, int, int]

KPOINT_SPACING_PER_A = 0.3
"""Largest distance of neighbouring k-points in 1/Å, with the factor 2π, if none is asked for."""


def monkhorst_pack(grid: Grid) -> Floats:
    """Return the points of a Monkhorst-Pack grid in units of the reciprocal vectors, shape (n, 3).

    Phys. Rev. B 13, 5188 (1976); grids of an even number leave out Γ.

    Examples
    --------
    >>> monkhorst_pack((2, 1, 1)).tolist()
    [[-0.25, 0.0, 0.0], [0.25, 0.0, 0.0]]
    """
    axes = [(2.0 * np.arange(1, n + 1) - n - 1) / (2.0 * n) for n in grid]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def is_symmetric(grid: Grid, rotations: Ints) -> bool:
    """Whether rotations take a Monkhorst-Pack grid to itself.

    Parameters
    ----------
    grid : tuple of int
        Points along the three reciprocal vectors.
    rotations : ndarray of int, shape (n_operations, 3, 3)
        The point group, as matrices that act on fractional coordinates in real space.

    Examples
    --------
    The four-fold axes of rock salt, in its primitive cell, take an even grid to another one:

    >>> turn = np.array([[[0, 0, -1], [1, 1, 1], [0, -1, 0]]])
    >>> is_symmetric((2, 2, 2), turn), is_symmetric((3, 3, 3), turn)
    (False, True)
    """
    points = monkhorst_pack(grid)
    finer = 2 * np.array(grid)  # all points lie on a grid twice as fine
    places = np.einsum("pj,oji->opi", points, rotations) * finer
    if not np.allclose(places, np.rint(places), atol=1e-6):
        return False
    known = _numbers(points * finer, finer)
    return all(_numbers(images, finer) == known for images in places)


def _numbers(places: Floats, size: Ints) -> frozenset[int]:
    """Return the numbers of points of a grid that repeats after `size` steps."""
    wrapped = np.mod(np.rint(places).astype(np.int64), size)
    return frozenset(np.ravel_multi_index(tuple(wrapped.T), tuple(size)).tolist())


def symmetric_grid(grid: Grid, rotations: Ints) -> Grid:
    """Return the grid, or the next finer one that keeps the symmetry.

    Grids of odd numbers hold Γ, and equal ones are as symmetric as the lattice.

    Examples
    --------
    >>> symmetric_grid((2, 2, 2), np.array([[[0, 0, -1], [1, 1, 1], [0, -1, 0]]]))
    (3, 3, 3)
    """
    a, b, c = (n + 1 - n % 2 for n in grid)
    most = max(a, b, c)
    for finer in (grid, (a, b, c)):
        if is_symmetric(finer, rotations):
            return finer
    return most, most, most
