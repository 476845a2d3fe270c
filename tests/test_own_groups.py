"""Groups of one's own: each way of naming them, what they show in, and what is refused."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.distance import cdist
from synthetic import BOND_A, particle, states_of
from typer.testing import CliRunner

import epicarve as ec
from epicarve.analysis.export import read_spectrum, states_csv, summarise, trap_atoms_csv, traps_csv
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.report import report_html
from epicarve.analysis.states import Analysis, KnownAtoms, Sites, own_groups
from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.cli.main import app
from epicarve.errors import InputError
from epicarve.workflow.recipes import read_recipe, with_files_beside, write_recipe

MODEL = particle(9.0)
STATES = states_of(MODEL)
SYMBOLS = tuple(MODEL.symbols.tolist())
APART_A = np.linalg.norm(MODEL.positions_a - MODEL.positions_a.mean(axis=0), axis=1)
HEIGHT_A = MODEL.positions_a - MODEL.positions_a.mean(axis=0)
NEAR = (
    (cdist(MODEL.positions_a, MODEL.positions_a) <= 3.2) & (MODEL.symbols[:, None] != MODEL.symbols)
).sum(axis=1)
PB = MODEL.symbols == "Pb"
NUMBER = np.arange(1, MODEL.n_atoms + 1)


def elsewhere():
    """The atoms as a run without a model tells them."""
    return KnownAtoms.of(SYMBOLS, positions_a=MODEL.positions_a)


def modelled():
    return KnownAtoms.of(SYMBOLS, MODEL)


WAYS = {
    "7-20,33": (NUMBER >= 7) & (NUMBER <= 20) | (NUMBER == 33),
    "Pb": PB,
    "S, Cl": ~PB,
    "Pb<6@3.2A": PB & (NEAR < 6),
    "Pb>=5@0.32nm": PB & (NEAR >= 5),
    "r<0.6nm": APART_A < 6.0,
    "3A <= r < 6A": (APART_A >= 3.0) & (APART_A < 6.0),
    "z>0.2nm": HEIGHT_A[:, 2] > 2.0,
    "x<-2Å": HEIGHT_A[:, 0] < -2.0,
    "(1,1,0)>0.25nm": HEIGHT_A[:, :2].sum(axis=1) / np.sqrt(2) > 2.5,
    "Pb<6@3.2A & z>0nm": PB & (NEAR < 6) & (HEIGHT_A[:, 2] > 0.0),
}
"""Ways that need coordinates at most, and the atoms by an own reckoning."""

OF_MODELS = {
    "Pb<6": PB & (MODEL.coordination < 6),
    "S=5": (MODEL.symbols == "S") & (MODEL.coordination == 5),
    "domain:PbS": MODEL.domains == "PbS",
    "position:surface & Cl": None,
}


@pytest.mark.parametrize("spec", WAYS)
@pytest.mark.parametrize("atoms", [elsewhere, modelled])
def test_each_way_of_naming_atoms(spec, atoms):
    groups = own_groups({"mine": spec}, atoms())
    assert groups.names == ("own:mine", "own:rest")
    np.testing.assert_array_equal(groups.members, [WAYS[spec], ~WAYS[spec]])
    assert 0 < WAYS[spec].sum() < MODEL.n_atoms
    shared = groups.weights(STATES.weights).sum(axis=0)
    np.testing.assert_allclose(shared, STATES.weights.sum(axis=0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("spec", OF_MODELS)
def test_ways_that_a_model_tells(spec):
    members = own_groups({"mine": spec}, modelled()).members[0]
    expected = OF_MODELS[spec]
    if expected is None:
        sites = Sites.of(SYMBOLS, MODEL)
        expected = (sites.positions == "surface") & (MODEL.symbols == "Cl")
    np.testing.assert_array_equal(members, expected)
    assert members.any()


def test_distance_from_the_interface():
    heights = MODEL.positions_a[:, 2]
    halves = replace(MODEL, domains=np.where(heights > 0.1, "PbS", "CsPbCl3"))
    members = own_groups({"near": "interface<0.2nm"}, KnownAtoms.of(SYMBOLS, halves)).members[0]
    np.testing.assert_array_equal(members, np.abs(heights - BOND_A / 2) < 2.0)
    assert members.any()


def test_domains_of_a_run_without_model_are_identified():
    model = carve(bundled_crystal("PbS"), Sphere(radius_a=9.0))
    far = np.array([[40.0, 0.0, 0.0]])  # an ion of no domain
    symbols = (*model.symbols.tolist(), "Pb")
    atoms = KnownAtoms.of(symbols, positions_a=np.vstack([model.positions_a, far]))
    groups = own_groups({"crystal": "domain:PbS"}, atoms)
    assert groups.members[0].tolist() == [True] * model.n_atoms + [False]
    with pytest.raises(InputError, match=r"no atom is of domain 'PbSe'; did you mean PbS\?"):
        own_groups({"crystal": "domain:PbSe"}, atoms)


def test_files_of_numbers_names_and_columns(tmp_path):
    numbers, names, column = (tmp_path / name for name in ("rim.txt", "all.txt", "own.xyz"))
    numbers.write_text("3\n1\n7\n\n")
    labels = np.where(PB, "metal", "rim")
    names.write_text("\n".join(labels.tolist()) + "\n")
    table = Atoms(SYMBOLS, MODEL.positions_a)
    table.arrays["shell"] = np.where(APART_A < 5.0, 1, 2)
    table.write(column, format="extxyz")
    for name, file, expected in (
        ("rim", {"file": numbers}, np.isin(NUMBER, [1, 3, 7])),
        ("rim", {"file": names}, ~PB),
        ("2", {"file": column, "column": "shell"}, APART_A >= 5.0),
    ):
        options = AnalysisOptions(groups={name: file})
        groups = own_groups(options.groups, elsewhere())
        np.testing.assert_array_equal(groups.members[0], expected)


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        (
            {"a": "1-40", "b": "r<99A"},
            r"groups a and b both hold atom 1 \(Pb|S|Cl\), the first of 40",
        ),
        ({"a": "Pb<1@3.2A"}, r"group a \(Pb<1@3.2A\): it holds no atom of the run; choose others"),
        ({"a": "1-4000"}, r"group a .*there is no atom \d+; those of the run count from 1 to \d+"),
        ({"a": "Br"}, r"group a \(Br\): there is no Br in the run; its elements are"),
        ({"a": "Pb<6"}, r"which atoms are bonded is known of models only; .*Pb<6@3.2A"),
        ({"a": "interface<1nm"}, r"no flat interface between two domains is known"),
        ({"a": "position:core"}, r"what is surface is known of models only"),
    ],
)
def test_groups_that_cannot_be_had_are_refused(groups, why):
    with pytest.raises(InputError, match=why):
        own_groups(groups, elsewhere())


def test_runs_without_places_and_runs_that_repeat():
    bare = KnownAtoms.of(SYMBOLS)
    assert own_groups({"a": "1-5"}, bare).members[0].sum() == 5
    with pytest.raises(InputError, match="distances from the centre need the coordinates"):
        own_groups({"a": "r<1nm"}, bare)
    periodic = KnownAtoms.of(SYMBOLS, positions_a=MODEL.positions_a, is_periodic=True)
    assert own_groups({"a": "z>0.2nm"}, periodic).members[0].any()
    for spec in ("r<1nm", "Pb<6@3.2A", "domain:PbS"):
        with pytest.raises(InputError, match="the run repeats in space"):
            own_groups({"a": spec}, periodic)


def test_files_of_other_atoms_are_refused(tmp_path):
    path = tmp_path / "rim.txt"
    for text, why in (
        ("rim\nrim\n", "2 lines for"),
        ("0\n", "there is no atom 0"),
        ("core\n" * MODEL.n_atoms, "no atom of rim.txt is of 'rim'; there are core"),
        ("", "holds no atom"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=why):
            own_groups(AnalysisOptions(groups={"rim": {"file": path}}).groups, elsewhere())
    with pytest.raises(InputError, match="can't be read"):
        own_groups(AnalysisOptions(groups={"rim": {"file": tmp_path}}).groups, elsewhere())
    Atoms(SYMBOLS[::-1], MODEL.positions_a).write(tmp_path / "x.xyz", format="extxyz")
    asked = {"rim": {"file": tmp_path / "x.xyz", "column": "species"}}
    with pytest.raises(InputError, match="is of other atoms than the run, or in another order"):
        own_groups(AnalysisOptions(groups=asked).groups, elsewhere())


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        ({"a": "Pb<"}, "groups: a: 'Pb<' chooses no atoms; choose atoms by numbers from 1"),
        ({"a": "9-3"}, "9-3 is no range of atoms; they count from 1"),
        ({"a": "0-3"}, "0-3 is no range"),
        ({"a": "r<3"}, "chooses no atoms"),
        ({"a": "(0,0,0)>1nm"}, "is no normal of a plane"),
        ({"rest": "Pb"}, "a group can't be called 'rest'"),
        ({"a:b": "Pb"}, "a group can't be called 'a:b'"),
        ({"a": 3}, "choose atoms by"),
        ({"a": {"path": "x"}}, "unknown key 'path'"),
        ("Pb", "by the name of each group"),
    ],
)
def test_what_names_no_atoms_is_refused_before_anything_is_read(groups, why):
    with pytest.raises(InputError, match=why.replace("(", r"\(").replace(")", r"\)")):
        AnalysisOptions(groups=groups)


@pytest.fixture(scope="module")
def analysis():
    options = AnalysisOptions(ipr_max=0.1, groups={"rim": "r>0.7nm", "lead": "Pb & r<=0.7nm"})
    return Analysis.of(states_of(MODEL), options, positions_a=MODEL.positions_a)


def test_weights_sum_to_the_total(analysis):
    (shares,) = [each for each in analysis.spectrum.shares if each.kind == "own"]
    assert shares.names == ("rim", "lead", "rest")
    np.testing.assert_allclose(
        shares.weights.sum(axis=0), analysis.states.weights.sum(axis=0), rtol=0, atol=1e-12
    )
    own = next(dos for dos in analysis.densities if dos.groups[0] == "own:rim")
    np.testing.assert_allclose(own.total, analysis.dos.total, rtol=0, atol=1e-9)


def test_groups_stand_in_tables_summary_and_report(analysis, tmp_path):
    header = states_csv(analysis).splitlines()[0].split(",")
    assert header[-3:] == ["w_own:rim", "w_own:lead", "w_own:rest"]
    summary = summarise(analysis)
    assert [*summary["groups"]] == ["rim", "lead", "rest"]
    assert sum(group["n_atoms"] for group in summary["groups"].values()) == MODEL.n_atoms
    for name, group in summary["groups"].items():
        if group["valence_edge_ev"] is None:
            told = {check["name"] for check in summary["checks"]}
            assert f"groups.{name}.valence_edge_ev" in told
    assert any("group rim holds" in summary["traps"][side]["sentence"] for side in summary["traps"])
    assert traps_csv(analysis).splitlines()[0].endswith("base_share,group")
    rows = list(csv.DictReader(trap_atoms_csv(analysis).splitlines()))
    groups = {int(row["atom"]): row["group"] for row in rows}
    assert all((name == "rim") == (APART_A[atom - 1] > 7.0) for atom, name in groups.items())
    page = report_html(analysis, summary)
    assert "<h2>Own groups</h2>" in page and "by own groups" in page
    analysis.write(tmp_path)
    again = read_spectrum(tmp_path)
    assert again.shared_by("own").names == ("rim", "lead", "rest")


def test_figures_show_own_groups_unless_told_otherwise(analysis):
    def legend(figure):
        return [text.get_text() for text in figure.legends[0].get_texts()]

    assert legend(analysis.plot())[:3] == ["rim", "lead", "rest"]
    assert "Pb" in legend(analysis.plot(groups="element"))
    other = ec.analyse(states_of(MODEL))
    assert "Pb" in legend(ec.plot([analysis, other]))


def test_a_run_made_elsewhere_on_the_command_line(runs, tmp_path):
    folder = runs("pb9s6cl6-orbitals")
    done = CliRunner().invoke(
        app,
        [
            *("analyse", str(folder), "-o", str(tmp_path / "out"), "--formats", "svg", "--json"),
            *("--group", "top=Pb<9@3.3A & z>0nm", "--group", "sulfur=S & z<=0nm"),
        ],
    )
    assert done.exit_code == 0, done.output
    groups = json.loads(done.stdout)["groups"]
    assert [*groups] == ["top", "sulfur", "rest"]
    assert sum(group["n_atoms"] for group in groups.values()) == 21
    for spec, why in (
        ("tip=file:" + str(tmp_path / "none.txt"), "can't be read"),
        ("tip", "name each group once"),
        ("tip=1-22", "there is no atom 22; those of the run count from 1 to 21"),
    ):
        done = CliRunner().invoke(app, ["analyse", str(folder), "--group", spec])
        assert isinstance(done.exception, InputError)
        assert why in str(done.exception)


def test_files_of_groups_lie_beside_the_recipe_and_go_with_it(tmp_path):
    (tmp_path / "rim.txt").write_text("1\n")
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "crystal: {name: PbS}\nshape: {kind: sphere, atoms: 60}\n"
        "analysis: {groups: {rim: {file: rim.txt}, lead: Pb & r<0.4nm}}\n"
    )
    recipe = read_recipe(path)
    assert recipe.analysis.groups["rim"].file == tmp_path / "rim.txt"
    write_recipe(recipe, tmp_path / "job")
    again = read_recipe(tmp_path / "job" / "recipe.yaml").analysis.groups
    assert again["rim"].file.read_text() == "1\n"
    assert again["rim"].file.is_relative_to(tmp_path / "job" / "files" / "groups")
    assert again["lead"] == "Pb & r<0.4nm"
    found = with_files_beside(recipe.as_dict(), tmp_path / "job")  # as model.json tells it
    assert found["analysis"]["groups"]["rim"]["file"] == again["rim"].file
    assert with_files_beside(recipe.as_dict(), tmp_path) == recipe.as_dict()
    shutil.rmtree(tmp_path / "job")
    (tmp_path / "rim.txt").unlink()
    with pytest.raises(InputError, match="no such file of a group"):
        write_recipe(recipe, tmp_path / "other")
