"""Models on disk and the numbers that describe them."""

import hashlib
import json
import shutil

import gemmi
import numpy as np
import pytest
from ase.io import read
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Structure
from scipy.spatial.transform import Rotation

from epicarve import build
from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.model import Model
from epicarve.builder.output import derived_notes, described, write_model
from epicarve.builder.report import Provenance
from epicarve.builder.shapes import Sphere
from epicarve.errors import InputError
from epicarve.version import __version__


@pytest.fixture(scope="module")
def crystal():
    return bundled_crystal("Pb3S2Cl2")


@pytest.fixture(scope="module")
def dot(crystal):
    return carve(crystal, Sphere(9.0))


@pytest.fixture
def folder(tmp_path, dot, crystal):
    write_model(tmp_path / "out", described(dot, [crystal], Provenance()))
    return tmp_path / "out"


def test_extxyz_reads_back_equal(folder, dot):
    again = Model.read(folder / "model.extxyz")
    np.testing.assert_allclose(again.positions_a, dot.positions_a, atol=1e-8)
    for name in ("symbols", "charges", "domains", "sites", "coordination", "components"):
        np.testing.assert_array_equal(getattr(again, name), getattr(dot, name))
    assert again.formula == dot.formula
    assert again.report.optimum == dot.report.optimum


def test_ase_and_pymatgen_read_the_files(folder, dot):
    assert read(folder / "model.extxyz").get_chemical_formula(mode="reduce")
    assert len(read(folder / "model.cif")) == dot.n_atoms
    structure = Structure.from_file(folder / "model.cif")
    assert len(structure) == dot.n_atoms
    nearest = np.sort(structure.distance_matrix, axis=1)[:, 1]
    atoms = read(folder / "model.extxyz")
    np.testing.assert_allclose(
        np.sort(nearest), np.sort(np.sort(atoms.get_all_distances(), axis=1)[:, 1]), atol=1e-4
    )


def test_json_holds_what_scripts_rely_on(folder, dot):
    told = json.loads((folder / "model.json").read_text())
    keys = (
        "formula n_atoms counts net_charge diameter_nm stoichiometry min_coordination n_components "
        "domains dipole_debye edits optimum provenance"
    )
    assert set(keys.split()) <= set(told)
    assert told["net_charge"] == 0
    assert set(told["stoichiometry"]) == {"target", "actual", "deviation"}
    assert {"objective", "bound", "gap"} <= set(told["optimum"])
    assert told["n_atoms"] == dot.n_atoms
    assert told["provenance"]["crystal"]["Pb3S2Cl2"]["status"] == "computed"


def test_computed_and_derived_crystals_are_told(folder, crystal):
    assert (folder / "model.cif").read_text().startswith("# Computed crystal: Pb3S2Cl2. Ions rel")
    (note,) = derived_notes([crystal, bundled_crystal("Pb3S2Cl2-I213"), bundled_crystal("PbS")])[1:]
    assert note.startswith("Derived crystal: Pb3S2Cl2-I213.\nOrdered")


def test_same_model_same_bytes(folder, tmp_path, dot, crystal):
    write_model(tmp_path / "2", described(dot, [crystal], Provenance()))
    for name in ("model.extxyz", "model.cif", "model.json", "preview.png"):
        assert (folder / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model of a recipe with a derived crystal whose source holds more than ASCII."""
    folder = tmp_path_factory.mktemp("made")
    shape = {"kind": "sphere", "diameter_nm": 1.2}
    recipe = {"crystal": {"name": "PbS", "replace": {"S": "Se"}}, "shape": shape}
    return build(recipe, folder).model, folder


def test_files_of_coordinates_say_by_what_they_were_made(made):
    model, folder = made
    recipe = json.loads((folder / "model.json").read_text())["provenance"]["recipe"]
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    told = {
        "made_by": f"epicarve {__version__}",
        "recipe_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "crystals": "PbSe-as-PbS (derived)",
        "sources": "Galena, rock salt; a = 5.936 A from powder data (JCPDS 5-592).",
        "derivations": "PbSe-as-PbS: Se for S in PbS; cell and coordinates not relaxed.",
    }
    assert read(folder / "model.extxyz").info == told
    block = gemmi.cif.read(str(folder / "model.cif")).sole_block()
    assert block.find_value("_audit_creation_method").strip("'") == told["made_by"]
    assert block.find_value("_epicarve_recipe_sha256") == told["recipe_sha256"]
    details = gemmi.cif.as_string(block.find_value("_atom_sites_special_details"))
    for key in ("crystals", "sources", "derivations"):
        assert told[key] in " ".join(details.split())
    assert len(read(folder / "model.cif")) == model.n_atoms


def test_a_file_that_lost_its_json_still_says_where_it_is_from(made, tmp_path):
    _, folder = made
    shutil.copy(folder / "model.extxyz", tmp_path / "alone.extxyz")
    found = Model.read(tmp_path / "alone.extxyz").report.provenance
    assert found.version == __version__
    assert found.recipe_sha256 == Model.read(folder).report.provenance.recipe_sha256
    assert found.sources == ("Galena, rock salt; a = 5.936 A from powder data (JCPDS 5-592).",)
    (tmp_path / "other.extxyz").write_text(
        (folder / "model.extxyz").read_text().replace("made_by=", "by=")
    )
    assert Model.read(tmp_path / "other.extxyz").report.provenance is None


@given(
    angles=st.tuples(*[st.floats(-3, 3)] * 3),
    shift=st.tuples(*[st.floats(-50, 50)] * 3),
)
def test_size_and_dipole_do_not_depend_on_the_frame(dot, angles, shift):
    moved = dot.transformed(Rotation.from_euler("xyz", angles).as_matrix(), shift)
    assert moved.diameter_nm == pytest.approx(dot.diameter_nm)
    assert moved.dipole_debye == pytest.approx(dot.dipole_debye, abs=1e-6)


def test_domains_and_bad_models(dot, tmp_path):
    assert dot.domain("Pb3S2Cl2").formula == dot.formula
    with pytest.raises(InputError, match="there are Pb3S2Cl2"):
        dot.domain("PbS")
    (tmp_path / "a.extxyz").write_text("1\n\nPb 0 0 0\n")
    with pytest.raises(InputError, match="not a model that epicarve wrote"):
        Model.read(tmp_path / "a.extxyz")
