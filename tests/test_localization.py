import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from epicarve.analysis.localization import Localization, inverse_participation_ratio
from epicarve.analysis.options import N_IPR_OF_1S_ENVELOPE, AnalysisOptions
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
