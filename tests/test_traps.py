import csv
import io

import numpy as np
import pytest
from heterostructure import janus, states_on
from hypothesis import given, settings
from hypothesis import strategies as st

from epicarve.analysis.export import summarise, trap_atoms_csv, traps_csv
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import LEVELS, SITS_ON, Analysis, Sites, Traps, trap_filter
from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def on(model, atoms):
    weights = np.zeros(model.n_atoms)
    weights[np.atleast_1d(atoms)] = 1.0
    return weights


def analysis_of(model, traps, ipr_max=0.1):
    """An analysis of flat band edges and, above the valence edge, the given traps."""
    flat = np.ones(model.n_atoms)
    energies_ev = [-6.0, *np.linspace(-5.5, -5.0, len(traps)), -3.0]
    states = states_on(model, [flat, *traps, flat], energies_ev, len(traps) + 1)
    return Analysis.of(states, AnalysisOptions(ipr_max=ipr_max), model)


def told_base(found, atoms, held=1.0):
    """How a sentence compares what some atoms hold of valence traps to all occupied states."""
    occupied = found.states.weights[:, found.states.is_occupied]
    base = occupied[atoms].sum() / occupied.sum()
    return f"{held / base:.1f} times its {100 * base:.2g} % of all occupied states"


def test_traps_of_known_places_are_told_by_them():
    model = janus()
    sites = Sites.of(tuple(model.symbols.tolist()), model)
    on_surface = np.flatnonzero((model.symbols == "S") & (sites.positions == "surface"))
    number = np.bincount(sites.coordination[on_surface]).argmax()
    alike = on_surface[sites.coordination[on_surface] == number]
    other = on_surface[sites.coordination[on_surface] != number]
    assert len(alike) > 1
    assert len(other) > 0
    at_interface = np.flatnonzero((model.symbols == "Pb") & (sites.positions == "interface"))[:1]
    half_and_half = on(model, alike[:1]) + on(model, other[:1])
    found = analysis_of(
        model,
        [on(model, alike[:1]), on(model, alike[:2]), half_and_half, on(model, at_interface)],
        ipr_max=0.05,
    )
    sulfur, lead = (WORDS[sites.coordination[atom]] for atom in (alike[0], at_interface[0]))
    lead_alike = (model.symbols == "Pb") & (sites.coordination == sites.coordination[at_interface])
    lead_alike &= (sites.positions == "interface") & (model.domains == "Pb4S3Cl2")
    surface, interface = (sites.positions == place for place in ("surface", "interface"))
    mine = on_surface[model.domains[on_surface] == "Pb4S3Cl2"]
    mine_alike = mine[sites.coordination[mine] == number]
    assert found.traps.sentence("valence") == (
        f"2 of 4 valence traps sit on {sulfur}-coordinated S of the Pb4S3Cl2 surface "
        f"({told_base(found, mine_alike)}), "
        f"1 on differently coordinated S of the Pb4S3Cl2 surface ({told_base(found, mine)}), "
        f"1 on {lead}-coordinated Pb of the Pb4S3Cl2 interface ({told_base(found, lead_alike)}); "
        f"the surface holds 75 % of all, {told_base(found, surface, 0.75)}; "
        f"the interface holds 25 % of all, {told_base(found, interface, 0.25)}"
    )
    assert found.traps.sentence("conduction") == "there is no conduction trap"
    assert found.gap.filtered.n_valence_traps == 4
    first = rows(traps_csv(found))[0]
    assert (first["side"], first["state"], first["n_atoms_50"], first["n_atoms_90"]) == (
        ("valence", "2", "1", "1")
    )
    assert (first["element"], first["position"], first["domain"], first["share"]) == (
        ("S", "surface", "Pb4S3Cl2", "1.000000")
    )
    assert float(first["depth_ev"]) == pytest.approx(0.5)
    atoms = rows(trap_atoms_csv(found))
    assert int(atoms[0]["atom"]) - 1 == alike[0]
    assert int(atoms[0]["bulk_coordination"]) == model.bulk_coordination[alike[0]]


@pytest.fixture(scope="module")
def galena():
    return carve(bundled_crystal("PbS"), Sphere(radius_a=7.0))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), sharpness=st.floats(1.0, 60.0))
def test_the_anatomy_holds_what_it_says(galena, seed, sharpness):
    rng = np.random.default_rng(seed)
    weights = rng.random((galena.n_atoms, 6)) ** sharpness + 1e-9
    weights /= weights.sum(axis=0)
    states = states_on(
        galena, [np.ones(galena.n_atoms), *weights.T], [-7, -6, -5, -4, -3, -2, -1], 4
    )
    filtered = trap_filter(
        states.energies_ev, states.is_occupied, (states.weights**2).sum(axis=0), 0.05
    )
    sites = Sites.of(states.symbols, galena)
    traps = Traps.of(states, filtered, sites)
    columns = {
        "element": sites.symbols,
        "coordination": sites.coordination,
        "position": sites.positions,
        "domain": sites.domains,
    }
    for side in ("valence", "conduction"):
        n_traps = getattr(filtered, f"n_{side}_traps")
        if n_traps is None:
            assert traps.sentence(side).endswith(traps.reasons[side])
            continue
        assert len(traps.of_side(side)) == n_traps == sum(traps.kinds(side).values())
    for trap in traps.traps:
        column = np.sort(states.weights[:, trap.state])[::-1]
        for share, n in zip((0.5, 0.9), trap.n_atoms, strict=True):
            assert column[:n].sum() >= share - 1e-9
            assert column[: n - 1].sum() < share
        assert trap.weights.tolist() == column[: trap.n_atoms[1]].tolist()
        kind = dict(trap.kind)
        mine = np.all(
            [columns[field].astype(str) == value for field, value in kind.items()], axis=0
        )
        held = states.weights[mine, trap.state].sum() if kind else 0.0
        assert held == pytest.approx(trap.kind_weight)
        of_side = states.is_occupied == (trap.side == "valence")
        if kind:
            base = states.weights[mine][:, of_side].sum(axis=0).mean()
            assert traps.base_shares[trap.side][trap.kind] == pytest.approx(base)
        assert not kind or held > SITS_ON
        narrower = LEVELS[: LEVELS.index(tuple(kind))] if kind else LEVELS
        for level in narrower:
            fields = zip(*(columns[field].astype(str) for field in level), strict=True)
            keys = np.array(["|".join(row) for row in fields])
            sums = [states.weights[keys == key, trap.state].sum() for key in np.unique(keys)]
            assert max(sums) <= SITS_ON + 1e-9


def test_without_a_model_only_elements_are_told(galena):
    sulfur = on(galena, np.flatnonzero(galena.symbols == "S")[:2])
    states = analysis_of(galena, [sulfur]).states
    found = Analysis.of(states, AnalysisOptions(ipr_max=0.1))
    is_sulfur = galena.symbols == "S"
    rate = told_base(found, is_sulfur)
    assert found.traps.sentence("valence") == f"the one valence trap sits on S ({rate})"
    told = summarise(found)["traps"]["valence"]
    base = (1.0 + is_sulfur.mean()) / 2  # of the trap and of a flat state
    numbers = {"share": 1.0, "base_share": base, "enrichment": 1.0 / base}
    assert told["n_traps"] == 1
    assert told["kinds"] == [pytest.approx({"n_traps": 1, "element": "S"} | numbers, abs=1e-6)]
    assert {share["element"] for share in told["shares"]} == {"Pb", "S"}
    atom = rows(trap_atoms_csv(found))[0]
    assert (atom["element"], atom["domain"], atom["coordination"]) == ("S", "", "")


def test_a_trap_spread_evenly_over_two_elements_sits_on_the_place_they_share(galena):
    surface = np.flatnonzero(galena.is_surface)
    lead, sulfur = (surface[galena.symbols[surface] == symbol][:2] for symbol in ("Pb", "S"))
    found = analysis_of(galena, [on(galena, lead) + on(galena, sulfur)])
    rate = told_base(found, galena.is_surface)
    assert found.traps.sentence("valence") == (
        f"the one valence trap sits on ions of the PbS surface ({rate}); "
        f"the surface holds 100 % of all, {rate}"
    )


def test_a_trap_of_two_domains_sits_on_no_single_kind():
    model = janus()
    atoms = [
        np.flatnonzero((model.domains == domain) & (model.symbols == symbol))[0]
        for domain, symbol in (("Pb4S3Cl2", "S"), ("CsPbCl3", "Cs"))
    ]
    found = analysis_of(model, [on(model, atoms)])
    assert found.traps.sentence("valence").startswith(
        "the one valence trap sits on no single kind of atoms"
    )


def test_where_the_fixed_filter_drops_all_the_size_aware_one_tells_the_traps(galena):
    sulfur = on(galena, np.flatnonzero(galena.symbols == "S")[:2])
    found = analysis_of(galena, [sulfur], ipr_max=0.001)
    assert found.gap.filtered.gap_ev is None
    assert len(found.traps.traps) == found.gap.size_aware.n_valence_traps == 1
    told = summarise(found)
    assert told["edge_filter"] == "size_aware"
    assert "size-aware" in next(c["message"] for c in told["checks"] if c["name"] == "edge_filter")
