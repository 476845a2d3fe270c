"""The study's own hemisphere at the study's own level: states by CP2K, analysed again."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.dft.states import OrbitalStates

ARCHIVE = Path(__file__).parent / "fixtures" / "study-half-pb4s3cl2.tar.xz"
STUDY_GAP_EV = 1.6
"""Gap of the Pb4S3Cl2 hemisphere without states of IPR > 0.03 (Toso, Imran et al., Nat. Commun.
2022, 13, 3976, supplement, Fig. S11)."""

PUBLISHED_HARTREE = -5032.7376653960
"""Total energy that the group's file of this model tells."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("half")
    shutil.unpack_archive(ARCHIVE, folder)
    return folder


@pytest.fixture(scope="module")
def found(run):
    return Analysis.of(OrbitalStates.load(run / "states.npz"), AnalysisOptions(ipr_max=0.03))


def test_the_gap_is_that_of_the_study(found):
    assert found.gap.filtered.gap_ev == pytest.approx(STUDY_GAP_EV, abs=0.1)
    assert found.gap.homo_lumo_gap_ev < 0.5 * STUDY_GAP_EV


def test_the_energy_is_that_of_the_published_file(run):
    energy = float((run / "ground-state-scf.txt").read_text().split()[-1])
    assert energy == pytest.approx(PUBLISHED_HARTREE, abs=2e-5 * 611)


def test_states_near_the_gap_give_what_all_states_gave(run, found):
    told = json.loads((run / "summary.json").read_text())
    filtered = found.gap.filtered
    assert filtered.gap_ev == pytest.approx(told["filtered"]["gap_ev"], abs=1e-5)
    assert filtered.n_valence_traps == told["filtered"]["n_valence_traps"]
    assert filtered.n_conduction_traps == told["filtered"]["n_conduction_traps"]
    with (run / "states.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    first = np.searchsorted(
        [float(row["energy_ev"]) for row in rows], found.states.energies_ev[0] - 1e-6
    )
    rows = rows[first : first + found.states.n_states]
    ipr = np.array([float(row["ipr"]) for row in rows])
    np.testing.assert_allclose(found.localization.ipr, ipr, atol=1e-5, rtol=1e-3)
    for symbol in ("Pb", "S", "Cl"):
        share = found.states.weights[np.array(found.states.symbols) == symbol].sum(axis=0)
        np.testing.assert_allclose(share, [float(row[f"w_{symbol}"]) for row in rows], atol=2e-4)
