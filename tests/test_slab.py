"""Periodic slabs: neutral, symmetric where asked, and the same to every reader."""

import json
import warnings
from dataclasses import replace
from importlib.resources import as_file, files

import numpy as np
import pytest
import spglib
from ase.io import read
from crystal_prototypes import PROTOTYPES
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Structure

from epicarve.builder.crystal import neighbours
from epicarve.builder.interfaces import (
    Interface,
    SlabOptions,
    build_slab,
    contact_gap_a,
    contact_limits_a,
    faces,
)
from epicarve.builder.interfaces.match import MatchOptions, StrainRule, coincidence_cells
from epicarve.builder.library import bundled_crystal
from epicarve.builder.orderings import read_orderings
from epicarve.dft.check import check_input
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A
from epicarve.workflow.tasks.interface import slab

FIXED = ("substrate", "film", "split")


def interface(
    film, film_hkl, substrate, substrate_hkl, *, ends=(0, 0), fixed="split", lift_a=0.0, cell=0
):
    """Two crystals in the smallest cell of two planes, at rest on each other or higher."""
    first, second = (
        bundled_crystal(each) if isinstance(each, str) else each for each in (film, substrate)
    )
    above, below = faces(first, film_hkl)[ends[0]], faces(second, substrate_hkl)[ends[1]]
    lattice = above.stack(1).flipped().lattice_a
    options = MatchOptions(max_area_a2=200.0, max_strain=0.1)
    found = Interface(
        film=above,
        substrate=below,
        cell=coincidence_cells(lattice, below.lattice_a, options)[cell],
        strain_rule=StrainRule(fixed=fixed),
        shift_a=(0.7, 0.3, 0.0),
        continued="substrate",
    )
    rest = contact_gap_a(*found.sides(9.0, 9.0), contact_limits_a(first, second))
    return found.moved((0.0, 0.0, float(rest) + lift_a))


@pytest.fixture(scope="module")
def study():
    return interface("Pb4S3Br2", (0, 1, 0), "CsPbBr3", (1, 0, 0))


ROTATION_OF = {"inversion": "inversion", "mirror": "mirror", "glide": "mirror"}


def is_turned_over(slab):
    """Names of the operations of the slab, by spglib, that take its top to its bottom."""
    kinds = np.unique(np.char.add(slab.symbols, slab.domains), return_inverse=True)[1] + 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.get_symmetry((slab.cell_a, slab.fractional, kinds), symprec=0.02)
    rotations = {tuple(w.ravel()) for w in found["rotations"]}
    names = {"inversion": -np.eye(3, dtype=int), "mirror": np.diag([1, 1, -1])}
    return {name for name, matrix in names.items() if tuple(matrix.ravel()) in rotations}


def test_a_slab_holds_whole_periods_of_both(study):
    slab = build_slab(study, SlabOptions(film_thickness_a=14.0, substrate_thickness_a=17.0))
    film, substrate = study.film.crystal, study.substrate.crystal
    for crystal, periods, cells in ((film, 1, 1), (substrate, 3, 2)):
        ions = slab.domains == crystal.name
        assert ions.sum() == periods * cells * crystal.n_sites
        counts = np.bincount(slab.sites[ions], minlength=crystal.n_sites)
        assert (counts == periods * cells).all()
        np.testing.assert_array_equal(slab.symbols[ions], crystal.symbols[slab.sites[ions]])
        charges = crystal.oxidation_states[slab.sites[ions]]
        np.testing.assert_array_equal(slab.charges[ions], charges)
    assert slab.net_charge == 0
    heights = slab.positions_a[:, 2]
    assert heights.min() == pytest.approx(10.0)
    assert slab.cell_a[2, 2] - heights.max() == pytest.approx(10.0)
    assert (
        heights[slab.domains == film.name].min()
        > heights[slab.domains == substrate.name].max() - 2.0
    )
    assert ((slab.fractional > -1e-8) & (slab.fractional < 1.0)).all()
    told = slab.as_dict()
    assert [layer["thickness_a"] for layer in told["layers"]] == pytest.approx(
        [3 * substrate.cell_a[0, 0], film.cell_a[1, 1]]
    )
    assert told["symmetry"] is None
    assert told["shortest_contact"]["fraction_of_bulk"] == pytest.approx(0.9)


@pytest.mark.parametrize("fixed", FIXED)
def test_the_layers_are_their_strained_bulk(fixed):
    """Deep inside a layer, the distances are those of the bulk under its own strain."""
    pair = interface("Pb4S3Br2", (0, 1, 0), "CsPbBr3", (1, 0, 0), fixed=fixed)
    slab = build_slab(pair, SlabOptions(film_thickness_a=40.0, substrate_thickness_a=30.0))
    crystal, name = pair.film.crystal, pair.film.crystal.name
    deformation = np.eye(3)
    deformation[:2, :2] = pair.common.film_deformation
    in_plane = crystal.cell_a @ pair.film.rotation.T * [1.0, -1.0, -1.0] @ deformation
    _, _, _, bulk = neighbours(in_plane, crystal.fractional, 4.5)
    heights = slab.positions_a[slab.domains == name, 2]
    middle = 0.5 * (heights.min() + heights.max())
    first, _, _, distances = neighbours(slab.cell_a, slab.fractional, 4.5)
    deep = np.abs(slab.positions_a[:, 2] - middle) < 0.5 * crystal.cell_a[1, 1]
    assert deep.sum() == crystal.n_sites
    np.testing.assert_allclose(np.sort(distances[deep[first]]), np.sort(bulk), atol=1e-6)


@pytest.mark.parametrize(
    ("pair", "middle", "ends", "expected"),
    [
        (("Pb4S3Br2", (0, 1, 0), "CsPbBr3", (1, 0, 0)), "film", (0, 0), "inversion"),
        (("Pb4S3Br2", (0, 1, 0), "CsPbBr3", (1, 0, 0)), "substrate", (0, 1), "inversion"),
        (("PbS", (1, 0, 0), "CsPbCl3", (1, 0, 0)), "film", (0, 0), "inversion"),
        (("Cs2PbCl4", (0, 0, 1), "CsPbCl3", (1, 0, 0)), "film", (1, 1), None),
        (("CsPbCl3-Pnma", (0, 1, 0), "PbS", (1, 0, 0)), "substrate", (1, 0), None),
    ],
)
def test_symmetric_slabs_are_symmetric_by_spglib(pair, middle, ends, expected):
    slab = build_slab(interface(*pair, ends=ends), SlabOptions(middle=middle, vacuum_a=15.0))
    named = slab.as_dict()["symmetry"]
    assert expected in (None, named)
    assert ROTATION_OF[named] in is_turned_over(slab)
    assert slab.net_charge == 0
    assert slab.dipole_e_a == pytest.approx(0.0, abs=0.02 * slab.n_atoms)
    layers = [layer["domain"] for layer in slab.as_dict()["layers"]]
    assert layers[0] == layers[2] != layers[1]
    order = np.argsort(slab.positions_a[:, 2])
    assert slab.domains[order[0]] == slab.domains[order[-1]] == layers[0]


def test_a_mirror_serves_where_there_is_no_inversion(tmp_path):
    """Zinc blende has a mirror plane parallel to (110)."""
    film, substrate = (
        next(p for p in PROTOTYPES if p.name == name).crystal(tmp_path) for name in ("ZnS", "CaF2")
    )
    slab = build_slab(interface(film, (1, 1, 0), substrate, (1, 1, 0)), SlabOptions(middle="film"))
    assert slab.as_dict()["symmetry"] == "mirror"
    assert is_turned_over(slab) == {"mirror"}
    assert slab.dipole_e_a == pytest.approx(0.0, abs=1e-6)


def test_a_glide_serves_if_the_cell_keeps_it():
    """Cc has a glide plane (010); twice the glide, c, must be a vector of the common cell."""
    with as_file(files("epicarve.examples") / "pb3s2cl2-shared-sites.cif") as path:
        film = read_orderings(path)[0].crystal
    pair = interface(film, (0, 1, 0), "CsPbCl3", (1, 0, 0))
    slab = build_slab(pair, SlabOptions(middle="film"))
    assert slab.as_dict()["symmetry"] == "glide"
    assert is_turned_over(slab) == {"mirror"}
    other = interface(film, (0, 1, 0), "PbS", (1, 0, 0))
    with pytest.raises(InputError, match="that the cell keeps"):
        build_slab(other, SlabOptions(middle="film"))


def test_an_unsymmetric_slab_is_not_found_symmetric(study):
    assert is_turned_over(build_slab(study)) == set()


def test_a_crystal_without_inversion_is_refused_in_the_middle():
    pair = interface("Pb3S2Cl2-I213", (1, 0, 0), "CsPbCl3", (1, 0, 0))
    with pytest.raises(
        InputError, match=r"no inversion centre, and no mirror or glide.*\[1, 0, 0\]"
    ):
        build_slab(pair, SlabOptions(middle="film"))
    slab = build_slab(pair, SlabOptions(middle="substrate"))
    assert ROTATION_OF[slab.as_dict()["symmetry"]] in is_turned_over(slab)


def test_a_polar_middle_is_refused_and_its_dipole_told():
    pair = interface("PbS", (1, 1, 1), "CsPbCl3", (1, 0, 0), cell=1)
    with pytest.raises(InputError, match=r"carries [+-]\d+ e.*choose another termination"):
        build_slab(pair, SlabOptions(middle="film"))
    slab = build_slab(pair)
    assert slab.net_charge == 0
    assert abs(slab.dipole_e_a) > 10.0
    told = slab.as_dict()
    assert told["dipole_debye"] == pytest.approx(4.80320 * told["dipole_e_a"], rel=1e-5)


def test_the_potential_step_is_that_of_charged_planes():
    """Oracle: the field of each charged plane, −2πkσ|z − z'|, summed above and below."""
    slab = build_slab(interface("PbS", (1, 1, 1), "CsPbCl3", (1, 0, 0), cell=1))
    heights = slab.positions_a[:, 2]
    far = np.array([-1e3, 1e3])
    density = slab.charges / slab.area_a2
    potentials = -2.0 * np.pi * COULOMB_V_A * (np.abs(far[:, None] - heights) @ density)
    assert slab.potential_step_v == pytest.approx(potentials[1] - potentials[0], rel=1e-9)


def test_short_contacts_are_refused(study):
    with pytest.raises(InputError, match=r"apart across the interface, \d+% of their contact"):
        build_slab(study.moved((0.0, 0.0, -0.3)))
    with pytest.raises(InputError, match=r"across the vacuum.*raise vacuum_a"):
        build_slab(study, SlabOptions(vacuum_a=0.5))


@settings(max_examples=8, deadline=None)
@given(
    shift=st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    thicknesses=st.tuples(st.floats(0.1, 40), st.floats(0.1, 30)),
    middle=st.sampled_from([None, "film", "substrate"]),
)
def test_slabs_are_neutral_and_as_thick_as_asked(study, shift, thicknesses, middle):
    options = SlabOptions(
        film_thickness_a=thicknesses[0], substrate_thickness_a=thicknesses[1], middle=middle
    )
    slab = build_slab(study.moved((*shift, 3.0)), options)
    assert slab.net_charge == 0
    thick = {layer["domain"]: layer["thickness_a"] for layer in slab.as_dict()["layers"]}
    for least, face in zip(thicknesses, (study.film, study.substrate), strict=True):
        found = thick[face.crystal.name]
        assert least - 1e-5 <= found <= least + face.period_a + 1e-5
    if middle is not None:
        assert ROTATION_OF[slab.as_dict()["symmetry"]] in is_turned_over(slab)


def test_ase_and_pymatgen_read_the_same_slab(study, tmp_path):
    slab = build_slab(study, SlabOptions(vacuum_a=12.0))
    folder = tmp_path / "slab"
    with pytest.raises(InputError, match=r"write one file by to_ase\(\)\.write"):
        slab.write(tmp_path / "slab.cif")
    slab.write(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "model.cif",
        "model.extxyz",
        "model.json",
    ]
    atoms, from_cif = read(folder / "model.extxyz"), read(folder / "model.cif")
    assert atoms.pbc.tolist() == [True, True, False]
    np.testing.assert_allclose(atoms.cell, slab.cell_a, atol=1e-7)
    np.testing.assert_allclose(atoms.positions, slab.positions_a, atol=1e-7)
    assert list(atoms.symbols) == slab.symbols.tolist() == list(from_cif.symbols)
    np.testing.assert_array_equal(atoms.arrays["formal_charge"], slab.charges)
    np.testing.assert_array_equal(atoms.arrays["domain"], slab.domains)
    np.testing.assert_array_equal(atoms.arrays["site"], slab.sites)
    structure = Structure.from_file(folder / "model.cif")
    assert structure.composition.as_dict() == pytest.approx(slab.counts)
    # pymatgen puts the ions of an element together
    away = structure.frac_coords[:, None] - slab.fractional
    same = np.argmin(np.linalg.norm((away - np.rint(away)) @ slab.cell_a, axis=2), axis=1)
    assert [site.specie.symbol for site in structure] == slab.symbols[same].tolist()
    atoms.pbc = True
    expected = atoms.get_all_distances(mic=True)
    np.testing.assert_allclose(structure.distance_matrix, expected[np.ix_(same, same)], atol=1e-5)
    np.testing.assert_allclose(from_cif.get_all_distances(mic=True), expected, atol=1e-5)
    text = (folder / "model.cif").read_text()
    for key in ("_atom_site_label", "_atom_site_type_symbol", "_atom_site_fract_x", "'P 1'"):
        assert key in text
    assert json.loads((folder / "model.json").read_text())["n_atoms"] == slab.n_atoms


def test_same_slab_same_bytes_and_computed_crystals_are_told(tmp_path):
    pair = interface("Pb4S3Cl2", (0, 1, 0), "CsPbCl3", (1, 0, 0))
    for name in ("one", "two"):
        slab = build_slab(replace(pair))
        slab.write(tmp_path / name)
    for name in ("model.extxyz", "model.cif", "model.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert (tmp_path / "one" / "model.cif").read_text().startswith("# Computed crystal: Pb4S3Cl2.")


def test_a_slab_comes_with_inputs_that_relax_it(tmp_path, study):
    built = slab(study, out=tmp_path, inputs=True)
    path = tmp_path / "1-relax" / "relax.inp"
    assert check_input(path, "2023.1") == ()
    text = path.read_text()
    assert "PERIODIC XY\n" in text
    assert (tmp_path / "submit.sh").stat().st_mode & 0o100
    coordinates = read(tmp_path / "1-relax" / "relax.xyz")
    assert sorted(coordinates.get_chemical_symbols()) == sorted(built.symbols.tolist())


def test_thicknesses_may_be_given_by_their_keys(study):
    thick, thin = study.slab({"film_thickness_a": 25.0}), study.slab()
    assert thick.n_atoms > thin.n_atoms
    with pytest.raises(
        InputError, match=r"slab: options is of type int; give epicarve\.SlabOptions"
    ):
        study.slab(15)
    with pytest.raises(InputError, match="unknown key 'vacuum'"):
        study.slab({"vacuum": 12})
