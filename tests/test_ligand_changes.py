"""What became of ligands between two geometries: bound, moved, off, broken."""

import tarfile
from dataclasses import replace

import numpy as np
import pytest
from conftest import FIXTURES

from epicarve.analysis.compare import Comparison, StructureOptions, ligand_kinds
from epicarve.builder.model import Model
from epicarve.workflow.tasks.structure import structure

FAST = StructureOptions(reach_a=6.0, two_theta_step_deg=2.0)
ACETATE = "ligand:acetate"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cube of 1.2 nm with twelve acetates, and where GFN1-xTB moved it."""
    where = tmp_path_factory.mktemp("covered")
    with tarfile.open(FIXTURES / "covered-acetate.tar.xz") as archive:
        archive.extractall(where, filter="data")
    return where / "covered-acetate"


@pytest.fixture(scope="module")
def model(folder):
    return Model.read(folder)


def atoms_of(model, ligand):
    """The atoms of an acetate: two C, two O, three H."""
    atoms = np.flatnonzero(model.domains == ACETATE).reshape(-1, 7)[ligand]
    assert "".join(model.symbols[atoms]) == "CCOOHHH"
    return atoms


def compare(model, after_a):
    return Comparison.of(
        model.symbols, model.positions_a, model.symbols, after_a, model=model, options=FAST
    )


def outward(model, atoms):
    way = model.positions_a[atoms].mean(axis=0) - model.positions_a.mean(axis=0)
    return way / np.linalg.norm(way)


def test_the_start_is_as_it_was_placed(model):
    (kind,) = ligand_kinds(compare(model, model.positions_a).ligands).values()
    assert (kind.n, kind.bound_before, kind.bound_after) == (12, 12, 12)
    assert (kind.came_off, kind.moved, kind.changed_mode, kind.changed_bonds) == (0, 0, 0, 0)
    assert kind.modes_before == kind.modes_after == model.report.ligands.kinds["acetate"].modes
    assert kind.nearest_before_a == pytest.approx(2.50, abs=0.01)  # the length it was placed at


def test_one_that_is_pulled_away_came_off(model):
    after_a, atoms = model.positions_a.copy(), atoms_of(model, 3)
    after_a[atoms] += 6.0 * outward(model, atoms)
    found = compare(model, after_a)
    changed = [each for each in found.ligands if each.fate != "bound"]
    told = [(each.fate, each.atoms) for each in changed]
    assert told == [("off", f"{atoms[0] + 1}-{atoms[-1] + 1}")]
    assert (changed[0].mode_after, changed[0].ions_after) == ("none", "")
    assert changed[0].is_whole
    assert ligand_kinds(found.ligands)["acetate"].came_off == 1
    # The crystal is laid onto itself, so it has not moved because a ligand has.
    assert found.as_dict()["rmsd_by"]["domain"]["CsPbBr3"] == 0.0
    back = compare_from(model, after_a)
    assert [each.fate for each in back.ligands].count("caught") == 1


def compare_from(model, before_a):
    """The comparison the other way round: from moved atoms to those of the model."""
    moved = replace(model, positions_a=before_a)
    return Comparison.of(
        model.symbols, before_a, model.symbols, model.positions_a, model=moved, options=FAST
    )


def test_one_that_goes_to_another_cation_moved(model):
    atoms = atoms_of(model, 3)
    start = compare(model, model.positions_a).ligands[3]
    home = int(start.ions_before.removeprefix("Pb")) - 1
    other = next(
        int(each.ions_before.removeprefix("Pb")) - 1
        for each in compare(model, model.positions_a).ligands
        if each.ions_before not in {start.ions_before, ""}
    )
    after_a = model.positions_a.copy()
    after_a[atoms] += model.positions_a[other] - model.positions_a[home]
    moved = compare(model, after_a).ligands[3]
    assert (moved.fate, moved.ions_after) == ("moved", f"Pb{other + 1}")


def test_a_second_cation_makes_it_bridging(model):
    start = compare(model, model.positions_a).ligands
    chosen = next(n for n, each in enumerate(start) if each.mode_before != "bridging")
    atoms = atoms_of(model, chosen)
    guest = int(start[chosen - 1].ions_before.split()[0].removeprefix("Pb")) - 1
    assert f"Pb{guest + 1}" not in start[chosen].ions_before
    oxygen = model.positions_a[atoms[2:4]]
    after_a = model.positions_a.copy()
    after_a[guest] = oxygen[0] + 2.5 * outward(model, atoms)
    found = compare(model, after_a).ligands[chosen]
    assert (found.fate, found.mode_after) == ("bound", "bridging")
    assert f"Pb{guest + 1}" in found.ions_after.split()


def test_a_proton_that_moves_is_told_of_both(model):
    giver, taker = atoms_of(model, 0), atoms_of(model, 5)
    after_a = model.positions_a.copy()
    free = model.positions_a[taker[2]] - model.positions_a[taker[0]]
    after_a[giver[4]] = model.positions_a[taker[2]] + 0.97 * free / np.linalg.norm(free)
    found = compare(model, after_a)
    hydrogen, carbon, oxygen = giver[4] + 1, giver[1] + 1, taker[2] + 1
    given, taken = found.ligands[0], found.ligands[5]
    assert given.lost_bonds in {f"C{carbon}-H{hydrogen}", f"C{giver[0] + 1}-H{hydrogen}"}
    assert given.new_bonds == taken.new_bonds == f"H{hydrogen}-O{oxygen}"
    assert (given.gave_proton, given.is_broken) == (True, False)
    assert (taken.gave_proton, taken.is_broken, taken.is_whole) == (False, False, False)
    kind = ligand_kinds(found.ligands)["acetate"]
    assert (kind.gave_proton, kind.broken, kind.changed_bonds) == (1, 0, 2)


def test_a_molecule_that_breaks_is_told(model):
    atoms = atoms_of(model, 7)
    after_a = model.positions_a.copy()
    to_hydrogen_a = np.linalg.norm(
        model.positions_a[atoms[:2]] - model.positions_a[atoms[4]], axis=1
    )
    after_a[[atoms[to_hydrogen_a.argmin()], *atoms[4:]]] += 1.5 * outward(model, atoms)
    found = compare(model, after_a).ligands[7]
    assert found.is_broken
    assert found.lost_bonds == f"C{atoms[0] + 1}-C{atoms[1] + 1}"


def test_what_gfn1_did_to_a_covered_cube(folder, tmp_path):
    """203 steps to rest: each acetate is at the Pb where it was placed, and whole."""
    told = structure(folder / "model.extxyz", folder / "relaxed.xyz", tmp_path, options=FAST)
    assert told["matched_by"] == "order"
    kind = told["ligands"]["acetate"]
    assert (kind["n"], kind["bound_before"], kind["bound_after"]) == (12, 12, 12)
    assert (kind["came_off"], kind["moved"], kind["changed_bonds"]) == (0, 0, 0)
    lines = (tmp_path / "ligands.csv").read_text().splitlines()
    assert len(lines) == 13
    assert lines[0].startswith("name,atoms,fate,mode_before,mode_after,ions_before")
    assert all(line.split(",")[2] == "bound" for line in lines[1:])
    assert {row["element"] for row in told["coordination"]} == {"Cs", "Pb", "Br"}
