"""Mulliken weights and overlap populations against closed forms and sums over pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.sparse import csr_array

from epicarve.dft.lowdin import lowdin_weights
from epicarve.dft.populations import mulliken_weights, overlap_population
from epicarve.errors import InputError


def two_levels(overlap, difference, coupling):
    """Overlap and orbitals of two functions of levels ±difference/2."""
    matrix = np.array([[1.0, overlap], [overlap, 1.0]])
    hamiltonian = np.array([[-difference / 2, coupling], [coupling, difference / 2]])
    return matrix, eigh(hamiltonian, matrix)[1]


@given(overlap=st.floats(-0.9, 0.9))
def test_overlap_population_of_two_equal_levels(overlap):
    matrix, orbitals = two_levels(overlap, 0.0, -1.0)
    first = np.array([True, False])
    found = overlap_population(matrix, orbitals, first, ~first)
    # (φ1 ± φ2)/√(2(1 ± s)) has the population ±s/(1 ± s); with a coupling of −1, + is the lower.
    expected = [overlap / (1 + overlap), -overlap / (1 - overlap)]
    np.testing.assert_allclose(found, expected, atol=1e-10)


@given(seed=st.integers(0, 2**32 - 1), sparse=st.booleans())
def test_populations_are_sums_over_pairs_and_add_up_to_one(seed, sparse):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(7, 7))
    overlap = mixing @ mixing.T + np.eye(7)
    orbitals = eigh(mixing + mixing.T, overlap)[1]
    atoms = rng.integers(3, size=7)
    matrix = csr_array(overlap) if sparse else overlap
    mulliken = mulliken_weights(matrix, orbitals, atoms, 3)
    np.testing.assert_allclose(mulliken.sum(axis=0), 1.0, atol=1e-9)
    for i in range(7):
        pairs = np.outer(orbitals[:, i], orbitals[:, i]) * overlap
        one, two = atoms == 0, atoms == 1
        between = overlap_population(matrix, orbitals, one, two)[i]
        assert between == pytest.approx(2.0 * pairs[np.ix_(one, two)].sum(), abs=1e-9)
        assert mulliken[0, i] == pytest.approx(pairs[one].sum(), abs=1e-9)
        within = sum(pairs[np.ix_(group, group)].sum() for group in (one, ~one))
        across = overlap_population(matrix, orbitals, one, ~one)[i]
        assert within + across == pytest.approx(1.0, abs=1e-9)


def test_mulliken_and_lowdin_agree_where_functions_do_not_overlap():
    orbitals = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    atoms = np.array([0, 0, 1, 1, 1, 2])
    found = mulliken_weights(np.eye(6), orbitals, atoms, 3)
    np.testing.assert_allclose(found, lowdin_weights(np.eye(6), orbitals, atoms, 3), atol=1e-14)


def test_input_that_does_not_fit_is_refused():
    atoms = np.array([0, 1])
    with pytest.raises(InputError, match="differ in size"):
        mulliken_weights(np.eye(3), np.eye(3), atoms, 2)
    with pytest.raises(InputError, match="on none of the 1 atoms"):
        mulliken_weights(np.eye(2), np.eye(2), atoms, 1)
    with pytest.raises(InputError, match="not symmetric; give both"):
        lowdin_weights(csr_array([[1.0, 0.5], [0.0, 1.0]]), np.eye(2), atoms, 2)
    for stored in (np.asarray, csr_array):
        with pytest.raises(InputError, match="a coefficient is not a finite number"):
            lowdin_weights(stored(np.eye(2)), np.array([[np.nan], [0.0]]), atoms, 2)
        with pytest.raises(InputError, match="an overlap is not a finite number"):
            lowdin_weights(stored(np.diag([1.0, np.inf])), np.eye(2), atoms, 2)
    both = np.array([True, True])
    with pytest.raises(InputError, match="in both groups"):
        overlap_population(np.eye(2), np.eye(2), both, both)
    with pytest.raises(InputError, match="differ in their number of functions"):
        overlap_population(np.eye(2), np.eye(2), np.array([True]), both)
