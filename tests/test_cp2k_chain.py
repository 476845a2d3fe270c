"""The real run: an example recipe through CP2K, compared with the run that was packed before.

The packed one was made with the coordinates that were bundled at its time.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from cp2k_runs import read_kind_folder

from epicarve.cli import main
from epicarve.dft.output import read_output
from epicarve.dft.read import read_states

HERE = Path(__file__).parent
RECIPE = HERE.parent / "examples" / "pb3s2cl2-cluster.yaml"


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The run that is kept as a fixture, unpacked."""
    folder = tmp_path_factory.mktemp("packed")
    shutil.unpack_archive(HERE / "fixtures" / "cp2k-pb9s6cl6.tar.xz", folder)
    return folder


def epicarve(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["epicarve", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code


@pytest.mark.cp2k
def test_real_run_repeats_the_packed_one(packed, tmp_path, monkeypatch):
    data = yaml.safe_load(RECIPE.read_text())
    data["crystal"] = {"file": str(HERE / "fixtures" / "Pb3S2Cl2-derived.cif")}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(data))
    epicarve(monkeypatch, "run", tmp_path / "recipe.yaml", "-o", tmp_path)
    now, before = (json.loads((f / "model.json").read_text()) for f in (tmp_path, packed))
    assert now["counts"] == before["counts"]
    for stage in ("1-prerelax", "2-relax", "3-ground-state"):
        name = stage[2:]
        energies = [
            read_output(folder / stage / f"{name}.out").energy_hartree
            for folder in (tmp_path, packed)
        ]
        assert energies[0] == pytest.approx(energies[1], abs=2e-4)
    fresh, kept = read_states(tmp_path), read_states(packed)
    np.testing.assert_allclose(fresh.energies_ev, kept.energies_ev, atol=0.02)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["homo_lumo_gap_ev"] == pytest.approx(kept.lumo_ev - kept.homo_ev, abs=0.02)
    kinds = read_kind_folder(tmp_path / "4-states")
    for symbol, of_kind in zip(kinds.symbols, kinds.weights, strict=True):
        of_element = np.array(fresh.symbols) == symbol
        summed = fresh.weights[of_element].sum(axis=0)
        np.testing.assert_allclose(summed, of_kind, atol=1e-6)
    # The last stage leaves the orbitals beside the weights, of the very same states.
    epicarve(monkeypatch, "analyse", tmp_path, "-o", tmp_path / "coop", "--coop", "Pb:s,S:p")
    summary = json.loads((tmp_path / "coop" / "summary.json").read_text())
    assert "; overlap populations: " in summary["provenance"]["states"]
    assert summary["overlap_populations"][0]["icoop"] < -1.0  # the lone pair of lead


def test_analyse_on_the_packed_run(packed, tmp_path, monkeypatch):
    epicarve(monkeypatch, "analyse", packed, "-o", tmp_path, "--ipr-max", "0.2")
    summary = json.loads((tmp_path / "summary.json").read_text())
    # the eigenvalues as they stand in a .pdos file, in hartree
    rows = np.loadtxt(packed / "4-states" / "states-k1-1.pdos", comments="#")
    occupied = rows[:, 2] > 1.0
    gap_hartree = rows[~occupied, 1].min() - rows[occupied, 1].max()
    assert summary["homo_lumo_gap_ev"] == pytest.approx(gap_hartree * 27.211386245988, abs=1e-6)
    assert summary["filtered"]["gap_ev"] >= summary["homo_lumo_gap_ev"] - 1e-9
    assert summary["n_states"] == len(rows)
    assert f"{summary['n_states']} states" in (tmp_path / "report.html").read_text("utf-8")
