import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import (
    Gap,
    Localization,
    plateau,
    sensible_thresholds,
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
    options = AnalysisOptions(n_ipr_max=2.0, n_ipr_band=(1.5, 10.0))
    gap = Gap.of(states, Localization.of(states), options)
    assert gap.homo_lumo_gap_ev == 2.0
    assert gap.filtered.gap_ev is None
    assert gap.size_aware.gap_ev == 3.0
    assert gap.size_aware.n_valence_traps == 1
    assert (gap.band.strict.gap_ev, gap.band.loose.gap_ev, gap.band.span_ev) == (3.0, 2.0, 1.0)


@given(spectrum=spectra, limits=st.lists(st.floats(1.0, 40.0), min_size=3, max_size=3, unique=True))
def test_the_gap_of_any_threshold_of_the_band_lies_between_those_of_its_ends(spectrum, limits):
    strict, between, loose = sorted(limits)
    energies_ev, ipr = np.sort(spectrum[0]), np.array(spectrum[1])
    occupied = np.arange(len(ipr)) < spectrum[2]
    gaps = [
        trap_filter(energies_ev, occupied, 40 * ipr, limit, "N·IPR").gap_ev
        for limit in (strict, between, loose)
    ]
    assert None in gaps or gaps[0] >= gaps[1] >= gaps[2]


def test_a_band_is_given_from_below():
    with pytest.raises(ValueError, match="smaller threshold first"):
        AnalysisOptions(n_ipr_band=(20.0, 6.0))


@pytest.mark.parametrize(
    ("n_atoms", "low", "high"), [(1000, 0.002815, 0.02), (20, 0.14075, 0.5), (3, 0.9383, 0.5)]
)
def test_plateaus_end_where_states_sit_on_a_handful_of_the_atoms(n_atoms, low, high):
    assert sensible_thresholds(n_atoms, 20.0) == pytest.approx((low, high), abs=1e-4)


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


@given(
    spectrum=spectra,
    tolerance_ev=st.floats(0.0, 2.0),
    within=st.tuples(st.floats(0.001, 0.4), st.floats(0.05, 0.5)),
)
def test_the_plateau_against_all_ranges_of_steps(spectrum, tolerance_ev, within):
    energies_ev, ipr = np.sort(spectrum[0]), np.array(spectrum[1])
    occupied = np.arange(len(ipr)) < spectrum[2]
    scan = threshold_scan(energies_ev, occupied, ipr)
    found = plateau(scan, tolerance_ev, within)
    known = [s for s in scan if s.gap_ev is not None]
    ends = [*(s.limit for s in known[1:]), 2.0]
    steps = (
        [
            (max(s.limit, within[0]), min(end, within[1]), s.gap_ev)
            for s, end in zip(known, ends, strict=True)
            if max(s.limit, within[0]) < min(end, within[1])
        ]
        if known
        else []
    )
    if not steps:
        assert found is None
        return
    widths = [
        last[1] / first[0]
        for i, first in enumerate(steps)
        for last in steps[i:]
        if first[2] - last[2] <= tolerance_ev
    ]
    assert within[0] <= found.ipr_from < found.ipr_to <= within[1]
    assert found.ipr_to / found.ipr_from >= max(widths) * (1.0 - 1e-9)
    inside = [gap_ev for start, _, gap_ev in steps if found.holds(start)]
    assert max(inside) - min(inside) <= tolerance_ev + 1e-8
    assert found.gap_ev in inside
