import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh, sqrtm

from epicarve.dft.lowdin import lowdin_weights
from epicarve.errors import InputError


def random_orbitals(seed, n_functions, n_atoms):
    """A positive definite overlap, orbitals orthonormal in it, and functions spread over atoms."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_functions, n_functions))
    overlap = mixing @ mixing.T / n_functions + np.eye(n_functions)
    symmetric = mixing + mixing.T
    coefficients = eigh(symmetric, overlap)[1]
    atoms = np.concatenate([np.arange(n_atoms), rng.integers(n_atoms, size=n_functions - n_atoms)])
    return overlap, coefficients, rng.permutation(atoms)


@given(seed=st.integers(0, 2**32 - 1), n_atoms=st.integers(1, 6), extra=st.integers(0, 12))
def test_weights_are_a_partition_and_equal_the_matrix_square_root(seed, n_atoms, extra):
    overlap, coefficients, atoms = random_orbitals(seed, n_atoms + extra, n_atoms)
    weights = lowdin_weights(overlap, coefficients, atoms, n_atoms)
    assert np.all(weights >= 0.0)
    assert weights.sum(axis=0) == pytest.approx(1.0, abs=1e-10)
    root = sqrtm(overlap).real
    brute_force = [((root @ coefficients)[atoms == a] ** 2).sum(axis=0) for a in range(n_atoms)]
    assert weights == pytest.approx(np.array(brute_force), abs=1e-10)


def test_a_rotation_of_degenerate_orbitals_leaves_the_sum_of_their_weights():
    overlap, coefficients, atoms = random_orbitals(3, 9, 3)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    turned = coefficients.copy()
    turned[:, :2] = coefficients[:, :2] @ turn
    before = lowdin_weights(overlap, coefficients, atoms, 3)
    after = lowdin_weights(overlap, turned, atoms, 3)
    assert after[:, :2].sum(axis=1) == pytest.approx(before[:, :2].sum(axis=1), abs=1e-12)


def test_a_linearly_dependent_basis_is_refused():
    with pytest.raises(InputError, match="linearly dependent"):
        lowdin_weights(np.ones((2, 2)), np.eye(2), np.array([0, 1]), 2)
