"""Any functional, basis set and potential: what is written, accepted and refused."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from cp2k_program import assert_accepted, cp2k
from level_recipes import LEVELS, RECIPE, SZV, VERSIONS, fill, nested, once, recipe_of, written

from epicarve.dft.check import check_input
from epicarve.dft.cp2k_input import data_folder, read_fragment
from epicarve.dft.read import read_folder
from epicarve.dft.settings import (
    MachineSettings,
    PeriodicSettings,
    functional_of,
    known_functionals,
    periodic_stages,
)
from epicarve.dft.write import System, read_resources, stage_input, write_periodic
from epicarve.errors import InputError
from epicarve.workflow.recipes import read_recipe


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


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
    with pytest.raises(InputError, match=rf"version: '?{re.escape(unquoted)}'? is not known"):
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
