"""The same particle whatever frame, origin and cell the crystal comes in; identical bytes twice."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from epicarve.builder.carve import carve
from epicarve.builder.crystal import Crystal
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import own_frames
from epicarve.builder.shapes import Cut, Sphere

UNIMODULAR = np.array([[1, 1, 0], [0, 1, 0], [1, 1, 1]])


def with_cell(crystal: Crystal, cell_change: np.ndarray) -> Crystal:
    """The same crystal in other lattice vectors of the same lattice."""
    fractional = np.mod(np.round(crystal.fractional @ np.linalg.inv(cell_change), 10), 1.0)
    return replace(crystal, cell_a=cell_change @ crystal.cell_a, fractional=fractional)


def canonical(model):
    """Coordinates of the ions in a frame that they bring along."""
    elements = {symbol: n for n, symbol in enumerate(sorted(model.counts))}
    kinds = np.array([elements[s] for s in model.symbols])
    frame = own_frames(model.positions_a, np.column_stack([kinds, model.coordination]))[0]
    return model.positions_a @ frame.T, kinds


def assert_same(one, other):
    assert one.counts == other.counts
    (points, kinds), (others, other_kinds) = canonical(one), canonical(other)
    distance, partner = cKDTree(others).query(points)
    assert distance.max() < 1e-3
    assert sorted(partner) == list(range(len(partner)))
    assert (kinds == other_kinds[partner]).all()
    assert one.report.optimum.objective == pytest.approx(other.report.optimum.objective)


CASES = [
    ("PbS", 12.0, (0.0, 0.0, 0.0)),
    ("CsPbCl3", 13.0, (0.5, 0.5, 0.5)),
    ("Pb4S3Cl2", 14.0, (0.1, 0.2, 0.3)),
    ("Pb3S2Cl2", 13.0, (0.0, 0.0, 0.0)),
    ("PbCl2", 13.0, (0.0, 0.0, 0.0)),
]


@pytest.mark.parametrize(("name", "radius_a", "centre"), CASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_rotated_crystal(name, radius_a, centre, seed):
    crystal = bundled_crystal(name)
    turn = Rotation.random(rng=seed).as_matrix()
    turned = replace(crystal, cell_a=crystal.cell_a @ turn.T)
    assert_same(carve(crystal, Sphere(radius_a), centre), carve(turned, Sphere(radius_a), centre))


@pytest.mark.parametrize(("name", "radius_a", "centre"), CASES)
def test_translated_and_reordered_crystal(name, radius_a, centre):
    crystal = bundled_crystal(name)
    shift = np.array([0.31, 0.17, 0.77])
    order = np.random.default_rng(3).permutation(crystal.n_sites)
    moved = replace(
        crystal,
        symbols=crystal.symbols[order],
        oxidation_states=crystal.oxidation_states[order],
        fractional=np.mod(crystal.fractional[order] + shift, 1.0),
    )
    assert_same(
        carve(crystal, Sphere(radius_a), centre),
        carve(moved, Sphere(radius_a), tuple(np.array(centre) + shift)),
    )


@pytest.mark.parametrize(("name", "radius_a", "centre"), CASES)
def test_other_cell_of_the_lattice(name, radius_a, centre):
    crystal = bundled_crystal(name)
    other = with_cell(crystal, UNIMODULAR)
    there = tuple(np.array(centre) @ np.linalg.inv(UNIMODULAR))
    one = carve(crystal, Sphere(radius_a), centre)
    assert_same(one, carve(other, Sphere(radius_a), there))


def test_rotated_hemisphere():
    crystal = bundled_crystal("Pb4S3Cl2")
    turn = Rotation.random(rng=5).as_matrix()
    turned = replace(crystal, cell_a=crystal.cell_a @ turn.T)
    normal = crystal.direction((0, 1, 0))
    one = carve(crystal, Cut(Sphere(16.0), normal, 0.3))
    assert_same(one, carve(turned, Cut(Sphere(16.0), turn @ normal, 0.3)))


def test_same_bytes_twice(tmp_path):
    for n in (1, 2):
        carve(bundled_crystal("Pb3S2Cl2"), Sphere(13.0)).write_extxyz(tmp_path / f"{n}.extxyz")
    assert (tmp_path / "1.extxyz").read_bytes() == (tmp_path / "2.extxyz").read_bytes()
