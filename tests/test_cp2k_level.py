"""Any functional, basis set and potential: what is written, accepted and refused."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from cp2k_program import assert_accepted, cp2k

from epicarve.dft.check import check_input
from epicarve.dft.cp2k_input import data_folder, read_fragment
from epicarve.dft.read import read_folder
from epicarve.dft.settings import (
    Cp2kSettings,
    MachineSettings,
    PeriodicSettings,
    basis_elements,
    functional_of,
    known_functionals,
    periodic_stages,
)
from epicarve.dft.write import System, read_resources, stage_input, write_periodic
from epicarve.errors import InputError
from epicarve.workflow.recipes import read_recipe, write_recipe
from epicarve.workflow.tasks.inputs import inputs
from epicarve.workflow.tasks.status import key_of

MOLECULE = "2\nPbS\nPb 0.0 0.0 0.0\nS 0.0 0.0 2.35\n"
RECIPE = {"structure": {"file": "pbs.xyz", "oxidation_states": {"Pb": 2, "S": -2}}}
TINY = {"cutoff_ry": 80, "rel_cutoff_ry": 30, "vacuum_a": 2.5, "prerelax": None}
OWN = """# even-tempered, one's own
S OWN-GTH-q6
3
2 0 1 1 1 1
 1.6 1.0 1.0
2 0 1 1 1 1
 0.5 1.0 1.0
2 0 1 1 1 1
 0.15 1.0 1.0
"""
VERSIONS = ("2023.1", "2026.2")


def nested(place, value):
    """Sections of a place, the value in the last."""
    for name in reversed(place.split(".")):
        value = {name: value}
    return value


FOUR = {
    "GLOBAL": {"PREFERRED_DIAG_LIBRARY": "SCALAPACK"},
    "FORCE_EVAL": {
        "DFT": {"MGRID": {"NGRIDS": 4}, "QS": {"EXTRAPOLATION": "USE_GUESS"}},
        "SUBSYS": {"KIND": {"_": "Pb", "MASS": 208.0}},
    },
}
GROUP = {
    "method": "GAPW",
    "functional": "HLE17",
    "basis": "DZVP-MOLOPT-GGA-GTH",
    "poisson_solver": "multipole",
    "extra": {
        "FORCE_EVAL": {
            "DFT": {
                "MGRID": {"NGRIDS": 4},
                "SCF": {"OT": {"N_DIIS": 7}},
                "XC": {"XC_GRID": {"XC_DERIV": "SPLINE3"}},
            }
        }
    },
}
SZV = {"basis": "SZV-MOLOPT-SR-GTH"}
LEVELS = {
    "group": GROUP,
    "scan-d3": {**SZV, "functional": "SCAN", "dispersion": "D3(BJ)"},
    "own-basis": {
        "basis": {"S": {"name": "OWN-GTH", "file": "own.basis"}, "others": "SZV-MOLOPT-SR-GTH"}
    },
    "plus-u": {**SZV, "plus_u": {"S": {"l": "p", "u_ev": 2.0}}},
    "four-sections": {**SZV, "extra": FOUR},
    "templates": {**SZV, "templates": "mine"},
    "libxc": {**SZV, "functional": ["XC_MGGA_X_R2SCAN", "MGGA_C_R2SCAN"]},
    "r2scan-d3": {**SZV, "functional": "r2SCAN", "dispersion": "D3(BJ)"},
    "pbe0": {**SZV, "functional": "PBE0"},
    "hse06": {**SZV, "functional": "HSE06", "dispersion": "D3"},
    "b3lyp": {**SZV, "functional": "B3LYP", "method": "gapw"},
    "all-electron": {
        "method": "gapw",
        "basis": {"S": "6-31G*", "others": "SZV-MOLOPT-SR-GTH"},
        "potential": {"S": "ALL"},
    },
    "mgga-basis": {"functional": "SCAN", "basis": "DZVP-MOLOPT-MGGA-GTH"},
    "two-potential-files": {"basis": {"S": "TZVP-MOLOPT-GGA-GTH"}},
}
TEMPLATE = """# A gentler minimiser.
force_eval:
  dft:
    scf:
      eps_scf: ${eps_scf}
      max_scf: 25
      ot: {minimizer: CG, preconditioner: FULL_ALL}
      outer_scf: {eps_scf: "${eps_scf}", max_scf: 10}
"""


@pytest.fixture
def folder(tmp_path):
    """A recipe's folder, with a molecule, a basis set and a folder of templates."""
    (tmp_path / "pbs.xyz").write_text(MOLECULE)
    (tmp_path / "own.basis").write_text(OWN)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "orbital-transformation.yaml").write_text(TEMPLATE)
    return tmp_path


def recipe_of(folder, **level):
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({**RECIPE, "cp2k": {**TINY, **level}}))
    return read_recipe(path)


def written(folder, **level):
    """Write the chain of a recipe; inputs by stage."""
    _, stages = inputs(recipe_of(folder, **level), folder / "out")
    return {stage.name: folder / "out" / stage.input for stage in stages}


def once(level):
    """The level with a single step of the SCF in the ground state."""
    extra = level.get("extra", {})
    dft = extra.get("FORCE_EVAL", {}).get("DFT", {})
    scf = {**dft.get("SCF", {}), "MAX_SCF": 1, "OUTER_SCF": {"MAX_SCF": 0}}
    one = {**extra.get("FORCE_EVAL", {}), "DFT": {**dft, "SCF": scf}}
    return {**level, "relax": None, "extra": {**extra, "FORCE_EVAL": one}}


@pytest.mark.cp2k
@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
def test_cp2k_takes_each_level_and_computes_it(level, folder):
    paths = written(folder, **once(level))
    for path in paths.values():
        assert check_input(path, "2023.1") == ()
        assert_accepted(path)
    run = cp2k(paths["ground-state"])
    assert run.returncode == 0, run.stdout[-3000:]
    energy = re.search(r"ENERGY\|.* (-\d+\.\d+)", run.stdout)
    assert float(energy[1]) < -10.0


@pytest.mark.cp2k
def test_states_of_ones_own_basis_set_are_read_by_lists_and_by_orbitals(folder):
    level = {**LEVELS["own-basis"], "method": "gapw", "functional": "SCAN", "relax": None}
    paths = written(folder, **level)
    for path in paths.values():
        run = cp2k(path)
        path.with_suffix(".out").write_text(run.stdout)
    energies = [
        re.findall(r"ENERGY\|.* (-\d+\.\d+)", p.with_suffix(".out").read_text())[-1]
        for p in paths.values()
    ]
    assert float(energies[0]) == pytest.approx(float(energies[1]), abs=1e-7)
    by_lists = read_folder(folder / "out").states
    for listed in paths["states"].parent.glob("*.pdos"):
        listed.unlink()
    by_orbitals = read_folder(folder / "out").states
    assert "overlap computed from states.inp" in by_orbitals.source
    np.testing.assert_allclose(by_orbitals.weights, by_lists.weights, atol=1e-6)
    np.testing.assert_allclose(by_orbitals.weights.sum(axis=0), 1.0, atol=1e-6)
    (paths["states"].parent / "own.basis").unlink()
    with pytest.raises(InputError, match=r"the file of basis sets own.basis is neither beside it"):
        read_folder(folder / "out")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
def test_each_level_passes_our_check_against_its_version(level, version, folder):
    if not needs_data(level) or data_folder() is not None:
        for path in written(folder, version=version, **level).values():
            assert check_input(path, version) == ()


def needs_data(level):
    return any(word in str(level) for word in ("OWN", "6-31G*", "MGGA"))


@pytest.mark.parametrize("version", ["2024.2", "2025.1", "2026.2"])
@pytest.mark.parametrize("functional", ["SCAN", "r2SCAN", "HSE06"])
def test_d4_is_written_where_cp2k_has_it(functional, version, folder):
    paths = written(folder, **SZV, version=version, functional=functional, dispersion="D4")
    assert check_input(paths["relax"], version) == ()
    text = paths["relax"].read_text()
    assert "TYPE DFTD4" in text
    assert f"REFERENCE_FUNCTIONAL {functional.lower()}" in text
    with pytest.raises(InputError, match=r"CP2K 2024.1 has no D4, which came with 2024.2; .*D3"):
        recipe_of(folder, version="2024.1", functional=functional, dispersion="D4")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_known_functional_stands_in_the_schema(version):
    for name, entry in known_functionals().items():
        found = functional_of(name.lower(), version)
        assert found.name == name
        tree = nested("FORCE_EVAL.DFT.XC.XC_FUNCTIONAL", dict(found.sections))
        read_fragment(tree, version)
        assert re.search(r"\(\d{4}\)", entry["reference"])


@pytest.mark.cp2k
def test_exact_exchange_of_hybrids_is_that_of_libxc():
    """Fractions and ranges of libxc itself, where CP2K's is there."""
    from ctypes import CDLL, POINTER, byref, c_double, c_int, c_void_p
    from ctypes.util import find_library

    if find_library("xc") is None:
        pytest.skip("libxc is not installed for itself")
    libxc = CDLL(find_library("xc"))
    libxc.xc_func_alloc.restype = c_void_p
    libxc.xc_func_init.argtypes = [c_void_p, c_int, c_int]
    libxc.xc_hyb_cam_coef.argtypes = [c_void_p, *[POINTER(c_double)] * 3]
    names = ("HYB_GGA_XC_B3LYP", "HYB_GGA_XC_PBEH", "HYB_GGA_XC_HSE06", "HYB_MGGA_X_SCAN0")
    for name in (*names, "HYB_MGGA_XC_TPSSH", "HYB_GGA_XC_HSE12", "HYB_GGA_X_N12_SX"):
        of_libxc = libxc.xc_func_alloc()
        number = libxc.xc_functional_get_number(name.lower().encode())
        assert libxc.xc_func_init(of_libxc, number, 1) == 0
        omega, full, short = c_double(), c_double(), c_double()
        libxc.xc_hyb_cam_coef(of_libxc, byref(omega), byref(full), byref(short))
        told = functional_of([name], "2023.1").exact_exchange
        assert told.fraction == pytest.approx(full.value + short.value)
        assert (told.omega_per_bohr or 0.0) == pytest.approx(omega.value)


def test_hybrids_by_name_and_by_libxc_have_the_same_exact_exchange():
    pairs = {"PBE0": "HYB_GGA_XC_PBEH", "HSE06": "HYB_GGA_XC_HSE06", "B3LYP": "HYB_GGA_XC_B3LYP"}
    for name, of_libxc in pairs.items():
        known, listed = (functional_of(each, "2023.1") for each in (name, [of_libxc]))
        assert known.exact_exchange == listed.exact_exchange


WRONG = [
    ({"functional": "R2SCANN"}, r"cp2k.functional: R2SCANN is not known; did you mean r2SCAN\?"),
    ({"functional": ["MGGA_X_R2SCA"]}, r"functional: .*CP2K 2023.1; did you mean MGGA_X_R2SCAN\?"),
    ({"functional": "MGGA_XC_HLE18"}, r"did you mean MGGA_XC_HLE17\?"),
    ({"functional": ["MGGA_C_SCAN"]}, "no exchange; add a functional with _X_"),
    ({"functional": ["GGA_X_PBE", "XC_GGA_X_PBE"]}, "GGA_X_PBE is given twice"),
    ({"functional": ["GGA_X_PBE", "GGA_K_VW"]}, "GGA_K_VW is a functional of the kinetic energy"),
    ({"functional": ["MGGA_X_TB09", "LDA_C_PW"]}, "TB09 can't be computed: it gives a potential"),
    ({"functional": "HYB_GGA_XC_CAM_B3LYP"}, "exact exchange grows with the distance"),
    ({"functional": "MGGA_XC_B97M_V"}, "nonlocal part of its correlation"),
    ({"functional": ["HYB_GGA_XC_PBEH", "HYB_GGA_XC_B3LYP"]}, "have exact exchange both"),
    ({"functional": []}, "the list is empty"),
    ({"functional": 7}, "give a name, such as SCAN, or a list"),
    ({"functional": "MGGA_X_SCANL", "method": "gapw"}, "Laplacian .* GAPW; take method: gpw"),
    ({"functional": "HLE17", "dispersion": "D3"}, "dispersion: .* no parameters of D3 for HLE17"),
    (
        {"functional": "r2SCAN", "dispersion": "D3"},
        r"no parameters of D3 for r2SCAN; take D3\(BJ\)",
    ),
    ({"dispersion": "D3BJ"}, r"D3BJ is no form of dispersion; did you mean D3\(BJ\)\?"),
    ({"dispersion": {"form": "D3", "reference": "PBESOLL"}}, r"for PBESOLL; did you mean PBESOL\?"),
    ({"dispersion": {"from": "D3"}}, r"unknown key 'from'; did you mean form\?"),
    ({"basis": {"Pd2": "X"}}, "basis: 'Pd2' is no element"),
    ({"basis": {"S": {"nam": "X"}}}, "basis set of S: unknown key 'nam'; did you mean name"),
    ({"basis": {"S": 3}}, r"basis set of S: give its name, or \{name: NAME, file: FILE\}"),
    ({"basis": {"file": "own.basis"}}, "file is given without name"),
    ({"basis": "two words"}, "'two words' can't stand in a CP2K input"),
    ({"basis": None}, "give the name of a basis set"),
    ({"potential": "ALL"}, "potential: ALL needs method: gapw"),
    ({"method": "gapww"}, "method: .*'gpw' or 'gapw'"),
    ({"plus_u": {"S": {"l": "p", "u": 2}}}, "plus_u.S: unknown key 'u'; .*u_ev"),
    ({"plus_u": {"Xx": {"l": "p", "u_ev": 2}}}, "'Xx' is no element"),
    ({"plus_u": {"S": {"l": "p", "u_ev": -2}}}, "plus_u.S.u_ev: .*greater than 0"),
    ({"version": "2023.10"}, "version: .*'2023.1'"),
    ({"extra": nested("FORCE_EVAL.DFT.QS.METHOD", "GAPW")}, "set method instead"),
    ({"extra": nested("FORCE_EVAL.SUBSYS.KIND", {"_": "S", "DFT_PLUS_U": {"L": 1}})}, "set plus_u"),
]


@pytest.mark.parametrize(("level", "told"), WRONG, ids=[str(level) for level, _ in WRONG])
def test_what_is_wrong_is_told_by_its_place_in_the_recipe(level, told, folder):
    with pytest.raises(InputError, match=told):
        recipe_of(folder, **level)


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
    assert again.cp2k.basis["S"]["file"] == folder / "copy" / "files" / "cp2k" / "own.basis"
    assert Path(again.cp2k.basis["S"]["file"]).read_text() == OWN
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


def test_none_switches_auxiliary_basis_sets_and_the_rest_off(folder):
    off = recipe_of(
        folder, functional="PBE0", auxiliary_basis="none", dispersion="None", plus_u="none"
    )
    assert off.cp2k.auxiliary_basis is None
    assert off.cp2k.plus_u is None
    text = written(folder, **SZV, functional="PBE0", auxiliary_basis="none")["relax"].read_text()
    assert "AUX_FIT" not in text
    assert "AUXILIARY_DENSITY" not in text


@pytest.mark.parametrize(
    ("unquoted", "version"), [("2024.1", "2024.1"), ("2025.2", "2025.2"), ("'2026.1'", "2026.1")]
)
def test_versions_are_taken_unquoted(unquoted, version, folder):
    path = folder / "v.yaml"
    path.write_text(f"{yaml.safe_dump(RECIPE)}cp2k: {{version: {unquoted}}}")
    assert read_recipe(path).cp2k.version == version


@pytest.mark.parametrize("unquoted", ["2023.10", "2024.10", "2024", "1e3"])
def test_versions_that_do_not_exist_are_refused_as_written(unquoted, folder):
    path = folder / "v.yaml"
    path.write_text(f"{yaml.safe_dump(RECIPE)}cp2k: {{version: {unquoted}}}")
    with pytest.raises(InputError, match=rf"version: .*got '?{re.escape(unquoted)}"):
        read_recipe(path)


def test_hubbard_terms_are_written_in_ev_and_told_where_they_have_no_element(folder):
    level = {**SZV, "plus_u": {"S": {"l": "p", "u_ev": 6.4}, "Ni": {"l": "d", "u_ev": 3}}}
    text = " ".join(written(folder, **level)["relax"].read_text().split())
    assert "&DFT_PLUS_U L 1 U_MINUS_J [eV] 6.4 &END DFT_PLUS_U" in text
    assert "plus_u: there is no Ni" in read_resources(folder / "out")["1-relax"].note


def test_exact_exchange_ends_within_a_crystal():
    cell = [[6.0, 0, 0], [0, 6.0, 0], [0, 0, 6.0]]
    system = System("PbS", ("Pb", "S"), np.array([[0.0, 0, 0], [3.0, 0, 0]]), np.array(cell), 3)
    (stage,) = periodic_stages(None)
    for name in ("PBE0", "B3LYP"):
        text = stage_input(system, PeriodicSettings(functional=name, relax=None), stage)
        assert "POTENTIAL_TYPE TRUNCATED" in text
        assert ("PBE_HOLE_T_C_LR" in text) == (name == "PBE0")
    with pytest.raises(InputError, match=r"DFT\+U with k-points"):
        plus_u = {"S": {"l": "p", "u_ev": 2}}
        settings = PeriodicSettings(plus_u=plus_u, kpoints=(2, 2, 2))
        write_periodic(system, settings, MachineSettings(), Path("nowhere"))
