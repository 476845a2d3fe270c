"""Sublattices of a plane lattice: all of them up to an area, and their shortest bases."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.arrays import Floats, Ints

MAX_SUBLATTICES = 2_000_000
"""Sublattices above which a list is refused; each takes about 150 bytes."""

GRAIN = 1e-12


@dataclass(frozen=True)
class Sublattices:
    """All sublattices of a plane lattice up to an index, each by its shortest basis.

    A point (x, y) of the plane is written as the complex number x + iy.

    Parameters
    ----------
    lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows.
    hermite : ndarray of int, shape (n, 2, 2)
        Hermite normal form of each sublattice, rows (p, q), (0, r) with p, r > 0 and
        0 ≤ q < r, in units of the lattice vectors.
    """

    lattice_a: Floats
    hermite: Ints

    @cached_property
    def index(self) -> Ints:
        """Cells of the lattice in one cell of each sublattice, shape (n,)."""
        return np.asarray(self.hermite[:, 0, 0] * self.hermite[:, 1, 1])

    @property
    def cell_area_a2(self) -> float:
        """Area of the cell of the lattice in Å²."""
        return plane_area_a2(self.lattice_a)

    @cached_property
    def area_a2(self) -> Floats:
        """Area of the cell of each sublattice in Å², shape (n,)."""
        return np.asarray(self.index * self.cell_area_a2)

    @cached_property
    def matrices(self) -> Ints:
        """Shortest basis of each in units of the lattice vectors, shape (n, 2, 2).

        Its rows a, b are right-handed in the plane, |a| ≤ |b|, and b·a ≤ a·a/2 in magnitude
        (Gauss).
        """
        complex_lattice = self.lattice_a @ np.array([1.0, 1.0j])
        rows = self.hermite.copy()
        if np.linalg.det(self.lattice_a) < 0:
            rows[:, 0] *= -1
        a, b = np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1])
        while True:
            za, zb = a @ complex_lattice, b @ complex_lattice
            squared = za.real**2 + za.imag**2
            steps = np.rint((za.real * zb.real + za.imag * zb.imag) / squared).astype(np.int64)
            b = b - steps[:, None] * a
            zb = zb - steps * za
            swap = zb.real**2 + zb.imag**2 < squared * (1.0 - GRAIN)
            if not swap.any():
                return np.stack([a, b], axis=1)
            a, b = np.where(swap[:, None], b, a), np.where(swap[:, None], -a, b)

    @cached_property
    def vectors(self) -> NDArray[np.complex128]:
        """Shortest basis of each in Å, as complex numbers, shape (n, 2)."""
        return np.asarray(self.matrices @ (self.lattice_a @ np.array([1.0, 1.0j])))


def sublattices(lattice_a: Floats, max_index: int) -> Sublattices:
    """Return all sublattices of a plane lattice up to an index; there are about 0.8 index².

    Parameters
    ----------
    lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows.
    max_index : int
        Largest number of cells in a cell of a sublattice.

    Raises
    ------
    InputError
        If the vectors are parallel, or there are more than `MAX_SUBLATTICES`.

    Examples
    --------
    The square lattice has one sublattice of index 1 and three of index 2; the last of them is
    the √2×√2 cell turned by 45°:

    >>> three = sublattices(np.eye(2), 2)
    >>> three.index.tolist(), abs(three.vectors[:, 0]).round(3).tolist()
    ([1, 2, 2, 2], [1.0, 1.0, 1.414, 1.0])
    """
    cell_a2 = plane_area_a2(lattice_a)
    if 0.83 * max_index**2 > MAX_SUBLATTICES:
        raise InputError(
            f"a cell of up to {max_index} times the {cell_a2:.1f} Å² of the plane's own has more "
            f"than {MAX_SUBLATTICES:.0e} forms; lower the largest area"
        )
    return Sublattices(np.asarray(lattice_a, dtype=float), hermite_forms(max_index))


def plane_area_a2(lattice_a: Floats) -> float:
    """Return the area in Å² of the cell of a plane lattice, whose vectors are rows (x, y) in Å.

    Raises
    ------
    InputError
        If these are not two rows of two numbers, or the vectors are parallel.
    """
    lattice = np.asarray(lattice_a, dtype=float)
    if lattice.shape != (2, 2) or not np.isfinite(lattice).all():
        raise InputError("a plane lattice is two rows (x, y) in Å; give a 2×2 array of numbers")
    a, b = np.linalg.norm(lattice, axis=1)
    area_a2 = float(abs(np.linalg.det(lattice)))
    if area_a2 <= 1e-6 * a * b:
        raise InputError("the lattice vectors of a plane are parallel; give independent ones")
    return area_a2


@lru_cache(maxsize=32)
def hermite_forms(max_index: int) -> Ints:
    """Return all Hermite normal forms of 2×2 integer matrices up to a determinant, by it."""
    p, r = (
        np.array(
            [(p, n // p) for n in range(1, max_index + 1) for p in _divisors(n)], dtype=np.int64
        )
        .reshape(-1, 2)
        .T
    )
    ends = np.cumsum(r)
    forms = np.zeros((int(ends[-1]) if len(ends) else 0, 2, 2), dtype=np.int64)
    forms[:, 0, 0], forms[:, 1, 1] = np.repeat(p, r), np.repeat(r, r)
    forms[:, 0, 1] = np.arange(len(forms)) - np.repeat(ends - r, r)
    forms.setflags(write=False)
    return forms


def _divisors(n: int) -> list[int]:
    return [p for p in range(1, n + 1) if n % p == 0]
