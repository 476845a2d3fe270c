"""In-plane translations of a film on a substrate: grids of them, and nearest lattice images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import row_hermite, shortest_steps
from epicarve.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from epicarve.arrays import Floats, Ints

    from .stack import Stack

LATTICE_TOLERANCE_A = 1e-6
"""Lattice vectors of film and substrate that differ by less than this, in Å, are the same."""


def common_lattice_a(film: Stack, substrate: Stack) -> Floats:
    """Return the lattice that both sides of an interface share, in Å, shape (2, 2).

    Raises
    ------
    InputError
        If the lattices differ: neither side can then be continued along with the other.
    """
    off_a = float(np.abs(film.lattice_a - substrate.lattice_a).max())
    if off_a > LATTICE_TOLERANCE_A:
        raise InputError(
            f"film and substrate repeat with lattice vectors that differ by {off_a:.3g} Å; "
            "strain both into one coincidence cell first"
        )
    return substrate.lattice_a


def registry_grid_a(lattice_a: Floats, points: tuple[int, int]) -> Floats:
    """Return translations that divide a cell of the plane evenly, in Å.

    Parameters
    ----------
    lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows.
    points : tuple of int
        Number of points along each lattice vector.

    Returns
    -------
    ndarray of float, shape (n, m, 2)
        Element [i, j] is i/n of the first vector plus j/m of the second.

    Examples
    --------
    >>> registry_grid_a(np.diag([8.0, 6.0]), (2, 3))[1, 2]
    array([4., 4.])
    """
    n, m = points
    parts = np.stack(np.meshgrid(np.arange(n) / n, np.arange(m) / m, indexing="ij"), axis=-1)
    return np.asarray(parts @ lattice_a)


def reduced_lattice_a(lattice_a: Floats) -> Floats:
    """Return the two shortest vectors that span a plane lattice, in Å (Lagrange's reduction).

    Examples
    --------
    >>> reduced_lattice_a(np.array([[8.0, 0.0], [16.5, 6.0]]))
    array([[0.5, 6. ],
           [8. , 0. ]])
    """
    return np.asarray(shortest_steps(lattice_a) @ lattice_a)


def registry_lattice_a(
    lattice_a: Floats,
    film_matrix: Ints,
    substrate_matrix: Ints,
) -> Floats:
    """Return the lattice of translations of a film on a substrate that change nothing.

    Lattice vectors of the film and of the substrate both leave the interface as it is; together
    they span this lattice, which is finer than either.

    Parameters
    ----------
    lattice_a : ndarray of float, shape (2, 2)
        The common cell in Å.
    film_matrix, substrate_matrix : ndarray of int, shape (2, 2)
        The common cell in units of the lattice vectors of each side.

    Returns
    -------
    ndarray of float, shape (2, 2)
        Its two shortest vectors in Å.

    Examples
    --------
    Three cells of 4 Å on four of 3 Å: every ångström is the same.

    >>> registry_lattice_a(np.diag([12.0, 5.0]), np.diag([3, 1]), np.diag([4, 1]))
    array([[1., 0.],
           [0., 5.]])
    """
    matrices = (film_matrix, substrate_matrix)
    common = math.lcm(*(round(abs(float(np.linalg.det(matrix)))) for matrix in matrices))
    # lattice vectors of each side in units of the common cell, times a common multiple
    rows = [np.rint(np.linalg.inv(matrix) * common).astype(int) for matrix in matrices]
    finer = row_hermite(np.vstack(rows))[:2] / common
    return reduced_lattice_a(finer @ lattice_a)


def nearest_squared_a2(offsets_a: ArrayLike, lattice_a: Floats) -> Floats:
    """Return the squared distances of points from the nearest point of a plane lattice, in Å².

    Parameters
    ----------
    offsets_a : array_like of float, shape (..., 2)
        Points of the plane in Å.
    lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows.

    Returns
    -------
    ndarray of float, shape (...)
        Exact: a reduced cell splits into two triangles without an obtuse angle, so that one of
        its four corners is the nearest lattice point of every point in it.

    Examples
    --------
    >>> nearest_squared_a2([7.0, 5.0], np.diag([8.0, 6.0]))
    array(2.)
    """
    reduced = reduced_lattice_a(lattice_a)
    (a, b), (c, d) = reduced.tolist()
    (e, f), (g, h) = inverse_2x2(reduced).tolist()
    offsets = np.asarray(offsets_a, dtype=float)
    x, y = offsets[..., 0], offsets[..., 1]
    u, v = e * x + g * y, f * x + h * y
    u, v = u - np.floor(u), v - np.floor(v)
    x, y = a * u + c * v, b * u + d * v
    nearest = np.asarray(x * x + y * y)
    for corner_x, corner_y in ((a, b), (c, d), (a + c, b + d)):
        np.minimum(nearest, (x - corner_x) ** 2 + (y - corner_y) ** 2, out=nearest)
    return nearest


def inverse_2x2(matrix: Floats) -> Floats:
    """Return the inverse of a matrix of shape (2, 2), sooner than `numpy.linalg.inv` does."""
    (a, b), (c, d) = matrix.tolist()
    return np.asarray(np.array([[d, -b], [-c, a]]) / (a * d - b * c))
