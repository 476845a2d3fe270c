import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from epicarve.analysis.options import N_IPR_OF_1S_ENVELOPE, AnalysisOptions
from epicarve.analysis.states import Localization, degenerate_sets, inverse_participation_ratio
from epicarve.dft.states import OrbitalStates

weights_of_any_shape = array_shapes(min_dims=2, max_dims=2, max_side=12).flatmap(
    lambda shape: arrays(float, shape, elements=st.floats(1e-6, 1.0))
)


@given(weights=weights_of_any_shape)
def test_ipr_lies_between_one_atom_and_all_atoms(weights):
    ipr = inverse_participation_ratio(weights)
    assert np.all(ipr <= 1.0 + 1e-12)
    assert np.all(ipr >= (1.0 - 1e-12) / len(weights))


@given(weights=weights_of_any_shape, scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_ipr_depends_on_neither_the_norm_nor_the_order_of_atoms(weights, scale, seed):
    shuffled = np.random.default_rng(seed).permutation(scale * weights, axis=0)
    expected = pytest.approx(inverse_participation_ratio(weights), rel=1e-9)
    assert inverse_participation_ratio(shuffled) == expected


def test_extremes():
    on_one_atom, even = np.array([[1.0], [0.0], [0.0], [0.0]]), np.full((4, 1), 0.25)
    assert inverse_participation_ratio(on_one_atom) == pytest.approx([1.0])
    assert inverse_participation_ratio(even) == pytest.approx([0.25])


def test_the_1s_envelope_of_a_sphere_has_the_value_that_the_options_rest_on():
    ticks = np.arange(-40, 41) + 0.37
    x, y, z = np.meshgrid(ticks, ticks, ticks, indexing="ij")
    radii = np.sqrt(x**2 + y**2 + z**2).ravel()
    radii = radii[radii < 40.0]
    weights = (np.sin(np.pi * radii / 40.0) / radii) ** 2
    ipr = inverse_participation_ratio(weights[:, None])
    assert len(radii) * ipr[0] == pytest.approx(N_IPR_OF_1S_ENVELOPE, abs=0.01)
    assert AnalysisOptions().n_ipr_max == pytest.approx(4 * N_IPR_OF_1S_ENVELOPE, abs=0.05)


def test_effective_number_of_atoms_and_size_aware_measure():
    states = OrbitalStates(
        energies_ev=np.array([-1.0]),
        occupations=np.array([2.0]),
        weights=np.array([[0.5], [0.5], [0.0], [0.0]]),
        symbols=("F", "F", "F", "F"),
    )
    localization = Localization.of(states)
    assert localization.n_eff.tolist() == [2.0]
    assert localization.n_ipr.tolist() == [2.0]


@given(n_atoms=st.integers(2, 9), n_degenerate=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_a_rotation_among_degenerate_states_leaves_the_ratio_of_their_set(
    n_atoms, n_degenerate, seed
):
    rng = np.random.default_rng(seed)
    orbitals = np.linalg.qr(rng.normal(size=(4 * n_atoms, n_degenerate)))[0]
    turn = np.linalg.qr(rng.normal(size=(n_degenerate, n_degenerate)))[0]
    found = []
    for columns in (orbitals, orbitals @ turn):
        states = OrbitalStates(
            energies_ev=np.full(n_degenerate, -1.0),
            occupations=np.full(n_degenerate, 2.0),
            weights=(columns**2).reshape(n_atoms, 4, n_degenerate).sum(axis=1),
            symbols=("F",) * n_atoms,
        )
        localization = Localization.of(states)
        assert np.all(localization.ipr_of_set >= (1.0 - 1e-12) / n_atoms)
        assert localization.ipr_of_set[0] <= localization.ipr.mean() + 1e-12
        found.append(localization.ipr_of_set)
    np.testing.assert_allclose(*found, atol=1e-12)


def test_sets_do_not_cross_spins_and_link_neighbours():
    energies_ev = np.array([-2.0, -1.0, -1.0 + 4e-5, -1.0 + 8e-5, 1.0, 1.0])
    spins = np.array([0, 0, 0, 0, 0, 1], dtype=np.int8)
    assert degenerate_sets(energies_ev, spins).tolist() == [0, 1, 1, 1, 2, 3]
    assert degenerate_sets(energies_ev, spins, 1e-6).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_state_of_its_own_has_the_ratio_of_its_set():
    rng = np.random.default_rng(4)
    states = OrbitalStates(
        energies_ev=np.array([-2.0, -1.0, -1.0, 1.0]),
        occupations=np.array([2.0, 2.0, 2.0, 0.0]),
        weights=rng.dirichlet(np.ones(5), 4).T,
        symbols=("Pb",) * 5,
    )
    localization = Localization.of(states)
    alone = [0, 3]
    np.testing.assert_allclose(localization.ipr_of_set[alone], localization.ipr[alone], rtol=1e-12)
    mean = states.weights[:, 1:3].mean(axis=1)
    np.testing.assert_allclose(localization.ipr_of_set[1:3], (mean**2).sum(), rtol=1e-12)
