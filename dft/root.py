"""The square root of an overlap matrix, applied to orbitals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal, lapack, solveh_banded
from threadpoolctl import threadpool_limits

from epicarve.errors import InputError

from .skyline import Skyline
from .zolotarev import root_fraction

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from .skyline import SkylineFactor

WIDEST_SPECTRUM = 1e9
"""Largest ratio of eigenvalues that the rational function takes; beyond, a basis is dependent."""

LEAST_ERROR = 1e-13
"""Smallest error to ask of the rational function, and 1e-17 times the ratio of eigenvalues, which
is the rounding of its coefficients, if that is more."""

DENSE_FLOPS = 3.0
"""A reduction to tridiagonal form takes as long as this many times n³ operations of matrix
products; half of its 4/3 n³ are bound by memory."""

TYPICAL_POLES = 9
"""Poles for an error of 2e-7 and overlaps of a ratio of eigenvalues of 1e3 to 1e4."""

FACTORS_AT_ONCE = 2
"""Poles that are worked on at the same time, each on a core of its own: each takes a factor's
memory."""

STATES_AT_ONCE = 512
"""Columns solved together: they bound the memory beside the factor and the result."""


def root_product(
    overlap: NDArray[np.float64] | csr_array, columns: NDArray[np.float64], error: float
) -> NDArray[np.float64]:
    """Apply the square root of a matrix to columns, by whichever method is cheaper.

    A dense array goes to `dense_root_product`. A sparse one goes there too if that takes fewer
    operations than the factorisations and solutions of `rational_root_product`, which are counted
    from its profile.

    Parameters
    ----------
    overlap : ndarray or csr_array, shape (n, n)
        Symmetric and positive definite, both triangles stored.
    columns : ndarray, shape (n, m)
        What to apply it to.
    error : float
        Largest relative error of a column allowed, at least 1e-9.

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
    """Apply the square root of a matrix to columns through its tridiagonal form, S = Q T Qᵀ.

    Q is applied as the reflectors that it is made of, and the root of T by the rational function
    of `rational_root_product`, which costs next to nothing there: no eigenvector is computed.

    Parameters
    ----------
    overlap : ndarray, shape (n, n)
        Symmetric and positive definite.
    columns : ndarray, shape (n, m)
        What to apply it to.

    Returns
    -------
    ndarray, shape (n, m)
        S^½ C, to 1e-13 of the norm of each column, or 1e-16 times the ratio of eigenvalues if that
        is more. Takes 2 n² numbers of memory.

    Raises
    ------
    InputError
        If the matrix is not positive definite, or nearly so.
    """
    n = len(overlap)
    work = int(lapack.dsytrd_lwork(n, lower=1)[0])
    reduced, diagonal, beside, scales, _ = lapack.dsytrd(overlap, lower=1, lwork=work)
    reflectors = np.asfortranarray(reduced[1:, :-1])
    del reduced
    ends = [
        float(eigvalsh_tridiagonal(diagonal, beside, select="i", select_range=(i, i))[0])
        for i in (0, n - 1)
    ]
    if ends[0] * WIDEST_SPECTRUM < ends[1]:
        raise _dependent(f"the eigenvalue {ends[0]:.1e}")
    # Bisection finds the ends to rounding; the interval is wider by far more than that.
    error = max(LEAST_ERROR, 1e-17 * ends[1] / ends[0])
    fraction = root_fraction(ends[0] * (1.0 - 1e-6), ends[1] * (1.0 + 1e-6), error)
    bands = np.zeros((2, n))
    bands[1, :-1] = beside
    result = np.empty(columns.shape)
    for part in _parts(columns.shape[1]):
        inner = np.array(columns[:, part], order="F")
        inner[1:] = _reflected(reflectors, scales, inner[1:], "T")
        outer = (fraction.slope * diagonal[:, None] + fraction.constant) * inner
        outer[1:] += fraction.slope * beside[:, None] * inner[:-1]
        outer[:-1] += fraction.slope * beside[:, None] * inner[1:]
        for residue, shift in zip(fraction.residues, fraction.shifts, strict=True):
            bands[0] = diagonal + shift
            outer += residue * solveh_banded(bands, inner, lower=True, check_finite=False)
        outer[1:] = _reflected(reflectors, scales, outer[1:], "N")
        result[:, part] = outer
    return result


def _reflected(
    reflectors: NDArray[np.float64],
    scales: NDArray[np.float64],
    columns: NDArray[np.float64],
    transposed: str,
) -> NDArray[np.float64]:
    """Apply the product of Householder's reflectors, or its transpose, to columns."""
    if not columns.size:
        return columns
    work = int(lapack.dormqr("L", transposed, reflectors, scales, columns, -1)[1][0])
    return np.asarray(lapack.dormqr("L", transposed, reflectors, scales, columns, work)[0])


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
        S^½ C. Beside matrix, columns and result, memory holds `FACTORS_AT_ONCE` factors
        (`Skyline.n_stored`) and the terms of those poles that wait for their turn in the sum.

    Raises
    ------
    InputError
        If the matrix is not positive definite, or nearly so.
    """
    skyline = skyline or Skyline.of(overlap)
    low, high = spectrum_bounds(overlap, skyline)
    fraction = root_fraction(low, high, error)
    result = np.empty(columns.shape)
    parts = _parts(columns.shape[1])
    for part in parts:
        result[:, part] = fraction.slope * (overlap @ columns[:, part])
        result[:, part] += fraction.constant * columns[:, part]

    def term(residue: float, shift: float) -> NDArray[np.float64]:
        factor = skyline.factor(shift)
        solved = np.empty(columns.shape)
        for part in parts:
            solved[:, part] = residue * factor.solve(columns[:, part])
        return solved

    # Blocks are too small for BLAS to share them out well: each term has a thread to itself.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(FACTORS_AT_ONCE) as threads:
        for one in threads.map(term, fraction.residues, fraction.shifts):
            result += one
    return result


def _parts(n_columns: int) -> list[slice]:
    """Cut columns into groups of a bounded size."""
    return [slice(s, s + STATES_AT_ONCE) for s in range(0, n_columns, STATES_AT_ONCE)]


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
    high = _upper_bound(overlap)
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


def _upper_bound(overlap: csr_array) -> float:
    """Bound the eigenvalues of S from above by those of |S|."""
    magnitudes = abs(overlap)
    vector = np.ones(overlap.shape[0])
    for _ in range(8):
        image = magnitudes @ vector
        high = float((image / vector).max())
        vector = image / image.max()
    return high


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
