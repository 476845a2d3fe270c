"""Half-crystals as seen at their faces, against the crystals that they are cut from."""

from dataclasses import replace

import numpy as np
import pytest
from structure_types import STRUCTURE_TYPES

from epicarve.builder.crystal import Crystal, neighbours, primitive_cell, primitive_vectors
from epicarve.builder.interfaces import distinct_planes, faces
from epicarve.builder.library import bundled_crystal

PLANES = [(1, 0, 0), (0, 1, 0), (1, 1, 0), (1, 1, 1), (2, -1, 0), (-1, -1, 1)]


@pytest.mark.parametrize("name", STRUCTURE_TYPES)
def test_a_period_is_a_primitive_cell_behind_the_cut(name):
    crystal = bundled_crystal(name)
    volume = abs(np.linalg.det(primitive_vectors(crystal) @ crystal.cell_a))
    for hkl in PLANES:
        for face in faces(crystal, hkl):
            period = face.stack(1)
            assert period.n_ions == round(crystal.n_sites * volume / crystal.volume_a3)
            assert period.charges.sum() == 0
            assert period.area_a2 * face.period_a == pytest.approx(volume)
            assert np.linalg.det(face.lattice_a) > 0.0
            heights = period.positions_a[:, 2]
            assert (heights < 0.0).all()
            assert (heights > -face.period_a).all()


@pytest.mark.parametrize("n", [2, 5, 7])
def test_a_crystal_given_in_a_supercell_has_the_same_faces(n):
    crystal = bundled_crystal("CsPbCl3")
    stacked = np.vstack([(crystal.fractional + np.array([0, 0, k])) / [1, 1, n] for k in range(n)])
    tall = Crystal(
        "tall",
        crystal.cell_a * [[1], [1], [n]],
        np.tile(crystal.symbols, n),
        stacked,
        np.tile(crystal.oxidation_states, n),
    )
    for hkl, in_tall in (((1, 0, 0), (1, 0, 0)), ((0, 0, 1), (0, 0, 1)), ((0, 1, 1), (0, 1, n))):
        one, other = faces(crystal, hkl), faces(tall, in_tall)
        assert [f.termination.layer for f in one] == [f.termination.layer for f in other]
        for first, second in zip(one, other, strict=True):
            assert second.period_a == pytest.approx(first.period_a)
            np.testing.assert_allclose(first.lattice_a, second.lattice_a, atol=1e-9)
    assert len(primitive_cell(tall).symbols) == crystal.n_sites


@pytest.mark.parametrize(("name", "hkl"), [("PbS", (1, 1, 1)), ("Pb3S2Cl2", (0, 1, 1))])
def test_distances_are_those_of_the_crystal(name, hkl):
    """A periodic block rebuilt from the stack has the neighbours of the crystal, site by site."""
    crystal = bundled_crystal(name)
    face = faces(crystal, hkl)[0]
    cell = np.vstack([np.hstack([face.lattice_a, np.zeros((2, 1))]), -face.inward_a])
    period = face.stack(1)
    found = neighbours(cell, period.positions_a @ np.linalg.inv(cell) % 1.0, 5.0)
    bulk = neighbours(crystal.cell_a, crystal.fractional, 5.0)
    for ion, site in enumerate(period.sites):
        assert np.sort(found[3][found[0] == ion]) == pytest.approx(
            np.sort(bulk[3][bulk[0] == site]), abs=1e-6
        )


def test_all_terminations_are_there_and_none_is_there_twice():
    galena = bundled_crystal("PbS")
    assert [face.termination.layer for face in faces(galena, (1, 0, 0))] == ["PbS"]
    assert {face.termination.layer for face in faces(galena, (1, 1, 1))} == {"Pb", "S"}
    charges = {
        f.termination.layer: f.termination.charge_e_per_nm2 for f in faces(galena, (1, 1, 1))
    }
    assert charges["Pb"] == pytest.approx(2.0 / (np.sqrt(3.0) / 4.0 * 0.5936**2))
    assert charges["S"] == -charges["Pb"]
    perovskite = [face.termination for face in faces(bundled_crystal("CsPbCl3"), (1, 0, 0))]
    assert {(cut.layer, cut.charge_e_per_nm2) for cut in perovskite} == {("CsCl", 0), ("PbCl2", 0)}


def test_opposite_planes_of_a_polar_crystal_are_two():
    assert len(distinct_planes(bundled_crystal("PbS"), 2)) == 6
    planes = distinct_planes(bundled_crystal("Pb3S2Cl2"), 1)
    assert (1, 0, 0) in planes
    assert (-1, 0, 0) in planes


def test_a_plane_without_wide_gaps_is_cut_where_they_are_widest():
    crystal = bundled_crystal("Pb3S2Cl2")
    assert len(faces(crystal, (2, 3, 1))) >= 1


def test_the_point_group_of_a_face_leaves_its_layers_where_they_are():
    square = faces(bundled_crystal("CsPbCl3"), (1, 0, 0))[0]
    assert len(square.point_group) == 8
    for hkl, order in (((0, 1, 0), 2), ((1, 0, 0), 2)):
        face = faces(bundled_crystal("Pb4S3Br2"), hkl)[0]
        assert len(face.point_group) == order
        for turn in face.point_group:
            metric = face.lattice_a @ face.lattice_a.T
            assert turn @ metric @ turn.T == pytest.approx(metric, abs=1e-6)


def test_rounded_coordinates_of_a_centred_cell_do_not_double_its_sites():
    crystal = bundled_crystal("Cs2PbCl4")
    rounded = replace(crystal, fractional=crystal.fractional.round(3))
    assert faces(rounded, (0, 0, 1))[0].stack(1).n_ions == 7
