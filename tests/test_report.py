import re
from html.parser import HTMLParser

import numpy as np
import pytest

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.report import MOST_STATES, report_html
from epicarve.analysis.results import Analysis
from epicarve.analysis.summary import summarise
from epicarve.builder.model import Model
from epicarve.dft.states import OrbitalStates

SYMBOLS = ("Pb", "S", "Pb", "S")


def report(n_states=6, model=None, source="a test", notes=(), provenance=None):
    rng = np.random.default_rng(1)
    weights = rng.exponential(size=(4, n_states))
    states = OrbitalStates(
        energies_ev=np.linspace(-9.0, -1.0, n_states),
        occupations=np.where(np.arange(n_states) < n_states // 2, 2.0, 0.0),
        weights=weights / weights.sum(axis=0),
        symbols=SYMBOLS,
        source=source,
    )
    analysis = Analysis.of(states, AnalysisOptions(ipr_max=0.5), model)
    return report_html(analysis, summarise(analysis, provenance), notes)


@pytest.fixture
def janus():
    zeros = np.zeros(4, dtype=int)
    return Model(
        symbols=np.array(SYMBOLS),
        positions_a=np.random.default_rng(0).normal(0.0, 3.0, (4, 3)),
        charges=np.array([2, -2, 2, -2]),
        domains=np.array(["film", "film", "substrate", "substrate"]),
        sites=zeros,
        coordination=zeros,
        bulk_coordination=zeros,
        components=zeros,
    )


class Outline(HTMLParser):
    """Tags that are open, ids, and addresses that the page would load."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, page):
        super().__init__()
        self.open, self.ids, self.loads = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.loads += [attributes[key] for key in ("src", "href") if key in attributes]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def words(page):
    """The page without its scripts."""
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_the_page_is_whole_and_loads_nothing(janus):
    outline = Outline(report(model=janus))
    assert outline.open == []
    assert outline.loads == ["data:,"]
    assert sorted(outline.ids) == ["dos", "model"]


def test_the_same_input_gives_the_same_page(janus):
    assert report(model=janus) == report(model=janus)


def test_the_page_tells_what_a_reader_needs(janus):
    page = words(report(model=janus, notes=("For trying only.",), provenance={"crystal": "PbS"}))
    for told in (
        "Pb2S2: gap and density of states",
        "a test",
        "For trying only.",
        "N·IPR ≤ 11.3",
        "Level alignment",
        "2 Pb, 2 S",
        "every state is either full or empty",
        "&quot;crystal&quot;: &quot;PbS&quot;",
    ):
        assert told in page
    assert page.count("<tr class=") == 6


def test_words_of_a_user_cannot_break_the_page():
    page = report(source="<script>alert(1)</script>", notes=("a < b & c",))
    assert "<script>alert" not in page
    assert "a &lt; b &amp; c" in page
    assert Outline(page).open == []


def test_a_long_table_holds_the_states_nearest_to_the_gap():
    n_states = MOST_STATES + 100
    page = words(report(n_states=n_states))
    assert page.count("<tr class=") == MOST_STATES
    assert f"states.csv has all {n_states}" in page
    numbers = [int(n) for n in re.findall(r"<tr class='[^']*'><td>(\d+)</td>", page)]
    assert numbers == list(range(51, 51 + MOST_STATES))


def test_a_report_without_a_model_shows_none():
    page = report()
    assert Outline(page).ids == ["dos"]
    assert "Level alignment" not in page
