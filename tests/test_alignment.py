import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epicarve.analysis.alignment import DomainEdges, align, alignment_type, domain_edges
from epicarve.builder.model import Model
from epicarve.dft.states import OrbitalStates

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
