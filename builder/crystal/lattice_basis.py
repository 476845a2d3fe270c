"""Bases of lattices: integer rows in echelon form, primitive vectors, the shortest of a plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

    from .crystal import Crystal

SAME_A2 = 1e-6
"""Squared lengths that differ by no more, in Å², are the same."""


def primitive_vectors(crystal: Crystal) -> Floats:
    """Return three primitive lattice vectors [uvw] of a crystal, whatever its cell's centring.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> primitive_vectors(bundled_crystal("PbS")).tolist()
    [[0.5, 0.5, 0.0], [0.0, -0.5, 0.5], [0.0, 0.0, 1.0]]
    """
    group = crystal.symmetry
    shifts = group.translations[(group.rotations == np.eye(3, dtype=int)).all(axis=(1, 2))]
    whole = len(shifts)  # they form a group, so that n of them lie on multiples of 1/n
    rows = np.vstack([np.rint(shifts % 1.0 * whole), whole * np.eye(3)]).astype(int)
    return row_hermite(rows)[:3] / whole


def row_hermite(rows: Ints) -> Ints:
    """Bring integer rows to echelon form by whole row operations; zero rows last.

    Examples
    --------
    >>> row_hermite(np.array([[2, 0], [0, 2], [1, 1]])).tolist()
    [[1, 1], [0, 2], [0, 0]]
    """
    left = rows.copy()
    top = 0
    for column in range(left.shape[1]):
        while True:
            below = np.flatnonzero(left[top:, column]) + top
            if len(below) == 0:
                break
            smallest = below[np.argmin(np.abs(left[below, column]))]
            left[[top, smallest]] = left[[smallest, top]]
            factors = left[top + 1 :, column] // left[top, column]
            left[top + 1 :] -= factors[:, None] * left[top]
            if not left[top + 1 :, column].any():
                top += 1
                break
    return left


def shortest_steps(vectors_a: Floats) -> Ints:
    """Return the two shortest vectors of a plane lattice, shorter first, in units of two given.

    Lagrange's (Gauss's) reduction; of equally short ones the given order and sense stay.

    Parameters
    ----------
    vectors_a : ndarray of float, shape (2, n)
        Two vectors in Å that span the lattice, as rows.

    Returns
    -------
    ndarray of int, shape (2, 2)
        The rows; times `vectors_a` they are the vectors in Å.

    Examples
    --------
    >>> shortest_steps(np.array([[8.0, 0.0], [16.5, 6.0]])).tolist()
    [[-2, 1], [1, 0]]
    """
    (aa, ab), (_, bb) = (vectors_a @ vectors_a.T).tolist()
    first, second = (1, 0), (0, 1)
    while True:
        if aa > bb + SAME_A2:
            first, second, aa, bb = second, first, bb, aa
        n = round(round(ab / aa, 6))
        if n == 0:
            return np.array([first, second])
        second = (second[0] - n * first[0], second[1] - n * first[1])
        bb += n * (n * aa - 2.0 * ab)
        ab -= n * aa
