"""Inverse powers of the distance, split into a sharp part and a smooth one (Ewald's way).

Each power is a sum of Gaussians, r⁻ⁿ = ∫ t^(n/2−1) exp(−t r²) dt / Γ(n/2) over all t > 0. Those
narrower than a width 1/α (t > α²) make the sharp part, which ends a few widths away; the others
make the smooth part, whose Fourier transform ends at a few times α. n = 1 is Ewald's split of
Coulomb's law; for other powers see Williams, Acta Cryst. A 1971, 27, 452.
"""

from __future__ import annotations

from math import factorial, gamma, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erfc

if TYPE_CHECKING:
    from epicarve.arrays import Floats

ENDS = 4.5
"""The sharp part ends where α r is this, the smooth part where k/2α is; erfc(4.5) = 2e-10."""


def short_range(power: int, squared_a2: Floats, split_per_a: float) -> Floats:
    """Return the sharp part of r⁻ⁿ, from squared distances.

    Parameters
    ----------
    power : int
        1, or an even number.
    squared_a2 : ndarray of float
        r² in Å².
    split_per_a : float
        α in 1/Å.

    Returns
    -------
    ndarray of float
        Q(n/2, α²r²) r⁻ⁿ in Å⁻ⁿ, Q the upper incomplete gamma function over the whole one.
    """
    if power == 1:
        r = np.sqrt(squared_a2)
        return np.asarray(erfc(split_per_a * r) / r)
    x = split_per_a**2 * squared_a2
    inverse = 1.0 / x
    # (1 + x + x²/2! + ...) / xⁿᐟ² in powers of 1/x, in place
    values = np.zeros_like(x)
    for m in range(power // 2):
        values += 1.0 / factorial(m)
        values *= inverse
    values *= split_per_a**power * np.exp(-x)
    return values


def short_range_part(power: int, squared_a2: Floats, split_per_a: float) -> tuple[Floats, Floats]:
    """Return the sharp part of r⁻ⁿ and its slope over r, from squared distances.

    Parameters
    ----------
    power : int
        1, or an even number.
    squared_a2 : ndarray of float
        r² in Å².
    split_per_a : float
        α in 1/Å.

    Returns
    -------
    values : ndarray of float
        As `short_range`.
    slopes : ndarray of float
        Their derivative by r, divided by r, in Å⁻ⁿ⁻².
    """
    values = short_range(power, squared_a2, split_per_a)
    narrow = np.exp(-(split_per_a**2) * squared_a2)
    edge = 2.0 * split_per_a**power / gamma(power / 2) * narrow
    return values, -(power * values + edge) / squared_a2


def long_range_transform(power: int, squared_per_a2: Floats, split_per_a: float) -> Floats:
    """Return the Fourier transform of the smooth part of r⁻ⁿ, ∫ f(r) exp(−i k·r) d³r.

    Parameters
    ----------
    power : int
        1, or an even number above 3.
    squared_per_a2 : ndarray of float
        k² in 1/Å²; above 0 if the power is 1.
    split_per_a : float
        α in 1/Å.

    Returns
    -------
    ndarray of float
        π^(3/2) / Γ(n/2) ∫ t^((n−5)/2) exp(−k²/4t) dt from 0 to α²; 4π/k² exp(−k²/4α²) for n = 1.
    """
    if power == 1:
        return np.asarray(4.0 * pi / squared_per_a2 * np.exp(-squared_per_a2 / 4 / split_per_a**2))
    # I(s) = ∫ t^(s−1) exp(−b/t) dt obeys s I(s) = α^(2s) exp(−b/α²) − b I(s − 1)
    b = squared_per_a2 / 4.0
    edge = np.exp(-b / split_per_a**2)
    root = np.sqrt(b)
    order = 0.5
    integral = 2.0 * split_per_a * edge - 2.0 * sqrt(pi) * root * erfc(root / split_per_a)
    while order < (power - 3) / 2:
        order += 1.0
        integral = (split_per_a ** (2 * order) * edge - b * integral) / order
    return np.asarray(pi**1.5 / gamma(power / 2) * integral)
