"""Symmetric band matrices as dense blocks: products, Cholesky factors, solutions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dtrtri

if TYPE_CHECKING:
    from epicarve.arrays import Floats


@dataclass(frozen=True)
class BandMatrix:
    """A symmetric band matrix, cut into diagonal blocks and those below them.

    Parameters
    ----------
    diagonal : tuple of ndarray
        Square blocks on the diagonal, both triangles filled, from the first to the last.
    below : tuple of ndarray
        Block under each of them but the last; all further down is zero.
    """

    diagonal: tuple[Floats, ...]
    below: tuple[Floats, ...]

    @property
    def rows(self) -> list[slice]:
        """Rows of each block."""
        ends = np.cumsum([0, *(len(block) for block in self.diagonal)]).tolist()
        return [slice(start, end) for start, end in pairwise(ends)]

    @property
    def largest_row_sum(self) -> float:
        """Largest sum of magnitudes in a row, which no eigenvalue exceeds."""
        sums = [np.abs(block).sum(axis=1) for block in self.diagonal]
        for i, block in enumerate(self.below):
            sums[i] += np.abs(block).sum(axis=0)
            sums[i + 1] += np.abs(block).sum(axis=1)
        return max(float(each.max()) for each in sums)

    def __matmul__(self, columns: Floats) -> Floats:
        """Multiply columns, shape (n, m)."""
        product = np.empty(columns.shape)
        rows = self.rows
        for mine, block in zip(rows, self.diagonal, strict=True):
            np.matmul(block, columns[mine], out=product[mine])
        for (mine, lower), block in zip(pairwise(rows), self.below, strict=True):
            product[lower] += block @ columns[mine]
            product[mine] += block.T @ columns[lower]
        return product

    def factor(self, shift: float) -> BandFactor:
        """Factorise B + shift·1 = L Lᵀ.

        Parameters
        ----------
        shift : float
            Number added to the diagonal.

        Returns
        -------
        BandFactor
            The factor.

        Raises
        ------
        numpy.linalg.LinAlgError
            If B + shift·1 is not positive definite. That it does not raise is a proof, but for
            rounding, that no eigenvalue of B lies below −shift.
        """
        inverses: list[Floats] = []
        beside: list[Floats] = []
        for i, block in enumerate(self.diagonal):
            rest = block.copy()
            rest.ravel()[:: len(rest) + 1] += shift
            if i:
                rest -= beside[-1].T @ beside[-1]
            inverses.append(dtrtri(np.linalg.cholesky(rest), lower=1)[0])
            if i < len(self.below):
                beside.append(inverses[-1] @ self.below[i].T)
        return BandFactor(self, tuple(inverses), tuple(beside))


@dataclass(frozen=True)
class BandFactor:
    """The Cholesky factor L of a shifted band matrix.

    Parameters
    ----------
    band : BandMatrix
        The matrix.
    inverses : tuple of ndarray
        Inverse of each diagonal block of L.
    beside : tuple of ndarray
        Transpose of each block of L below them.
    """

    band: BandMatrix
    inverses: tuple[Floats, ...]
    beside: tuple[Floats, ...]

    def solve(self, right: Floats) -> Floats:
        """Solve L Lᵀ x = right for each column, shape (n, m)."""
        x = np.empty(right.shape)
        rows = self.band.rows
        for i, (mine, inverse) in enumerate(zip(rows, self.inverses, strict=True)):
            rest = right[mine]
            if i:
                rest = rest - self.beside[i - 1].T @ x[rows[i - 1]]
            np.matmul(inverse, rest, out=x[mine])
        for i in reversed(range(len(rows))):
            rest = x[rows[i]]
            if i < len(self.beside):
                rest = rest - self.beside[i] @ x[rows[i + 1]]
            x[rows[i]] = self.inverses[i].T @ rest
        return x
