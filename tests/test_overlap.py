"""Overlap of Gaussian basis functions against closed forms, quadrature and symmetry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation

from epicarve.dft.orbitals import GaussianShell, coupling, overlap_matrix, solid_harmonics

points = hnp.arrays(float, (4, 3), elements=st.floats(-2.0, 2.0, width=32))


@given(vectors=points)
def test_harmonics_are_the_textbook_polynomials(vectors):
    x, y, z = vectors.T
    r2 = x * x + y * y + z * z
    root3 = np.sqrt(3.0)
    d = [root3 * x * y, root3 * y * z, z * z - 0.5 * (x * x + y * y), root3 * x * z]
    d.append(0.5 * root3 * (x * x - y * y))
    f0 = z * (z * z - 1.5 * (x * x + y * y))
    found = solid_harmonics(vectors, 4)
    np.testing.assert_allclose(found[2], np.array(d).T, atol=1e-12)
    np.testing.assert_allclose(found[3][:, 3], f0, atol=1e-12)
    for angular, values in enumerate(found):
        np.testing.assert_allclose((values**2).sum(axis=1), r2**angular, atol=1e-9)


@given(vectors=points, l1=st.integers(0, 4), l2=st.integers(0, 4))
def test_a_product_of_harmonics_is_its_sum_of_harmonics(vectors, l1, l2):
    harmonics = solid_harmonics(vectors, l1 + l2)
    r2 = (vectors**2).sum(axis=1)
    summed = sum(
        np.einsum("abM,nM->nab", coupling(l1, l2, total), harmonics[total])
        * (r2 ** ((l1 + l2 - total) // 2))[:, None, None]
        for total in range(abs(l1 - l2), l1 + l2 + 1, 2)
    )
    product = harmonics[l1][:, :, None] * harmonics[l2][:, None, :]
    np.testing.assert_allclose(summed, product, atol=1e-8)


def by_quadrature(shells, positions):
    """Overlap of all functions on a fine regular grid, which is exact for smooth functions."""
    axis = np.linspace(-7.0, 7.0, 71)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    functions = []
    for shell, centre in zip(shells, positions, strict=True):
        away = grid - centre
        radial = np.exp(-np.outer((away**2).sum(axis=1), shell.exponents)) @ shell.contraction()
        functions.append(solid_harmonics(away, shell.angular)[shell.angular] * radial[:, None])
    every = np.concatenate(functions, axis=1)
    return every.T @ every * (axis[1] - axis[0]) ** 3


def test_contracted_shells_up_to_g_equal_their_integrals_on_a_grid():
    positions = np.array([[0.3, -0.2, 0.1], [1.1, 0.4, -0.8], [-0.9, 0.5, 0.6], [0.0, 0.9, 1.2]])
    shells = [
        GaussianShell(0, (1.3, 0.4), (0.5, 0.7)),
        GaussianShell(1, (0.9, 0.5), (-0.3, 0.8)),
        GaussianShell(3, (0.8,), (1.0,)),
        GaussianShell(4, (1.1, 0.7), (0.4, 0.5)),
    ]
    computed = overlap_matrix(positions, [(shell,) for shell in shells]).toarray()
    np.testing.assert_allclose(computed, by_quadrature(shells, positions), atol=1e-9)
    np.testing.assert_allclose(np.diag(computed), 1.0, atol=1e-14)


def atoms_of(seed):
    """A few atoms with shells s, p, p and d of shared exponents, as in MOLOPT sets."""
    rng = np.random.default_rng(seed)
    exponents = tuple(np.sort(rng.uniform(0.1, 3.0, 4)))
    shells = tuple(
        GaussianShell(angular, exponents, tuple(rng.normal(size=4))) for angular in (0, 1, 1, 2)
    )
    return rng.uniform(-3.0, 3.0, (5, 3)), [shells] * 5


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_matrix_is_positive_and_its_spectrum_does_not_know_the_orientation(seed):
    positions, shells = atoms_of(seed)
    turned = Rotation.random(random_state=seed).apply(positions) + np.array([0.4, -0.1, 2.0])
    before, after = (
        np.linalg.eigvalsh(overlap_matrix(p, shells).toarray()) for p in (positions, turned)
    )
    assert before[0] > -1e-9
    np.testing.assert_allclose(after, before, atol=1e-8)


def test_a_periodic_chain_is_a_long_finite_one_seen_from_its_middle():
    shells = (GaussianShell(0, (0.5,), (1.0,)), GaussianShell(1, (0.4,), (1.0,)))
    step = np.array([[2.5, 0.0, 0.0]])
    chain = np.arange(-12, 13)[:, None] * step
    finite = overlap_matrix(chain, [shells] * 25).toarray()
    middle = finite[48:52].reshape(4, 25, 4).sum(axis=1)
    periodic = overlap_matrix(np.zeros((1, 3)), [shells], step).toarray()
    np.testing.assert_allclose(periodic, middle, atol=1e-9)


def test_far_atoms_share_no_element():
    s = (GaussianShell(0, (1.0,), (1.0,)),)
    positions = np.arange(40)[:, None] * [[3.0, 0.0, 0.0]]
    matrix = overlap_matrix(positions, [s] * 40)
    distances = np.abs(np.subtract.outer(positions[:, 0], positions[:, 0]))
    expected = np.exp(-0.5 * distances**2)
    assert matrix.nnz == (expected >= 1e-10).sum()
    np.testing.assert_allclose(matrix.toarray(), expected, atol=1e-10)
    assert matrix.toarray() == pytest.approx(matrix.toarray().T, abs=0.0)
