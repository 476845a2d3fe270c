"""The reference of docs/reference: current, whole, and true of what is read and written."""

import csv
import importlib
import io
import re
import shutil
import tomllib
from pathlib import Path

import make_command_reference
import make_file_reference
import make_recipe_reference
import pytest
import yaml
from pydantic import TypeAdapter
from typer.testing import CliRunner

import epicarve as ec
from epicarve.cli.main import app
from epicarve.options import Options
from epicarve.workflow.recipes import (
    BulkRecipe,
    HeterostructureRecipe,
    ParticleRecipe,
    StructureRecipe,
)

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
RECIPE = (REFERENCE / "recipe.md").read_text(encoding="utf-8")
COMMANDS = (REFERENCE / "command-line.md").read_text(encoding="utf-8")
FILES = (REFERENCE / "files.md").read_text(encoding="utf-8")
NAMED = {"BalanceOptions": "Balance", "TreatmentOptions": "Treatment", "LigandOptions": "Ligands"}
BLOCKS = {block.named(): block for block in make_recipe_reference.all_blocks()}


def section(page, title):
    """What stands below a heading, up to the next of the same rank."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^\1 |\Z)", page, re.M | re.S)
    assert found, title
    return found[2]


@pytest.mark.parametrize(
    "maker", [make_recipe_reference, make_command_reference, make_file_reference]
)
def test_the_pages_are_current(maker):
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), "make reference"


@pytest.mark.parametrize(
    "kind", [ParticleRecipe, HeterostructureRecipe, StructureRecipe, BulkRecipe]
)
def test_every_key_of_every_recipe_is_told(kind):
    """The keys are those of the JSON schema that pydantic makes of a kind of recipe."""
    schema = TypeAdapter(kind).json_schema(mode="serialization")
    blocks = {kind.named(): schema["properties"]}
    blocks |= {
        name: told["properties"] for name, told in schema["$defs"].items() if "properties" in told
    }
    n_keys = 0
    for name_of_schema, properties in blocks.items():
        name = NAMED.get(name_of_schema, name_of_schema.removesuffix("Spec"))
        told = section(RECIPE, name)
        for base in re.search(r"It has the keys of (.*) too\.|\Z", told)[0].split("](")[:-1]:
            told += section(RECIPE, base.rpartition("[")[2])
        for key in properties:
            row = re.search(rf"^\| `{key}` \| (.*) \| (.*) \| (.*) \| (.*) \| (.*) \|$", told, re.M)
            assert row, (name, key)
            kind_told, _, default, meaning, example = row.groups()
            assert kind_told and default, (name, key)
            assert len(meaning) > 3, (name, key)
            assert example, (name, key)
            n_keys += 1
    assert n_keys > 100


@pytest.mark.parametrize("name", make_recipe_reference.read_examples())
def test_the_examples_of_keys_are_read(name):
    for example in make_recipe_reference.read_examples()[name]:
        if "templates" not in example:  # a folder that has to be there
            assert isinstance(BLOCKS[name].model_validate(example), Options)


def test_every_option_of_every_command_is_told():
    """The options are those that the help of each command shows."""
    runner = CliRunner()
    names = re.findall(
        r"│ ([a-z]+) ", runner.invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    )
    assert len(names) == 22
    for name in names:
        shown = runner.invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output
        options = set(re.findall(r"(?<=[│ ,])--?[a-z][a-z0-9-]*(?=[ ,]|$)", shown)) - {
            "--help",
            "-h",
        }
        told = section(COMMANDS, f"epicarve {name}")
        for option in options:
            assert f"`{option}`" in told, (name, option)
        arguments = re.findall(r"^│ [* ] {4}([A-Za-z.]+)", shown, re.M)
        for argument in arguments:
            assert f"`{argument.upper()}" in told.upper(), (name, argument)


def told_columns(name):
    return re.findall(r"^\| `([^`]+)` \|", section(FILES, name), re.M)


def test_the_columns_of_files_are_told(tmp_path):
    """Of the files that commands write."""
    archive = ROOT / "tests" / "fixtures" / "cp2k-pb9s6cl6-orbitals.tar.xz"
    shutil.unpack_archive(archive, tmp_path / "run")
    groups = {"middle": "r<0.3nm"}
    result = ec.analyse_folder(
        tmp_path / "run",
        ipr_max=0.2,
        groups=groups,
        overlap_populations=[("Pb", "S")],
        transitions=True,
        figures={"formats": ["png"]},
    )
    result.write(tmp_path / "out")
    dot = ec.carve(ec.crystal("PbS"), ec.Sphere(diameter_nm=1.2))
    dot.write(tmp_path / "out")
    ec.structure(
        tmp_path / "out" / "model.extxyz", tmp_path / "out" / "model.extxyz", tmp_path / "s"
    )
    tables = [*(tmp_path / "out").glob("*.csv"), *(tmp_path / "s").glob("*.csv")]
    assert len(tables) == 10
    for path in tables:
        header = next(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        told = told_columns(path.name)
        for column in header:
            assert any(make_file_reference.matches(key, column) for key in told), (path, column)
    for name in ("model.extxyz", "traps.extxyz"):
        header = (tmp_path / "out" / name).read_text(encoding="utf-8").splitlines()[1]
        properties = re.search(r"Properties=(\S+)", header)[1].split(":")[::3]
        told = told_columns(name)
        assert all(any(make_file_reference.matches(k, p) for k in told) for p in properties)
    told = section(FILES, "model.json")
    model = yaml.safe_load((tmp_path / "out" / "model.json").read_text(encoding="utf-8"))
    assert all(f"`{key}`" in told for key in model)
    written = {path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".png"}
    assert all(f"{name}" in FILES for name in written)


def test_every_room_has_its_place_in_the_api():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pages = "".join(path.read_text(encoding="utf-8") for path in (REFERENCE / "api").glob("*.md"))
    told = re.findall(r"automodule:: (\S+)\n   :members:", pages)
    assert len(told) == len(set(told))
    packages = settings["tool"]["setuptools"]["packages"]
    public = {name for name in packages if getattr(importlib.import_module(name), "__all__", ())}
    assert set(told) == public - {"epicarve.cli"}
