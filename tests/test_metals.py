"""Fractional occupations: which states count as occupied, what is a metal, whose Fermi energy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from epicarve.analysis.analyse import analyse_states
from epicarve.analysis.options import AnalysisOptions, FigureOptions
from epicarve.dft.occupations import is_partly_filled, occupied_states
from epicarve.dft.orbitals import around_gap
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError

K_EV = 8.617333e-5


def fermi(energies_ev, level_ev, temperature_k, full):
    return full * expit((level_ev - energies_ev) / (K_EV * temperature_k))


def filled(energies_ev, n_electrons, temperature_k, full=1.0):
    """Occupations after Fermi and Dirac, the level found by halving."""
    low, high = energies_ev.min() - 20.0, energies_ev.max() + 20.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        few = fermi(energies_ev, middle, temperature_k, full).sum() < n_electrons
        low, high = (middle, high) if few else (low, middle)
    return fermi(energies_ev, middle, temperature_k, full), middle


def states(energies_ev, occupations, spins=None, **changes):
    n_states = len(energies_ev)
    return OrbitalStates(
        energies_ev=energies_ev,
        occupations=occupations,
        weights=np.full((4, n_states), 0.25),
        symbols=("Na",) * 4,
        spins=np.zeros(n_states, dtype=np.int8) if spins is None else spins,
        restricted=spins is None,
        **changes,
    )


# The square Na4 of CP2K 2023.1 at 3000 K: energies in eV around its Fermi energy, and electrons.
NA4_EV = np.array([-29.2, -4.261824, -2.730, -2.729, -1.861, -0.91])
NA4 = np.array([2.0, 1.993, 0.993, 0.989, 0.024, 0.001])


def test_a_square_of_sodium_has_no_gap(tmp_path):
    metal = states(NA4_EV, NA4, fermi_ev=[-2.734])
    assert metal.is_occupied.tolist() == [True, True, True, False, False, False]
    assert (metal.homo_ev, metal.lumo_ev) == (-2.730, -2.729)
    assert metal.is_metallic()
    summary = analyse_states(metal, folder=tmp_path)
    assert summary["homo_lumo_gap_ev"] == 0.0
    assert summary["metallic"] is True
    assert summary["fermi_ev"] == -2.734
    assert summary["spins"] == {}
    told = {check["name"]: check for check in summary["checks"]}
    assert not told["metallic"]["ok"]
    assert "partly filled" in told["metallic"]["message"]
    assert "fermi_ev" not in told


@pytest.mark.parametrize("temperature_k", [300, 1000, 3000])
@pytest.mark.parametrize("gap_ev", [0.7, 1.5, 5.0])
def test_a_smeared_insulator_keeps_its_gap(temperature_k, gap_ev):
    energies_ev = np.array([-5.0, -3.0, -2.0, -2.0 + gap_ev, -2.0 + gap_ev, 8.0])
    occupations, level_ev = filled(energies_ev, 6.0, temperature_k, 2.0)
    found = states(energies_ev, occupations, fermi_ev=[level_ev])
    assert not found.is_metallic()
    assert found.gap_ev() == pytest.approx(gap_ev)


@given(
    energies_ev=st.lists(st.floats(-10, 10), min_size=2, max_size=30, unique=True),
    temperature_k=st.floats(10, 5000),
    data=st.data(),
)
def test_smeared_electrons_fill_the_lowest_states(energies_ev, temperature_k, data):
    energies_ev = np.sort(energies_ev)
    n_electrons = data.draw(st.integers(0, len(energies_ev)))
    occupations, _ = filled(energies_ev, n_electrons, temperature_k)
    occupied = occupied_states(energies_ev, occupations, np.zeros(len(energies_ev)), 1.0)
    assert occupied.sum() == n_electrons
    assert np.array_equal(occupied, np.arange(len(energies_ev)) < n_electrons)
    whole = occupied_states(energies_ev, 1.0 * occupied, np.zeros(len(energies_ev)), 1.0)
    assert np.array_equal(whole, occupied)


def test_electrons_that_moved_between_the_spins_are_counted_together():
    """Unrestricted Na4 at 2000 K: 19 and 17 electrons at the start, 18.4 and 17.6 in the end."""
    energies_ev = np.array([-4.30, -2.78, -2.70, -1.9, -4.28, -2.71, -2.66, -1.8])
    spins = np.repeat(np.arange(2, dtype=np.int8), 4)
    occupations, level_ev = filled(energies_ev, 4.0, 2000)
    assert abs(occupations[spins == 0].sum() - 2) > 0.02
    found = states(energies_ev, occupations, spins, fermi_ev=[level_ev, level_ev])
    assert found.is_occupied.sum() == 4
    assert found.homo_ev <= found.lumo_ev
    assert found.is_metallic()


def test_a_half_metal_has_a_gap_for_one_spin(tmp_path):
    energies_ev = np.array([-5.0, -3.0, -3.0, 1.0, -4.5, 1.5])
    occupations = np.array([1.0, 0.5, 0.5, 0.0, 1.0, 0.0])
    spins = np.array([0, 0, 0, 0, 1, 1], dtype=np.int8)
    found = states(energies_ev, occupations, spins, fermi_ev=[-3.0, -3.0])
    assert (found.is_metallic(), found.is_metallic(0), found.is_metallic(1)) == (True, True, False)
    summary = analyse_states(found, folder=tmp_path)
    alpha, beta = summary["spins"]["alpha"], summary["spins"]["beta"]
    assert (alpha["homo_lumo_gap_ev"], alpha["metallic"]) == (0.0, True)
    assert (beta["homo_lumo_gap_ev"], beta["metallic"]) == (6.0, False)
    assert summary["metallic"] is True
    told = next(c["message"] for c in summary["checks"] if c["name"] == "metallic")
    assert "only alpha states are metallic" in told


def test_each_spin_may_have_its_own_fermi_energy(tmp_path):
    """Triplet O2 with the magnetic moment held: the spins are filled each for itself."""
    energies_ev = np.array([-12.0, -7.0, -6.9, 2.0, -11.0, -5.0, -4.9, 3.0])
    spins = np.repeat(np.arange(2, dtype=np.int8), 4)
    found = states(energies_ev, np.array([1.0, 1, 1, 0, 1, 0, 0, 0]), spins, fermi_ev=[-6.9, -11.0])
    summary = analyse_states(found, folder=tmp_path)
    assert summary["fermi_ev"] is None
    told = {check["name"]: check["message"] for check in summary["checks"]}
    assert "its own" in told["fermi_ev"]
    assert [edges["fermi_ev"] for edges in summary["spins"].values()] == [-6.9, -11.0]
    assert [edges["homo_lumo_gap_ev"] for edges in summary["spins"].values()] == [8.9, 6.0]
    assert summary["homo_lumo_gap_ev"] == pytest.approx(1.9)


@pytest.mark.parametrize(
    ("occupations", "n_occupied", "metallic"),
    [
        ([2.0, 1.0, 0.0], 2, True),  # an odd electron
        ([2.0, 0.2, 0.2, 0.2, 0.2, 0.2], 2, True),  # one electron in five states
        ([2.0, 2.0, 0.0], 2, False),
        ([2.0, 1.7, 0.3], 2, False),
        ([2.0, 1.4, 0.6], 2, True),
    ],
)
def test_what_counts_as_partly_filled(occupations, n_occupied, metallic):
    occupations, n = np.array(occupations), len(occupations)
    occupied = occupied_states(np.arange(n), occupations, np.zeros(n), 2.0)
    assert occupied.sum() == n_occupied
    assert is_partly_filled(occupations, occupied, 2.0) is metallic


def test_an_excited_state_is_taken_as_it_is():
    """A hole below: whole occupations count as they stand."""
    found = states(np.array([-6.0, -5.0, -2.0]), np.array([2.0, 0.0, 2.0]))
    assert found.is_occupied.tolist() == [True, False, True]
    assert found.gap_ev() == -3.0


def test_a_fermi_energy_of_another_run_is_told(tmp_path):
    found = states(np.array([-6.0, -5.0, -2.0]), np.array([2.0, 2.0, 0.0]), fermi_ev=[-5.5])
    summary = analyse_states(found, folder=tmp_path)
    told = next(c for c in summary["checks"] if c["name"] == "fermi_ev")
    assert not told["ok"]
    assert "otherwise than their occupations do" in told["message"]


def test_figures_count_from_the_fermi_energy_on_demand(tmp_path):
    options = AnalysisOptions(figures=FigureOptions(formats=("svg",), zero="fermi"))
    analyse_states(states(NA4_EV, NA4, fermi_ev=[-2.734]), options, folder=tmp_path)
    assert "relative to the E(Fermi)" in (tmp_path / "report.html").read_text()
    with pytest.raises(InputError, match="no Fermi energy of all states is told"):
        analyse_states(states(NA4_EV, NA4), options, folder=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_window_lies_around_the_fermi_energy():
    occupations = np.array([2.0, 2.0, 0.99, 0.99, 0.02, 0.0])
    assert around_gap(occupations, 2.0, 2) == slice(2, 4)


def test_states_with_their_fermi_energy_are_kept(tmp_path):
    kept = states(NA4_EV, NA4, fermi_ev=[-2.734])
    kept.save(tmp_path / "states.npz")
    assert OrbitalStates.load(tmp_path / "states.npz").fermi_ev.tolist() == [-2.734]
