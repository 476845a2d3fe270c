"""CP2K inputs: what is in them, and that CP2K's own parser and cp2k-input-tools take them."""

import subprocess

import numpy as np
import pytest
from cp2k_input_tools.basissets.cp2k import BasisSetData
from cp2k_input_tools.parser import CP2KInputParserSimplified
from cp2k_input_tools.pseudopotentials.cp2k import PseudopotentialData
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.check import check_input, data_folder, installed_schema
from epicarve.dft.cp2k import local_environment
from epicarve.dft.elements import basis_elements, covered_elements
from epicarve.dft.inputs import boxed, n_added_mos, write_stages
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.stages import stages
from epicarve.errors import InputError

BASES = ("SZV-MOLOPT-SR-GTH", "DZVP-MOLOPT-SR-GTH")


@pytest.fixture(scope="module")
def model():
    return carve(bundled_crystal("Pb3S2Cl2"), Sphere(radius_a=5.0))


@pytest.fixture(scope="module")
def parser():
    return CP2KInputParserSimplified()


def written(model, settings, folder):
    chain = write_stages(model, settings, MachineSettings(), folder)
    return {stage.name: folder / stage.input for stage in chain}


def parsed(parser, path):
    with path.open() as stream:
        return parser.parse(stream)


@pytest.mark.parametrize(
    ("left_out", "folders"),
    [
        ((), ["1-prerelax", "2-relax", "3-ground-state", "4-states"]),
        (("prerelax",), ["1-relax", "2-ground-state", "3-states"]),
        (("prerelax", "relax"), ["1-ground-state", "2-states"]),
    ],
)
def test_stages_are_numbered_in_a_row(left_out, folders):
    chain = stages(Cp2kSettings(**dict.fromkeys(left_out)))
    assert [stage.folder for stage in chain] == folders
    assert [stage.previous for stage in chain] == [None, *chain[:-1]]


def test_states_take_the_orbitals_of_the_ground_state(model, parser, tmp_path):
    inputs = written(model, Cp2kSettings(), tmp_path)
    dft = parsed(parser, inputs["states"])["force_eval"]["dft"]
    scf = dft["scf"]
    assert dft["wfn_restart_file_name"] == "../3-ground-state/ground-state-RESTART.wfn"
    assert scf["scf_guess"] == "restart"
    assert scf["max_scf"] == 1
    assert "ot" not in scf
    assert scf["added_mos"] >= 10
    assert [entry["list"] for entry in dft["print"]["pdos"]["ldos"]] == list(
        range(1, model.n_atoms + 1)
    )


def test_density_functional_stages_agree_on_everything_but_the_scf(model, parser, tmp_path):
    inputs = written(model, Cp2kSettings(functional="PBEsol", cutoff_ry=321.0), tmp_path)
    trees = [parsed(parser, inputs[name]) for name in ("relax", "ground-state", "states")]
    for tree in trees:
        dft = tree["force_eval"]["dft"]
        assert dft["mgrid"]["cutoff"] == 321.0
        assert dft["xc"]["xc_functional"]["pbe"]["parametrization"] == "pbesol"
        assert dft["poisson"] == {"periodic": "none", "poisson_solver": "wavelet"}
        assert tree["force_eval"]["subsys"]["cell"]["periodic"] == "none"
        assert tree["force_eval"]["subsys"]["kind"]["Pb"] == {
            "basis_set": "DZVP-MOLOPT-SR-GTH-q4",
            "potential": "GTH-PBE-q4",
        }


def test_force_criteria_keep_the_ratio_of_the_defaults(model, parser, tmp_path):
    settings = Cp2kSettings(relax={"max_force_hartree_bohr": 9e-4, "max_steps": 7})
    options = parsed(parser, written(model, settings, tmp_path)["relax"])["motion"]["geo_opt"]
    assert options == {
        "optimizer": "lbfgs",
        "max_iter": 7,
        "max_force": 9e-4,
        "rms_force": 6e-4,
        "max_dr": 6e-3,
        "rms_dr": 3e-3,
    }


def test_same_model_gives_the_same_bytes(model, tmp_path):
    for name in ("one", "two"):
        written(model, Cp2kSettings(), tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
    assert files == sorted(p.relative_to(tmp_path / "two") for p in (tmp_path / "two").rglob("*.*"))
    for path in files:
        if (tmp_path / "one" / path).is_file():
            assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


def test_no_input_names_a_folder_of_this_machine(model, tmp_path):
    written(model, Cp2kSettings(), tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert str(tmp_path) not in path.read_text()


@given(
    positions_a=hnp.arrays(
        float, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(-50, 50)
    ),
    vacuum_a=st.floats(2.0, 10.0),
)
def test_box_holds_the_model_in_its_middle(positions_a, vacuum_a):
    edge_a, moved_a = boxed(positions_a, vacuum_a)
    assert moved_a.min() >= vacuum_a - 1e-3
    assert (edge_a - moved_a).min() >= vacuum_a - 1e-3
    extent_a = np.ptp(positions_a, axis=0).max()
    assert edge_a == pytest.approx(extent_a + 2 * vacuum_a, abs=2e-3)
    np.testing.assert_allclose(moved_a.min(axis=0) + moved_a.max(axis=0), edge_a, atol=1e-9)


def test_number_of_empty_states():
    assert n_added_mos(8000, 19500, None) == 1000
    assert n_added_mos(8, 9, None) == 5
    assert n_added_mos(8, 100, 7) == 7
    with pytest.raises(InputError, match="an odd number"):
        n_added_mos(7, 100, None)
    with pytest.raises(InputError, match="only 5 for this model"):
        n_added_mos(8, 9, 6)


@pytest.mark.parametrize("basis", BASES)
def test_element_without_basis_is_named(basis):
    with pytest.raises(InputError, match=f"Eu has no basis set {basis}"):
        basis_elements(["Cs", "Eu", "Cl"], basis)


@pytest.mark.cp2k
@pytest.mark.parametrize("basis", BASES)
def test_table_of_elements_is_that_of_cp2k(basis):
    data = data_folder()
    if data is None:
        pytest.skip("CP2K's data folder is not found; CP2K_DATA_DIR names it")
    with (data / "GTH_POTENTIALS").open() as stream:
        potentials = {
            (entry.element, name): sum(entry.n_el)
            for entry in PseudopotentialData.datafile_iter(stream)
            for name in entry.identifiers
        }
    with (data / "BASIS_MOLOPT").open() as stream:
        sets = {
            (entry.element, name): sum(
                (2 * shell + 1) * n for block in entry.blocks for shell, n in block.l
            )
            for entry in BasisSetData.datafile_iter(stream)
            for name in entry.identifiers
        }
    table = covered_elements(basis)
    assert set(table) == {element for element, name in sets if name == basis}
    for symbol, element in table.items():
        assert sets[symbol, element.basis_name] == sets[symbol, basis] == element.functions
        assert potentials[symbol, element.potential_name] == element.electrons
        assert potentials[symbol, "GTH-PBE"] == element.electrons


def test_fresh_inputs_pass_our_own_check(model, tmp_path):
    for path in written(model, Cp2kSettings(), tmp_path).values():
        assert check_input(path) == ()


@pytest.mark.cp2k
@pytest.mark.parametrize("left_out", [(), ("prerelax",), ("prerelax", "relax")])
def test_cp2k_accepts_the_inputs_before_any_stage_has_run(model, tmp_path, left_out):
    settings = Cp2kSettings(**dict.fromkeys(left_out))
    for path in written(model, settings, tmp_path).values():
        checked = subprocess.run(
            ["cp2k.psmp", "--check", path.name],
            cwd=path.parent,
            env=local_environment("cp2k.psmp"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout
        assert "SUCCESS" in checked.stdout


@pytest.mark.cp2k
def test_parser_with_the_installed_schema_accepts_the_inputs(model, tmp_path):
    schema = tmp_path / "cp2k_input.xml"
    schema.write_bytes(installed_schema())
    parser = CP2KInputParserSimplified(xmlspec=schema)
    for path in written(model, Cp2kSettings(), tmp_path / "chain").values():
        assert parsed(parser, path)["global"]["project_name"] == path.stem


def test_a_model_of_the_size_of_the_study(tmp_path):
    """1500 atoms: one list for each, in order."""
    dot = carve(bundled_crystal("Pb3S2Cl2"), Sphere(radius_a=21.0))
    text = written(dot, Cp2kSettings(), tmp_path)["states"].read_text()
    lists = [line.split()[1] for line in text.splitlines() if line.strip().startswith("LIST")]
    assert lists == [str(atom) for atom in range(1, dot.n_atoms + 1)]
    assert len(lists) > 1300
    electrons = basis_elements(dot.symbols.tolist(), "DZVP-MOLOPT-SR-GTH")
    n_electrons = sum(electrons[symbol].electrons * n for symbol, n in dot.counts.items())
    assert f"ADDED_MOS {-(-n_electrons // 8)}" in text
