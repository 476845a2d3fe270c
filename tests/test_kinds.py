"""What is had from .pdos files of whole kinds of atoms alone."""

import csv
import json
import sys

import pytest
from cp2k_runs import COMMON, only, read_ldos_folder

from epicarve.cli import main
from epicarve.workflow.tasks.analyse import analyse


def test_analyse_of_whole_kinds_writes_dos_and_plain_gap(runs, tmp_path, monkeypatch, capsys):
    folder = only(runs("cs4pbbr6"), tmp_path / "run", *COMMON, "*-k?-1.pdos")
    arguments = ["epicarve", "analyse", str(folder), "-o", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code
    assert "no IPR can be had" in " ".join(capsys.readouterr().out.split())
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    known = read_ldos_folder(runs("cs4pbbr6"))
    assert summary["homo_lumo_gap_ev"] == pytest.approx(known.lumo_ev - known.homo_ev, abs=1e-6)
    assert summary["filtered"]["gap_ev"] is summary["alignment"]["type"] is None
    assert {"occupations", "metallic"} <= {check["name"] for check in summary["checks"]}
    reasons = {check["name"]: check["message"] for check in summary["checks"]}
    assert "no IPR can be had" in reasons["filtered.gap_ev"]
    whole = analyse(runs("cs4pbbr6"), tmp_path / "whole")
    assert {*summary} == {*whole}
    for name in ("filtered", "size_aware", "size_aware_band", "plateau", "alignment", "traps"):
        assert {*summary[name]} == {*whole[name]}
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"summary.json", "states.csv", "dos.csv", "dos.png", "dos.svg"}
    tables = [
        list(csv.DictReader((tmp_path / name / "states.csv").open())) for name in ("out", "whole")
    ]
    for of_kinds, of_atoms in zip(*tables, strict=True):
        for column in of_kinds:
            told = [row[column] for row in (of_kinds, of_atoms)]
            assert told[0] == told[1] or float(told[0]) == pytest.approx(float(told[1]), abs=1e-6)
    head = (tmp_path / "out" / "dos.csv").read_text().splitlines()[0]
    assert head.startswith("energy_ev,total,Pb,Br,Cs,Pb:s,Pb:p,Pb:d,")
