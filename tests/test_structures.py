"""Models of coordinates that are given: read, held against their charges, built, computed."""

import json
import shutil
import warnings

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import epicarve as ec
from epicarve.builder.exchange import WHOLE, model_of_structure
from epicarve.builder.geometry import BondRule
from epicarve.cli.main import app
from epicarve.errors import GuessWarning, InputError
from epicarve.files import read_json
from epicarve.workflow.recipes import StructureRecipe, read_recipe, write_recipe

PBS = {"Pb": 2, "S": -2}


def cube(n=2):
    """A cluster of 8 n³ ions of PbS."""
    atoms = bulk("PbS", "rocksalt", a=5.94, cubic=True).repeat(n)
    atoms.pbc, atoms.cell = False, None
    return atoms


def moved(model, rms_a=0.1):
    """The atoms of a model, turned, shifted and rattled, without anything that epicarve knows."""
    atoms = ase.Atoms(model.symbols.tolist(), model.positions_a)
    atoms.rattle(rms_a / np.sqrt(3.0), seed=1)
    atoms.rotate(40.0, (1, 2, 3))
    atoms.translate((7.0, -3.0, 1.0))
    return atoms


@pytest.fixture
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GuessWarning)
        yield


@pytest.mark.parametrize("name", ["PbS", "Pb3S2Cl2", "CsPbCl3"])
def test_a_carved_sphere_comes_back_from_its_bare_coordinates(name, tmp_path):
    crystal = ec.crystal(name)
    dot = ec.carve(crystal, ec.Sphere(diameter_nm=2.4))
    atoms = moved(dot)
    atoms.write(tmp_path / "dot.xyz", format="xyz", comment=" i = 3, E = -17.0")
    model = ec.Model.from_structure(tmp_path / "dot.xyz", crystals=[crystal])
    rule = BondRule.of(dot)
    there = rule.coordination(dot, atoms.positions)
    assert model.charges.tolist() == dot.charges.tolist()
    assert model.domain_names == (name,)
    assert model.coordination.tolist() == there.tolist()
    assert BondRule.of(model).limits_a == rule.limits_a
    assert model.n_components == dot.n_components == 1
    assert (model.bulk_coordination >= model.coordination).mean() > 0.99
    # where the site is not known, an ion counts as one of the surface only if it surely is one
    surely = there < np.array(
        [crystal.coordination[crystal.symbols == s].min() for s in dot.symbols]
    )
    assert model.is_surface.tolist() == surely.tolist()
    assert model.report.stoichiometry == dot.report.stoichiometry
    assert model.report.origins == dot.report.origins


def test_without_a_crystal_bonds_and_bulk_are_those_of_the_structure():
    with pytest.warns(GuessWarning) as told:
        model = ec.Model.from_structure(cube(), PBS)
    text = " ".join(str(one.message) for one in told)
    assert "bulk coordination taken from the structure itself: Pb 6, S 6" in text
    assert model.domain_names == (WHOLE,)
    assert set(model.bulk_coordination.tolist()) == {6}
    with_crystal = ec.Model.from_structure(cube(), crystals=[ec.crystal("PbS")])
    assert model.coordination.tolist() == with_crystal.coordination.tolist()
    assert model.report.stoichiometry is None
    assert model.report.domains[WHOLE].stoichiometry is None


def test_a_first_shell_alone_is_one_shell(quiet):
    """The six bonds of an octahedron differ by 1e-5 Å; no gap among them ends the shell."""
    steps = 2.9 * np.concatenate([np.eye(3), -np.eye(3)])
    steps[:, 0] *= 1.000004
    atoms = ase.Atoms("PbCl6", np.concatenate([np.zeros((1, 3)), steps]))
    model = ec.Model.from_structure(atoms, {"Pb": 2, "Cl": -1}, charge=-4)
    assert model.coordination.tolist() == [6, *[1] * 6]
    assert model.net_charge == -4


def test_elements_that_the_crystal_lacks_are_bonded_as_in_the_structure(quiet):
    atoms = cube()
    outer = [a.index for a in atoms if a.symbol == "S"][:2]
    atoms.symbols[outer] = "Cl"
    model = ec.Model.from_structure(atoms, crystals=[ec.crystal("PbS")], charge=2)
    rule = BondRule.of(model)
    assert rule.limits_a["PbS"]["Pb", "S"] == pytest.approx(ec.crystal("PbS").bond_rule["Pb", "S"])
    assert ("Pb", "Cl") in rule.limits_a["PbS"]
    assert (model.coordination[outer] > 0).all()


def test_models_are_written_and_read_without_loss(tmp_path, quiet):
    for number, crystals in enumerate([[], [ec.crystal("PbS")]]):
        model = ec.Model.from_structure(cube(), PBS, crystals=crystals)
        folder = tmp_path / str(number)
        model.write(folder)
        for again in (ec.Model.read(folder), ec.Model.from_ase(model.to_ase())):
            assert again == model
            assert again.report == model.report
        told = read_json(folder / "model.json")
        assert not {"edits", "plain_cut", "optimum"} & set(told)
        assert "edits" not in repr(model)


@pytest.mark.parametrize("kind", ["xyz", "extxyz", "pdb", "vasp", "cif"])
def test_files_of_many_kinds_give_the_same_bonds(kind, tmp_path, quiet):
    atoms = cube()
    if kind in {"vasp", "cif", "pdb"}:
        atoms.cell, atoms.pbc = [25.0, 26.0, 27.0], True
        atoms.translate((-4.0, 20.0, 0.0))
        atoms.wrap()  # the cluster lies across three faces
    path = tmp_path / f"cluster.{kind}"
    atoms.write(path, format={"pdb": "proteindatabank"}.get(kind, kind))
    model = ec.Model.from_structure(path)
    expected = ec.Model.from_structure(cube())
    assert model.counts == expected.counts
    assert np.bincount(model.coordination).tolist() == np.bincount(expected.coordination).tolist()
    assert model.diameter_nm == pytest.approx(expected.diameter_nm, abs=1e-3)


def test_the_last_frame_of_a_trajectory_counts(tmp_path, quiet):
    first, last = cube(), cube()
    last.positions[0] += 0.3
    ase.io.write(tmp_path / "relax-pos-1.xyz", [first, last], format="xyz")
    model = ec.Model.from_structure(tmp_path / "relax-pos-1.xyz")
    np.testing.assert_allclose(model.positions_a, last.positions, atol=1e-6)


def test_charges_of_a_file_count_ion_by_ion():
    atoms = ase.Atoms("FeOFeOO", [[2.0 * i, 0, 0] for i in range(5)])
    atoms.arrays["formal_charge"] = np.array([3, -2, 3, -2, -2])
    with pytest.warns(GuessWarning):
        model = ec.Model.from_structure(atoms)
    assert model.charges.tolist() == [3, -2, 3, -2, -2]
    swapped = cube()
    swapped.arrays["formal_charge"] = np.where(swapped.symbols == "Pb", -2, 2)
    with pytest.raises(InputError, match=r"Pb would be -2, but \+2 in PbS"):
        ec.Model.from_structure(swapped, crystals=[ec.crystal("PbS")])


def test_ions_of_one_sign_have_no_bonds(quiet):
    model = ec.Model.from_structure(ase.Atoms("Pb2", [[0, 0, 0], [4, 0, 0]]), {"Pb": 2}, charge=4)
    assert model.coordination.tolist() == [0, 0]
    assert model.n_components == 2


@given(n_removed=st.integers(1, 12), symbol=st.sampled_from(["Pb", "S"]))
def test_charges_that_do_not_sum_to_0_are_refused_unless_stated(n_removed, symbol):
    atoms = cube()
    del atoms[[atom.index for atom in atoms if atom.symbol == symbol][:n_removed]]
    total = 2 * n_removed * (-1 if symbol == "Pb" else 1)
    crystals = [ec.crystal("PbS")]
    with pytest.raises(InputError, match=rf"carry \{total:+d} e .* state charge: {total}"):
        ec.Model.from_structure(atoms, crystals=crystals)
    with pytest.raises(InputError, match=rf"\{total:+d} e .*but charge: {total + 1} is stated"):
        ec.Model.from_structure(atoms, crystals=crystals, charge=total + 1)
    assert ec.Model.from_structure(atoms, crystals=crystals, charge=total).net_charge == total


def repeated():
    return bulk("PbS", "rocksalt", a=5.94, cubic=True).repeat(3)


def layer():
    atoms = repeated()
    atoms.center(vacuum=10.0, axis=2)
    return atoms


def scaled(factor):
    atoms = cube()
    atoms.positions *= factor
    return atoms


def shared():
    atoms = cube()
    atoms.info["occupancy"] = {"0": {"Pb": 0.5, "Cs": 0.5}}
    return atoms


def incomplete():
    atoms = cube()
    del atoms[[atom.index for atom in atoms if atom.symbol == "Pb"][:1]]
    return atoms


def half_charged():
    atoms = cube()
    atoms.arrays["formal_charge"] = np.full(len(atoms), 0.5)
    return atoms


@pytest.mark.parametrize(
    ("atoms", "asked", "complaint"),
    [
        (repeated, {}, "repeats along a with 3.0 Å of vacuum"),
        (layer, {}, "repeats along a with"),
        (lambda: scaled(0.1), {}, "Å apart, closer than atoms can be"),
        (lambda: scaled(1.89), {}, "too far for any bond; give coordinates in Å"),
        (lambda: scaled(1.5), {"crystals": ["PbS"]}, "64 of 64 ions have no bond of PbS"),
        (shared, {}, "a site is occupied to 0.5"),
        (incomplete, {}, r"likeliest, Pb \+2, S -2, sum to -2 e\).*state charge: -2"),
        (half_charged, {}, "atom 1 has the formal_charge 0.5"),
        (cube, {"oxidation_states": {"Pb": 2, "Se": -2}}, "gives Se, which is not in it"),
        (cube, {"oxidation_states": {"Pb": 2.5, "S": -2}}, "not a whole number"),
        (
            cube,
            {"oxidation_states": {"Pb": 4, "S": -4}, "crystals": ["PbS"]},
            r"Pb would be \+4, but \+2 in PbS",
        ),
        (cube, {"crystals": ["Pb3S2Cl2"]}, "it holds no Cl of Pb3S2Cl2"),
        (cube, {"crystals": ["PbS", "CsPbCl3"]}, "nothing of CsPbCl3 is found"),
        (ase.Atoms, {}, "no atoms"),
        (lambda: "nowhere.xyz", {}, "there is no such file"),
        (lambda: 3, {}, "is of type int"),
        (lambda: ase.Atoms("XS", [[0, 0, 0], [3, 0, 0]]), {}, "atom 1 is no element"),
    ],
)
def test_what_is_no_cluster_of_known_charges_is_refused(atoms, asked, complaint):
    names = asked.get("crystals", [])
    asked = {**asked, "crystals": [ec.crystal(name) for name in names]}
    with pytest.raises(InputError, match=complaint):
        ec.Model.from_structure(atoms(), **asked)


def test_covalent_bonds_are_told():
    atoms = ase.Atoms("PbSSPb", [[0, 0, 0], [2.7, 0, 0], [4.8, 0, 0], [7.5, 0, 0]])
    with pytest.warns(GuessWarning, match="covalent bonds counted as single ions: 1 S2"):
        ec.Model.from_structure(atoms)


def test_domains_of_several_crystals_are_taken_where_they_are_known(quiet):
    atoms = cube()
    second = ase.Atoms(
        "Cs2PbCl4",
        [[20, 0, 0], [20, 8, 0], [20, 4, 0], [20, 4, 2.9], [20, 4, -2.9], [23, 4, 0], [17, 4, 0]],
    )
    domains = ["PbS"] * len(atoms) + ["CsPbCl3"] * len(second)
    crystals = [ec.crystal("PbS"), ec.crystal("CsPbCl3")]
    model = model_of_structure(atoms + second, crystals=crystals, domains=domains)
    assert model.domain_names == ("PbS", "CsPbCl3")
    assert set(model.bulk_coordination[model.symbols == "Cs"].tolist()) == {12}
    with pytest.raises(InputError, match="domains have to name one of PbS, CsPbCl3, whole"):
        model_of_structure(atoms + second, crystals=crystals, domains=domains[1:])


RECIPE = """
structure:
  file: cluster.xyz
  oxidation_states: {Pb: 2, S: -2}
  crystals: [PbS]
engine: xtb
xtb: {max_steps: 3}
"""


@pytest.fixture
def recipe(tmp_path):
    def write(text=RECIPE, n=1):
        cube(n).write(tmp_path / "cluster.xyz", format="xyz")
        path = tmp_path / "recipe.yaml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    "text", [RECIPE, "structure: cluster.xyz\n", RECIPE.replace("[PbS]", "[galena.cif]")]
)
def test_recipes_go_where_their_files_go(text, recipe, tmp_path):
    path = recipe(text)
    shutil.copyfile(path.with_name("cluster.xyz"), path.with_name("galena.cif"))  # not read here
    read = read_recipe(path)
    assert isinstance(read, StructureRecipe)
    assert read.structure.file == tmp_path / "cluster.xyz"
    write_recipe(read, tmp_path / "there")
    again = read_recipe(tmp_path / "there" / "recipe.yaml")
    assert again.structure.file.read_bytes() == read.structure.file.read_bytes()
    assert [spec.file is None for spec in again.structure.crystals] == [
        spec.file is None for spec in read.structure.crystals
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("engine: xtb", "shape: {kind: sphere, atoms: 60}"), "shape can't stand beside structure"),
        (("S: -2", "S: -1.5"), "not a whole number"),
        (("  file: cluster.xyz\n", ""), "structure.file: missing"),
        (("file:", "files:"), "unknown key 'files'; did you mean file"),
    ],
)
def test_each_mistake_of_a_recipe_is_one_sentence(change, complaint, recipe):
    with pytest.raises(InputError, match=complaint):
        read_recipe(recipe(RECIPE.replace(*change)))


def test_a_structure_is_built_run_and_compared(recipe, tmp_path):
    path = recipe()
    built = CliRunner().invoke(app, ["build", str(path), "-o", str(tmp_path / "model")])
    assert built.exit_code == 0, built.output
    assert "model and picture in" in built.stdout
    assert "edits" not in built.stdout
    summary = ec.run(path, tmp_path / "job")
    assert summary["n_electrons"] == 40
    assert list(summary["domains"]) == ["PbS"]
    assert summary["provenance"]["model"]["structure"]["source"] == "file cluster.xyz"
    report = (tmp_path / "job" / "report.html").read_text()
    assert "cluster.xyz" in report and "edits" not in report and "optimum" not in report
    compared = ec.structure(tmp_path / "job")
    assert compared["coordination"] is not None and compared["rmsd_a"] > 0.0


def test_inputs_keep_the_geometry_or_tell_that_they_do_not(recipe, tmp_path):
    path = recipe("structure: {file: cluster.xyz, oxidation_states: {Pb: 2, S: -2}}\n")
    told = CliRunner().invoke(app, ["inputs", str(path), "-o", str(tmp_path / "job")])
    assert "cluster.xyz is relaxed before its states are computed" in " ".join(told.output.split())
    kept = path.with_name("kept.yaml")
    kept.write_text(path.read_text() + "cp2k: {prerelax: null, relax: null}\n")
    told = CliRunner().invoke(app, ["inputs", str(kept), "-o", str(tmp_path / "kept"), "--json"])
    found = json.loads(told.stdout)
    assert [stage["name"] for stage in found["stages"]] == ["ground-state", "states"]
    assert found["notes"] == []


def test_output_of_others_is_analysed_with_coordinates_as_model(runs, tmp_path):
    folder = tmp_path / "job"
    shutil.copytree(runs("pb9s6cl6"), folder)
    known = ec.analyse_folder(folder)
    states = folder / "4-states" if (folder / "4-states").is_dir() else folder
    model = known.model
    ase.Atoms(model.symbols.tolist(), model.positions_a + 3.0).write(tmp_path / "x.xyz")
    (folder / "model.extxyz").unlink()
    asked = [
        "analyse",
        str(states),
        "-o",
        str(tmp_path / "out"),
        "--model",
        str(tmp_path / "x.xyz"),
    ]
    done = CliRunner().invoke(app, [*asked, "--charges", "Pb=2,S=-2,Cl=-1", "--json"])
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert list(summary["domains"]) == [WHOLE]
    assert summary["homo_lumo_gap_ev"] == pytest.approx(known.summary()["homo_lumo_gap_ev"])
    wrong = CliRunner().invoke(app, [*asked, "--charges", "Pb=4,S=-2,Cl=-1"])
    assert isinstance(wrong.exception, InputError)
    backwards = ase.io.read(tmp_path / "x.xyz")[::-1]
    backwards.write(tmp_path / "x.xyz")
    with pytest.raises(InputError, match="in another order"):
        ec.analyse_folder(states, model=tmp_path / "x.xyz")
    with pytest.raises(InputError, match="oxidation_states are for a model of coordinates"):
        ec.analyse_folder(states, oxidation_states={"Pb": 2})


def test_which_ions_belong_to_which_of_two_crystals_is_found(quiet):
    parts = [ec.carve(ec.crystal(name), ec.Sphere(diameter_nm=2.2)) for name in ("PbS", "CsPbCl3")]
    shift_a = parts[0].positions_a[:, 0].max() - parts[1].positions_a[:, 0].min() + 3.0
    atoms = parts[0].to_ase() + parts[1].to_ase()
    atoms.positions[parts[0].n_atoms :, 0] += shift_a
    bare = Atoms(atoms.get_chemical_symbols(), positions=atoms.positions)
    order = np.random.default_rng(1).permutation(len(bare))
    belongs = np.repeat(["PbS", "CsPbCl3"], [part.n_atoms for part in parts])[order]
    crystals = [ec.crystal("CsPbCl3"), ec.crystal("PbS")]
    model = ec.Model.from_structure(bare[order], crystals=crystals)
    assert (model.domains == belongs).all()
    assert (model.charges == np.concatenate([part.charges for part in parts])[order]).all()
    with pytest.raises(ec.InputError, match="nothing of CsPbCl3 is found in it"):
        ec.Model.from_structure(cube(), crystals=crystals)
