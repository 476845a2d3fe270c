"""Primitive cells and back, relaxed crystals, their files, grids of k-points."""

import gemmi
import numpy as np
import pytest
import spglib
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core.structure import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer
from structure_types import STRUCTURE_TYPES

from epicarve.builder.cif import crystal_cif, read_cif, tabulated_group
from epicarve.builder.crystal import (
    Crystal,
    cell_parameters,
    primitive_cell,
    relaxed_crystal,
    structure_of,
)
from epicarve.builder.library import bundled_crystal
from epicarve.dft.settings import is_symmetric, monkhorst_pack, symmetric_grid


@pytest.mark.parametrize("name", STRUCTURE_TYPES)
def test_primitive_cell_is_pymatgens_and_leads_back(name):
    crystal = bundled_crystal(name)
    primitive = primitive_cell(crystal)
    structure = Structure(crystal.cell_a, crystal.symbols.tolist(), crystal.fractional)
    theirs = SpacegroupAnalyzer(structure).find_primitive()
    assert len(primitive.symbols) == len(theirs)
    assert np.linalg.det(primitive.cell_a) == pytest.approx(theirs.volume, rel=1e-6)
    assert np.allclose(np.triu(primitive.cell_a, 1), 0.0)
    cell_a, fractional = primitive.unfolded(primitive.cell_a, primitive.fractional)
    assert cell_parameters(cell_a) == pytest.approx(crystal.cell_parameters)
    away = fractional - crystal.fractional
    np.testing.assert_allclose(away, np.rint(away), atol=1e-9)
    assert (primitive.symbols[primitive.site_of] == crystal.symbols).all()


@pytest.mark.parametrize("name", STRUCTURE_TYPES)
def test_a_crystal_reads_back_from_its_file(name, tmp_path):
    crystal = bundled_crystal(name)
    path = tmp_path / f"{name}.cif"
    path.write_text(crystal_cif(crystal))
    again = read_cif(path)
    assert (again.status, again.space_group) == (crystal.status, crystal.space_group)
    assert again.derivation.split() == crystal.derivation.split()
    ours, theirs = structure_of(crystal), structure_of(again)
    for key in ("cell", "density_g_cm3", "coordination"):
        assert ours[key] == theirs[key]
    for pair, length_a in ours["contacts_a"].items():
        assert theirs["contacts_a"][pair] == pytest.approx(length_a, abs=1e-3)
    assert len(gemmi.cif.read(str(path)).sole_block().find_values("_atom_site_label")) == len(
        set(crystal.symmetry.orbits.tolist())
    )


def test_a_file_of_ions_with_two_charges(tmp_path):
    """Two charges on one element, a blank in the name, a line of text with a semicolon first."""
    fluorite = Crystal(
        name="two kinds",
        cell_a=5.0 * np.eye(3),
        symbols=np.array(["Pb", "Pb", "S", "S", "S"]),
        fractional=np.array(
            [[0, 0, 0.01], [0.5, 0.5, 0.51], [0.5, 0, 0.26], [0, 0.5, 0.26], [0.5, 0.5, 0.01]]
        ),
        oxidation_states=np.array([4, 2, -2, -2, -2]),
        source="one line " * 11 + "; and more",
    )
    path = tmp_path / "two.cif"
    path.write_text(crystal_cif(fluorite))
    again = read_cif(path)
    assert sorted(again.oxidation_states.tolist()) == [-2, -2, -2, 2, 4]
    assert again.source == fluorite.source
    assert again.n_sites == 5


@given(st.integers(0, 2**32 - 1))
def test_symmetry_is_restored_and_the_origin_may_drift(seed):
    """Noise of a relaxation goes, a shift of the whole is none, and the metric fits the group."""
    rng = np.random.default_rng(seed)
    crystal = bundled_crystal(rng.choice(["Pb3S2Cl2", "CsPb2Cl5", "PbCl2"]))
    primitive = primitive_cell(crystal)
    strain = np.eye(3) + rng.normal(0.0, 1e-4, (3, 3))
    positions_a = primitive.fractional @ primitive.cell_a + rng.normal(0.0, 5e-4, (1, 3))
    positions_a = positions_a + rng.normal(0.0, 5e-4, positions_a.shape) + rng.normal(size=3)
    relaxed = relaxed_crystal(
        crystal, primitive, primitive.cell_a @ strain, positions_a @ strain, "noise"
    )
    assert relaxed.kept_symmetry
    assert relaxed.rms_displacement_a < 2e-3
    result = relaxed.crystal
    assert result.status == "computed"
    kinds = np.unique(result.symbols, return_inverse=True)[1]
    cell = (result.cell_a, result.fractional, kinds)
    assert spglib.get_symmetry_dataset(cell, symprec=1e-6).international == crystal.symmetry.symbol
    assert tabulated_group(result).xhm() == crystal.space_group


def test_symmetry_that_is_lost_is_told_and_not_put_back():
    crystal = bundled_crystal("PbS")
    primitive = primitive_cell(crystal)
    positions_a = primitive.fractional @ primitive.cell_a
    positions_a[1] += [0.1, 0.037, 0.061]
    relaxed = relaxed_crystal(crystal, primitive, primitive.cell_a, positions_a, "pushed")
    assert not relaxed.kept_symmetry
    assert relaxed.symmetry_error_a > 0.05
    assert relaxed.as_dict()["space_group"] == "P1"
    assert relaxed.as_dict()["start"]["space_group"] == "Fm-3m"
    # one sublattice against the other: half of the push each
    assert relaxed.max_displacement_a == pytest.approx(0.5 * np.linalg.norm([0.1, 0.037, 0.061]))


@pytest.mark.parametrize(
    ("name", "asked", "given"),
    [
        ("CsPbCl3", (2, 2, 2), (2, 2, 2)),
        ("PbS", (2, 2, 2), (3, 3, 3)),  # even grids of a face-centred cell are not cubic
        ("Cs2PbCl4", (3, 3, 2), (3, 3, 3)),
        ("Pb3S2Cl2", (2, 2, 2), (2, 2, 2)),
        ("Pb4S3Cl2", (2, 1, 2), (2, 1, 2)),
    ],
)
def test_grids_keep_the_symmetry(name, asked, given):
    crystal = bundled_crystal(name)
    primitive = primitive_cell(crystal)
    rotations = primitive.rotations(crystal.symmetry)
    assert symmetric_grid(asked, rotations) == given
    assert is_symmetric(asked, rotations) is (asked == given)
    # the lengths of the points tell it too: all images of a point are as long as it is
    reciprocal = np.linalg.inv(primitive.cell_a).T
    points = monkhorst_pack(given)
    lengths = np.linalg.norm(points @ reciprocal, axis=1)
    images = np.einsum("pj,oji->opi", points, rotations)
    np.testing.assert_allclose(
        np.linalg.norm(images @ reciprocal, axis=2), np.broadcast_to(lengths, images.shape[:2])
    )
