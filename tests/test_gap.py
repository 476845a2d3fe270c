import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import (
    HIGHEST_THRESHOLD,
    Gap,
    Localization,
    plateau,
    threshold_scan,
    trap_filter,
)
from epicarve.dft.states import OrbitalStates

ENERGIES_EV = np.array([-7.0, -6.0, -5.5, -5.0, -3.0, -2.5, -2.0])
OCCUPIED = np.array([True, True, True, True, False, False, False])


def test_traps_are_counted_from_each_edge_to_the_frontier_orbital():
    ipr = np.array([0.5, 0.01, 0.2, 0.3, 0.4, 0.02, 0.9])
    found = trap_filter(ENERGIES_EV, OCCUPIED, ipr, 0.03)
    assert (found.valence_edge_ev, found.conduction_edge_ev, found.gap_ev) == (-6.0, -2.5, 3.5)
    assert (found.n_valence_traps, found.n_conduction_traps) == (2, 1)
    assert found.kept.tolist() == [False, True, False, False, False, True, False]
    assert found.valence_reason == found.conduction_reason == ""


def test_a_state_at_the_threshold_is_kept():
    found = trap_filter(ENERGIES_EV, OCCUPIED, np.full(7, 0.03), 0.03)
    assert found.gap_ev == 2.0
    assert (found.n_valence_traps, found.n_conduction_traps) == (0, 0)


def test_a_dropped_state_degenerate_with_the_edge_is_no_trap_in_the_gap():
    energies_ev = np.array([-5.0, -5.0 + 1e-13, -3.0, -3.0])
    occupied = np.array([True, True, False, False])
    found = trap_filter(energies_ev, occupied, np.array([0.1, 0.2, 0.2, 0.1]), 0.15)
    assert (found.n_valence_traps, found.n_conduction_traps) == (0, 0)


def test_no_state_passing_gives_none_and_the_reason():
    found = trap_filter(ENERGIES_EV, OCCUPIED, np.linspace(0.1, 0.7, 7), 0.03)
    assert found.gap_ev is None
    assert (found.valence_edge_ev, found.n_valence_traps) == (None, None)
    assert (found.conduction_edge_ev, found.n_conduction_traps) == (None, None)
    assert found.valence_reason == (
        "none of the 4 occupied states has an IPR of at most 0.03; the lowest is 0.1"
    )
    assert "3 empty states" in found.conduction_reason


def test_no_empty_state_gives_none_and_the_reason():
    found = trap_filter(ENERGIES_EV, np.full(7, True), np.full(7, 0.01), 0.03)
    assert found.valence_edge_ev == -2.0
    assert (found.conduction_edge_ev, found.gap_ev, found.n_conduction_traps) == (None, None, None)
    assert found.conduction_reason == "there is no empty state"


spectra = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(-10, 10), min_size=n, max_size=n),
        st.lists(st.floats(0.001, 1.0), min_size=n, max_size=n),
        st.integers(0, n),
    )
)


@given(spectrum=spectra, limit=st.floats(0.0, 1.0))
def test_the_scan_holds_every_threshold_at_which_the_gap_changes(spectrum, limit):
    energies_ev, ipr = np.sort(spectrum[0]), np.array(spectrum[1])
    occupied = np.arange(len(ipr)) < spectrum[2]
    scan = threshold_scan(energies_ev, occupied, ipr)
    limits = [step.limit for step in scan]
    assert limits == sorted(set(limits))
    plain = trap_filter(energies_ev, occupied, ipr, 1.0)
    assert scan[-1].gap_ev == plain.gap_ev
    # Between two limits nothing changes, so the last one below stands for any threshold.
    at = np.floor(limit * 1e6) / 1e6
    found = trap_filter(energies_ev, occupied, ipr, at)
    below = [step for step in scan if step.limit <= at]
    expected = (below[-1].valence_edge_ev, below[-1].conduction_edge_ev) if below else (None, None)
    assert (found.valence_edge_ev, found.conduction_edge_ev) == expected


@given(spectrum=spectra, strict=st.floats(0.001, 1.0), loose=st.floats(0.001, 1.0))
def test_a_stricter_filter_never_closes_the_gap(spectrum, strict, loose):
    energies_ev, ipr = np.sort(spectrum[0]), np.array(spectrum[1])
    occupied = np.arange(len(ipr)) < spectrum[2]
    gaps = [
        trap_filter(energies_ev, occupied, ipr, limit).gap_ev for limit in sorted((strict, loose))
    ]
    assert None in gaps or gaps[0] >= gaps[1]


def test_the_size_aware_filter_keeps_the_delocalised_states_of_a_small_cluster():
    n_atoms = 10
    weights = np.stack([np.full(n_atoms, 0.1), np.eye(n_atoms)[0], np.full(n_atoms, 0.1)], axis=1)
    states = OrbitalStates(
        energies_ev=np.array([-6.0, -5.0, -3.0]),
        occupations=np.array([2.0, 2.0, 0.0]),
        weights=weights,
        symbols=("Pb",) * n_atoms,
    )
    gap = Gap.of(states, Localization.of(states), AnalysisOptions(n_ipr_max=2.0))
    assert gap.homo_lumo_gap_ev == 2.0
    assert gap.filtered.gap_ev is None
    assert gap.size_aware.gap_ev == 3.0
    assert gap.size_aware.n_valence_traps == 1


def test_unrestricted_states_share_one_gap():
    states = OrbitalStates(
        energies_ev=np.array([-6.0, -2.0, -5.0, -3.0]),
        occupations=np.array([1.0, 0.0, 1.0, 0.0]),
        weights=np.full((4, 4), 0.25),
        symbols=("Pb",) * 4,
        spins=np.array([0, 0, 1, 1], dtype=np.int8),
        restricted=False,
    )
    gap = Gap.of(states, Localization.of(states), AnalysisOptions(ipr_max=0.25))
    assert (gap.homo_ev, gap.lumo_ev, gap.filtered.gap_ev) == (-5.0, -3.0, 2.0)


@given(spectrum=spectra, tolerance_ev=st.floats(0.0, 2.0))
def test_the_plateau_against_all_ranges_of_steps(spectrum, tolerance_ev):
    energies_ev, ipr = np.sort(spectrum[0]), np.array(spectrum[1])
    occupied = np.arange(len(ipr)) < spectrum[2]
    scan = threshold_scan(energies_ev, occupied, ipr)
    found = plateau(scan, tolerance_ev)
    steps = [s for s in scan if s.gap_ev is not None and s.limit < HIGHEST_THRESHOLD]
    if not steps:
        assert found is None
        return
    ends = [*(s.limit for s in steps[1:]), HIGHEST_THRESHOLD]
    widths = [
        end / first.limit
        for i, first in enumerate(steps)
        for last, end in zip(steps[i:], ends[i:], strict=True)
        if first.gap_ev - last.gap_ev <= tolerance_ev
    ]
    assert found.ipr_to / found.ipr_from >= max(widths) * (1.0 - 1e-9)
    inside = [s.gap_ev for s in steps if found.holds(s.limit)]
    assert max(inside) - min(inside) <= tolerance_ev + 1e-8
    assert found.gap_ev in inside
