"""Basis sets, potentials, templates of one's own or of CP2K's data: found, carried, refused."""

from pathlib import Path

import pytest
from level_recipes import LEVELS, OWN, SZV, TEMPLATE, fill, recipe_of, written

from epicarve.dft.cp2k_input import data_folder
from epicarve.dft.settings import (
    Cp2kSettings,
    basis_elements,
)
from epicarve.dft.write import read_resources
from epicarve.errors import InputError
from epicarve.workflow.recipes import read_recipe, write_recipe
from epicarve.workflow.tasks.status import key_of


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


UNREADABLE = [
    ({"basis": "DZVP-MOLOPT-SR-GHT"}, r"Pb has no basis set .*did you mean DZVP-MOLOPT-SR-GTH"),
    (
        {"basis": {"S": {"name": "OWM-GTH", "file": "own.basis"}}},
        "cp2k.basis: S has no .* in own.basis; .*OWN-GTH",
    ),
    (
        {"basis": {"S": {"name": "OWN-GTH", "file": "b/own"}}},
        "cp2k.basis: there is no file .*b/own",
    ),
    (
        {"basis": {"S": {"name": "X", "file": "BASIS_MOLOP"}}},
        "cp2k.basis: there is no file .*BASIS_MOLOP",
    ),
    ({"basis": {"Pb": {"name": "OWN-GTH", "file": "own.basis"}}}, "they do not have this element"),
    ({"potential": {"S": "GTH-PBEE"}}, r"S has no potential GTH-PBEE .*did you mean GTH-PBE"),
    ({"basis": "6-31G*", "method": "gapw"}, "Pb has no basis set|does not tell its potential"),
    ({"basis": {"S": "6-31G*"}, "method": "gapw"}, "of S does not tell its potential; .*ALL"),
    ({"potential": {"Pb": "ALL"}, "method": "gapw"}, "Pb has no potential ALL"),
    ({"basis": {"S": "DZVP-MOLOPT-GGA-GTH-q14"}}, "S has no basis set"),
    (
        {"potential": {"Pb": "GTH-PBE-q14"}},
        "cp2k.potential: Pb: none of GTH-PBE-q14 has the electrons of",
    ),
    ({**SZV, "plus_u": {"S": {"l": "d", "u_ev": 2}}}, "plus_u.S: SZV-.* has no d functions"),
    ({"functional": "PBE0", "auxiliary_basis": "admm-dzq"}, "Pb has no auxiliary basis set"),
]


@pytest.mark.skipif(data_folder() is None, reason="CP2K's data folder is not found")
@pytest.mark.parametrize(("level", "told"), UNREADABLE, ids=[str(each) for each, _ in UNREADABLE])
def test_what_no_file_has_is_refused_before_anything_is_written(level, told, folder):
    with pytest.raises(InputError, match=told):
        written(folder, **level)
    assert not (folder / "out").exists()


def test_without_the_data_of_cp2k_known_families_are_served_and_others_named(folder, monkeypatch):
    monkeypatch.setenv("CP2K_DATA_DIR", str(folder))
    elements = basis_elements(["Pb", "S"], Cp2kSettings(basis="TZVP-MOLOPT-GGA-GTH"))
    assert elements["S"].functions == 17
    assert elements["S"].potential.name == "GTH-GGA-q6"
    with pytest.raises(
        InputError, match=r"cp2k.basis: .*set CP2K_DATA_DIR .*or name a file.*\{Pb: \{name"
    ):
        written(folder, basis="DZVP-MOLOPT-MGGA-GTH")
    with pytest.raises(
        InputError, match=r"cp2k.potential: GTH-PBE of S is not known without CP2K's data"
    ):
        written(folder, basis={"S": {"name": "OWN-GTH", "file": "own.basis"}})


def test_own_files_go_with_the_recipe_and_into_the_folders_of_the_stages(folder):
    if data_folder() is None:
        pytest.skip("CP2K's data folder is not found")
    level = LEVELS["own-basis"]
    paths = written(folder, **level)
    for path in paths.values():
        assert (path.parent / "own.basis").read_text() == OWN
        assert "BASIS_SET_FILE_NAME own.basis" in path.read_text()
        assert "data_files=own.basis" in path.with_suffix(".job").read_text()
    recipe = recipe_of(folder, **level, templates="mine")
    write_recipe(recipe, folder / "copy")
    again = read_recipe(folder / "copy" / "recipe.yaml")
    own = Path(again.cp2k.basis["S"]["file"])
    assert own == folder / "copy" / "files" / "cp2k" / "own.basis"
    assert own.read_text() == OWN
    assert (again.cp2k.templates / "orbital-transformation.yaml").read_text() == TEMPLATE


def test_a_changed_basis_set_makes_a_stage_compute_again(folder):
    if data_folder() is None:
        pytest.skip("CP2K's data folder is not found")
    before = key_of(recipe_of(folder, **LEVELS["own-basis"]))
    (folder / "own.basis").write_text(OWN.replace("1.6", "1.7"))
    assert key_of(recipe_of(folder, **LEVELS["own-basis"])) != before


def test_two_files_of_one_name_are_refused(folder):
    (folder / "b").mkdir()
    (folder / "b" / "own.basis").write_text(OWN.replace("S OWN", "Pb OWN").replace("q6", "q4"))
    both = {"S": {"name": "OWN-GTH", "file": "own.basis"}}
    both["Pb"] = {"name": "OWN-GTH", "file": "b/own.basis"}
    if data_folder() is not None:
        with pytest.raises(InputError, match=r"two files named own.basis are asked for"):
            written(folder, basis=both)


def test_a_basis_set_that_an_earlier_file_hides_is_refused(folder):
    if data_folder() is None:
        pytest.skip("CP2K's data folder is not found")
    (folder / "own.basis").write_text(OWN.replace("OWN-GTH", "SZV-MOLOPT-SR-GTH"))
    hidden = {"Pb": "SZV-MOLOPT-SR-GTH", "S": {"name": "SZV-MOLOPT-SR-GTH", "file": "own.basis"}}
    with pytest.raises(InputError, match=r"take SZV-.* of S from BASIS_MOLOPT, not from"):
        written(folder, basis=hidden)


def test_estimates_take_electrons_and_functions_of_the_files(folder):
    if data_folder() is None:
        pytest.skip("CP2K's data folder is not found")
    written(folder, **LEVELS["own-basis"])
    need = read_resources(folder / "out")["2-ground-state"]
    assert (need.functions, need.states) == (4 + 12, 5)
    written(folder, **LEVELS["all-electron"])
    need = read_resources(folder / "out")["2-ground-state"]
    assert (need.functions, need.states) == (4 + 18, 10)
    assert "atomic grids of GAPW" in need.note
    written(folder, **LEVELS["pbe0"])
    assert "integrals of exact exchange" in read_resources(folder / "out")["1-relax"].note


def test_templates_of_ones_own_take_the_place_of_ours(folder):
    text = written(folder, **LEVELS["templates"])["ground-state"].read_text()
    assert "MINIMIZER CG" in text
    assert "MAX_SCF 25" in text
    plain = written(folder, **SZV)["ground-state"].read_text()
    assert "MINIMIZER DIIS" in plain


BROKEN = [
    ("orbital-transfromation", TEMPLATE, r"did you mean orbital-transformation.yaml\?"),
    ("orbital-transformation", TEMPLATE.replace("max_scf: 25", "max_sc: 2"), "write MAX_SCF"),
    ("orbital-transformation", TEMPLATE.replace("eps_scf}", "eps_scff}"), r"mean \$\{eps_scf\}\?"),
    ("orbital-transformation", "a: [", "not valid YAML"),
    ("orbital-transformation", "- a", "no tree of CP2K's sections"),
    (
        "common",
        "force_eval: {dft: {charge: 2}}",
        "DFT.CHARGE of 1-relax would change; set charge instead",
    ),
    (
        "finite",
        "force_eval: {subsys: {cell: {abc: [9, 9, 9]}}}",
        "POISSON.* would change|CELL.*would change",
    ),
    (
        "orbital-transformation",
        TEMPLATE + "      diagonalization: {}\n",
        "cp2k.templates: with it 1-relax would be wrong: .*OT",
    ),
]


@pytest.mark.parametrize(("name", "text", "told"), BROKEN, ids=[each[2] for each in BROKEN])
def test_templates_that_break_an_input_are_refused(name, text, told, folder):
    (folder / "mine" / "orbital-transformation.yaml").unlink()
    (folder / "mine" / f"{name}.yaml").write_text(text)
    with pytest.raises(InputError, match=told):
        written(folder, **LEVELS["templates"])
    assert not (folder / "out").exists()


def test_a_folder_without_templates_is_refused(folder):
    with pytest.raises(InputError, match=r"cp2k.templates: there is no folder .*other"):
        written(folder, templates="other")
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no templates; copy one of .*orbital-transf"):
        written(folder, templates="empty")
