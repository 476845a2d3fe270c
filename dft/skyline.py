"""Cholesky factors of shifted sparse matrices whose rows are dense from their first entry on.

The overlap of a particle has no use for a general sparse factorisation: each row holds a tenth of
all columns, and fills in. Ordered along the particle, though, a row begins well right of the first
column, and nothing left of it ever fills. Its factor is kept as block rows, each a dense array from
its first column to its diagonal, so that all work is products of dense arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dtrtri
from scipy.sparse.csgraph import reverse_cuthill_mckee

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

BLOCK = 256
"""Rows of a block: enough for products at full speed, few enough to follow the profile."""


@dataclass(frozen=True)
class BlockRow:
    """Rows of the lower triangle, from their first entry to the diagonal.

    Parameters
    ----------
    first, begin, end : int
        First column stored, first row, and one past the last row; `first` begins a block.
    places : ndarray of int
        Where the entries stand in the dense array of shape (end − begin, end − first), flattened.
    values : ndarray of float
        The entries.
    """

    first: int
    begin: int
    end: int
    places: NDArray[np.int64]
    values: NDArray[np.float64]

    def dense(self, shift: float) -> NDArray[np.float64]:
        """Return the rows with a number added to the diagonal."""
        rows = np.zeros((self.end - self.begin, self.end - self.first))
        rows.ravel()[self.places] = self.values
        diagonal = np.arange(len(rows))
        rows[diagonal, self.begin - self.first + diagonal] += shift
        return rows


@dataclass(frozen=True)
class Skyline:
    """A symmetric matrix, ordered so that its rows begin near the diagonal.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
        Row of the given matrix that stands at each place.
    rows : tuple of BlockRow
        The lower triangle in that order.
    """

    order: NDArray[np.int64]
    rows: tuple[BlockRow, ...]

    @classmethod
    def of(cls, matrix: csr_array) -> Skyline:
        """Order a symmetric sparse matrix by the reverse Cuthill–McKee rule and cut it in blocks.

        Parameters
        ----------
        matrix : csr_array, shape (n, n)
            Symmetric, both triangles stored, no entry twice.
        """
        n = matrix.shape[0]
        order = np.asarray(reverse_cuthill_mckee(matrix, symmetric_mode=True), dtype=np.int64)
        place = np.empty(n, dtype=np.int64)
        place[order] = np.arange(n)
        rows = []
        for begin, end in pairwise([*range(0, n, BLOCK), n]):
            part = matrix[order[begin:end]]
            columns = place[part.indices]
            first = int(columns.min(initial=begin)) // BLOCK * BLOCK
            within = np.repeat(np.arange(end - begin), np.diff(part.indptr))
            lower = columns <= begin + within
            places = within[lower] * (end - first) + (columns[lower] - first)
            rows.append(BlockRow(first, begin, end, places, part.data[lower]))
        return cls(order=order, rows=tuple(rows))

    @property
    def n_stored(self) -> int:
        """Numbers in a factor: its bytes are eight times as many."""
        return sum((row.end - row.begin) * (row.end - row.first) for row in self.rows)

    @property
    def factor_flops(self) -> float:
        """Floating-point operations of a factorisation, to a few per cent."""
        return float(sum((r.end - r.begin) * (r.end - r.first) ** 2 for r in self.rows))

    @property
    def solve_flops(self) -> float:
        """Floating-point operations of a solution for one column."""
        return 4.0 * self.n_stored

    def factor(self, shift: float) -> SkylineFactor:
        """Factorise A + shift·1 = L Lᵀ.

        Parameters
        ----------
        shift : float
            Number added to the diagonal.

        Returns
        -------
        SkylineFactor
            The factor.

        Raises
        ------
        numpy.linalg.LinAlgError
            If A + shift·1 is not positive definite. That it does not raise is a proof, but for
            rounding, that no eigenvalue of A lies below −shift.
        """
        done: list[NDArray[np.float64]] = []
        for i, row in enumerate(self.rows):
            dense = row.dense(shift)
            for above, factor in zip(
                self.rows[row.first // BLOCK : i], done[row.first // BLOCK : i], strict=True
            ):
                # Columns of the block `above`, by all columns left of it that both rows hold.
                first = max(row.first, above.first)
                mine = dense[:, above.begin - row.first : above.end - row.first]
                mine -= (
                    dense[:, first - row.first : above.begin - row.first]
                    @ factor[:, first - above.first : above.begin - above.first].T
                )
                mine[:] = mine @ factor[:, above.begin - above.first :].T
            left, mine = np.split(dense, [row.begin - row.first], axis=1)
            mine[:] = dtrtri(np.linalg.cholesky(mine - left @ left.T), lower=1)[0]
            done.append(dense)
        return SkylineFactor(self, tuple(done))


@dataclass(frozen=True)
class SkylineFactor:
    """The Cholesky factor of a shifted matrix.

    Parameters
    ----------
    skyline : Skyline
        The matrix.
    blocks : tuple of ndarray
        The rows of L for each block row of the matrix, with the diagonal block inverted.
    """

    skyline: Skyline
    blocks: tuple[NDArray[np.float64], ...]

    def solve(self, right: NDArray[np.float64]) -> NDArray[np.float64]:
        """Solve (A + shift·1) x = right for each column, shape (n, m), in the given order."""
        x = np.ascontiguousarray(right[self.skyline.order])
        parts = list(zip(self.skyline.rows, self.blocks, strict=True))
        for row, block in parts:
            left, inverse = np.split(block, [row.begin - row.first], axis=1)
            mine = x[row.begin : row.end]
            mine -= left @ x[row.first : row.begin]
            mine[:] = inverse @ mine
        for row, block in reversed(parts):
            left, inverse = np.split(block, [row.begin - row.first], axis=1)
            mine = x[row.begin : row.end]
            mine[:] = inverse.T @ mine
            x[row.first : row.begin] -= left.T @ mine
        solution = np.empty_like(x)
        solution[self.skyline.order] = x
        return solution
