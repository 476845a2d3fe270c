"""Real solid harmonics, and how a product of two is a sum of single ones."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints


def solid_harmonics(vectors: Floats, highest: int) -> list[Floats]:
    """Real regular solid harmonics S_lm of vectors, in Racah's normalisation.

    They are homogeneous polynomials of degree l whose squares sum over m to r^(2l); for l = 1 they
    are y, z, x. The recursion is that of T. Helgaker, P. Jørgensen and J. Olsen, Molecular
    Electronic-Structure Theory (2000), equations 6.4.70 to 6.4.73.

    Parameters
    ----------
    vectors : ndarray of float, shape (n, 3)
        Where to evaluate them.
    highest : int
        The highest l.

    Returns
    -------
    list of ndarray
        For each l from 0: shape (n, 2l + 1), m from -l to l.

    Examples
    --------
    >>> solid_harmonics(np.array([[1.0, 2.0, 3.0]]), 1)[1].tolist()
    [[2.0, 3.0, 1.0]]
    """
    x, y, z = vectors.T
    square = x * x + y * y + z * z
    harmonics = [np.ones((len(vectors), 1))]
    for l in range(highest):  # noqa: E741  (the field's letter)
        last = harmonics[l]
        following = np.empty((len(vectors), 2 * l + 3))
        cosine, sine = last[:, 2 * l], last[:, 0] if l else np.zeros(len(vectors))
        factor = np.sqrt((1.0 if l else 2.0) * (2 * l + 1) / (2 * l + 2))
        following[:, -1] = factor * (x * cosine - y * sine)
        following[:, 0] = factor * (y * cosine + x * sine)
        for m in range(-l, l + 1):
            column = (2 * l + 1) * z * last[:, l + m]
            if abs(m) < l:
                column = (
                    column - np.sqrt((l + m) * (l - m)) * square * harmonics[l - 1][:, l - 1 + m]
                )
            following[:, l + 1 + m] = column / np.sqrt((l + m + 1) * (l - m + 1))
        harmonics.append(following)
    return harmonics


@cache
def monomials(angular: int) -> tuple[Ints, Floats]:
    """Write the solid harmonics of one angular momentum as polynomials in x, y and z.

    Parameters
    ----------
    angular : int
        The angular momentum l.

    Returns
    -------
    powers : ndarray of int, shape (n, 3)
        Powers of x, y and z in each monomial; they sum to l.
    coefficients : ndarray of float, shape (2l + 1, n)
        Of each monomial in each S_lm, m from -l to l.

    Examples
    --------
    >>> powers, coefficients = monomials(1)
    >>> powers.tolist(), coefficients.round(12).tolist()  # y, z, x
    ([[0, 0, 1], [0, 1, 0], [1, 0, 0]], [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    """
    every = np.indices((angular + 1,) * 3).reshape(3, -1).T
    powers = every[every.sum(axis=1) == angular]
    points = every - 0.5 * angular + [0.1, 0.2, 0.3]  # no monomial is zero at all of them
    values = np.prod(points[:, None, :] ** powers, axis=2)
    harmonics = solid_harmonics(points, angular)[angular]
    coefficients = np.linalg.lstsq(values, harmonics, rcond=None)[0].T
    return powers, np.asarray(np.where(np.abs(coefficients) < 1e-12, 0.0, coefficients))


@cache
def coupling(l1: int, l2: int, total: int) -> Floats:
    """Share of S_LM in the product of two solid harmonics on the unit sphere, L = `total`.

    Parameters
    ----------
    l1, l2, total : int
        Angular momenta of the factors and of the term.

    Returns
    -------
    ndarray, shape (2 l1 + 1, 2 l2 + 1, 2 L + 1)
        Coefficients G with S_l1m1 S_l2m2 = sum over L, M of G r^(l1+l2-L) S_LM; integrals over the
        sphere by a rule that is exact for polynomials of their degree.

    Examples
    --------
    >>> float(coupling(1, 1, 0)[0, 0, 0].round(12))  # y² = r²/3 + ...
    0.333333333333
    """
    degree = l1 + l2 + total
    heights, weights = np.polynomial.legendre.leggauss(degree // 2 + 1)
    angles = 2.0 * np.pi * np.arange(degree + 1) / (degree + 1)
    radii = np.sqrt(1.0 - heights**2)
    points = np.stack(
        [
            np.outer(radii, np.cos(angles)),
            np.outer(radii, np.sin(angles)),
            np.broadcast_to(heights[:, None], (len(heights), len(angles))),
        ],
        axis=-1,
    ).reshape(-1, 3)
    mean = np.repeat(weights, len(angles)) / (2.0 * len(angles))
    harmonics = solid_harmonics(points, max(l1, l2, total))
    return (2 * total + 1) * np.asarray(
        np.einsum("n,na,nb,nM->abM", mean, harmonics[l1], harmonics[l2], harmonics[total])
    )
