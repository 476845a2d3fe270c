"""Projectors of one angular momentum, and the matrix of strengths between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.orbitals import GaussianShell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats


@dataclass(frozen=True)
class Projectors:
    """Projectors of one angular momentum and their strengths, scalar (h) or spin-orbit (k).

    Projector i of angular momentum l goes with r^(l + 2(i - 1)) exp(-r²/2r_l²); C. Hartwigsen,
    S. Goedecker and J. Hutter, Phys. Rev. B 58, 3641 (1998), equations 3 and 19.

    Parameters
    ----------
    angular : int
        Angular momentum l.
    radius_bohr : float
        The radius r_l.
    strengths : tuple of tuple of float, shape (n, n)
        The matrix h_ij or k_ij in hartree.
    """

    angular: int
    radius_bohr: float
    strengths: tuple[tuple[float, ...], ...]

    @classmethod
    def of_triangle(cls, angular: int, radius_bohr: float, triangle: Sequence[float]) -> Projectors:
        """Return projectors of whose symmetric matrix the upper triangle is given, row by row."""
        n = math.isqrt(2 * len(triangle))
        matrix = np.zeros((n, n))
        of_row, columns = np.triu_indices(n)
        matrix[of_row, columns] = matrix[columns, of_row] = triangle
        return cls(angular, radius_bohr, tuple(tuple(row) for row in matrix.tolist()))

    @property
    def shells(self) -> tuple[GaussianShell, ...]:
        """The projectors as functions of norm 1, i from 1."""
        exponent = 0.5 / self.radius_bohr**2
        return tuple(
            GaussianShell(self.angular, (exponent,), (1.0,), squares=i)
            for i in range(len(self.strengths))
        )

    @property
    def matrix(self) -> Floats:
        """The strengths in hartree, shape (n, n)."""
        return np.array(self.strengths)
