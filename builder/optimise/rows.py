"""Rows of a program: linear constraints on its edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints


@dataclass(frozen=True)
class Rows:
    """Constraints matrix · y <= limit on the edits.

    Parameters
    ----------
    matrix : csr_array, shape (n_rows, n_columns)
        Coefficients.
    limit : ndarray of float, shape (n_rows,)
        Right-hand sides.
    """

    matrix: csr_array
    limit: Floats

    def part(self, columns: Ints, others: Floats) -> Rows:
        """Return the rows that concern some columns, with the others as they are."""
        matrix = csr_array(self.matrix[:, columns])
        concerned = np.flatnonzero(np.diff(matrix.indptr))
        left = self.limit - self.matrix @ others
        return Rows(csr_array(matrix[concerned]), left[concerned])

    def __add__(self, other: Rows) -> Rows:
        matrix = vstack([self.matrix, other.matrix], format="csr")
        return Rows(csr_array(matrix), np.concatenate([self.limit, other.limit]))
