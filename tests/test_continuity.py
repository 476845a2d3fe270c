"""Continuity of the cations across an interface: assignment, registries, invariance."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from epicarve.builder.interfaces import SearchOptions, assigned, search
from epicarve.builder.interfaces.match import StrainRule
from epicarve.builder.library import bundled_crystal

FACES = {"film_hkl": (0, 1, 0), "substrate_hkl": (1, 0, 0)}
STUDY = SearchOptions(**FACES)


@pytest.fixture(scope="module")
def film():
    return bundled_crystal("Pb4S3Br2")


@pytest.fixture(scope="module")
def substrate():
    return bundled_crystal("CsPbBr3")


@pytest.fixture(scope="module")
def ranked(film, substrate):
    return search(film, substrate, STUDY)


def scores(interfaces):
    return sorted(
        (round(one.continuity.matched_fraction, 6), round(one.continuity.rms_a or 0.0, 3))
        for one in interfaces
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**31), st.floats(0.1, 1.0))
def test_assignment_is_that_of_brute_force(n, m, seed, tolerance):
    squared = np.random.default_rng(seed).random((n, m))
    wide = squared if n <= m else squared.T
    best = (0, 0.0)
    for columns in permutations(range(wide.shape[1]), wide.shape[0]):
        chosen = wide[np.arange(len(wide)), columns]
        chosen = chosen[chosen <= tolerance**2]
        best = min(best, (-len(chosen), chosen.sum()))
    rows, columns, distances = assigned(squared, tolerance)
    assert len(set(rows.tolist())) == len(set(columns.tolist())) == len(rows) == -best[0]
    assert (distances**2).sum() == pytest.approx(best[1])


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_no_registry_of_a_fine_grid_matches_more(ranked, rank):
    """The refined registry against translations of the film 0.3 Å apart, at seven heights."""
    boundary = ranked[rank].boundary
    best = boundary.registries(1)[0][0]
    found = boundary.continuity(best)
    lattice = boundary.substrate.lattice_a
    steps = np.stack(np.meshgrid(*2 * [np.arange(0.0, 1.0, 0.035)]), axis=-1).reshape(-1, 2)
    for rise in np.linspace(-0.6, 0.6, 7):
        for shift in steps @ lattice:
            assert boundary.continuity([*shift, best[2] + rise]).rank >= (
                found.rank[0],
                found.rank[1] - 1e-3 if found.matched_fraction else 0.0,
            )


def test_half_a_cell_away_the_cations_do_not_go_on(ranked):
    best = ranked[0]
    x, y = 0.5 * best.common.lattice_a[0]
    away = best.moved((x, y, 0.0))
    assert best.continuity.matched_fraction == 1.0
    assert away.continuity.matched_fraction == 0.0
    assert away.continuity.rms_a is None


def test_translations_that_change_nothing_change_nothing(ranked):
    for interface in ranked[:4]:
        finer = interface.registry_lattice_a
        for x, y in (finer[0], finer[1], finer[0] - 2.0 * finer[1]):
            assert interface.registry_distance_a(interface.shift_a[:2] + np.array([x, y])) < 1e-6
            moved = interface.moved((x, y, 0.0))
            assert moved.continuity.rank == interface.continuity.rank
            assert moved.vacuum_a == pytest.approx(interface.vacuum_a, abs=1e-6)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31))
def test_the_score_does_not_see_frame_origin_or_cell(film, substrate, ranked, seed):
    random = np.random.default_rng(seed)
    turned = replace(film, cell_a=film.cell_a @ Rotation.random(rng=random).as_matrix())
    shifted = replace(substrate, fractional=(substrate.fractional + random.random(3)) % 1.0)
    assert scores(search(turned, shifted, STUDY)) == scores(ranked)


def test_another_cell_of_the_lattice_gives_the_same(film, substrate, ranked):
    change = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 1]])
    other = replace(
        film, cell_a=change @ film.cell_a, fractional=film.fractional @ np.linalg.inv(change) % 1.0
    )
    hkl = tuple((change @ [0, 1, 0]).tolist())
    found = search(other, substrate, STUDY.model_copy(update={"film_hkl": hkl}))
    assert scores(found) == scores(ranked)
    twice = np.vstack([substrate.fractional, substrate.fractional + np.array([0, 1, 0])])
    doubled = replace(
        substrate,
        cell_a=np.diag([1, 2, 1]) @ substrate.cell_a,
        fractional=twice / [1, 2, 1],
        symbols=np.tile(substrate.symbols, 2),
        oxidation_states=np.tile(substrate.oxidation_states, 2),
    )
    assert scores(search(film, doubled, STUDY)) == scores(ranked)


def test_sides_can_be_exchanged(film, substrate):
    """With the strain shared by halves, neither side is told from the other."""
    shared = SearchOptions(**FACES, strain=StrainRule(fixed="split"))
    exchanged = SearchOptions(
        film_hkl=FACES["substrate_hkl"],
        substrate_hkl=FACES["film_hkl"],
        strain=StrainRule(fixed="split"),
    )
    here, there = search(film, substrate, shared), search(substrate, film, exchanged)
    best = [one for one in here if one.continuity.is_continuous]
    assert scores(best) == scores(one for one in there if one.continuity.is_continuous)
    assert len(best) == 2
    assert {one.continued for one in here} == {"film", "substrate"}


def test_sensitivity_holds_the_value_itself(ranked):
    for interface in ranked[:3]:
        told = interface.as_dict()["continuity"]
        low, high = told["range"]
        assert low <= told["matched_fraction"] <= high
        assert set(told["sensitivity"]) == {"registry", "gap", "strain"}
    assert ranked[0].as_dict()["continuity"]["range"] == [1.0, 1.0]
