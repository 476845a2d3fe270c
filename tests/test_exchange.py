"""Crystals and models to and from ASE, pymatgen and folders, without loss."""

import warnings

import ase.io
import numpy as np
import pytest
from ase.build import bulk
from ase.spacegroup import crystal as ase_crystal
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from scipy.spatial.transform import Rotation
from structure_types import STRUCTURE_TYPES

import epicarve as ec
from epicarve.builder.library import bundled_names
from epicarve.errors import GuessWarning

NAMES = bundled_names()
PARTICLES = [(name, 3.2) for name in STRUCTURE_TYPES]
PARTICLES += [(name, 3.6) for name in STRUCTURE_TYPES[:7]]


def dot(crystal, diameter_nm=3.2):
    return ec.carve(crystal, ec.Sphere(diameter_nm=diameter_nm))


@pytest.mark.parametrize("name", NAMES)
def test_crystals_go_there_and_back(name):
    crystal = ec.crystal(name)
    assert ec.Crystal.from_ase(crystal.to_ase()) == crystal
    assert ec.Crystal.from_pymatgen(crystal.to_pymatgen()) == crystal
    assert "\n" not in repr(crystal)


@pytest.mark.parametrize(("name", "diameter_nm"), PARTICLES)
def test_models_go_there_and_back(name, diameter_nm, tmp_path):
    model = dot(ec.crystal(name), diameter_nm)
    model.write(tmp_path)
    for again in (
        ec.Model.read(tmp_path),
        ec.Model.read(tmp_path / "model.extxyz"),
        ec.Model.from_ase(model.to_ase()),
        ec.Model.from_pymatgen(model.to_pymatgen()),
    ):
        assert again == model
        assert [edit.as_dict() for edit in again.edits] == [e.as_dict() for e in model.edits]
        assert again.report == model.report
        np.testing.assert_array_equal(again.is_surface, model.is_surface)
    assert model.to_ase().arrays["is_surface"].tolist() == model.is_surface.tolist()
    assert "\n" not in repr(model) and len(model) == model.n_atoms


def test_a_model_that_was_read_is_written_the_same(tmp_path):
    dot(ec.crystal("Pb3S2Cl2")).write(tmp_path / "1")
    ec.Model.read(tmp_path / "1").write(tmp_path / "2")
    for name in ("model.json", "model.extxyz"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert (tmp_path / "2" / "model.cif").read_text().startswith("# Computed crystal: Pb3S2Cl2.")


def test_models_that_differ_are_not_equal():
    model, other = dot(ec.crystal("PbS")), dot(ec.crystal("PbS"), 3.6)
    assert model != other
    assert model != "PbS"  # of another type
    assert model.transformed(shift_a=(0.0, 0.0, 1e-6)) != model
    assert dot(ec.crystal("PbS")) == model


def test_atoms_that_were_changed_are_no_longer_the_model():
    atoms = dot(ec.crystal("PbS")).to_ase()
    moved = atoms.copy()
    moved.rattle(0.1, seed=1)
    assert ec.Model.from_ase(moved).n_atoms == len(atoms)
    del atoms[0]
    with pytest.raises(ec.InputError, match="coordination and ledger are not theirs"):
        ec.Model.from_ase(atoms)
    with pytest.raises(ec.InputError, match="not a model that epicarve wrote"):
        ec.Model.from_ase(bulk("NaCl", "rocksalt", a=5.64))
    with pytest.raises(ec.InputError, match="there is no such file"):
        ec.Model.read("nowhere")


def test_a_crystal_that_was_changed_loses_its_origin():
    atoms = ec.crystal("PbS").to_ase()
    atoms.set_cell(atoms.cell * 1.01, scale_atoms=True)
    strained = ec.Crystal.from_ase(atoms)
    assert (strained.status, strained.source) == ("given", "ASE Atoms")
    assert strained.charge_of == {"Pb": 2, "S": -2}


def cubic(group, a, species, places):
    return Structure.from_spacegroup(group, Lattice.cubic(a), species, places)


def tetragonal(group, a, c, species, places):
    return Structure.from_spacegroup(group, Lattice.tetragonal(a, c), species, places)


def hexagonal(group, a, c, species, places):
    return Structure.from_spacegroup(group, Lattice.hexagonal(a, c), species, places)


OTHERS = {
    "rock salt, primitive": (lambda: bulk("NaCl", "rocksalt", a=5.64), {"Na": 1, "Cl": -1}),
    "rock salt, cubic": (lambda: bulk("MgO", "rocksalt", a=4.21, cubic=True), {"Mg": 2, "O": -2}),
    "zinc blende": (lambda: bulk("CdSe", "zincblende", a=6.05, cubic=True), {"Cd": 2, "Se": -2}),
    "caesium chloride": (lambda: bulk("CsCl", "cesiumchloride", a=4.12), {"Cs": 1, "Cl": -1}),
    "fluorite, ASE": (lambda: bulk("CaF2", "fluorite", a=5.46), {"Ca": 2, "F": -1}),
    "rutile, ASE": (
        lambda: ase_crystal(
            ["Ti", "O"],
            [(0, 0, 0), (0.305, 0.305, 0)],
            spacegroup=136,
            cellpar=[4.594, 4.594, 2.959, 90, 90, 90],
        ),
        {"Ti": 4, "O": -2},
    ),
    "fluorite": (lambda: cubic(225, 5.411, ["Ce", "O"], [[0] * 3, [0.25] * 3]), {"Ce": 4, "O": -2}),
    "perovskite": (
        lambda: cubic(221, 3.905, ["Sr", "Ti", "O"], [[0] * 3, [0.5] * 3, [0.5, 0.5, 0]]),
        {"Sr": 2, "Ti": 4, "O": -2},
    ),
    "wurtzite": (
        lambda: hexagonal(
            186, 3.2495, 5.2069, ["Zn", "O"], [[1 / 3, 2 / 3, 0], [1 / 3, 2 / 3, 0.382]]
        ),
        {"Zn": 2, "O": -2},
    ),
    "anatase": (
        lambda: tetragonal(141, 3.7845, 9.5143, ["Ti", "O"], [[0, 0, 0], [0, 0, 0.2081]]),
        {"Ti": 4, "O": -2},
    ),
    "cuprite": (lambda: cubic(224, 4.2696, ["Cu", "O"], [[0.25] * 3, [0] * 3]), {"Cu": 1, "O": -2}),
    "corundum": (
        lambda: hexagonal(
            167,
            4.7602,
            12.9933,
            ["Al", "O"],
            [[0, 0, 0.3522], [0.3063, 0, 0.25]],
        ),
        {"Al": 3, "O": -2},
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_crystals_of_others_are_carved(name):
    make, charges = OTHERS[name]
    given_as = make()
    enter = ec.Crystal.from_pymatgen if isinstance(given_as, Structure) else ec.Crystal.from_ase
    crystal = enter(given_as, charges)
    assert len(crystal) == len(given_as)
    assert crystal.status == "given"
    model = dot(crystal, 3.0)
    assert model.net_charge == 0 and model.n_components == 1
    assert set(model.counts) == set(charges)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GuessWarning)
        assert enter(given_as).charge_of == crystal.charge_of


def test_oxidation_states_of_a_structure_hold():
    structure = OTHERS["perovskite"][0]()
    structure.add_oxidation_state_by_element({"Sr": 2, "Ti": 4, "O": -2})
    with warnings.catch_warnings():
        warnings.simplefilter("error", GuessWarning)
        assert ec.Crystal.from_pymatgen(structure).charge_of == {"Sr": 2, "Ti": 4, "O": -2}
    structure.add_oxidation_state_by_element({"Sr": 2, "Ti": 3, "O": -2})
    with pytest.raises(ec.InputError, match="the unit cell carries -1 e"):
        ec.Crystal.from_pymatgen(structure)


def test_both_ways_in_give_the_same_model():
    crystal = ec.crystal("CsPbBr3")
    models = [
        dot(enter)
        for enter in (
            ec.Crystal.from_ase(crystal.to_ase()),
            ec.Crystal.from_pymatgen(crystal.to_pymatgen()),
        )
    ]
    assert models[0] == models[1] == dot(crystal)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_a_turned_cell_is_the_same_crystal(seed):
    atoms = ec.crystal("PbS").to_ase()
    turn = Rotation.random(random_state=seed).as_matrix()
    atoms.set_cell(atoms.cell @ turn.T, scale_atoms=True)
    turned = ec.Crystal.from_ase(atoms)
    assert turned.space_group == "Fm-3m"
    assert dot(turned).counts == dot(ec.crystal("PbS")).counts


def shared():
    return ase_crystal(
        ["Na", "K", "Cl"],
        [(0, 0, 0), (0, 0, 0), (0.5, 0.5, 0.5)],
        spacegroup=225,
        cellpar=[5.6, 5.6, 5.6, 90, 90, 90],
        occupancies=[0.5, 0.5, 1],
    )


def slab():
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    atoms.pbc = (True, True, False)
    return atoms


def left_handed():
    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    atoms.set_cell(atoms.cell[[1, 0, 2]] + 0.0)
    return atoms


def half_charged():
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    atoms.set_initial_charges([0.8, -0.8])
    return atoms


CARBONATE = Structure.from_spacegroup(
    167,
    Lattice.hexagonal(4.99, 17.06),
    ["Ca", "C", "O"],
    [[0, 0, 0], [0, 0, 0.25], [0.2578, 0, 0.25]],
)
PARTLY = Structure(Lattice.cubic(4.0), [{"Na+": 0.5}, {"Cl-": 0.5}], [[0] * 3, [0.5] * 3])


@pytest.mark.filterwarnings("ignore::epicarve.errors.GuessWarning")
def test_molecules_of_a_structure_are_ions_and_come_back():
    calcite = ec.Crystal.from_pymatgen(CARBONATE)
    assert calcite.charge_of == {"Ca": 2, "CO3": -2} and calcite.symmetry.symbol == "R-3c"
    assert ec.Crystal.from_pymatgen(calcite.to_pymatgen()) == calcite
    assert ec.Crystal.from_ase(calcite.to_ase()) == calcite
    assert calcite.to_pymatgen().composition.element_composition == CARBONATE.composition


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (lambda: ec.Crystal.from_ase(shared()), "is shared"),
        (lambda: ec.Crystal.from_ase(slab()), "set pbc to True"),
        (lambda: ec.Crystal.from_ase(left_handed()), "left-handed"),
        (lambda: ec.Crystal.from_ase(half_charged()), "Na1 carries the charge 0.8"),
        (lambda: ec.Crystal.from_ase(bulk("Cu")), "no usual whole oxidation states"),
        (lambda: ec.Crystal.from_ase("PbS"), "of type str; give ase.Atoms"),
        (lambda: ec.Crystal.from_pymatgen("PbS"), "of type str; give a Structure"),
        (lambda: ec.Crystal.from_pymatgen(PARTLY), "occupied to 0.5"),
        (
            lambda: ec.Crystal.from_ase(bulk("MgO", "rocksalt", a=4.2), {"Mg": 1, "O": -2}),
            "the unit cell carries -1 e",
        ),
        (
            lambda: ec.Crystal.from_ase(bulk("MgO", "rocksalt", a=4.2), {"Mg": 2}),
            "oxidation_states lacks O",
        ),
    ],
)
def test_what_is_no_ordered_ionic_crystal_is_refused(refused, sentence):
    with pytest.raises(ec.InputError, match=sentence):
        refused()


def test_shared_sites_can_be_replaced():
    crystal = ec.Crystal.from_ase(shared(), {"Na": 1, "Cl": -1}, replace={"K": "Na"})
    assert crystal.formula == "NaCl"


def test_labels_tell_charges_apart():
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    assert ec.Crystal.from_ase(atoms, {"Na1": 1, "Cl1": -1}).charge_of == {"Na": 1, "Cl": -1}


def test_slabs_and_interfaces_are_converted():
    planes = {"film_hkl": (0, 1, 0), "substrate_hkl": (1, 0, 0)}
    best = ec.find_interfaces(ec.crystal("Pb4S3Cl2"), ec.crystal("CsPbCl3"), **planes)[0]
    slab = best.slab()
    atoms, structure = best.to_ase(), best.to_pymatgen()
    assert len(slab) == len(atoms) == len(structure)
    np.testing.assert_allclose(atoms.cell.array, structure.lattice.matrix)
    np.testing.assert_allclose(atoms.positions, structure.cart_coords, atol=1e-9)
    assert atoms.get_initial_charges().sum() == 0
    assert sum(site.specie.oxi_state for site in structure) == 0
    assert set(atoms.arrays["domain"]) == {"Pb4S3Cl2", "CsPbCl3"}
    assert all("\n" not in repr(one) for one in (best, slab))


def test_the_report_of_a_joined_particle_survives_a_file_of_ase(tmp_path):
    """Its keys tell pairs such as Pb→Cs, and ASE writes ASCII alone."""
    halves = [
        ec.half_of(ec.crystal(name), ec.Hemisphere(diameter_nm=2.0, hkl=(1, 0, 0)))
        for name in ("PbS", "CsPbBr3")
    ]
    faces = tuple(half.face.layer for half in halves)
    found = ec.find_interfaces(
        *(half.crystal for half in halves), film_hkl=(1, 0, 0), substrate_hkl=(1, 0, 0)
    )
    (best,) = [one for one in found if (one.film_termination, one.substrate_termination) == faces]
    model = ec.join(*halves, best)
    assert any("→" in pair for pair in model.report.interface.continuity.pairs)
    ase.io.write(tmp_path / "model.extxyz", model.to_ase())
    again = ec.Model.from_ase(ase.io.read(tmp_path / "model.extxyz"))
    assert again == model
    assert again.report == model.report
