"""Contracted Gaussians of one angular momentum: basis functions and projectors."""

from __future__ import annotations

from dataclasses import dataclass
from math import gamma, pi
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats


@dataclass(frozen=True)
class GaussianShell:
    """A contraction of Gaussians of one angular momentum.

    Parameters
    ----------
    angular : int
        Angular momentum l; the shell has 2l + 1 functions.
    exponents : tuple of float
        Exponents of the primitives in 1/bohr².
    coefficients : tuple of float
        Coefficients of the normalised primitives. The contraction itself is normalised here.
    squares : int
        Powers of r² that multiply the primitives: some in the projectors of pseudopotentials, none
        in basis functions.
    """

    angular: int
    exponents: tuple[float, ...]
    coefficients: tuple[float, ...]
    squares: int = 0

    @property
    def n_functions(self) -> int:
        """Number of functions, 2l + 1."""
        return 2 * self.angular + 1

    def contraction(self) -> Floats:
        """Coefficients of the bare primitives S_lm(r) r^2n exp(-a r²), for functions of norm 1."""
        power = self.angular + 2 * self.squares + 1.5
        exponents = np.array(self.exponents)
        bare = np.array(self.coefficients) * exponents ** (power / 2.0)
        sums = exponents[:, None] + exponents
        radial = 0.5 * gamma(power) / sums**power
        norm = 4.0 * pi / (2 * self.angular + 1) * (bare @ radial @ bare)
        return np.asarray(bare / np.sqrt(norm))
