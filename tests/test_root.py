"""The square root of an overlap, applied to orbitals, against dense linear algebra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.sparse import csr_array

from epicarve.dft.matrix_root import (
    Reduction,
    Team,
    root,
    root_fraction,
    root_product,
    spectrum_bounds,
)
from epicarve.errors import InputError


def chain_overlap(n, decay=0.3, reach=60, seed=0):
    """Overlap of `n` functions along a chain in random order, zero beyond `reach`."""
    rng = np.random.default_rng(seed)
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    overlap = np.where(distance < reach, np.exp(-decay * distance), 0.0)
    overlap += 1e-3 * np.eye(n)
    order = rng.permutation(n)
    return overlap[np.ix_(order, order)]


def with_spectrum(values, seed=0):
    """A dense symmetric matrix of given eigenvalues, and its eigenvectors."""
    rng = np.random.default_rng(seed)
    vectors = np.linalg.qr(rng.normal(size=(len(values), len(values))))[0]
    matrix = (vectors * values) @ vectors.T
    return (matrix + matrix.T) / 2, vectors


@given(
    width=st.floats(0.05, 9.0),
    scale=st.floats(1e-3, 1e3),
    error=st.sampled_from([1e-2, 1e-5, 1e-7, 1e-9, 1e-13]),
)
@settings(deadline=None)
def test_the_error_of_the_fraction_is_the_largest_there_is(width, scale, error):
    low, high = scale, scale * 10.0**width
    error = max(error, 1e-17 * high / low)
    fraction = root_fraction(low, high, error)
    assert fraction.error <= error
    assert np.all(fraction.shifts > 0)
    x = np.geomspace(low, high, 4001)
    found = np.abs(fraction(x) / np.sqrt(x) - 1.0).max()
    assert found == pytest.approx(fraction.error, rel=1e-2, abs=1e-10)


def test_poles_grow_with_the_logarithms_only():
    poles = [len(root_fraction(10.0**-k, 1.0, 1e-7).shifts) for k in range(1, 9)]
    assert poles == sorted(poles)
    assert poles[-1] <= 2.5 * poles[2]


def test_a_spectrum_too_wide_for_double_precision_is_refused():
    with pytest.raises(ValueError, match="too wide"):
        root_fraction(1e-14, 1.0, 1e-9)


@given(decades=st.floats(0.5, 6.0), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_bounds_hold_all_eigenvalues(decades, seed):
    values = np.geomspace(1.0, 10.0**decades, 40)
    low, high = spectrum_bounds(Reduction.of(with_spectrum(values, seed)[0], Team()).band)
    assert 0.1 * values[0] * 0.999 < low < values[0]
    assert values[-1] * (1.0 - 1e-12) < high


@pytest.mark.parametrize("decades", [1, 4, 7])
def test_the_error_is_within_its_bound_also_for_the_worst_orbitals(decades):
    values = np.geomspace(10.0**-decades, 3.0, 300)
    overlap, vectors = with_spectrum(values)
    exact = (vectors * np.sqrt(values)) @ vectors.T
    rng = np.random.default_rng(5)
    # Orbitals on the lowest eigenvectors have the largest coefficients.
    columns = np.linalg.solve(exact, np.linalg.qr(rng.normal(size=(300, 40)))[0])
    for stored in (overlap, csr_array(overlap)):
        errors = np.linalg.norm(root_product(stored, columns) - exact @ columns, axis=0)
        assert errors.max() <= 1e-12 + 1e-16 * 10.0**decades * 300


def test_the_root_of_a_long_chain_is_that_of_scipy():
    overlap = chain_overlap(500)
    columns = np.random.default_rng(1).normal(size=(500, 90))
    found = root_product(csr_array(overlap), columns)
    np.testing.assert_allclose(found, sqrtm(overlap).real @ columns, atol=1e-11)


def test_columns_are_worked_off_in_parts(monkeypatch):
    overlap = chain_overlap(60)
    columns = np.random.default_rng(2).normal(size=(60, 11))
    whole = root_product(overlap, columns)
    monkeypatch.setattr(root, "STATES_AT_ONCE", 4)
    np.testing.assert_allclose(root_product(overlap, columns), whole, atol=1e-13)
    assert root_product(overlap, columns[:, :0]).shape == (60, 0)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_smallest_matrices_have_a_root(n):
    overlap = np.diag(np.arange(1.0, n + 1.0)) + 0.1
    for stored in (overlap, csr_array(overlap)):
        found = root_product(stored, np.eye(n))
        np.testing.assert_allclose(found @ found, overlap, atol=1e-12)


@pytest.mark.parametrize("values", [(-0.1, 1.0, 2.0), (1e-13, 1.0, 2.0)])
@pytest.mark.parametrize("stored", [np.asarray, csr_array])
def test_a_dependent_basis_is_refused(values, stored):
    overlap = with_spectrum(np.array(values))[0]
    with pytest.raises(InputError, match="linearly dependent"):
        root_product(stored(overlap), np.ones((3, 1)))
