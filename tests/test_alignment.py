import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epicarve.analysis.export import alignment_csv
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import (
    Analysis,
    DomainEdges,
    align,
    alignment_margin_ev,
    alignment_type,
    domain_core_levels,
    domain_edges,
)
from epicarve.builder.model import Model
from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError

FIRST = DomainEdges(-5.0, -3.0)


def pair(valence_offset_ev, conduction_offset_ev):
    """A second domain whose edges lie the offsets below the first's."""
    second = DomainEdges(-5.0 - valence_offset_ev, -3.0 - conduction_offset_ev)
    return {"film": FIRST, "substrate": second}


@pytest.mark.parametrize(
    ("valence_offset_ev", "conduction_offset_ev", "kind"),
    [
        (0.5, -0.5, "I"),
        (-0.5, 0.5, "I"),
        (0.5, 0.5, "II"),
        (-0.5, -0.5, "II"),
        (2.5, 2.5, "III"),
        (-2.5, -2.5, "III"),
        (0.5, 0.05, "quasi-type-II"),
        (-0.05, -0.5, "quasi-type-II"),
        (0.0, 0.0, "quasi-type-II"),
        (0.5, -0.05, "quasi-type-II"),
    ],
)
def test_a_pair_of_known_offsets(valence_offset_ev, conduction_offset_ev, kind):
    found = align(pair(valence_offset_ev, conduction_offset_ev), tolerance_ev=0.1)
    assert found.type == kind
    assert found.valence_offset_ev == pytest.approx(valence_offset_ev)
    assert found.conduction_offset_ev == pytest.approx(conduction_offset_ev)
    assert found.reason == ""


@given(
    valence=st.tuples(st.floats(-8, -5), st.floats(-8, -5)),
    conduction=st.tuples(st.floats(-6, -2), st.floats(-6, -2)),
    tolerance_ev=st.floats(0.0, 0.5),
)
def test_the_order_of_the_domains_does_not_matter(valence, conduction, tolerance_ev):
    there = alignment_type(valence, conduction, tolerance_ev)
    assert alignment_type(valence[::-1], conduction[::-1], tolerance_ev) == there


@given(
    valence=st.tuples(st.floats(-8, -5), st.floats(-8, -5)),
    conduction=st.tuples(st.floats(-6, -2), st.floats(-6, -2)),
    which=st.integers(0, 3),
    part=st.floats(-0.99, 0.99),
)
def test_no_shift_of_one_edge_within_the_margin_changes_the_type(valence, conduction, which, part):
    kind = alignment_type(valence, conduction, 0.1)
    edges = [*valence, *conduction]
    edges[which] += part * alignment_margin_ev(valence, conduction, 0.1)
    assert alignment_type(tuple(edges[:2]), tuple(edges[2:]), 0.1) == kind


@pytest.mark.parametrize(
    ("offsets_ev", "margin_ev", "kind", "beyond"),
    [
        ((0.5, -0.3), 0.2, "I", "quasi-type-II"),
        ((0.5, 0.3), 0.2, "II", "quasi-type-II"),
        ((2.5, 2.5), 0.5, "III", "II"),
        ((0.5, -0.04), 0.06, "quasi-type-II", "I"),
    ],
)
def test_a_shift_beyond_the_margin_changes_the_type(offsets_ev, margin_ev, kind, beyond):
    found = align(pair(*offsets_ev), tolerance_ev=0.1)
    assert (found.type, found.margin_ev) == (kind, pytest.approx(margin_ev))
    conduction_ev = offsets_ev[1] + (-1 if kind in ("II", "III", "quasi-type-II") else 1) * (
        margin_ev + 0.01
    )
    assert align(pair(offsets_ev[0], conduction_ev), tolerance_ev=0.1).type == beyond


def janus(domains=("film", "film", "substrate", "substrate")):
    zeros = np.zeros(4, dtype=int)
    return Model(
        symbols=np.array(["Pb", "S", "Pb", "Cl"]),
        positions_a=np.arange(12.0).reshape(4, 3),
        charges=np.array([2, -2, 1, -1]),
        domains=np.array(domains),
        sites=zeros,
        coordination=zeros,
        bulk_coordination=zeros,
        components=zeros,
    )


def janus_states():
    """Two delocalised states of each domain at known energies, and a trap of the film between."""
    film, substrate = np.array([0.5, 0.4, 0.1, 0.0]), np.array([0.0, 0.2, 0.3, 0.5])
    trap = np.array([0.0, 1.0, 0.0, 0.0])
    return OrbitalStates(
        energies_ev=np.array([-6.0, -5.0, -4.5, -3.0, -2.0]),
        occupations=np.array([2.0, 2.0, 2.0, 0.0, 0.0]),
        weights=np.stack([substrate, film, trap, film, substrate], axis=1),
        symbols=("Pb", "S", "Pb", "Cl"),
    )


def test_edges_of_a_domain_come_from_its_delocalised_states():
    kept = np.array([True, True, False, True, True])
    edges = domain_edges(janus_states(), kept, janus())
    assert edges == {"film": DomainEdges(-5.0, -3.0), "substrate": DomainEdges(-6.0, -2.0)}
    assert align(edges, 0.1).type == "I"


def test_a_domain_without_a_delocalised_state_has_no_edge_and_a_reason():
    kept = np.array([False, True, False, True, True])
    found = align(domain_edges(janus_states(), kept, janus()), 0.1)
    assert (found.type, found.valence_offset_ev, found.conduction_offset_ev) == (None, None, -1.0)
    assert found.reason == "substrate has no delocalised occupied state"


@pytest.mark.parametrize("domains", [("film",) * 4, ("film", "film", "substrate", "third")])
def test_alignment_needs_two_domains(domains):
    edges = domain_edges(janus_states(), np.full(5, True), janus(domains))
    found = align(edges, 0.1)
    assert (found.type, found.valence_offset_ev, found.conduction_offset_ev) == (None, None, None)
    assert found.reason == (
        f"levels are aligned between two domains, and the model has {len(edges)}"
    )


@given(
    edges=st.tuples(*[st.floats(0.0, 0.3)] * 4),
    gap=st.floats(0.5, 2.0),
)
def test_no_shift_of_one_edge_below_the_margin_gives_another_type(edges, gap):
    valence, conduction = edges[:2], (gap + edges[2], gap + edges[3])
    before = alignment_type(valence, conduction, 0.1)
    margin_ev = alignment_margin_ev(valence, conduction, 0.1)
    for edge in range(4):
        for sign in (-1.0, 1.0):
            for part in (0.3, 0.7, 0.999):
                moved = [*valence, *conduction]
                moved[edge] += sign * part * margin_ev
                assert alignment_type(tuple(moved[:2]), tuple(moved[2:]), 0.1) == before


def with_core_levels(step_ev):
    """The same states with a Pb level of each domain far below, a step of the potential apart."""
    states = janus_states()
    film, substrate = np.array([1.0, 0.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 0.0])
    core = np.array([[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    return OrbitalStates(
        symbols=states.symbols,
        energies_ev=np.concatenate([[-22.0, -22.0 + step_ev], states.energies_ev]),
        occupations=np.concatenate([[2.0, 2.0], states.occupations]),
        weights=np.concatenate([np.stack([film, substrate], axis=1), states.weights], axis=1),
        orbital_names=("Pb:d", "Pb:p"),
        orbital_weights=np.concatenate([core, 1.0 - core]),
    )


OPTIONS = AnalysisOptions(ipr_max=0.45, n_ipr_max=2.0, n_ipr_band=(1.7, 2.2))


def test_variants_tell_how_far_a_type_depends_on_choices():
    analysis = Analysis.of(with_core_levels(1.5), OPTIONS, janus())
    assert analysis.alignment.type == "I"
    levels = domain_core_levels(analysis.states, analysis.model)
    assert levels == {"core level Pb:d": {"film": -22.0, "substrate": -20.5}}
    rows = list(csv.DictReader(io.StringIO(alignment_csv(analysis))))
    assert len(rows) == 4 * 3 * 2  # filters, tolerances, references
    by_zero = {row["reference"]: row for row in rows if row["filter"] == "IPR ≤ 0.45"}
    assert by_zero["common zero"]["type"] == "I"
    # the film's edges lie 1.5 eV higher over its own level: both above those of the substrate
    of_core = by_zero["core level Pb:d"]
    assert of_core["type"] == "II"
    assert float(of_core["valence_offset_ev"]) == pytest.approx(1.0 + 1.5)
    assert float(of_core["conduction_offset_ev"]) == pytest.approx(-1.0 + 1.5)
    summary = analysis.summary()
    told = summary["alignment_variants"]
    assert told["n"] == len(rows)
    assert told["n_agree"] == sum(row["type"] == "I" for row in rows)
    n_without = sum(row["type"] == "" for row in rows)
    assert told["n_without_type"] == n_without
    assert sum(told["types"].values()) == len(rows)
    assert told["valence_offset_ev"][1] == pytest.approx(2.5)
    checks = {check["name"]: check for check in summary["checks"]}
    assert not checks["alignment_variants"]["ok"]
    counted = f"in {told['n_agree']} of {len(rows) - n_without}"
    assert f"{counted} sets" in checks["alignment_variants"]["message"]
    title = analysis.plot("alignment").axes[0].get_title()
    assert title == f"Type I alignment ({counted} variants)"


def test_stated_corrections_of_gaps_are_choices_too():
    options = OPTIONS.model_copy(update={"gap_corrections": {"film": 3.0}})
    analysis = Analysis.of(janus_states(), options, janus())
    rows = list(csv.DictReader(io.StringIO(alignment_csv(analysis))))
    found = {
        row["correction"]: row
        for row in rows
        if row["filter"] == "IPR ≤ 0.45" and row["tolerance_ev"] == "0.1"
    }
    assert float(found["none"]["conduction_offset_ev"]) == pytest.approx(-1.0)
    assert float(found["conduction edge"]["conduction_offset_ev"]) == pytest.approx(2.0)
    assert float(found["both edges"]["valence_offset_ev"]) == pytest.approx(1.0 - 1.5)
    assert [found[name]["type"] for name in ("none", "conduction edge", "both edges")] == [
        *("I", "II", "I"),
    ]
    wrong = OPTIONS.model_copy(update={"gap_corrections": {"PbS": 1.0}})
    with pytest.raises(InputError, match="no domain 'PbS'; there are film, substrate"):
        Analysis.of(janus_states(), wrong, janus())


def test_states_with_spin_orbit_coupling_are_aligned_without_it_too():
    bare = janus_states()
    coupled = replace(
        bare, energies_ev=bare.energies_ev + np.array([0.0, 0.0, 0.0, -0.15, -1.1]), uncoupled=bare
    )
    analysis = Analysis.of(coupled, OPTIONS, janus())
    types = {
        each.spin_orbit: each.alignment.type
        for each in analysis.verdicts.variants
        if each.filter == "IPR ≤ 0.45" and each.tolerance_ev == 0.1
    }
    assert types == {True: "quasi-type-II", False: "I"}
    assert analysis.verdicts.edge_range_ev("substrate", "conduction") == (-3.1, -2.0)
