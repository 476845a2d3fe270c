"""The table of many runs."""

import csv
import json

import pytest
from synthetic import particle, states_of
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.export import TABLE_COLUMNS
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.cli.main import app


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    for name, radius_a in (("small", 5.0), ("large", 6.5)):
        model = particle(radius_a)
        Analysis.of(states_of(model), AnalysisOptions(ipr_max=0.1), model).write(folder / name)
    return folder


def test_a_row_holds_the_numbers_of_its_summary(home):
    for row, name in zip(
        ec.table([home / "small", home / "large"]), ("small", "large"), strict=True
    ):
        summary = json.loads((home / name / "summary.json").read_text())
        assert tuple(row)[: len(TABLE_COLUMNS)] == TABLE_COLUMNS
        assert row["label"] == name
        for key in ("formula", "n_atoms", "diameter_nm", "homo_ev", "lumo_ev", "homo_lumo_gap_ev"):
            assert row[key] == summary[key]
        for block in ("filtered", "size_aware"):
            for key, value in summary[block].items():
                assert row[f"{block}_{key}"] == value
        depth_ev = summary["homo_ev"] - summary["filtered"]["valence_edge_ev"]
        assert row["filtered_valence_trap_depth_ev"] == pytest.approx(depth_ev, abs=2e-6)
        with (home / name / "states.csv").open() as stream:
            states = list(csv.DictReader(stream))
        homo = next(s for s in states if float(s["energy_ev"]) == summary["homo_ev"])
        for element in ("Pb", "S", "Cl"):
            assert row[f"homo_{element}"] == pytest.approx(float(homo[f"w_{element}"]), abs=1e-6)


def test_memory_and_folder_give_the_same_row(home):
    model = particle()
    found = Analysis.of(states_of(model), AnalysisOptions(ipr_max=0.1), model)
    (row,), (read,) = ec.table(found, labels=["x"]), ec.table(home / "small", labels=["x"])
    assert set(row) == set(read)
    for key, value in row.items():
        assert read[key] == (pytest.approx(value, abs=3e-6) if isinstance(value, float) else value)


def test_the_command_line_prints_csv_or_json_or_writes_a_file(home, tmp_path):
    folders = [str(home / "small"), str(home / "large")]
    printed = CliRunner().invoke(app, ["table", *folders])
    rows = list(csv.DictReader(printed.stdout.splitlines()))
    assert [row["label"] for row in rows] == ["small", "large"]
    told = json.loads(CliRunner().invoke(app, ["table", *folders, "--json"]).stdout)["table"]
    assert [row["homo_ev"] for row in told] == [float(row["homo_ev"]) for row in rows]
    assert told[0]["vacuum_ev"] is None and rows[0]["vacuum_ev"] == ""
    assert rows[0]["restricted"] == "true"
    CliRunner().invoke(app, ["table", *folders, "-o", str(tmp_path / "t.csv")])
    assert (tmp_path / "t.csv").read_text() == printed.stdout
