"""Orbitals on a grid: their norm, their overlap, and the file that a viewer reads."""

import lzma
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.io.cube import read_cube
from scipy.special import gammaincinv

from epicarve.dft.cube import orbital_grid, orbital_on_box
from epicarve.dft.orbitals import GaussianShell, overlap_matrix
from epicarve.dft.read import AtomBasis, wfn_of_folder
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR
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


def test_values_are_those_of_cp2k(triplet):
    """CP2K's own MO_CUBES of the alpha LUMO, a sigma orbital, away from the rim of its cell."""
    with lzma.open(FIXTURES / "so-triplet-lumo-alpha.cube.xz", "rt") as file:
        found = read_cube(file)
    theirs = found["data"]
    _, wfn, basis = wfn_of_folder(triplet)
    step = np.diag(found["atoms"].cell) / theirs.shape / A_PER_BOHR
    assert np.ptp(step) < 1e-5
    origin = np.array(found["origin"]) / A_PER_BOHR
    ours = orbital_on_box(
        basis, wfn.coefficients(0, 7, 8)[:, 0], origin, float(step[0]), np.array(theirs.shape)
    ).values
    sign = np.sign((ours * theirs).sum())
    assert np.abs(theirs).max() > 0.1
    inside = (slice(2, -2),) * 3  # at the rim CP2K has what comes in from the other side
    np.testing.assert_allclose(sign * ours[inside], theirs[inside], rtol=0, atol=1e-4)


def test_a_share_of_an_s_function_lies_within_the_sphere_of_the_closed_form():
    """Of exp(-a r²) the density within r is a regularised incomplete gamma function."""
    basis = AtomBasis(("H",), np.zeros((1, 3)), ((GaussianShell(0, (0.7,), (1.0,)),),), None)
    grid = orbital_grid(basis, np.ones(1), 0.06, 2.5)
    assert grid.norm == pytest.approx(1.0, abs=1e-6)
    for share in (0.3, 0.8, 0.95):
        radius = np.sqrt(gammaincinv(1.5, share) / (2 * 0.7))
        exact = (2 * 0.7 / np.pi) ** 0.75 * np.exp(-0.7 * radius**2)
        assert grid.isovalue(share) == pytest.approx(exact, rel=3e-3)
    with pytest.raises(InputError, match="give one between 0 and 1"):
        grid.isovalue(1.0)
    cut = orbital_grid(basis, np.ones(1), 0.06, 0.5)
    with pytest.raises(InputError, match=r"the grid holds \d+\.\d% .*make the margin larger"):
        cut.isovalue(0.8)


def test_atoms_without_coefficients_change_nothing():
    """Atoms without coefficients beside one change nothing."""
    shells = (GaussianShell(0, (0.9,), (1.0,)), GaussianShell(2, (0.9,), (1.0,)))
    positions = np.concatenate([np.zeros((1, 3)), np.random.default_rng(1).normal(size=(99, 3))])
    alone = np.zeros(600)
    alone[:6] = 1.0, 0.2, -0.1, 0.3, 0.0, 0.4
    both = orbital_grid(AtomBasis(("H",) * 100, positions, (shells,) * 100, None), alone, 0.3, 3.0)
    corner, counts = both.origin_bohr, np.array(both.values.shape)
    basis = AtomBasis(("H",), positions[:1], (shells,), None)
    single = orbital_on_box(basis, alone[:6], corner, both.step_bohr, counts)
    np.testing.assert_array_equal(single.values, both.values)
