"""The chain run by the real CP2K on a cluster of four atoms, in seconds."""

import shutil

import numpy as np
import pytest
from cp2k_runs import read_kind_folder
from stand_in import run_stages
from tblite.interface import Calculator

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.output import read_output
from epicarve.dft.read import read_states
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.write import write_stages
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR

pytestmark = pytest.mark.cp2k

SETTINGS = Cp2kSettings(
    basis="SZV-MOLOPT-SR-GTH",
    cutoff_ry=100,
    rel_cutoff_ry=30,
    vacuum_a=4.0,
    prerelax={"max_steps": 40, "max_force_hartree_bohr": 2e-3},
    relax={"max_steps": 2, "must_converge": False},
)


@pytest.fixture(scope="module")
def model():
    return carve(bundled_crystal("PbS"), Sphere(radius_a=3.0))


@pytest.fixture(scope="module")
def finished(model, tmp_path_factory):
    """The folder and the stages of a finished chain, and what was told while it ran."""
    folder = tmp_path_factory.mktemp("chain")
    chain = write_stages(model, SETTINGS, MachineSettings(), folder)
    told = []
    run_stages(folder, chain, told.append)
    return folder, chain, told


def test_weights_are_those_of_the_kinds(finished):
    folder, _, _ = finished
    states = read_states(folder)
    kinds = read_kind_folder(folder / "4-states")
    for symbol, of_kind in zip(kinds.symbols, kinds.weights, strict=True):
        is_element = np.array(states.symbols) == symbol
        np.testing.assert_allclose(states.weights[is_element].sum(axis=0), of_kind, atol=1e-6)
    assert states.n_electrons == 20
    assert states.lumo_ev > states.homo_ev


def test_outputs_bear_no_warning_but_that_of_a_first_start(finished):
    folder, chain, _ = finished
    for stage in chain:
        output = read_output(folder / stage.output)
        assert output.energy_hartree < 0
        assert len(output.symbols) == 4
        fresh = ["User requested to restart the"] if stage.name == "relax" else []
        assert [warning for warning in output.warnings if warning not in fresh] == []


def test_prerelaxation_starts_at_the_energy_of_tblite(finished, model):
    """CP2K's GFN1-xTB and tblite's are two programs for one method."""
    folder, chain, _ = finished
    first = next(
        line.split()[-1]
        for line in (folder / chain[0].output).read_text().splitlines()
        if line.startswith(" ENERGY|")
    )
    numbers = np.array([{"Pb": 82, "S": 16}[symbol] for symbol in model.symbols])
    calculator = Calculator("GFN1-xTB", numbers, model.positions_a / A_PER_BOHR)
    calculator.set("verbosity", 0)
    assert float(first) == pytest.approx(calculator.singlepoint().get("energy"), abs=1e-4)


def test_diagonalisation_keeps_the_energy_of_the_ground_state(finished):
    folder, chain, _ = finished
    ground, states = (read_output(folder / stage.output) for stage in chain[-2:])
    assert states.energy_hartree == pytest.approx(ground.energy_hartree, abs=1e-6)


def test_a_second_run_repeats_nothing(finished):
    folder, chain, told = finished
    ages = [(folder / stage.output).stat().st_mtime_ns for stage in chain]
    run_stages(folder, chain)
    assert [(folder / stage.output).stat().st_mtime_ns for stage in chain] == ages
    assert any(line.startswith("2-relax: running, step 2") for line in told)


def test_a_run_that_was_cut_off_goes_on(finished, tmp_path):
    folder, chain, _ = finished
    shutil.copytree(folder, tmp_path / "chain", copy_function=shutil.copy2)
    output = tmp_path / "chain" / chain[1].output
    text = output.read_text()
    output.write_text(text[: text.index("PROGRAM ENDED")])
    with pytest.raises(InputError, match="cut off"):
        read_output(output).require_sound()
    run_stages(tmp_path / "chain", chain)
    lines = output.read_text().splitlines()
    first_step = next(line for line in lines if "OT DIIS" in line)
    # It starts from its own orbitals at its own last geometry: all but converged.
    assert float(first_step.split()[-3]) < 1e-4
    assert read_states(tmp_path / "chain").n_states == read_states(folder).n_states


def test_an_input_that_cp2k_refuses_is_quoted(finished, tmp_path):
    folder, chain, _ = finished
    shutil.copytree(folder, tmp_path / "chain", copy_function=shutil.copy2)
    ground = tmp_path / "chain" / chain[2].input
    ground.write_text(ground.read_text().replace("GTH-PBE-q4", "GTH-NONE-q4"))
    with pytest.raises(InputError, match=r"ground-state\.out: CP2K aborted: .*GTH-NONE-q4"):
        run_stages(tmp_path / "chain", chain)
