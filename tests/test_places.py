"""Where the atoms of a run are, read from its input, against CP2K's own Molden file."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from epicarve.dft.read import RunFolder, read_folder
from epicarve.units import A_PER_BOHR
from epicarve.workflow.tasks.analyse import analyse

FIXTURES = Path(__file__).parent / "fixtures"
UNIT_A = {"ANGS": 1.0, "AU": A_PER_BOHR}


@pytest.fixture
def run(tmp_path):
    """Unpack a run beside an empty folder."""

    def unpacked(name):
        shutil.unpack_archive(FIXTURES / f"cp2k-{name}.tar.xz", tmp_path / name)
        return tmp_path / name

    return unpacked


@pytest.mark.parametrize(
    "name", ["pb9s6cl6-orbitals", "cs4pbbr6", "pb49s33cl32", "zn2s2-gapw", "co-cation"]
)
def test_places_are_those_of_the_molden_file(run, name):
    folder = run(name)
    places = read_folder(folder).positions_a
    (molden,) = folder.glob("*.molden")
    unit, rows = re.search(r"\[Atoms\] *(\w+)\n(.*?)\n *\[", molden.read_text(), re.S).groups()
    printed = np.array([[float(x) for x in row.split()[3:6]] for row in rows.splitlines()])
    printed *= UNIT_A[unit.upper()]
    # CP2K may put the model in the middle of its cell first; it prints six decimals.
    np.testing.assert_allclose(
        places - places.mean(axis=0), printed - printed.mean(axis=0), atol=2e-6
    )


def test_a_run_that_epicarve_did_not_make_shows_its_traps_on_the_atoms(run, tmp_path):
    folder = run("pb49s33cl32")
    found = analyse(folder, tmp_path / "out")
    n_traps = found["filtered"]["n_valence_traps"]
    atoms = read(tmp_path / "out" / "traps.extxyz")
    assert len(atoms) == 114
    assert atoms.arrays["valence_trap_weight"].sum() == pytest.approx(n_traps, abs=1e-5)
    assert (tmp_path / "out" / "trap-map.png").is_file()
    assert 'id="model"' in (tmp_path / "out" / "report.html").read_text()


def test_other_atoms_and_lost_coordinates_have_no_places(run):
    folder = run("pb49s33cl32")
    reading = read_folder(folder)
    states = replace(reading.states, symbols=reading.states.symbols[::-1])
    assert replace(reading, projected=states).positions_a is None
    (folder / "pb49s33cl32.xyz").unlink()
    assert RunFolder(folder).run("pb49s33cl32").positions_a is None
    assert read_folder(folder).positions_a is None
