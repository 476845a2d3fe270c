"""Series: names, folders, tables, and members that can't be built."""

import csv
import json

import pytest

from epicarve.errors import InputError
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.build import build
from epicarve.workflow.tasks.series import COLUMNS, members, series


def asked(**lists):
    return parse_recipe(
        {
            "crystal": {"name": "CsPbBr3"},
            "shape": {"kind": "sphere", "diameter_nm": 1.6, "centre": "Pb-Br"},
            "balance": {"min_coordination": {"Br": 1}},
            "series": lists,
        }
    )


def test_every_combination_has_a_folder_and_a_row(tmp_path):
    told = []
    built = series(
        asked(diameter_nm=[1.6, 2.0], replace=[{}, {"Br": "I"}]), tmp_path / "out", told.append
    )
    rows = [member.as_dict() for member in built]
    names = ["unchanged-1.6nm", "unchanged-2nm", "Br-to-I-1.6nm", "Br-to-I-2nm"]
    assert [row["name"] for row in rows] == names
    assert [line for line in told if line.startswith("series: ")] == [f"series: {n}" for n in names]
    for row in rows:
        summary = json.loads((tmp_path / "out" / row["name"] / "model.json").read_text())
        assert summary["n_atoms"] == row["n_atoms"]
        assert summary["net_charge"] == row["net_charge"] == 0
        assert "series" not in summary["provenance"]["recipe"]
    assert rows[2]["crystal"] == "CsPbI3-as-CsPbBr3"
    assert rows[0]["n_atoms"] < rows[1]["n_atoms"]
    assert json.loads((tmp_path / "out/series.json").read_text()) == {"series": rows}
    with (tmp_path / "out/series.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [row["formula"] for row in table] == [row["formula"] for row in rows]
    assert tuple(table[0]) == COLUMNS


def test_member_is_the_same_as_its_own_recipe():
    (_, member), *_ = members(asked(replace=[{"Br": "Cl"}]))
    assert member.shape.centre == "Pb-Cl"
    assert member.balance.min_coordination == {"Cl": 1}
    (same,) = series(asked(replace=[{"Br": "Cl"}]))
    assert build(member).model == same.built.model


def test_lists_of_shapes_crystals_and_numbers():
    shapes = [{"kind": "sphere", "atoms": 80}, {"kind": "sphere", "diameter_nm": 2}]
    found = members(asked(shape=shapes, crystal=["CsPbCl3", "CsPbBr3"], formula_units=[20]))
    assert [name for name, _ in found] == [
        "CsPbCl3-sphere-1-20-units",
        "CsPbCl3-sphere-2-20-units",
        "CsPbBr3-sphere-1-20-units",
        "CsPbBr3-sphere-2-20-units",
    ]
    assert all(member.shape.formula_units == 20 for _, member in found)
    assert all(member.shape.atoms is None for _, member in found)


def test_what_a_series_gives_is_left_out_elsewhere():
    lists = {
        "crystal": ["PbS"],
        "shape": [{"kind": "sphere"}, {"kind": "hemisphere", "hkl": [0, 0, 1]}],
        "diameter_nm": [1.0, 1.2],
    }
    whole = {"crystal": {"name": "PbS"}, "shape": {"kind": "sphere", "diameter_nm": 1.0}}
    found = dict(members(parse_recipe({"series": lists})))
    assert found == dict(members(parse_recipe({**whole, "series": lists})))
    assert found["PbS-hemisphere-1.2nm"].shape.diameter_nm == 1.2
    with pytest.raises(InputError, match="no size given"):
        parse_recipe({"shape": {"kind": "sphere"}, "series": {"crystal": ["PbS"]}})


def test_a_member_that_fails_is_told_and_the_others_are_built(tmp_path):
    small, whole = series(asked(diameter_nm=[0.3, 1.6]), tmp_path)
    assert "smaller than the unit cell" in small.error
    assert small.built is None
    assert small.as_dict()["n_atoms"] is None
    assert whole.error is None
    assert not (tmp_path / "0.3nm").exists()


@pytest.mark.parametrize(
    ("lists", "complaint"),
    [
        ({}, "a series needs a list"),
        ({"diameter": [1]}, "write diameter_nm"),
        ({"diameter_nm": [2, -1]}, "greater than 0"),
        ({"diameter_nm": [2], "atoms": [100]}, "both set the size"),
        ({"diameter_nm": [2, 2]}, "two particles of the series are called 2nm"),
        ({"diameter_nm": [0.1, 0.2]}, "no particle of the series can be built"),
        ({"atoms": [-4]}, "greater than 0"),
    ],
)
def test_bad_series_are_one_sentence(lists, complaint):
    with pytest.raises(InputError, match=complaint) as error:
        series(asked(**lists))
    assert "\n" not in str(error.value)


def test_build_and_series_name_each_other():
    with pytest.raises(InputError, match="use epicarve series"):
        build(asked(diameter_nm=[2]))
    (_, member), *_ = members(asked(diameter_nm=[2]))
    with pytest.raises(InputError, match="use epicarve build"):
        series(member)
