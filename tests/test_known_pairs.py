"""The table of docs/known-pairs.md: each row against a search of its planes, and the order."""

import re
from pathlib import Path

import pytest
from known_pairs import PAIRS, crystals, row

from epicarve.builder.interfaces import SearchOptions, search
from epicarve.builder.interfaces.match import MatchOptions

TABLE = Path(__file__).parents[1] / "docs" / "known-pairs.md"
ROWS = [
    line
    for line in TABLE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| film")
]


def cells(line):
    return [cell.strip() for cell in line.strip("| ").split(" | ")]


def plane(text):
    """Miller indices of a plane such as (11-1), and the layer that follows."""
    name, layer = text.split(" ")
    return tuple(int(index) for index in re.findall(r"-?\d", name)), layer


@pytest.fixture(scope="module")
def every():
    """All crystals of the table by name."""
    return crystals()


def test_the_table_holds_all_pairs():
    assert [tuple(cells(line)[0].split(" / ")) for line in ROWS] == [pair[:2] for pair in PAIRS]
    assert len(ROWS) == 38


@pytest.mark.parametrize("line", ROWS, ids=[cells(line)[0] for line in ROWS])
def test_a_row_is_what_a_search_of_its_planes_finds(line, every):
    name, known, planes, area = cells(line)[:4]
    film, substrate = name.split(" / ")
    (film_hkl, above), (substrate_hkl, below) = map(plane, planes.split(" / "))
    options = SearchOptions(
        film_hkl=film_hkl,
        substrate_hkl=substrate_hkl,
        match=MatchOptions(max_area_a2=float(area) + 1.0),
    )
    found = [
        row(film, substrate, known, one)
        for one in search(every[film], every[substrate], options)
        if (one.film_termination, one.substrate_termination) == (above, below)
    ]
    assert line in found


def test_the_scores_put_pairs_that_are_made_first():
    made, not_made = (
        [(float(row[4]), row[8]) for row in map(cells, ROWS) if row[1] == known]
        for known in ("made", "not made")
    )
    assert min(score for score, verdict in made if verdict == "continuous") > max(not_made)[0]
    better = [(one > other) + 0.5 * (one == other) for one, _ in made for other, _ in not_made]
    assert sum(better) / len(better) == pytest.approx(0.9)
    assert sum(verdict == "neither" for _, verdict in made) == 3
    assert sum(verdict != "neither" for _, verdict in not_made) == 1
