"""The real CP2K repeats the end of the chain that was packed before, and what is read of both."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from cp2k_runs import read_kind_folder
from stand_in import run_stages

from epicarve.builder.model import Model
from epicarve.cli import main
from epicarve.dft.output import read_output
from epicarve.dft.read import read_states
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.write import write_stages

HERE = Path(__file__).parent
SETTINGS = Cp2kSettings(cutoff_ry=150, vacuum_a=4.0)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The run that is kept as a fixture, unpacked."""
    folder = tmp_path_factory.mktemp("packed")
    shutil.unpack_archive(HERE / "fixtures" / "cp2k-pb9s6cl6.tar.xz", folder)
    return folder


def analyse(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["epicarve", "analyse", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code


@pytest.mark.cp2k
def test_real_run_repeats_the_packed_one(packed, runs, tmp_path, monkeypatch):
    """Ground state and states anew, from the atoms where the packed relaxation left them.

    The orbitals from which the ground state starts are those of a run on the same atoms in another
    cell: CP2K has a few steps to do.
    """
    chain = write_stages(Model.read(packed / "model.extxyz"), SETTINGS, MachineSettings(), tmp_path)
    relax, *chain = chain[1:]
    shutil.copy(packed / "3-ground-state" / "ground-state.xyz", tmp_path / relax.trajectory)
    shutil.copy(runs("pb9s6cl6-orbitals") / "pb9s6cl6-RESTART.wfn", tmp_path / relax.orbitals)
    run_stages(tmp_path, chain)
    for stage in chain:
        now, before = (
            read_output(folder / stage.output).energy_hartree for folder in (tmp_path, packed)
        )
        assert now == pytest.approx(before, abs=2e-6)
    fresh, kept = read_states(tmp_path), read_states(packed)
    np.testing.assert_allclose(fresh.energies_ev, kept.energies_ev, atol=2e-3)
    folder = tmp_path / chain[-1].folder
    kinds = read_kind_folder(folder)
    for symbol, of_kind in zip(kinds.symbols, kinds.weights, strict=True):
        of_element = np.array(fresh.symbols) == symbol
        summed = fresh.weights[of_element].sum(axis=0)
        np.testing.assert_allclose(summed, of_kind, atol=1e-6)
    # The last stage leaves the orbitals beside the weights, of the very same states.
    analyse(monkeypatch, tmp_path, "-o", tmp_path / "coop", "--coop", "Pb:s,S:p")
    summary = json.loads((tmp_path / "coop" / "summary.json").read_text())
    assert summary["homo_lumo_gap_ev"] == pytest.approx(kept.lumo_ev - kept.homo_ev, abs=2e-3)
    assert "; overlap populations: " in summary["provenance"]["states"]
    assert summary["overlap_populations"][0]["icoop"] < -1.0  # the lone pair of lead
    analyse(monkeypatch, tmp_path, "-o", tmp_path / "light", "--transitions")
    summary = json.loads((tmp_path / "light" / "summary.json").read_text())
    assert summary["transitions"]["onset_ev"] >= summary["homo_lumo_gap_ev"] - 1e-4
    analyse(monkeypatch, tmp_path, "-o", tmp_path / "coupled", "--spin-orbit")
    summary = json.loads((tmp_path / "coupled" / "summary.json").read_text())
    assert summary["homo_lumo_gap_ev"] < summary["without_spin_orbit"]["homo_lumo_gap_ev"] - 0.05


def test_analyse_on_the_packed_run(packed, tmp_path, monkeypatch):
    analyse(monkeypatch, packed, "-o", tmp_path, "--ipr-max", "0.2")
    summary = json.loads((tmp_path / "summary.json").read_text())
    # the eigenvalues as they stand in a .pdos file, in hartree
    rows = np.loadtxt(packed / "4-states" / "states-k1-1.pdos", comments="#")
    occupied = rows[:, 2] > 1.0
    gap_hartree = rows[~occupied, 1].min() - rows[occupied, 1].max()
    assert summary["homo_lumo_gap_ev"] == pytest.approx(gap_hartree * 27.211386245988, abs=1e-6)
    assert summary["filtered"]["gap_ev"] >= summary["homo_lumo_gap_ev"] - 1e-9
    assert summary["n_states"] == len(rows)
    assert f"{summary['n_states']} states" in (tmp_path / "report.html").read_text("utf-8")
