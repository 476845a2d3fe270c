import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from epicarve.analysis.export import dos_csv, states_csv
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis, Groups, by_element, density_of_states, fractional_dos
from epicarve.dft.states import OrbitalStates


def random_states(seed, n_atoms=7, n_states=20, restricted=True):
    rng = np.random.default_rng(seed)
    weights = rng.exponential(size=(n_atoms, n_states))
    energies_ev = np.sort(rng.uniform(-12.0, 3.0, n_states))
    spins = np.zeros(n_states, dtype=np.int8)
    if not restricted:
        spins[n_states // 3 :] = 1
        energies_ev[: n_states // 3] += 0.5
    return OrbitalStates(
        energies_ev=energies_ev,
        occupations=np.where(np.arange(n_states) < 5, 2.0 if restricted else 1.0, 0.0),
        weights=weights / weights.sum(axis=0),
        symbols=tuple(rng.permutation(["Pb", "S", "Cl"] * n_atoms)[:n_atoms]),
        spins=spins,
        restricted=restricted,
    )


@given(
    seed=st.integers(0, 2**32 - 1),
    broadening_ev=st.floats(0.03, 0.5),
    steps_per_broadening=st.floats(2.0, 20.0),
)
def test_groups_sum_to_the_total_and_the_integral_is_the_number_of_states(
    seed, broadening_ev, steps_per_broadening
):
    states = random_states(seed)
    step_ev = broadening_ev / steps_per_broadening
    options = AnalysisOptions(broadening_ev=broadening_ev, energy_step_ev=step_ev)
    groups = by_element(states.symbols)
    dos = density_of_states(states, groups, options)
    assert dos.density.min() >= 0.0
    everything = density_of_states(states, Groups.of_labels(["all"] * states.n_atoms), options)
    assert dos.total == pytest.approx(everything.total, abs=1e-9)
    assert dos.total.sum() * step_ev == pytest.approx(states.n_states, rel=1e-6)
    per_group = groups.weights(states.weights).sum(axis=1)
    assert dos.density[0].sum(axis=1) * step_ev == pytest.approx(per_group, rel=1e-6)


@pytest.mark.parametrize("grid_ev", [np.linspace(-14, 5, 3801), np.linspace(-6.0, -4.0, 401)])
def test_it_equals_a_sum_of_gaussians(grid_ev):
    states = random_states(5)
    weights = by_element(states.symbols).weights(states.weights)
    gaussians = norm.pdf(grid_ev[:, None], states.energies_ev, 0.1)
    dos = fractional_dos(states.energies_ev, weights, grid_ev, 0.1)
    assert dos == pytest.approx((gaussians @ weights.T).T, abs=1e-7 * gaussians.max())


def test_unrestricted_states_have_a_density_per_spin():
    states = random_states(1, n_states=21, restricted=False)
    dos = density_of_states(states, by_element(states.symbols), AnalysisOptions())
    step_ev = AnalysisOptions().energy_step_ev
    assert dos.total.sum(axis=1) * step_ev == pytest.approx([7.0, 14.0], rel=1e-6)


def test_the_grid_lies_on_multiples_of_the_step():
    states = random_states(2)
    grid_ev = density_of_states(states, by_element(states.symbols), AnalysisOptions()).grid_ev
    assert grid_ev / 0.02 == pytest.approx(np.rint(grid_ev / 0.02), abs=1e-9)


@given(
    levels_ev=st.lists(st.floats(-3000.0, 50.0), min_size=1, max_size=6),
    broadening_ev=st.sampled_from([0.05, 0.1, 2.0]),
)
def test_between_core_levels_and_bands_there_is_no_grid_and_no_state_is_cut(
    levels_ev, broadening_ev
):
    energies_ev = np.sort(levels_ev)
    states = OrbitalStates(
        energies_ev=energies_ev,
        occupations=np.full(len(levels_ev), 2.0),
        weights=np.ones((1, len(levels_ev))),
        symbols=("Zn",),
    )
    options = AnalysisOptions(broadening_ev=broadening_ev)
    dos = density_of_states(states, by_element(states.symbols), options)
    steps = np.rint(np.diff(dos.grid_ev) / options.energy_step_ev)
    assert len(dos.grid_ev) < len(levels_ev) * (14 * broadening_ev + 10.1) / 0.02 + 10
    assert dos.total.sum() * options.energy_step_ev == pytest.approx(len(levels_ev), rel=1e-6)
    # what is left out is far from every state, and a line drawn across it is at zero
    for i in np.flatnonzero(steps > 1):
        middle_ev = dos.grid_ev[i : i + 2].mean()
        assert np.abs(energies_ev - middle_ev).min() > 5.0
        assert dos.total[0, i : i + 2].max() < 1e-8 * dos.total.max()


def test_groups_are_a_partition():
    groups = Groups.of_labels(["Pb", "S", "Pb", "Cl"])
    assert groups.names == ("Pb", "S", "Cl")
    assert groups.members.sum(axis=0).tolist() == [1, 1, 1, 1]
    assert groups.weights(np.eye(4)).tolist() == [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


def test_a_step_too_coarse_for_the_broadening_is_refused():
    with pytest.raises(ValueError, match="more than half of broadening_ev"):
        AnalysisOptions(broadening_ev=0.01)


def test_energies_of_a_fine_grid_are_told_apart():
    options = AnalysisOptions(broadening_ev=0.0037, energy_step_ev=0.00074)
    found = Analysis.of(random_states(3), options)
    table = np.loadtxt(dos_csv(found).splitlines(), delimiter=",", skiprows=1)
    steps = np.diff(table[:, 0])
    assert np.ptp(steps[steps < 0.01]) <= 2.1e-6
    assert steps.min() > 0.0007


def test_names_with_commas_are_quoted():
    states = random_states(4)
    labels = [f"layer {i % 2}, {'inner' if i % 2 else 'outer'}" for i in range(states.n_atoms)]
    found = Analysis.of(states, AnalysisOptions(group_by="layer"), labels=labels)
    for text in (dos_csv(found), states_csv(found)):
        head, first, *_ = csv.reader(text.splitlines())
        assert len(head) == len(first)
        assert any(name.endswith("layer:layer 0, outer") for name in head)


@pytest.mark.parametrize(
    "settings", [{"broadening_ev": np.inf}, {"n_ipr_max": np.inf}, {"broadening_ev": 1e-5}]
)
def test_endless_or_needle_sharp_is_refused(settings):
    with pytest.raises(ValueError, match=r"finite number|greater than"):
        AnalysisOptions(**settings)
