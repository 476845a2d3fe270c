"""Orthogonal reduction of a symmetric matrix to band form, at the speed of matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg.lapack import dgeqrf, dtrtri

from .accumulate import add_product
from .band import BandMatrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from epicarve.arrays import Floats

    from .workers import Team

HALF_WIDTH = 96
"""Columns of a panel, and half-width of the band: with fewer, products are slow; with more, the
panels and the band take longer."""

COLUMNS_AT_ONCE = 384
"""Columns of a group, the unit that threads share out."""


@dataclass(frozen=True)
class Reflection:
    """An orthogonal matrix 1 − V T Vᵀ: the product of a panel's Householder reflections.

    Parameters
    ----------
    first : int
        First row that it acts on; it acts on all below.
    vectors : ndarray, shape (n − first, k)
        V, unit lower trapezoidal.
    triangle : ndarray, shape (k, k)
        T, upper triangular.
    """

    first: int
    vectors: Floats
    triangle: Floats

    def apply(self, columns: Floats, transposed: bool) -> None:
        """Multiply columns, shape (n, m), in place by this matrix or its transpose."""
        mine = columns[self.first :]
        triangle = self.triangle.T if transposed else self.triangle
        add_product(mine, -1.0, self.vectors, triangle @ (self.vectors.T @ mine))


@dataclass(frozen=True)
class Reduction:
    """A symmetric matrix as S = Q B Qᵀ, B a band matrix.

    Parameters
    ----------
    band : BandMatrix
        B.
    reflections : tuple of Reflection
        Their product, in this order, is Q.
    """

    band: BandMatrix
    reflections: tuple[Reflection, ...]

    @classmethod
    def of(cls, matrix: Floats | csr_array, team: Team) -> Reduction:
        """Reduce a symmetric matrix.

        Panel by panel, the QR decomposition of what stands below a diagonal block gives a
        reflection 1 − V T Vᵀ, and what is left becomes A − V Wᵀ − Y Vᵀ with Y = A V T and
        W = Y − V Tᵀ Vᵀ Y (C. H. Bischof, B. Lang, X. Sun, ACM Trans. Math. Softw. 26, 581, 2000).
        All but the panels is products of dense blocks, 4/3 n³ operations.

        Parameters
        ----------
        matrix : ndarray or csr_array, shape (n, n)
            Symmetric, both triangles stored.
        team : Team
            Threads that do it.

        Returns
        -------
        Reduction
            With ½ n² numbers in its reflections; making it takes no more, as they take the place
            of columns that are done.
        """
        left = _groups(matrix)
        diagonal: list[Floats] = []
        below: list[Floats] = []
        reflections: list[Reflection] = []
        panel = _taken(left)
        decomposed = _decomposed(panel)
        while decomposed:
            diagonal.append(panel.columns[: panel.width].copy())
            upper, reflection = decomposed
            below.append(upper)
            reflections.append(reflection)
            update = _update(left, reflection, team)
            panel = _taken(left)
            # One thread goes on to decompose the next panel while others update the groups.
            decomposed = team.map(partial(_updated, update, panel), [panel, *left])[0]
        diagonal.append(panel.columns.copy())
        return cls(BandMatrix(tuple(diagonal), tuple(below)), tuple(reflections))

    def inward(self, columns: Floats) -> Floats:
        """Return Qᵀ C for columns C, shape (n, m)."""
        turned = np.array(columns, order="F")
        for reflection in self.reflections:
            reflection.apply(turned, transposed=True)
        return turned

    def outward(self, columns: Floats) -> Floats:
        """Return Q C for columns C, shape (n, m)."""
        turned = np.array(columns, order="F")
        for reflection in reversed(self.reflections):
            reflection.apply(turned, transposed=False)
        return turned


class _Group(NamedTuple):
    """Neighbouring columns of a lower triangle, from the row of the first of them down.

    Here and in what they are multiplied with, columns are contiguous, for BLAS is faster then.
    """

    start: int
    columns: Floats

    @property
    def width(self) -> int:
        return int(self.columns.shape[1])

    @property
    def end(self) -> int:
        return self.start + self.width


class _Update(NamedTuple):
    """A ← A − V Wᵀ − Y Vᵀ from a first row on, with W = Y − V M; V and Y side by side."""

    first: int
    rows: Floats
    inner: Floats

    def apply(self, group: _Group) -> None:
        rows = self.rows[group.start - self.first :]
        vectors, images = np.split(rows[: group.width], 2, axis=1)
        right = np.hstack([images - vectors @ self.inner, vectors])
        add_product(group.columns, -1.0, rows, right.T)


def _groups(matrix: Floats | csr_array) -> list[_Group]:
    """Cut the lower triangle into groups of columns."""
    groups = []
    for start in range(0, matrix.shape[0], COLUMNS_AT_ONCE):
        rows = matrix[start : start + COLUMNS_AT_ONCE, start:]
        dense = rows.copy(order="C") if isinstance(rows, np.ndarray) else rows.toarray(order="C")
        groups.append(_Group(start, dense.T))
    return groups


def _taken(left: list[_Group]) -> _Group:
    """Take the columns of the next panel off the first group."""
    group = left.pop(0)
    width = min(HALF_WIDTH, group.width)
    if width < group.width:
        left.insert(0, _Group(group.start + width, group.columns[width:, width:]))
    return _Group(group.start, group.columns[:, :width])


def _decomposed(panel: _Group) -> tuple[Floats, Reflection] | None:
    """Decompose what stands below the diagonal block of a panel, if anything does."""
    matrix = panel.columns[panel.width :]
    if not len(matrix):
        return None
    size = min(matrix.shape)
    # This one, unlike that of numpy, lets other threads run.
    packed, scales, _, _ = dgeqrf(
        np.array(matrix, order="F"), lwork=32 * panel.width, overwrite_a=1
    )
    upper = np.triu(packed[:size])
    vectors = np.array(packed[:, :size], order="F")
    vectors[:size] = np.tril(vectors[:size], -1)
    np.fill_diagonal(vectors, 1.0)
    # A column of zeros needs no reflection: a vector of zeros makes none.
    none = scales == 0.0
    vectors[:, none] = 0.0
    # T⁻¹ + T⁻ᵀ = Vᵀ V, with the inverse scales on the diagonal of T⁻¹.
    inverse = np.triu(vectors.T @ vectors, 1) + np.diag(1.0 / np.where(none, 1.0, scales))
    triangle = np.ascontiguousarray(dtrtri(inverse)[0])
    return upper, Reflection(panel.end, vectors, triangle)


def _update(left: list[_Group], reflection: Reflection, team: Team) -> _Update:
    """Find the change of what is left when a reflection is applied from both sides."""
    first, vectors, triangle = reflection.first, reflection.vectors, reflection.triangle
    width = len(triangle)
    rows = np.empty((len(vectors), 2 * width), order="F")
    rows[:, :width] = vectors

    def image(i: int) -> Floats:
        """Find the rows of Y in a group, and its part of Vᵀ Y."""
        group = left[i]
        product = np.zeros((group.width, width), order="F")
        add_product(product, 1.0, group.columns.T, vectors[group.start - first :])
        for before in left[:i]:
            block = before.columns[group.start - before.start : group.end - before.start]
            add_product(product, 1.0, block, vectors[before.start - first : before.end - first])
        mine = slice(group.start - first, group.end - first)
        rows[mine, width:] = product @ triangle
        return vectors[mine].T @ rows[mine, width:]

    inner = triangle.T @ sum(team.map(image, range(len(left))))
    return _Update(first, rows, (inner + inner.T) / 2.0)


def _updated(update: _Update, panel: _Group, group: _Group) -> tuple[Floats, Reflection] | None:
    """Update a group, and decompose it if it is the next panel."""
    update.apply(group)
    return _decomposed(group) if group is panel else None
