import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import block_diag, eigh, sqrtm
from scipy.sparse import csr_array
from scipy.spatial.transform import Rotation

from epicarve.dft.orbitals import lowdin_weights
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


def rotation_of_functions(turn, n_atoms):
    """How s, p and d functions of each atom turn with the particle, block-diagonal."""
    quadratics = np.array(
        [
            [[0, 1, 0], [1, 0, 0], [0, 0, 0]],
            [[0, 0, 1], [0, 0, 0], [1, 0, 0]],
            [[0, 0, 0], [0, 0, 1], [0, 1, 0]],
            [[1, 0, 0], [0, -1, 0], [0, 0, 0]],
            np.diag([-1, -1, 2]) / np.sqrt(3),
        ]
    ) / np.sqrt(2)
    turned = turn @ quadratics @ turn.T
    five = np.einsum("aij,bij->ab", quadratics, turned)
    return block_diag(*[[[1.0]], turn, five] * n_atoms)


@given(seed=st.integers(0, 2**32 - 1), n_atoms=st.integers(2, 5), sparse=st.booleans())
def test_weights_are_the_same_in_every_orientation(seed, n_atoms, sparse):
    overlap, coefficients, _ = random_orbitals(seed, 9 * n_atoms, n_atoms)
    atoms = np.repeat(np.arange(n_atoms), 9)
    turn = rotation_of_functions(Rotation.random(random_state=seed).as_matrix(), n_atoms)
    turned = turn @ overlap @ turn.T
    turned = (turned + turned.T) / 2
    as_stored = csr_array if sparse else np.asarray
    before = lowdin_weights(as_stored(overlap), coefficients, atoms, n_atoms)
    after = lowdin_weights(as_stored(turned), turn @ coefficients, atoms, n_atoms)
    np.testing.assert_allclose(after, before, atol=1e-8)


def test_a_window_of_a_sparse_overlap_has_the_weights_of_all_eigenvectors():
    n_atoms = 260
    atoms = np.repeat(np.arange(n_atoms), 4)
    place = np.repeat(np.arange(n_atoms), 4) + np.tile([0.0, 0.1, 0.25, 0.4], n_atoms)
    overlap = np.exp(-(np.subtract.outer(place, place) ** 2))
    overlap = np.where(overlap > 1e-14, overlap, 0.0) + 0.02 * np.eye(len(place))
    overlap /= 1.02
    hamiltonian = np.where(overlap > 1e-3, overlap * np.add.outer(np.sin(place), np.sin(place)), 0)
    coefficients = eigh(hamiltonian, overlap, subset_by_index=(500, 519))[1]
    values, vectors = eigh(overlap)
    root = (vectors * np.sqrt(values)) @ vectors.T
    exact = ((root @ coefficients) ** 2).reshape(n_atoms, 4, -1).sum(axis=1)
    found = lowdin_weights(csr_array(overlap), coefficients, atoms, n_atoms)
    np.testing.assert_allclose(found, exact, atol=1e-12)


def test_a_linearly_dependent_basis_is_refused():
    with pytest.raises(InputError, match="linearly dependent"):
        lowdin_weights(np.ones((2, 2)), np.eye(2), np.array([0, 1]), 2)
