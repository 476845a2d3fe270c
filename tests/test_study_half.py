"""The study's own hemisphere and one of ours at the same level: states by CP2K, analysed again."""

import csv
import json
import shutil
from pathlib import Path

import ase.io
import numpy as np
import pytest

from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Analysis
from epicarve.dft.states import OrbitalStates

FIXTURES = Path(__file__).parent / "fixtures"
PUBLISHED, OURS = "study-half-pb4s3cl2", "own-half-pb4s3cl2"
STUDY_GAP_EV = 1.6
"""Gap of the Pb4S3Cl2 hemisphere without states of IPR > 0.03 (Toso, Imran et al., Nat. Commun.
2022, 13, 3976, supplement, Fig. S11)."""

PUBLISHED_HARTREE = -5032.7376653960
"""Total energy that the group's file of this model tells."""

IPR_MAX = 0.03
DEBYE_PER_E_A = 4.803205


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = {}
    for name in (PUBLISHED, OURS):
        found[name] = tmp_path_factory.mktemp(name)
        shutil.unpack_archive(FIXTURES / f"{name}.tar.xz", found[name])
    return found


@pytest.fixture(scope="module")
def analyses(folders):
    return {
        name: Analysis.of(
            OrbitalStates.load(folder / "states.npz"), AnalysisOptions(ipr_max=IPR_MAX)
        )
        for name, folder in folders.items()
    }


def test_the_gap_is_that_of_the_study(analyses):
    gap = analyses[PUBLISHED].gap
    assert gap.filtered.gap_ev == pytest.approx(STUDY_GAP_EV, abs=0.1)
    assert gap.homo_lumo_gap_ev < 0.5 * STUDY_GAP_EV


def test_the_energy_is_that_of_the_published_file(folders):
    energy = float((folders[PUBLISHED] / "ground-state-scf.txt").read_text().split()[-1])
    assert energy == pytest.approx(PUBLISHED_HARTREE, abs=2e-5 * 611)


@pytest.mark.parametrize("name", [PUBLISHED, OURS])
def test_states_near_the_gap_give_what_all_states_gave(folders, analyses, name):
    run, found = folders[name], analyses[name]
    told = json.loads((run / "summary.json").read_text())
    assert found.gap.homo_lumo_gap_ev == pytest.approx(told["homo_lumo_gap_ev"], abs=1e-5)
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


def test_ours_has_less_dipole_and_no_larger_gap(folders, analyses):
    ours, published = analyses[OURS], analyses[PUBLISHED]
    atoms = ase.io.read(folders[OURS] / "coordinates.xyz")
    assert tuple(atoms.get_chemical_symbols()) == ours.states.symbols
    charges = np.array([{"Pb": 2, "S": -2, "Cl": -1}[s] for s in ours.states.symbols])
    assert charges.sum() == 0
    dipole_d = np.linalg.norm(charges @ atoms.positions) * DEBYE_PER_E_A
    assert dipole_d == pytest.approx(81, abs=1)
    assert ours.gap.filtered.gap_ev == pytest.approx(0.833, abs=0.001)
    assert ours.gap.filtered.gap_ev < published.gap.filtered.gap_ev
    places_nm = ours.states.weights.T @ atoms.positions / 10.0
    energies_ev = ours.states.energies_ev
    homo, lumo = (
        int(np.abs(energies_ev - edge).argmin()) for edge in (ours.gap.homo_ev, ours.gap.lumo_ev)
    )
    assert np.linalg.norm(places_nm[lumo] - places_nm[homo]) > 2.0
