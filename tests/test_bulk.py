"""Bulk crystals from recipe to crystal.cif: with a stand-in for CP2K, and with CP2K."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from epicarve.builder.cif import read_cif
from epicarve.builder.library import bundled_crystal
from epicarve.cli.main import app
from epicarve.dft.check import check_input
from epicarve.dft.cp2k_input import versions
from epicarve.dft.output import OutputReader
from epicarve.dft.run import local_environment
from epicarve.errors import InputError
from epicarve.workflow.recipes import is_series, parse_recipe, read_recipe
from epicarve.workflow.tasks.build import build
from epicarve.workflow.tasks.bulk import BULK_COLUMNS
from epicarve.workflow.tasks.campaign import campaign
from epicarve.workflow.tasks.inputs import inputs
from epicarve.workflow.tasks.new import example_names, new
from epicarve.workflow.tasks.run import run
from epicarve.workflow.tasks.series import members

EXAMPLES = Path(__file__).parents[1] / "examples"
BULK_EXAMPLES = [name for name in example_names() if name.startswith("bulk-")]

# Takes the geometry as it is for the relaxed one; its energy depends on the order of the ions. The
# file "verdict" in the folder named by the environment says how it ends.
STAND_IN = """#!/bin/bash
[ "$(cat "$VERDICTS/verdict" 2>/dev/null)" = stuck ] && stuck=yes
cat relax.xyz >>relax-pos-1.xyz
n=$(head -n 1 relax.xyz)
energy=-$((100 + $(grep -n "^S " relax.xyz | tail -n 1 | cut -d: -f1))).5
{
  echo " CP2K| version string:                                       CP2K version 2023.1"
  echo " OPTIMIZATION STEP:      1"
  echo "  *** SCF run converged in     8 steps ***"
  echo " ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]:             $energy"
  echo " ATOMIC FORCES in [a.u.]"
  echo
  echo " # Atom   Kind   Element          X              Y              Z"
  for i in $(seq "$n"); do
    sign=$([ $((i % 2)) = 0 ] && echo - || echo " ")
    echo "     $i      1      Pb         ${sign}0.00020000     0.00000000     0.00000000"
  done
  echo " SUM OF ATOMIC FORCES           0.00000000     0.00000000     0.00000000     0.00000000"
  [ -n "$stuck" ] || echo " ***        GEOMETRY OPTIMIZATION COMPLETED        ***"
  echo "  **** **** ******  **  PROGRAM ENDED AT"
} >relax.out
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "cp2k.psmp"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("VERDICTS", str(tmp_path))
    return tmp_path


def test_a_relaxed_crystal_is_computed_wherever_it_shows(stand_in, capsys):
    recipe = stand_in / "recipe.yaml"
    recipe.write_text("crystal: {name: PbS}\nbulk: {}\n")
    out = stand_in / "out"
    assert main_code(["run", str(recipe), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((out / "bulk.json").read_text())
    assert (told["status"], told["kept_symmetry"]) == ("computed", True)
    assert told["n_formula_units"] == 1
    assert told["energy_ev_per_formula_unit"] == told["energy_ev"] < 0.0
    assert told["max_force_ev_a"] == pytest.approx(2e-4 * 27.211386 / 0.529177, abs=1e-5)
    assert told["rms_displacement_a"] == 0.0
    start = told.pop("start")
    for key in ("cell", "density_g_cm3", "bonds_a", "contacts_a", "coordination", "space_group"):
        assert start[key] == told[key]
    crystal = read_cif(out / "crystal.cif")
    assert crystal.status == "computed"
    assert "CP2K 2023.1" in crystal.derivation
    assert "2.0e-04 hartree/bohr" in crystal.derivation
    assert crystal.source == bundled_crystal("PbS").source
    # A recipe takes the file, and what is built from it says so.
    (stand_in / "dot.yaml").write_text(
        "crystal: {file: out/crystal.cif}\nshape: {kind: sphere, diameter_nm: 0.6}\n"
    )
    assert main_code(["build", str(stand_in / "dot.yaml"), "-o", str(stand_in / "dot")]) == 0
    assert "# Computed crystal: crystal." in (stand_in / "dot" / "model.cif").read_text()
    main_code(["run", str(recipe), "-o", str(out)])
    assert "crystal.cif, for recipes to take" in capsys.readouterr().out


def main_code(arguments):
    with pytest.raises(SystemExit) as ended:
        app(arguments)
    return ended.value.code


def test_a_relaxation_that_does_not_converge_fails_and_goes_on(stand_in):
    recipe = parse_recipe({"crystal": {"name": "PbS"}, "bulk": {}})
    (stand_in / "verdict").write_text("stuck")
    with pytest.raises(InputError, match="did not converge in 1 steps"):
        run(recipe, stand_in / "out")
    assert not (stand_in / "out" / "crystal.cif").exists()
    trajectory = stand_in / "out" / "1-relax" / "relax-pos-1.xyz"
    moved = trajectory.read_text().replace("0.00000000", "0.00100000")
    trajectory.write_text(moved)
    (stand_in / "verdict").unlink()
    results = run(recipe, stand_in / "out")
    assert results["n_steps"] == 1
    # it went on from where the atoms were, not from the start
    assert (stand_in / "out" / "1-relax" / "relax.xyz").read_text() == moved


def test_orderings_are_ranked_by_energy(stand_in):
    new("bulk-pb3s2cl2-orderings", stand_in / "orderings.yaml")
    assert (stand_in / "pb3s2cl2-shared-sites.cif").is_file()
    with pytest.raises(InputError, match="exists already"):
        new("bulk-pb3s2cl2-orderings", stand_in / "another.yaml")
    orderings = (stand_in / "orderings.yaml").read_text()
    (stand_in / "orderings.yaml").write_text(orderings.replace("[1, 2, 3, 4, 5, 6]", "[6, 1]"))
    rows = campaign(stand_in / "orderings.yaml", stand_in / "out", n_jobs=2).rows()
    assert [tuple(row) for row in rows] == [BULK_COLUMNS] * 2
    assert {row["state"] for row in rows} == {"done"}
    low, high = (row["energy_ev_per_formula_unit"] for row in rows)
    assert low < high
    assert [row["above_lowest_ev"] for row in rows] == [0.0, pytest.approx(high - low, abs=1e-4)]
    table = (stand_in / "out" / "campaign.csv").read_text().splitlines()
    assert table[0] == ",".join(BULK_COLUMNS)
    assert table[1].startswith(f"{rows[0]['name']},done,Pb3S2Cl2,Cc,")
    results = [json.loads((stand_in / "out" / r["name"] / "bulk.json").read_text()) for r in rows]
    assert {tuple(each["ordering"].values()) for each in results} == {
        ("Cl", "S", "S", "Cl"),
        ("Cl", "Cl", "S", "S"),
    }


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"crystal": None}, "crystal missing beside bulk"),
        ({"shape": {"kind": "sphere", "diameter_nm": 2}}, "shape can't stand beside bulk"),
        ({"analysis": {"ipr_max": 0.1}}, "analysis can't stand beside bulk"),
        ({"engine": "xtb"}, "CP2K alone"),
        ({"cp2k": {"relax": None}}, "has to converge"),
        ({"cp2k": {"relax": {"must_converge": False}}}, "has to converge"),
        ({"cp2k": {"vacuum_a": 4}}, "cp2k.vacuum_a has no meaning"),
        ({"bulk": {"kpoint_spacing_per_a": 0}}, "greater than 0"),
        ({"bulk": {"kpoint_spacing": 1}}, "did you mean kpoint_spacing_per_a"),
        ({"series": {"diameter_nm": [2]}}, "series.diameter_nm is for particles"),
        ({"series": {"shape": [{"kind": "sphere", "atoms": 50}]}}, "series.shape is for particles"),
    ],
    ids=str,
)
def test_what_is_no_bulk_recipe(change, complaint):
    data = {"crystal": {"name": "PbS"}, "bulk": {}, **change}
    data = {key: value for key, value in data.items() if value is not None}
    with pytest.raises(InputError, match=complaint):
        parse_recipe(data)


def test_a_bulk_recipe_makes_no_model(tmp_path):
    recipe = tmp_path / "bulk.yaml"
    recipe.write_text("crystal: {name: PbS}\nbulk: {}\n")
    with pytest.raises(InputError, match="makes no model"):
        build(recipe, tmp_path / "out")
    with pytest.raises(InputError, match="CP2K alone"):
        run(recipe, tmp_path / "out", engine="xtb")


@pytest.mark.parametrize("version", versions())
@pytest.mark.parametrize("name", BULK_EXAMPLES)
def test_inputs_of_the_examples_pass_our_check(name, version, tmp_path):
    (stage,) = example_inputs(name, tmp_path, version)
    assert check_input(tmp_path / stage.input, version) == ()


def example_inputs(name, folder, version="2023.1"):
    recipe = read_recipe(EXAMPLES / f"{name}.yaml")
    if is_series(recipe):
        recipe = members(recipe)[0][1]
    cp2k = recipe.cp2k.model_copy(update={"version": version})
    return inputs(recipe.model_copy(update={"cp2k": cp2k}), folder)[1]


@pytest.mark.parametrize(
    "line",
    [
        "  Internal Pressure [bar]    =     -9709.1634622951",
        " OPT| Internal pressure [bar]                                    -9709.1634622951",
        " OPT| Internal pressure [GPa]                                       -0.9709163462",
    ],
)
def test_pressure_of_a_step(line):
    reader = OutputReader()
    old = " --------  Informations at step =     1 ------------"
    reader.feed([" OPT| Step number     1" if "OPT|" in line else old, line])
    assert reader.steps[-1].pressure_gpa == pytest.approx(-0.97091634622951)


QUICK = {
    "crystal": {"name": "PbS"},
    "bulk": {"variable_cell": True, "kpoint_spacing_per_a": 1.0},
    "cp2k": {
        "basis": "SZV-MOLOPT-SR-GTH",
        "cutoff_ry": 80,
        "rel_cutoff_ry": 25,
        "eps_default": 1e-7,
        "eps_scf": 1e-5,
        "relax": {"max_force_hartree_bohr": 2e-3},
    },
}


@pytest.mark.cp2k
def test_a_cell_that_relaxes_goes_on_where_it_was_killed(tmp_path):
    """Cell, atoms and density matrix are taken up; the galena stays cubic."""
    recipe = parse_recipe(QUICK)
    inputs(recipe, tmp_path)
    folder = tmp_path / "1-relax"
    begun = subprocess.Popen(
        ["./run.sh"],
        cwd=tmp_path,
        env={**local_environment("cp2k.psmp"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not (folder / "relax-1.restart.bak-1").exists() and begun.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(begun.pid, 9)
    begun.wait()
    told = []
    results = run(recipe, tmp_path, on_progress=told.append)
    text = (folder / "relax.out").read_text()
    first = re.search(r"CELL\| Volume \[angstrom\^3\]:?\s+(\S+)", text)
    assert first is not None
    assert abs(float(first[1]) - 5.936**3 / 4) > 0.05  # not the volume of the start
    assert "This file does" not in text  # the density matrix was there
    assert results["kept_symmetry"]
    a, b, c, *angles = results["cell"]
    assert a == b == c
    assert angles == [90.0] * 3
    assert abs(results["pressure_gpa"]) < 0.1
    assert results["bonds_a"] == {"Pb-S": [round(a / 2, 3)]}
    crystal = read_cif(tmp_path / "crystal.cif")
    assert crystal.space_group == "F m -3 m"
    np.testing.assert_allclose(crystal.cell_a, a * np.eye(3), atol=1e-9)
