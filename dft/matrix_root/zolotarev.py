"""The best rational approximation of the square root on an interval (Zolotarev 1877)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ellipj, ellipkm1

if TYPE_CHECKING:
    from epicarve.arrays import Floats

MOST_POLES = 32
"""More than are ever needed: 20 for an error of 1e-7 where the ends differ by a factor of 1e9."""


@dataclass(frozen=True)
class RootFraction:
    r"""A rational function close to the square root, in partial fractions.

    .. math:: r(x) = \alpha + \beta x + \sum_j \frac{\rho_j}{x + p_j},
       \qquad |r(x) - \sqrt x| \le \epsilon \sqrt x \ \text{for}\ x \in [a, b]

    Parameters
    ----------
    constant, slope : float
        α and β.
    residues, shifts : ndarray, shape (n_poles,)
        ρ and p; every p is positive, so no x + p vanishes on the interval.
    error : float
        ε, the largest relative error on the interval.
    """

    constant: float
    slope: float
    residues: Floats
    shifts: Floats
    error: float

    def __call__(self, x: Floats) -> Floats:
        """Evaluate the function at each x."""
        poles = (self.residues / (x[..., None] + self.shifts)).sum(axis=-1)
        return np.asarray(self.constant + self.slope * x + poles)


def root_fraction(low: float, high: float, error: float) -> RootFraction:
    r"""Approximate the square root with as few poles as an error allows.

    Zolotarev's function of 1/√x is Π(x + c_2l)/Π(x + c_2l−1) with
    c_l = a sc²(l K′/2n; k′), k′² = 1 − a/b; the reciprocal, which has one pole less, is the
    approximation here. Its relative error takes its largest value, with alternating sign, at the
    2n + 1 points a/dn²(l K′/2n; k′), and there it is measured. (N. I. Akhiezer, Elements of the
    Theory of Elliptic Functions, chapter 9; N. J. Higham, Functions of Matrices, section 5.9.)

    Parameters
    ----------
    low, high : float
        The interval, 0 < low < high.
    error : float
        Largest relative error allowed, at least 1e-13, and 1e-17 high/low for rounding.

    Returns
    -------
    RootFraction
        With the fewest poles: they grow like log(high/low) · log(1/error) / (2π²).

    Raises
    ------
    ValueError
        If the interval is too wide for that error in double precision.

    Examples
    --------
    >>> fraction = root_fraction(1e-3, 10.0, error=1e-6)
    >>> len(fraction.shifts)
    9
    >>> bool(abs(fraction(np.array([0.25]))[0] - 0.5) < 0.5e-6)
    True
    """
    ratio = low / high
    quarter_period = ellipkm1(ratio)
    for n in range(1, MOST_POLES + 2):
        sn, cn, dn, _ = ellipj(np.arange(2 * n + 1) * quarter_period / (2 * n), 1.0 - ratio)
        c = low * (sn[1:-1] / cn[1:-1]) ** 2
        zeros, poles = c[::2], c[1::2]
        extremes = low / dn**2
        ratios = (extremes + zeros[-1]) / np.sqrt(extremes)
        ratios *= np.prod((extremes[:, None] + zeros[:-1]) / (extremes[:, None] + poles), axis=1)
        found = (ratios.max() - ratios.min()) / (ratios.max() + ratios.min())
        if found <= error:
            break
    else:
        raise ValueError(f"no square root to {error:g} on [{low:g}, {high:g}]: too wide")
    slope = 2.0 / (ratios.max() + ratios.min())
    gaps = poles - poles[:, None] + np.eye(n - 1)
    residues = np.prod((zeros[:-1] - poles[:, None]) / gaps, axis=1) * (zeros[-1] - poles) * slope
    return RootFraction(
        constant=float(slope * (zeros.sum() - poles.sum())),
        slope=float(slope),
        residues=residues,
        shifts=poles,
        error=float(found),
    )
