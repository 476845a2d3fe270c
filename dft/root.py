"""The square root of an overlap matrix, applied to orbitals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

from epicarve.errors import InputError

from .skyline import Skyline
from .zolotarev import root_fraction

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from .skyline import SkylineFactor

WIDEST_SPECTRUM = 1e9
"""Largest ratio of eigenvalues that the rational function takes; beyond, a basis is dependent."""

DENSE_FLOPS = 7.0
"""A dense eigenproblem takes as long as this many times n³ operations of matrix products."""

TYPICAL_POLES = 9
"""Poles for an error of 2e-7 and overlaps of a ratio of eigenvalues of 1e3 to 1e4."""

STATES_AT_ONCE = 512
"""Columns solved together: they bound the memory beside the factor and the result."""


def root_product(
    overlap: NDArray[np.float64] | csr_array, columns: NDArray[np.float64], error: float
) -> NDArray[np.float64]:
    """Apply the square root of a matrix to columns, by whichever method is cheaper.

    A dense array is diagonalised. A sparse one is diagonalised if that takes fewer operations than
    the factorisations and solutions of `rational_root_product`, both counted from its profile.

    Parameters
    ----------
    overlap : ndarray or csr_array, shape (n, n)
        Symmetric and positive definite, both triangles stored.
    columns : ndarray, shape (n, m)
        What to apply it to.
    error : float
        Largest relative error of a column allowed, at least 1e-9; a dense eigenproblem has none
        but rounding.

    Returns
    -------
    ndarray, shape (n, m)
        S^½ C.

    Raises
    ------
    InputError
        If the matrix is not positive definite.
    """
    if isinstance(overlap, np.ndarray):
        return dense_root_product(overlap, columns)
    skyline = Skyline.of(overlap)
    n, m = columns.shape
    dense = DENSE_FLOPS * n**3 + 4.0 * n**2 * m
    factors = (TYPICAL_POLES + 2) * skyline.factor_flops
    if factors + TYPICAL_POLES * skyline.solve_flops * m < dense:
        return rational_root_product(overlap, columns, error, skyline)
    del skyline
    return dense_root_product(overlap.toarray(), columns)


def dense_root_product(
    overlap: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Apply the square root of a matrix to columns through all its eigenvectors, S = U s Uᵀ.

    Parameters
    ----------
    overlap : ndarray, shape (n, n)
        Symmetric and positive definite.
    columns : ndarray, shape (n, m)
        What to apply it to.

    Returns
    -------
    ndarray, shape (n, m)
        S^½ C. Takes about 4 n² numbers of memory.

    Raises
    ------
    InputError
        If the matrix is not positive definite.
    """
    values, vectors = eigh(overlap, driver="evd", check_finite=False)
    if values[0] <= 0.0:
        raise _dependent(f"the eigenvalue {values[0]:.2e}")
    return np.asarray(vectors @ (np.sqrt(values)[:, None] * (vectors.T @ columns)))


def rational_root_product(
    overlap: csr_array,
    columns: NDArray[np.float64],
    error: float,
    skyline: Skyline | None = None,
) -> NDArray[np.float64]:
    r"""Apply the square root of a matrix to columns by a rational function with a proven error.

    .. math:: S^{1/2} C \approx \alpha C + \beta S C + \sum_j \rho_j (S + p_j)^{-1} C

    with Zolotarev's function for an interval that holds every eigenvalue of S. As its error is
    relative to the root, ‖result − S^½ c‖ ≤ error · ‖S^½ c‖ for each column, whatever the
    condition of S; rounding adds about 1e-16 times that condition.

    Parameters
    ----------
    overlap : csr_array, shape (n, n)
        Symmetric and positive definite, both triangles stored.
    columns : ndarray, shape (n, m)
        What to apply it to.
    error : float
        Largest relative error of each column, at least 1e-9.
    skyline : Skyline, optional
        The same matrix, ordered; made here if not given.

    Returns
    -------
    ndarray, shape (n, m)
        S^½ C. Beside matrix, columns and result, memory holds one factor (`Skyline.n_stored`).

    Raises
    ------
    InputError
        If the matrix is not positive definite, or nearly so.
    """
    skyline = skyline or Skyline.of(overlap)
    low, high = spectrum_bounds(overlap, skyline)
    fraction = root_fraction(low, high, error)
    result = np.empty(columns.shape)
    parts = [slice(s, s + STATES_AT_ONCE) for s in range(0, columns.shape[1], STATES_AT_ONCE)]
    for part in parts:
        result[:, part] = fraction.slope * (overlap @ columns[:, part])
        result[:, part] += fraction.constant * columns[:, part]
    for residue, shift in zip(fraction.residues, fraction.shifts, strict=True):
        factor = skyline.factor(shift)
        for part in parts:
            result[:, part] += residue * factor.solve(columns[:, part])
    return result


def spectrum_bounds(overlap: csr_array, skyline: Skyline) -> tuple[float, float]:
    """Find numbers between which all eigenvalues of an overlap lie.

    The upper one is the largest component of |S| v / v for a positive v (Collatz and Wielandt),
    which holds for any v and is close after a few powers. For the lower one, inverse iteration
    estimates the lowest eigenvalue, and a Cholesky factorisation of S less nearly that much
    proves that none lies below (Sylvester).

    Parameters
    ----------
    overlap : csr_array, shape (n, n)
        Symmetric, both triangles stored.
    skyline : Skyline
        The same matrix, ordered.

    Returns
    -------
    low, high : float
        0 < low ≤ every eigenvalue ≤ high.

    Raises
    ------
    InputError
        If an eigenvalue is not positive, or less than 1e-9 of the largest.
    """
    magnitudes = abs(overlap)
    vector = np.ones(overlap.shape[0])
    for _ in range(8):
        image = magnitudes @ vector
        high = float((image / vector).max())
        vector = image / image.max()
    try:
        lowest = _lowest_eigenvalue(overlap, skyline.factor(0.0))
    except np.linalg.LinAlgError:
        raise _dependent("an eigenvalue that is not positive") from None
    for margin in (0.9, 0.5, 0.1):
        low = margin * lowest
        if low * WIDEST_SPECTRUM < high:
            break
        try:
            skyline.factor(-low)
        except np.linalg.LinAlgError:
            continue
        return low, high
    raise _dependent(f"the eigenvalue {lowest:.1e}")


def _lowest_eigenvalue(overlap: csr_array, factor: SkylineFactor) -> float:
    """Estimate the lowest eigenvalue from above by inverse iteration of a few random vectors."""
    n = overlap.shape[0]
    vectors = np.random.default_rng(0).normal(size=(n, min(8, n)))
    for _ in range(5):
        vectors = np.linalg.qr(factor.solve(vectors))[0]
    return float(np.linalg.eigvalsh(vectors.T @ (overlap @ vectors))[0])


def _dependent(what: str) -> InputError:
    return InputError(
        f"the overlap matrix has {what}, so its basis is linearly dependent; use a smaller basis "
        "or move apart the atoms that are too close"
    )
