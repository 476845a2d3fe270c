"""Stages within the memory of a machine: what is chosen, what stays, what is refused."""

import re
import warnings
from functools import cache

import pytest
from ase.build import bulk
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import epicarve as ec
from epicarve.cli.main import app
from epicarve.dft.check import check_input
from epicarve.dft.settings import Cp2kSettings, MachineSettings, PeriodicSettings
from epicarve.dft.write import System, planned_stages, write_periodic, write_stages
from epicarve.errors import GuessWarning, InputError

SINGLE = {"prerelax": None, "relax": None}


@cache
def rod():
    """A rod of PbS, 512 ions, of which a cube would be mostly empty."""
    atoms = bulk("PbS", "rocksalt", a=5.94, cubic=True).repeat((16, 2, 2))
    atoms.pbc, atoms.cell = False, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GuessWarning)
        return ec.Model.from_structure(atoms)


def plans(memory_gb=None, machine=(), **settings):
    machine = MachineSettings(memory_gb=memory_gb, **{"ranks_per_node": 1, **dict(machine)})
    return planned_stages(rod(), Cp2kSettings(**settings), machine)


def chosen(found):
    """Cutoff of each stage, and the box of all."""
    cutoffs = {plan.stage.name: plan.settings.cutoff_ry for plan in found}
    (box,) = {(plan.settings.poisson_solver, plan.settings.vacuum_a) for plan in found}
    return cutoffs, box


def needed_gb(found):
    return max(plan.need.memory_gb for plan in found)


@given(memory_gb=st.floats(1.0, 400.0), relaxed=st.booleans())
def test_no_stage_asks_for_more_than_there_is(memory_gb, relaxed):
    settings = {} if relaxed else SINGLE
    try:
        found = plans(memory_gb, **settings)
    except InputError as error:
        told = re.search(r"needs ([\d.]+) GB, ([\d.]+) more than", str(error))
        needed, more = map(float, told.groups())
        assert needed - more == pytest.approx(memory_gb, abs=0.11)
        assert needed_gb(plans(needed + 0.1, **settings)) <= needed + 0.1
    else:
        assert needed_gb(found) <= memory_gb


def test_what_costs_least_accuracy_goes_first():
    usual = needed_gb(plans())
    none = {"prerelax": None, "relax": None, "ground-state": None, "states": None}
    assert chosen(plans(usual)) == (none, ("wavelet", 5.0))
    assert not plans(usual)[0].need.note
    order = []
    memory_gb = usual
    for _ in range(20):
        try:
            found = plans(memory_gb, machine={"threads_per_rank": 4})
        except InputError:
            break
        cutoffs, (solver, vacuum_a) = chosen(found)
        order.append((solver, cutoffs["relax"], vacuum_a, cutoffs["states"]))
        memory_gb = needed_gb(found) - 0.01
    savings = [
        (None, 5.0, None),
        (None, 5.0, 150.0),
        (None, 4.0, None),
        (None, 4.0, 150.0),
        (150.0, 5.0, 150.0),
        (150.0, 4.0, 150.0),
    ]
    assert order == [(solver, *each) for solver in ("wavelet", "multipole") for each in savings]


@pytest.mark.parametrize(
    "stated", [{"cutoff_ry": 300.0}, {"vacuum_a": 6.0}, {"poisson_solver": "wavelet"}]
)
def test_what_is_stated_stays_or_is_refused(stated):
    least = None
    for memory_gb in (200.0, 100.0, 60.0, 25.0, 15.0, 10.0, 2.0):
        try:
            found = plans(memory_gb, **SINGLE, **stated)
        except InputError as error:
            least = str(error)
            break
        for plan in found:
            assert stated.items() <= plan.settings.model_dump().items()
    assert least is not None and f"leave {next(iter(stated))} out" in least


def test_more_ranks_hold_margins_of_the_grids_more():
    one = needed_gb(plans(5000.0, **SINGLE))
    four = needed_gb(plans(5000.0, {"ranks_per_node": 4, "threads_per_rank": 1}, **SINGLE))
    assert 1.3 * one < four < 1.6 * one
    stated = {"cutoff_ry": 250.0, "vacuum_a": 5.0, "poisson_solver": "wavelet", **SINGLE}
    with pytest.raises(
        InputError, match=rf"one rank of 4 threads needs {one:.1f} GB: set nodes: 1"
    ):
        plans(one + 0.1, {"ranks_per_node": 4, "threads_per_rank": 1}, **stated)


def test_one_rank_is_taken_before_anything_else_is_given_up():
    """Ranks that are not stated."""
    one = needed_gb(plans(5000.0, **SINGLE))
    found = plans(one + 0.1, {"ranks_per_node": None}, **SINGLE)
    assert chosen(found) == ({"ground-state": None, "states": None}, ("wavelet", 5.0))
    assert {(plan.need.nodes, plan.need.ranks) for plan in found if plan.need.grid_points} == {
        (1, 1)
    }


def test_elements_whose_errors_were_not_measured_keep_their_cutoff():
    atoms = bulk("CdSe", "zincblende", a=6.05, cubic=True).repeat(2)
    atoms.pbc, atoms.cell = False, None
    with pytest.warns(GuessWarning):
        model = ec.Model.from_structure(atoms)
    settings = Cp2kSettings(**SINGLE)
    roomy = MachineSettings(memory_gb=5000.0, ranks_per_node=1)
    usual = needed_gb(planned_stages(model, settings, roomy))
    short = MachineSettings(memory_gb=0.99 * usual, ranks_per_node=1)
    found = planned_stages(model, settings, short)
    assert {plan.settings.cutoff_ry for plan in found} == {None}
    assert {plan.settings.vacuum_a for plan in found} == {4.0}


def test_the_inputs_are_those_of_the_plan(tmp_path):
    leanest = plans(poisson_solver="multipole", vacuum_a=4.0, cutoff_ry=150.0, **SINGLE)
    machine = MachineSettings(memory_gb=needed_gb(leanest) + 0.01, ranks_per_node=1)
    write_stages(rod(), Cp2kSettings(**SINGLE), machine, tmp_path)
    text = (tmp_path / "1-ground-state" / "ground-state.inp").read_text()
    a, b, c = map(float, re.search(r"ABC (\S+) (\S+) (\S+)", text).groups())
    assert b == c < a / 3
    assert "POISSON_SOLVER MULTIPOLE" in text and "CUTOFF 150.0" in text
    assert not check_input(tmp_path / "1-ground-state" / "ground-state.inp")
    script = (tmp_path / "1-ground-state" / "ground-state.job").read_text()
    asked = int(re.search(r"#SBATCH --mem=(\d+)M", script)[1])
    assert asked * 2**20 / 1e9 == pytest.approx(machine.memory_gb, abs=0.01)


def test_nothing_is_written_of_what_does_not_fit(tmp_path):
    rod().to_ase().write(tmp_path / "rod.xyz", format="xyz")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("structure: rod.xyz\nmachine: {memory_gb: 2}\n")
    done = CliRunner().invoke(app, ["inputs", str(recipe), "-o", str(tmp_path / "job")])
    assert isinstance(done.exception, InputError)
    assert not (tmp_path / "job").exists()
    recipe.write_text(
        "structure: rod.xyz\nmachine: {memory_gb: 24, ranks_per_node: 1, threads_per_rank: 8}\n"
    )
    done = CliRunner().invoke(app, ["inputs", str(recipe), "-o", str(tmp_path / "job")])
    assert done.exit_code == 0
    assert "to fit 24 GB" in " ".join(done.output.split()) and "1 × 1 × 8" in done.output


def test_a_crystal_that_does_not_fit_is_refused(tmp_path):
    bulk_of = System.of_crystal(ec.crystal("Pb3S2Cl2"))
    settings = PeriodicSettings(kpoints=(9, 9, 9))
    with pytest.raises(InputError, match=r"1-relax needs .* GB, .* more than the 0.5 there are"):
        write_periodic(bulk_of, settings, MachineSettings(memory_gb=0.5), tmp_path / "job")
    assert not (tmp_path / "job").exists()
