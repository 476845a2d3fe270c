"""Crystals are told apart by what they hold, and different ones get different names."""

import json
from dataclasses import replace

import numpy as np
import pytest
from crystal_prototypes import PROTOTYPES
from typer.testing import CliRunner

from epicarve.builder.crystal import distinct_names, is_same
from epicarve.builder.hetero import join, sphere_half
from epicarve.builder.interfaces import SearchOptions
from epicarve.builder.library import bundled_crystal
from epicarve.builder.model import Model
from epicarve.cli.main import app
from epicarve.errors import InputError
from epicarve.workflow.recipes import parse_recipe
from epicarve.workflow.tasks.build import build
from epicarve.workflow.tasks.interface import PairTable, compare, interface

KNOWN = {prototype.name: prototype for prototype in PROTOTYPES}
ONE_PLANE = SearchOptions(film_hkl=(1, 0, 0), substrate_hkl=(1, 0, 0))


@pytest.fixture
def files(tmp_path):
    """Files structure.cif, each in a folder named after its crystal."""

    def written(name, text=None):
        path = tmp_path / name / "structure.cif"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text or KNOWN[name].cif_text(), encoding="utf-8")
        return path

    return written


def test_what_a_crystal_holds_makes_it_the_same():
    galena = bundled_crystal("PbS")
    order = np.random.default_rng(3).permutation(galena.n_sites)
    shuffled = replace(
        galena,
        name="other",
        symbols=galena.symbols[order],
        fractional=(galena.fractional[order] + 1e-6) % 1.0,
        oxidation_states=galena.oxidation_states[order],
    )
    assert is_same(galena, shuffled)
    assert not is_same(galena, replace(galena, cell_a=1.01 * galena.cell_a))
    assert not is_same(galena, replace(galena, oxidation_states=-galena.oxidation_states))
    swapped = np.where(galena.symbols == "Pb", "S", "Pb")
    assert not is_same(galena, replace(galena, symbols=swapped))


def test_names_by_formula_then_space_group_then_number(tmp_path):
    zinc_blende, salt = (KNOWN[name].crystal(tmp_path) for name in ("ZnS", "NaCl"))
    wurtzite = KNOWN["ZnO"].crystal(tmp_path)
    wurtzite = replace(wurtzite, symbols=np.where(wurtzite.symbols == "O", "S", "Zn"))
    wide, wider = (replace(salt, cell_a=f * salt.cell_a) for f in (1.01, 1.02))
    named = [replace(one, name="a") for one in (zinc_blende, wurtzite, salt)]
    assert [one.name for one in distinct_names(named)] == ["a-ZnS-F-43m", "a-ZnS-P63mc", "a-NaCl"]
    alike = [replace(one, name="b") for one in (salt, wide, wider, salt)]
    assert [one.name for one in distinct_names(alike)] == ["b-1", "b-2", "b-3", "b-1"]
    assert distinct_names((salt, zinc_blende)) == (salt, zinc_blende)


def test_files_of_one_name_in_the_search(files, tmp_path):
    arguments = ["interface", str(files("ZnS")), str(files("NaCl"))]
    planes = ["--film-hkl", "1,0,0", "--substrate-hkl", "1,0,0", "--slab", "1"]
    out = tmp_path / "out"
    result = CliRunner().invoke(app, [*arguments, *planes, "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert "structure-ZnS on structure-NaCl" in result.output
    entry = json.loads((out / "interface.json").read_text())["interfaces"][0]
    assert (entry["film"], entry["substrate"]) == ("structure-ZnS", "structure-NaCl")
    slab = json.loads((out / "slab-1" / "model.json").read_text())
    assert set(slab["domains"]) == {"structure-ZnS", "structure-NaCl"}
    assert set(slab["provenance"]["crystal"]) == {"structure-ZnS", "structure-NaCl"}


def test_files_of_one_name_in_a_table(files):
    pairs = [
        {"film": {"file": str(files(film))}, "substrate": {"file": str(files(substrate))}}
        for film, substrate in (("ZnS", "NaCl"), ("CaF2", "NaCl"))
    ]
    table = PairTable.model_validate({"pairs": pairs, "search": ONE_PLANE.model_dump()})
    names = {(one["film"], one["substrate"]) for one in compare(table).entries}
    assert names == {(f"structure-{film}", "structure-NaCl") for film in ("ZnS", "CaF2")}


def test_files_of_one_name_as_core_and_shell(files, tmp_path):
    chloride, bromide = 5.605, 5.874
    text = (
        "data_x\n_cell_length_a {a}\n_cell_length_b {a}\n_cell_length_c {a}\n"
        "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
        "_space_group_name_H-M_alt 'P m -3 m'\nloop_\n_atom_type_symbol\n"
        "_atom_type_oxidation_number\nCs +1\nPb +2\n{x} -1\nloop_\n_atom_site_label\n"
        "_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
        "Cs Cs 0 0 0\nPb Pb 0.5 0.5 0.5\n{x} {x} 0.5 0.5 0\n"
    )
    core = files("core", text.format(a=bromide, x="Br"))
    shell = files("shell", text.format(a=chloride, x="Cl"))
    recipe = {
        "crystal": {"file": str(shell)},
        "shape": {"kind": "sphere", "diameter_nm": 2.2},
        "core": {"crystal": {"file": str(core)}, "shape": {"kind": "sphere", "diameter_nm": 1.2}},
    }
    built = build(parse_recipe(recipe), tmp_path / "out")
    assert set(built.summary["domains"]) == {"structure-CsPbBr3", "structure-CsPbCl3"}
    assert built.summary["core_shell"]["core"] == "structure-CsPbBr3"
    recipe["core"]["crystal"] = {"file": str(files("copy", text.format(a=chloride, x="Cl")))}
    with pytest.raises(InputError, match="core and shell are both structure; give two different"):
        build(parse_recipe(recipe))


def test_files_of_one_name_as_halves(files, tmp_path):
    half = {"kind": "hemisphere", "diameter_nm": 1.3, "hkl": [1, 0, 0]}
    loose = {"ratio_tolerance": 0.3, "free_dipole_v": 100.0}
    wide = KNOWN["NaCl"].cif_text().replace("5.6402", "5.75")
    recipe = {
        "film": {"crystal": {"file": str(files("NaCl"))}, "shape": half, "balance": loose},
        "substrate": {
            "crystal": {"file": str(files("wide", wide))},
            "shape": half,
            "balance": loose,
        },
        "interface": {
            "film_directions": [[0, 1, 0], [0, 0, 1]],
            "substrate_directions": [[0, 1, 0], [0, 0, 1]],
        },
    }
    built = build(parse_recipe(recipe), tmp_path / "out")
    assert list(built.summary["domains"]) == ["structure-1", "structure-2"]
    assert sum(d["n_atoms"] for d in built.summary["domains"].values()) == built.model.n_atoms
    assert built.summary["interface"]["misfit"][0]["strain"] == pytest.approx(5.75 / 5.6402 - 1)


def test_a_file_whose_name_holds_blanks(tmp_path):
    (tmp_path / "rock salt (2).cif").write_text(KNOWN["NaCl"].cif_text(), encoding="utf-8")
    recipe = {
        "crystal": {"file": str(tmp_path / "rock salt (2).cif")},
        "shape": {"kind": "sphere", "diameter_nm": 1.0},
    }
    built = build(parse_recipe(recipe), tmp_path / "out")
    model = Model.read(tmp_path / "out" / "model.extxyz")
    assert model.domains.tolist() == ["rock-salt-(2)"] * built.model.n_atoms


def test_the_same_crystal_under_two_names_is_refused():
    galena = bundled_crystal("PbS")
    other = replace(galena, name="galena")
    said = r"film and substrate are the same crystal \(PbS and galena\); give two different"
    with pytest.raises(InputError, match=said):
        interface(galena, other, ONE_PLANE)
    halves = [sphere_half(one, 8.0, (1, 0, 0)) for one in (galena, other)]
    with pytest.raises(InputError, match=said):
        join(*halves)
    wide = replace(galena, cell_a=1.02 * galena.cell_a)
    with pytest.raises(InputError, match="both named PbS; give each its own"):
        join(halves[0], sphere_half(wide, 8.0, (1, 0, 0)))
