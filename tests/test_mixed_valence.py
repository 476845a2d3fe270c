"""Elements of several charges from the file to models, tables and commands."""

import json

import numpy as np
import pytest
from test_oxidation import CUBIC, MAGNETITE, cif_text, spinel
from typer.testing import CliRunner

from epicarve.builder.carve import carve
from epicarve.builder.cif import crystal_cif, read_cif
from epicarve.builder.optimise import Substitution, TreatmentOptions
from epicarve.builder.output import listed_charges
from epicarve.builder.shapes import Sphere
from epicarve.cli.main import app
from epicarve.errors import InputError
from epicarve.workflow.recipes import read_recipe
from epicarve.workflow.tasks.build import build
from epicarve.workflow.tasks.crystals import describe
from epicarve.workflow.tasks.interface import read_pairs

pytestmark = pytest.mark.filterwarnings("ignore::epicarve.errors.GuessWarning")

COBALT_OXIDE = spinel("Co", 8.084, 0.2631)  # Smith & Hobson 1973
MAGNESIA = cif_text(
    "F m -3 m", (4.212,) * 3 + CUBIC, [("Mg", "Mg", 0, 0, 0), ("O", "O", 0.5, 0.5, 0.5)]
)


@pytest.fixture
def folder(tmp_path):
    for name, text in (("Co3O4", COBALT_OXIDE), ("Fe3O4", MAGNETITE), ("MgO", MAGNESIA)):
        (tmp_path / f"{name}.cif").write_text(text, encoding="utf-8")
    return tmp_path


def test_each_ion_of_a_model_carries_the_charge_of_its_site(folder):
    crystal = read_cif(folder / "Co3O4.cif")
    model = carve(crystal, Sphere(radius_a=7.0))
    np.testing.assert_array_equal(model.charges, crystal.oxidation_states[model.sites])
    assert model.charges.sum() == 0
    assert {2, 3} <= set(model.charges.tolist())


def test_tables_list_all_charges_of_an_element(folder):
    crystal = read_cif(folder / "Co3O4.cif")
    assert crystal.charges_of == {"Co": (2, 3), "O": (-2,)}
    assert listed_charges(crystal) == {"Co": [2, 3], "O": -2}
    assert describe(crystal)["oxidation_states"] == {"Co": [2, 3], "O": -2}


def test_a_written_crystal_is_read_with_the_same_charges(folder):
    crystal = read_cif(folder / "Co3O4.cif")
    (folder / "again.cif").write_text(crystal_cif(crystal), encoding="utf-8")
    again = read_cif(folder / "again.cif")
    assert again.notes == ()
    assert sorted(again.oxidation_states.tolist()) == sorted(crystal.oxidation_states.tolist())


def test_a_substitute_of_several_charges_has_to_be_given_one(folder):
    crystal = read_cif(folder / "Fe3O4.cif", {"Fe1": 2, "Fe2": 3, "O": -2})
    assert Substitution(replace="Fe", by="Mg", charge=2).charge_in(crystal) == 2
    cobalt = read_cif(folder / "Co3O4.cif")
    both = cobalt.__class__(
        **{
            **{name: getattr(cobalt, name) for name in ("name", "cell_a", "fractional")},
            "symbols": np.where(np.arange(cobalt.n_sites) == 0, "Mg", cobalt.symbols),
            "oxidation_states": cobalt.oxidation_states,
        }
    )
    with pytest.raises(InputError, match=r"Co carries \+2 or \+3.* give the substitution a charge"):
        Substitution(replace="Mg", by="Co").charge_in(both)
    with pytest.raises(InputError, match=r"can't replace Fe of charge \+2"):
        Substitution(replace="Fe", by="O").charge_in(crystal)


def test_a_salt_of_a_cation_of_several_charges_is_neutral(folder):
    crystal, ball = read_cif(folder / "Co3O4.cif"), Sphere(radius_a=8.0)
    options = TreatmentOptions(kind="halide_rich", halide="Cl", cation="Co", coverage=0.05)
    treated = carve(crystal, ball, treatment=options)
    assert treated.net_charge == 0
    assert treated.counts["Cl"] >= 2


RECIPE = """
crystal:
  file: Fe3O4.cif
  oxidation_states: {STATES}
shape: {kind: sphere, diameter_nm: 1.4}
"""


def recipe(folder, states):
    path = folder / "recipe.yaml"
    path.write_text(RECIPE.replace("STATES", states), encoding="utf-8")
    return path


def test_a_recipe_takes_charges_by_label(folder):
    built = build(recipe(folder, "Fe1: 2, Fe2: 3, O: -2"))
    told = built.summary["provenance"]["crystal"]["Fe3O4"]
    assert told["oxidation_states"] == {"Fe": [2, 3], "O": -2}
    assert built.model.net_charge == 0
    assert set(built.model.charges[built.model.symbols == "Fe"].tolist()) == {2, 3}


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ("Fe: 2.67, O: -2", r"recipe\.yaml.*Fe 2\.67, not a whole number.*Fe1: 3"),
        ("Fe: .nan, O: -2", "not a whole number"),
        ("Fe: many, O: -2", "takes a number"),
    ],
)
def test_a_recipe_rounds_no_charge(folder, states, told):
    with pytest.raises(InputError, match=told) as error:
        read_recipe(recipe(folder, states))
    assert "\n" not in str(error.value)


def test_a_table_of_pairs_takes_charges_by_label(folder):
    path = folder / "pairs.yaml"
    states = "{Fe1: 2, Fe2: 3, O: -2}"
    path.write_text(
        f"pairs: [{{film: {{file: Fe3O4.cif, oxidation_states: {states}}}, substrate: PbS}}]"
    )
    assert read_pairs(path).pairs[0].film.oxidation_states == {"Fe1": 2, "Fe2": 3, "O": -2}


def interface(folder, *options):
    faces = ["--film-hkl", "1,0,0", "--substrate-hkl", "1,0,0", "--max-area", "40", "-n", "1"]
    arguments = [str(folder / "Fe3O4.cif"), str(folder / "MgO.cif"), *faces, *options]
    return CliRunner().invoke(app, ["interface", *arguments])


def test_magnetite_on_magnesia_with_charges_given(folder):
    found = interface(
        folder, "--film-charges", "Fe1=2,Fe2=3+,O=-2", "--slab", "1", "-o", str(folder / "out")
    )
    assert found.exit_code == 0, found.output
    told = json.loads((folder / "out" / "slab-1" / "model.json").read_text())
    assert told["provenance"]["crystal"]["Fe3O4"]["oxidation_states"] == {"Fe": [2, 3], "O": -2}
    notes = json.loads((folder / "out" / "interface.json").read_text())["notes"]
    assert notes == ["MgO: oxidation states guessed from the composition: Mg +2, O -2"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "--film-charges"),
        (("--film-charges", "Fe1=2.5,O=-2"), "Fe1=2.5 gives no whole charge"),
        (("--film-charges", "Fe1"), "Fe1 gives no whole charge"),
        (("--film-charges", "=2"), "=2 gives no whole charge"),
        (("--film-charges", "Fe9=2,Fe=3,O=-2"), "names Fe9"),
        (("--film-charges", "Fe=3,O=-2"), "carries +8 e"),
    ],
)
def test_charges_of_the_command_given_wrongly(folder, options, told):
    found = interface(folder, *options)
    assert isinstance(found.exception, InputError)
    assert told in str(found.exception)


def test_a_bundled_crystal_takes_no_charges():
    arguments = ["PbS", "CsPbCl3", "--film-charges", "Pb=2"]
    found = CliRunner().invoke(app, ["interface", *arguments])
    assert "but PbS is a bundled crystal" in str(found.exception)
