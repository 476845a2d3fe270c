"""The square root of an overlap matrix, applied to orbitals."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .reduction import Reduction
from .workers import team
from .zolotarev import root_fraction

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from epicarve.arrays import Floats

    from .band import BandMatrix

WIDEST_SPECTRUM = 1e9
"""Largest ratio of eigenvalues that the rational function takes; beyond, a basis is dependent."""

ROOT_ERROR = 1e-13
"""Relative error to ask of the rational function, or 1e-17 times the ratio of eigenvalues, which is
the rounding of its coefficients, if that is more."""

STATES_AT_ONCE = 40
"""Columns that a thread works on at a time."""


def root_product(overlap: Floats | csr_array, columns: Floats) -> Floats:
    r"""Apply the square root of a matrix to columns through a band form, S = Q B Qᵀ.

    .. math:: S^{1/2} C \approx Q \Big(\alpha + \beta B + \sum_j \rho_j (B + p_j)^{-1}\Big) Q^T C

    with Zolotarev's rational function for an interval that holds every eigenvalue. As its error is
    relative to the root, ‖result − S^½ c‖ ≤ 1e-13 ‖S^½ c‖ for each column; rounding adds about
    1e-16 times the condition of S. Q is applied as the reflections that it is made of: no
    eigenvector is computed. The time is that of 4/3 n³ + 4 n² m operations of matrix products.

    Parameters
    ----------
    overlap : ndarray or csr_array, shape (n, n)
        Symmetric and positive definite, both triangles stored.
    columns : ndarray, shape (n, m)
        What to apply it to.

    Returns
    -------
    ndarray, shape (n, m)
        S^½ C. Beside matrix, columns and result, takes ½ n² + 4,000 n numbers of memory, the second
        part for the factors of some 20 poles.

    Raises
    ------
    InputError
        If the matrix is not positive definite, or nearly so.

    Examples
    --------
    >>> root = root_product(np.array([[5.0, 4.0], [4.0, 5.0]]), np.eye(2))
    >>> root.round(12).tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """
    result = np.empty(columns.shape)
    with team() as threads:
        reduction = Reduction.of(overlap, threads)
        low, high = spectrum_bounds(reduction.band)
        fraction = root_fraction(low, high, max(ROOT_ERROR, 1e-17 * high / low))
        factors = threads.map(reduction.band.factor, fraction.shifts)

        def part(states: slice) -> None:
            inner = reduction.inward(columns[:, states])
            outer = fraction.slope * (reduction.band @ inner) + fraction.constant * inner
            for residue, factor in zip(fraction.residues, factors, strict=True):
                outer += residue * factor.solve(inner)
            result[:, states] = reduction.outward(outer)

        threads.map(part, _parts(columns.shape[1]))
    return result


def _parts(n_columns: int) -> list[slice]:
    """Cut columns into parts of nearly equal size."""
    n_parts = -(-n_columns // STATES_AT_ONCE)
    ends = [n_columns * i // n_parts for i in range(n_parts + 1)] if n_parts else [0]
    return [slice(start, end) for start, end in pairwise(ends)]


def spectrum_bounds(band: BandMatrix) -> tuple[float, float]:
    """Find numbers between which all eigenvalues of an overlap lie.

    No eigenvalue is larger than the largest sum of magnitudes in a row (Gershgorin). For the lower
    bound, inverse iteration estimates the lowest eigenvalue, and a Cholesky factorisation of B less
    nearly that much proves that none lies below (Sylvester).

    Parameters
    ----------
    band : BandMatrix
        The overlap, reduced.

    Returns
    -------
    low, high : float
        0 < low ≤ every eigenvalue ≤ high.

    Raises
    ------
    InputError
        If an eigenvalue is not positive, or less than 1e-9 of the upper bound.
    """
    high = band.largest_row_sum
    try:
        lowest = _lowest_eigenvalue(band)
    except np.linalg.LinAlgError:
        raise _dependent("an eigenvalue that is not positive") from None
    for margin in (0.9, 0.5, 0.1):
        low = margin * lowest
        if low * WIDEST_SPECTRUM < high:
            break
        try:
            band.factor(-low)
        except np.linalg.LinAlgError:
            continue
        return low, high
    raise _dependent(f"the eigenvalue {lowest:.1e}")


def _lowest_eigenvalue(band: BandMatrix) -> float:
    """Estimate the lowest eigenvalue from above by inverse iteration of a few random vectors."""
    factor = band.factor(0.0)
    n = band.rows[-1].stop
    vectors = np.random.default_rng(0).normal(size=(n, min(8, n)))
    for _ in range(5):
        vectors = np.linalg.qr(factor.solve(vectors))[0]
    return float(np.linalg.eigvalsh(vectors.T @ (band @ vectors))[0])


def _dependent(what: str) -> InputError:
    return InputError(
        f"the overlap matrix has {what}, so its basis is linearly dependent; use a smaller basis "
        "or move apart the atoms that are too close"
    )
