"""Orbitals on a grid: their norm, their overlap, and the file that a viewer reads."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.io.cube import read_cube

from epicarve.dft.cube import orbital_grid
from epicarve.dft.orbitals import GaussianShell, overlap_matrix
from epicarve.dft.read import AtomBasis
from epicarve.errors import InputError
from epicarve.workflow.tasks.cube import cube

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="module")
def triplet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("triplet")
    shutil.unpack_archive(FIXTURES / "cp2k-so-triplet.tar.xz", folder)
    return next(path.parent for path in folder.rglob("*.wfn"))


def test_grid_integrals_are_the_overlap_matrix():
    """Functions of s to f on two atoms, on a fine grid, against the analytic matrix."""
    shells = tuple(GaussianShell(l, (0.9, 0.4), (0.6, 0.5)) for l in range(4))  # noqa: E741
    basis = AtomBasis(
        ("S", "O"), np.array([[0.0, 0.0, 0.0], [0.7, -1.1, 1.6]]), (shells, shells), None
    )
    exact = overlap_matrix(basis.positions_bohr, basis.shells).toarray()
    fields = [orbital_grid(basis, unit, 0.2, 3.8) for unit in np.eye(len(exact))]
    values = np.array([field.values.ravel() for field in fields])
    assert values @ values.T * fields[0].step_bohr ** 3 == pytest.approx(exact, abs=2e-4)


def test_orbitals_of_a_run_are_orthonormal(triplet):
    fields = [cube(triplet, state, spin="beta", step_a=0.16) for state in ("homo", "lumo")]
    homo, lumo = (field.values.ravel() * field.step_bohr**1.5 for field in fields)
    assert homo @ homo == pytest.approx(1.0, abs=5e-3)
    assert lumo @ lumo == pytest.approx(1.0, abs=5e-3)
    assert homo @ lumo == pytest.approx(0.0, abs=2e-3)


def test_the_file_is_read_by_ase(triplet, tmp_path):
    grid = cube(triplet, "lumo+1", tmp_path / "lumo.cube", step_a=0.4)
    with (tmp_path / "lumo.cube").open() as file:
        found = read_cube(file)
    assert found["data"] == pytest.approx(grid.values, rel=1e-4, abs=1e-9)
    assert sorted(found["atoms"].symbols) == ["O", "S"]
    assert "state" in (tmp_path / "lumo.cube").read_text().splitlines()[0]


@pytest.mark.parametrize(
    ("state", "settings", "said"),
    [
        (0, {}, "no state 0"),
        (9999, {}, "no state 9999"),
        ("lomo", {}, "give its number"),
        (1, {"spin": "gamma"}, "alpha or beta"),
        (1, {"step_a": 0.001}, "make the step larger"),
        (1, {"step_a": 0.0}, "must be positive"),
    ],
)
def test_what_cannot_be_drawn(triplet, tmp_path, state, settings, said):
    with pytest.raises(InputError, match=said):
        cube(triplet, state, tmp_path / "x.cube", **settings)
    assert not (tmp_path / "x.cube").exists()
