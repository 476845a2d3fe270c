"""Angular momentum in real solid harmonics."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.orbitals import monomials

if TYPE_CHECKING:
    from epicarve.arrays import Floats


@cache
def rotation_generators(angular: int) -> Floats:
    r"""Matrices of r × ∇ among the real solid harmonics of one angular momentum.

    Angular momentum is L = -i r × ∇ in units of ħ, so that ⟨m|L_a|m'⟩ = -i G[a, m, m'].

    Parameters
    ----------
    angular : int
        Angular momentum l.

    Returns
    -------
    ndarray of float, shape (3, 2l + 1, 2l + 1)
        For x, y and z: real and antisymmetric, m from -l to l.

    Examples
    --------
    Of y, z, x, rotation about z turns x into y:

    >>> rotation_generators(1)[2].round(12).tolist()
    [[0.0, 0.0, -1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    powers, coefficients = monomials(angular)
    place = {tuple(power): number for number, power in enumerate(powers.tolist())}
    generators = []
    for axis in range(3):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turned = np.zeros_like(coefficients)
        for one, other, sign in ((first, second, 1.0), (second, first, -1.0)):
            for number, power in enumerate(powers.tolist()):  # x_one d/dx_other of it
                if power[other]:
                    raised = list(power)
                    raised[other] -= 1
                    raised[one] += 1
                    turned[:, place[tuple(raised)]] += sign * power[other] * coefficients[:, number]
        generators.append(np.linalg.lstsq(coefficients.T, turned.T, rcond=None)[0])
    return np.array(generators).round(14)
