"""Ions of one side of an interface, periodic in the plane of the interface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Bools, Floats, Ints, Strings


@dataclass(frozen=True)
class Stack:
    """Atomic layers that repeat in the plane z = 0 and end at some height.

    Parameters
    ----------
    lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors of the plane in Å, as rows (x, y).
    symbols : ndarray of str, shape (n_ions,)
        Element of each ion of one cell.
    charges : ndarray of int, shape (n_ions,)
        Formal charge of each ion in units of e.
    positions_a : ndarray of float, shape (n_ions, 3)
        Coordinates in Å; z is the height along the normal of the interface.
    sites : ndarray of int, shape (n_ions,)
        Index of each ion's site in the unit cell of its crystal.

    Raises
    ------
    InputError
        If the lattice vectors are parallel.
    """

    lattice_a: Floats
    symbols: Strings
    charges: Ints
    positions_a: Floats
    sites: Ints

    def __post_init__(self) -> None:
        if self.area_a2 < 1e-9:
            raise InputError("the lattice vectors of a face are parallel; give independent ones")

    @property
    def n_ions(self) -> int:
        """Number of ions of one cell."""
        return len(self.symbols)

    @property
    def area_a2(self) -> float:
        """Area of the cell in Å²."""
        (a, b), (c, d) = self.lattice_a.tolist()
        return float(abs(a * d - b * c))

    def shifted(self, shift_a: Sequence[float]) -> Stack:
        """Return the stack translated by (x, y, z) in Å."""
        return replace(self, positions_a=self.positions_a + np.asarray(shift_a, dtype=float))

    def chosen(self, mask: Bools | Ints) -> Stack:
        """Return the ions that a mask of shape (n_ions,) keeps, or those of the indices given."""
        return replace(
            self,
            symbols=self.symbols[mask],
            charges=self.charges[mask],
            positions_a=self.positions_a[mask],
            sites=self.sites[mask],
        )

    def supercell(self, matrix: Ints) -> Stack:
        """Return the stack in a larger cell.

        Parameters
        ----------
        matrix : ndarray of int, shape (2, 2)
            Rows are the vectors of the larger cell in units of those of this one.
        """
        cells = cells_within(matrix)
        copies = np.tile(np.arange(self.n_ions), len(cells))
        positions = self.positions_a[copies]
        positions[:, :2] += np.repeat(cells @ self.lattice_a, self.n_ions, axis=0)
        return Stack(
            lattice_a=matrix @ self.lattice_a,
            symbols=self.symbols[copies],
            charges=self.charges[copies],
            positions_a=positions,
            sites=self.sites[copies],
        )

    def deformed(self, deformation: Floats) -> Stack:
        """Return the stack with the row vectors (x, y) multiplied by a matrix, shape (2, 2)."""
        positions = self.positions_a.copy()
        positions[:, :2] = positions[:, :2] @ deformation
        return replace(self, lattice_a=self.lattice_a @ deformation, positions_a=positions)

    def repeated(self, lattice_a: Floats) -> Stack:
        """Return the same ions with other lattice vectors in Å, shape (2, 2)."""
        return replace(self, lattice_a=lattice_a)

    def flipped(self) -> Stack:
        """Return the stack turned upside down about the x axis.

        So that the lattice stays right-handed, its second vector is turned round.
        """
        return replace(
            self,
            lattice_a=self.lattice_a * [[1.0, -1.0], [-1.0, 1.0]],
            positions_a=self.positions_a * [1.0, -1.0, -1.0],
        )

    @property
    def cations(self) -> Stack:
        """The ions of positive charge."""
        return self.chosen(self.charges > 0)


def cells_within(matrix: Ints) -> Ints:
    """Return the cells of a plane lattice that lie in one cell of a superlattice.

    Parameters
    ----------
    matrix : ndarray of int, shape (2, 2)
        Rows are the vectors of the superlattice in units of those of the lattice.

    Returns
    -------
    ndarray of int, shape (n_cells, 2)
        Lattice vectors, in units of those of the lattice.

    Examples
    --------
    >>> cells_within(np.array([[1, 1], [-1, 1]])).tolist()
    [[0, 0], [0, 1]]
    """
    (a, b), (c, d) = matrix.tolist()
    return _cells_within(a, b, c, d)


@lru_cache(maxsize=256)
def _cells_within(a: int, b: int, c: int, d: int) -> Ints:
    n_cells = a * d - b * c
    low = (min(a, 0) + min(c, 0), min(b, 0) + min(d, 0))
    high = (max(a, 0) + max(c, 0), max(b, 0) + max(d, 0))
    cells = np.indices((high[0] - low[0] + 1, high[1] - low[1] + 1)).reshape(2, -1).T + low
    # in units of the superlattice's vectors, times the number of cells: whole numbers
    inside = cells @ np.array([[d, -b], [-c, a]]) * (1 if n_cells > 0 else -1)
    found = np.asarray(cells[((inside >= 0) & (inside < abs(n_cells))).all(axis=1)])
    found.setflags(write=False)
    return found
