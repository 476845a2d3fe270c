"""Reduction to band form, and band matrices, against dense linear algebra."""

from itertools import pairwise
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from epicarve.dft.matrix_root import BandMatrix, Reduction, Team, reduction, team


def symmetric(n, seed, filled=1.0):
    """A symmetric matrix; a share of its entries is not zero."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, n)) * (rng.uniform(size=(n, n)) < filled)
    return matrix + matrix.T


def band_matrix(n, width, seed):
    """A symmetric band matrix as blocks, and as a dense array."""
    rng = np.random.default_rng(seed)
    ends = [*range(0, n, width), n]
    sizes = np.diff(ends)
    diagonal = [symmetric(size, rng) for size in sizes]
    below = [np.triu(rng.normal(size=(low, up))) for up, low in pairwise(sizes)]
    dense = block_diag(*diagonal)
    for i, block in enumerate(below):
        rows, columns = slice(*ends[i + 1 : i + 3]), slice(*ends[i : i + 2])
        dense[rows, columns] = block
        dense[columns, rows] = block.T
    return BandMatrix(tuple(diagonal), tuple(below)), dense


def require_reduced(matrix, found):
    """Check S = Q B Qᵀ, that Q is orthogonal, and that B is a band."""
    n = len(matrix)
    band = found.band @ np.eye(n)
    q = found.outward(np.eye(n))
    size = max(np.abs(matrix).max(), 1.0)
    np.testing.assert_allclose(q @ band @ q.T, matrix, atol=1e-13 * n * size)
    np.testing.assert_allclose(q.T @ q, np.eye(n), atol=1e-14 * n)
    np.testing.assert_allclose(found.inward(np.eye(n)), q.T, atol=1e-14 * n)
    outside = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) > reduction.HALF_WIDTH
    assert not band[outside].any()


@given(
    n=st.integers(1, 40),
    width=st.integers(1, 7),
    panels=st.integers(1, 4),
    filled=st.sampled_from([1.0, 0.3, 0.05]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_any_symmetric_matrix_has_a_band_form(n, width, panels, filled, seed):
    matrix = symmetric(n, seed, filled)
    sizes = {"HALF_WIDTH": width, "COLUMNS_AT_ONCE": width * panels}
    with patch.multiple(reduction, **sizes):
        require_reduced(matrix, Reduction.of(matrix, Team()))
        require_reduced(matrix, Reduction.of(csr_array(matrix), Team()))


@pytest.mark.parametrize("n", [95, 96, 97, 288, 289, 400])
def test_matrices_around_the_sizes_of_blocks_have_a_band_form(n):
    matrix = symmetric(n, seed=n)
    with team() as threads:
        require_reduced(matrix, Reduction.of(matrix, threads))


def test_a_matrix_without_coupling_is_left_as_it_is():
    matrix = np.diag(np.arange(1.0, 201.0))
    found = Reduction.of(matrix, Team())
    np.testing.assert_array_equal(found.band @ np.eye(200), matrix)
    np.testing.assert_array_equal(found.outward(np.eye(200)), np.eye(200))


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_matrix_given_is_not_changed(order):
    matrix = np.array(symmetric(150, seed=1), order=order)
    before = matrix.copy()
    Reduction.of(matrix, Team())
    np.testing.assert_array_equal(matrix, before)


def test_the_same_numbers_come_from_one_thread_and_from_two():
    matrix = symmetric(700, seed=2)
    columns = np.random.default_rng(3).normal(size=(700, 5))
    products = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, "blas"), team() as threads:
            products.append(Reduction.of(matrix, threads).inward(columns))
    np.testing.assert_array_equal(*products)


@given(n=st.integers(1, 30), width=st.integers(1, 8), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_band_matrices_multiply_solve_and_bound_their_eigenvalues(n, width, seed):
    band, dense = band_matrix(n, width, seed)
    columns = np.random.default_rng(seed).normal(size=(n, 3))
    np.testing.assert_allclose(band @ columns, dense @ columns, atol=1e-12)
    assert band.largest_row_sum == pytest.approx(np.abs(dense).sum(axis=0).max())
    shift = 0.5 - np.linalg.eigvalsh(dense)[0]
    solution = band.factor(shift).solve(columns)
    np.testing.assert_allclose(dense @ solution + shift * solution, columns, atol=1e-10)


@pytest.mark.parametrize("above", [1e-9, -1e-9])
def test_a_factorisation_proves_on_which_side_the_lowest_eigenvalue_lies(above):
    band, dense = band_matrix(50, 7, seed=4)
    lowest = np.linalg.eigvalsh(dense)[0]
    if above > 0:
        band.factor(-lowest + above)
    else:
        with pytest.raises(np.linalg.LinAlgError):
            band.factor(-lowest + above)
