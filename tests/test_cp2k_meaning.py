"""Mistakes of meaning: each that is planted in a sound input is found, on its line, alone."""

from itertools import combinations, product
from math import dist

import pytest
from cp2k_mistakes import FILES, MISTAKES, planted
from hypothesis import given, settings
from hypothesis import strategies as st

from epicarve.dft.check import check_input, close_pairs
from epicarve.dft.cp2k_input import InputCell


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Check an input among its files; the folder stands for CP2K's data too."""
    monkeypatch.setenv("CP2K_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "BASIS_MOLOPT").write_text("")

    def check(files, version="2023.1"):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return check_input(tmp_path / "run.inp", version)

    return check


@pytest.mark.parametrize("version", ["2023.1", "2024.1"])
def test_the_sound_input_gives_no_finding(check, version):
    assert check(FILES, version) == ()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_found(check, mistake):
    files = planted(mistake)
    found = check(files)
    told = [finding for finding in found if mistake.words in finding.message]
    assert len(told) == 1, found
    (finding,) = told
    assert mistake.line in files["run.inp"].splitlines()[finding.line - 1]
    assert mistake.remedy in finding.remedy
    assert finding.severity == mistake.severity


def test_labels_fall_back_on_the_kind_of_their_element(check):
    files = {**FILES, "atoms.xyz": FILES["atoms.xyz"].replace("S  4.5", "S2 4.5")}
    assert check(files) == ()


def test_meaning_is_looked_at_only_where_cp2k_understands_the_input(check):
    broken = FILES["run.inp"].replace("CUTOFF 300", "CUTTOFF 90").replace("1..4", "1..5")
    assert [finding.line for finding in check({**FILES, "run.inp": broken})] == [12]


def test_what_an_earlier_run_makes_is_not_looked_for(check):
    restarted = FILES["run.inp"].replace(
        "CHARGE 0", "CHARGE 0\n    WFN_RESTART_FILE_NAME ../1-relax/relax-RESTART.wfn"
    )
    assert check({**FILES, "run.inp": restarted}) == ()


edges = st.floats(2.5, 6.0)
slants = st.floats(-2.0, 2.0)
points = st.tuples(*[st.floats(-1.5, 2.5)] * 3)


@settings(max_examples=40, deadline=None)
@given(
    cell=st.tuples(
        st.tuples(edges, st.just(0.0), st.just(0.0)),
        st.tuples(slants, edges, st.just(0.0)),
        st.tuples(slants, slants, edges),
    ),
    periodic=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    fractional=st.lists(points, max_size=12),
)
def test_close_pairs_are_those_of_all_images(cell, periodic, fractional):
    box = InputCell(cell, periodic, None)
    places = [box.cartesian(point) for point in fractional]
    found = {(i, j): d for i, j, d in close_pairs(places, box, 1.0) if i != j}
    images = [range(-7, 8) if along else (0,) for along in periodic]
    shifts = [box.cartesian(tuple(map(float, image))) for image in product(*images)]
    for i, j in combinations(range(len(places)), 2):
        gap = [b - a for a, b in zip(places[i], places[j], strict=True)]
        nearest = min(dist(gap, [-x for x in shift]) for shift in shifts)
        if (i, j) in found:
            assert found[i, j] == pytest.approx(nearest, abs=1e-9)
        else:
            assert nearest > 1.0 - 1e-9
