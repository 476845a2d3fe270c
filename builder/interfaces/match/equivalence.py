"""Coincidence cells that the symmetry of the two faces makes the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .cells import adjugates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Bools, Floats, Ints

    from .cells import CoincidenceCell

HALF_TURN = -np.eye(2, dtype=np.int64)


def distinct_cells(
    cells: Sequence[CoincidenceCell],
    film_group: Ints,
    substrate_group: Ints,
) -> tuple[CoincidenceCell, ...]:
    """Return one of each set of cells that the symmetry of the two faces makes the same.

    A face of a crystal may have more symmetry in the plane than one cell in the list needs, and
    less than its bare lattice: each cell is taken as it is and with the film turned by 180°,
    and one of those is kept that operations of the film and of the substrate, both proper or
    both reflecting, do not take to one another.

    Parameters
    ----------
    cells : sequence of CoincidenceCell
        Cells of two lattices, as `coincidence_cells` lists them.
    film_group, substrate_group : ndarray of int, shape (n, 2, 2)
        Point groups of the faces. A matrix W turns the lattice vector m (a row, in units of the
        lattice vectors) into m W.

    Returns
    -------
    tuple of CoincidenceCell
        In the order of the list; a turned cell follows its own.

    Examples
    --------
    A rectangle lies on a square in two ways, along the one side or the other:

    >>> from epicarve.builder.interfaces.match import MatchOptions, coincidence_cells
    >>> cells = coincidence_cells(np.diag([5.0, 5.1]), 5.05 * np.eye(2), MatchOptions(
    ...     max_area_a2=30.0))
    >>> square = np.array([[[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[-1, 0], [0, -1]],
    ...     [[0, -1], [1, 0]]])
    >>> len(cells), len(distinct_cells(cells, square[::2], square))
    (2, 1)
    """
    if not cells:
        return ()
    film = np.array([cell.film_matrix for cell in cells])
    film = np.stack([film, HALF_TURN @ film], axis=1).reshape(-1, 2, 2)
    substrate = np.repeat([cell.substrate_matrix for cell in cells], 2, axis=0)
    # the map from film to substrate, in units of their lattice vectors, is X = F⁻¹ S; times det F
    determinant = np.rint(np.linalg.det(film)).astype(np.int64)
    maps = adjugates(film) @ substrate
    common = np.gcd(np.gcd.reduce(maps.reshape(-1, 4), axis=1), determinant)
    maps = maps // common[:, None, None]
    scale = np.abs(determinant // common)
    lowest = np.full((len(maps), 4), np.iinfo(np.int64).max)
    for inverse in np.rint(np.linalg.inv(film_group)).astype(np.int64):
        for operation in substrate_group:
            turned = (inverse @ maps @ operation).reshape(-1, 4)
            lowest = np.where(_less(turned, lowest)[:, None], turned, lowest)
    _, first = np.unique(np.column_stack([scale, lowest]), axis=0, return_index=True)
    kept = []
    for row in np.sort(first).tolist():
        cell = cells[row // 2]
        kept.append(_half_turned(cell) if row % 2 else cell)
    return tuple(kept)


def face_group(point_group: Ints, hkl: tuple[int, int, int], directions: Floats) -> Ints:
    """Return the point group of a face in units of the lattice vectors of its plane.

    Parameters
    ----------
    point_group : ndarray of int, shape (n, 3, 3)
        Point group of the crystal; its matrices act on fractional columns
        (`epicarve.builder.crystal.spacegroup.SpaceGroup.point_group`).
    hkl : tuple of int
        Miller indices of the face.
    directions : ndarray of float, shape (2, 3)
        Lattice vectors [u, v, w] of the plane, in units of the crystal's cell.

    Returns
    -------
    ndarray of int, shape (m, 2, 2)
        The operations that keep the outward normal; W turns a lattice vector m (a row) into m W.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> group = bundled_crystal("CsPbCl3").symmetry.point_group
    >>> len(face_group(group, (1, 0, 0), np.eye(3)[1:]))
    8
    >>> len(face_group(group, (2, 1, 0), np.array([[0.0, 0.0, 1.0], [1.0, -2.0, 0.0]])))
    2
    """
    kept = point_group[(np.array(hkl) @ point_group == hkl).all(axis=1)]
    turned = np.einsum("ij,okj->oik", directions, kept)
    return np.asarray(np.rint(turned @ np.linalg.pinv(directions)).astype(np.int64))


def _less(first: Ints, second: Ints) -> Bools:
    """Whether each row comes before the other in lexicographic order."""
    differs = first != second
    column = np.argmax(differs, axis=1)[:, None]
    here, there = np.take_along_axis(first, column, 1), np.take_along_axis(second, column, 1)
    return np.asarray((here < there)[:, 0])


def _half_turned(cell: CoincidenceCell) -> CoincidenceCell:
    angle = cell.rotation_deg
    return replace(
        cell,
        film_matrix=-cell.film_matrix,
        rotation_deg=angle - 180.0 if angle > 0.0 else angle + 180.0,
    )
