"""Mulliken weights and overlap populations against closed forms and sums over pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.sparse import csr_array

from epicarve.dft.orbitals import (
    OrbitalGroup,
    lowdin_weights,
    mulliken_weights,
    overlap_populations,
)
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
    (found,) = overlap_populations(matrix, orbitals, np.arange(2), [(first, ~first)])
    # (φ1 ± φ2)/√(2(1 ± s)) has the population ±s/(1 ± s); with a coupling of −1, + is the lower.
    expected = [overlap / (1 + overlap), -overlap / (1 - overlap)]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def basis(rng, n_functions, n_atoms):
    """An overlap, orbitals that are orthonormal in it, and the atom of each function."""
    mixing = rng.normal(size=(n_functions, n_functions))
    overlap = mixing @ mixing.T + np.eye(n_functions)
    orbitals = eigh(mixing + mixing.T, overlap)[1]
    return overlap, orbitals, np.sort(rng.integers(n_atoms, size=n_functions))


@given(seed=st.integers(0, 2**32 - 1), sparse=st.booleans())
def test_populations_are_sums_over_pairs_whatever_groups_have_in_common(seed, sparse):
    rng = np.random.default_rng(seed)
    overlap, orbitals, atoms = basis(rng, 8, 4)
    pairs = [tuple(rng.random((2, 8)) < 0.5) for _ in range(3)]
    pairs.append((pairs[0][0], pairs[0][0]))
    matrix = csr_array(overlap) if sparse else overlap
    found = overlap_populations(matrix, orbitals, atoms, pairs)
    for row, (first, second) in zip(found, pairs, strict=True):
        expected = np.zeros(8)
        for a in range(8):
            for b in range(a):
                joined = (first[a] and second[b]) or (first[b] and second[a])
                if joined and atoms[a] != atoms[b]:
                    expected += 2.0 * orbitals[a] * overlap[a, b] * orbitals[b]
        np.testing.assert_allclose(row, expected, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1))
def test_gross_populations_are_net_ones_and_half_of_the_overlap_populations(seed):
    rng = np.random.default_rng(seed)
    overlap, orbitals, atoms = basis(rng, 9, 3)
    groups = [atoms == atom for atom in range(3)]
    joined = [(0, 1), (0, 2), (1, 2)]
    found = overlap_populations(
        overlap, orbitals, atoms, [(groups[a], groups[b]) for a, b in joined]
    )
    gross = mulliken_weights(overlap, orbitals, atoms, 3)
    net = [((overlap[np.ix_(g, g)] @ orbitals[g]) * orbitals[g]).sum(axis=0) for g in groups]
    for atom in range(3):
        shared = found[[atom in pair for pair in joined]].sum(axis=0)
        np.testing.assert_allclose(gross[atom], net[atom] + 0.5 * shared, atol=1e-9)
    np.testing.assert_allclose(np.sum(net, axis=0) + found.sum(axis=0), 1.0, atol=1e-9)


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
    with pytest.raises(InputError, match="differ in size"):
        overlap_populations(np.eye(3), np.eye(3), atoms, [(both, both)])
    with pytest.raises(InputError, match="of 1 functions, but the basis has 2"):
        overlap_populations(np.eye(2), np.eye(2), atoms, [(both[:1], both)])
    with pytest.raises(InputError, match="no function of Pb:d; name another"):
        OrbitalGroup("Pb:d", both, momentum=2).functions(atoms, np.zeros(2, dtype=int))
