import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from synthetic import particle, states_of

from epicarve.analysis.export import summarise
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.report import MOST_STATES, model_data, payload, report_html
from epicarve.analysis.report import page_data as payload_module
from epicarve.analysis.states import Analysis, OrbitalPicture, groupings
from epicarve.dft.cube import OrbitalGrid
from epicarve.dft.states import OrbitalStates
from epicarve.units import A_PER_BOHR

LARGEST_REPORT_MB = 15.0


def analysis(model=None, ipr_max=0.1, labels=None, **changes):
    states = states_of(model or particle(), **changes)
    return Analysis.of(states, AnalysisOptions(ipr_max=ipr_max), model, labels)


def report(found, notes=(), provenance=None):
    return report_html(found, summarise(found, provenance), notes)


class Outline(HTMLParser):
    """Tags that are open, ids, and addresses that the page would load or lead to."""

    VOID = frozenset({"meta", "link", "br", "input"})

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.loads, self.links = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        addresses = [attributes[key] for key in ("src", "href") if key in attributes]
        (self.links if tag == "a" else self.loads).extend(addresses)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def words(page):
    """The page without its scripts."""
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def decoded(packed):
    return np.frombuffer(base64.b64decode(packed["data"]), np.dtype(packed["dtype"]))


def test_the_page_is_whole_and_loads_nothing():
    outline = Outline(report(analysis(particle())))
    assert outline.open == []
    assert outline.loads == ["data:,"]
    assert set(outline.links) == {f"#state={n}" for n in range(1, 61)}
    assert len(outline.ids) == len(set(outline.ids))
    assert {"dos", "model", "threshold", "state", "states"} <= set(outline.ids)


def test_the_same_input_gives_the_same_page():
    assert report(analysis(particle())) == report(analysis(particle()))


def test_the_page_tells_what_a_reader_needs():
    found = analysis(particle())
    page = words(report(found, ("For trying only.",), {"crystal": "PbS"}))
    for told in (
        "Pb<sub>13</sub>Cl<sub>3</sub>S<sub>3</sub>: gap and density of states",
        "synthetic states",
        "For trying only.",
        "N·IPR ≤ 11.3",
        "Level alignment",
        "13 Pb, 3 Cl, 3 S",
        found.traps.sentence("valence"),
        "every state is either full or empty",
        "<tr><th>crystal</th><td>PbS</td></tr>",
    ):
        assert told in page
    assert page.count("data-state=") == 60 + 3  # states and traps


def test_words_of_a_user_cannot_break_the_page():
    evil = "</script><script>alert(1)</script>"
    found = analysis(particle(domains=(evil, "b")), source=evil, labels=[f"<b>{evil}"] * 19)
    page = report(found, ("a < b & c",))
    outline = Outline(page)
    assert outline.open == []
    assert "<script>alert" not in page
    assert "a &lt; b &amp; c" in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert json.loads(data[1])["atoms"]["domains"][0] == evil


def test_a_long_table_holds_the_states_nearest_to_the_gap():
    n_states = MOST_STATES + 100
    found = analysis(n_states=n_states)
    page = words(report(found))
    assert f"states.csv has all {n_states}" in page
    shown = [int(n) for n in re.findall(r'data-state="(\d+)"', page.partition("<h2>States")[2])]
    distance_ev = np.abs(found.states.energies_ev - (found.gap.homo_ev + found.gap.lumo_ev) / 2)
    assert shown == sorted(np.argsort(distance_ev, kind="stable")[:MOST_STATES].tolist())


def test_a_report_without_a_model_shows_none():
    page = report(analysis())
    outline = Outline(page)
    assert "dos" in outline.ids and "model" not in outline.ids
    assert "Level alignment" not in page


def test_energies_and_ipr_are_whole_and_weights_nearly():
    found = analysis(particle(), restricted=False)
    data = payload(found)
    for name, exact in (
        ("energies_ev", found.states.energies_ev),
        ("ipr", found.localization.ipr),
        ("occupied", found.states.is_occupied),
        ("spins", found.states.spins),
    ):
        np.testing.assert_array_equal(decoded(data["states"][name]), exact)
    packed = data["weighted"]
    levels = decoded(packed["weights"]).reshape(-1, found.states.n_atoms)
    largest = decoded(packed["largest"])
    exact = found.states.weights[:, decoded(packed["states"])].T
    assert np.all(np.abs(levels * largest[:, None] / 255.0 - exact) <= largest[:, None] / 509.0)
    assert data["weighted"]["note"] == "Every state colours the model."


def test_bonds_are_those_of_the_coordination_else_of_radii():
    model = particle()
    with_model, without = (
        decoded(payload(each)["atoms"]["pairs"]).reshape(-1, 2)
        for each in (
            analysis(model),
            Analysis.of(states_of(model), AnalysisOptions(), positions_a=model.positions_a),
        )
    )
    assert np.bincount(with_model.ravel(), minlength=19).tolist() == model.coordination.tolist()
    assert {frozenset(pair) for pair in without.tolist()} == {
        frozenset(pair) for pair in with_model.tolist()
    }


def test_a_large_orbital_is_thinned_out_to_its_limit(monkeypatch):
    values = np.sin(np.indices((30, 31, 32)).sum(axis=0) / 5.0).astype(np.float32)
    grid = OrbitalGrid(np.array([1.0, 2.0, 3.0]), 0.5, values)
    places_a = np.array([[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]])
    picture = OrbitalPicture("HOMO", grid, 0.8, 0.5, ("Pb", "S"), places_a)
    monkeypatch.setattr(model_data, "MOST_POINTS", 5_000)
    told = model_data.orbital_data(picture)
    assert told["shape"] == [15, 16, 16]
    assert told["step_a"] == pytest.approx(2 * 0.5 * A_PER_BOHR)
    np.testing.assert_allclose(told["origin_a"], np.array([1, 2, 3]) * A_PER_BOHR - 1, atol=1e-6)
    shown = decoded(told["values"]).reshape(told["shape"])
    np.testing.assert_allclose(shown * 0.5 / 32, values[::2, ::2, ::2], atol=0.5 / 64 + 1e-6)


def test_only_so_many_weights_are_carried(monkeypatch):
    found = analysis(particle())
    monkeypatch.setattr(payload_module, "WEIGHT_BYTES", 10 * found.states.n_atoms + 5)
    packed = payload(found)["weighted"]
    distance_ev = np.abs(found.states.energies_ev - (found.gap.homo_ev + found.gap.lumo_ev) / 2)
    assert decoded(packed["states"]).tolist() == sorted(np.argsort(distance_ev)[:10].tolist())
    assert len(decoded(packed["weights"])) == 10 * found.states.n_atoms
    assert packed["note"].startswith("The 10 states nearest to the gap, of 60, colour the model")


def test_a_state_without_any_empty_one_has_a_middle_too():
    model = particle()
    full = analysis(model, occupations=np.full(60, 2.0))
    assert payload(full)["lumo_ev"] is None
    assert payload(full)["first_state"] == 59


def test_groupings_are_titled_by_what_they_tell():
    model = particle(9.0)
    labels = ["odd" if i % 2 else "even" for i in range(model.n_atoms)]
    orbitals = {
        "orbital_names": ("Pb:s", "Pb:p"),
        "orbital_weights": np.full((2, 60), 0.5),
    }
    found = groupings(analysis(model, labels=labels, **orbitals), "safe")
    told = {each.title: each.names for each in found}
    assert told["element"] == ("Pb", "S", "Cl") or set(told["element"]) == {"Pb", "S", "Cl"}
    assert set(told["domain"]) == {"PbS", "CsPbCl3"}
    assert "PbS:S" in told["element in domain"]
    assert set(told["core and surface"]) <= {"core", "surface", "interface"}
    assert set(told["group"]) == {"odd", "even"}
    assert told["element and angular momentum"] == ("Pb:s", "Pb:p")
    for each in found:
        np.testing.assert_allclose(each.weights.sum(axis=0), 1.0, atol=1e-9)
        assert len(each.names) == len(each.colours) == len(each.weights)


@pytest.mark.parametrize("n_domains", [1, 2])
def test_a_report_of_the_size_of_the_study_is_light(n_domains):
    model = particle(21.0, domains=("PbS", "CsPbCl3")[:n_domains])
    assert 1400 < model.n_atoms < 1600
    page = report(analysis(model, n_states=5100, ipr_max=0.03))
    assert len(page.encode()) < LARGEST_REPORT_MB * 1e6


def test_negative_weights_are_shown_as_none():
    weights = np.array([[1.02, 0.5], [-0.02, 0.5]])
    states = OrbitalStates([-5.0, -2.0], [2.0, 0.0], weights, ("Pb", "S"))
    data = payload(Analysis.of(states, AnalysisOptions()))
    levels = np.frombuffer(base64.b64decode(data["weighted"]["weights"]["data"]), np.uint8)
    assert levels.tolist() == [255, 0, 255, 255]
    assert data["ipr_max"] >= Analysis.of(states, AnalysisOptions()).localization.ipr.max()
