"""The inputs of all examples before the real CP2K, schemas of versions and another parser."""

from pathlib import Path

import pytest
from cp2k_input_tools.parser import CP2KInputParserSimplified
from cp2k_program import assert_accepted

from epicarve.dft.check import check_input
from epicarve.dft.inputs import write_stages
from epicarve.dft.schema_xml import installed_xml
from epicarve.workflow.bulk import Bulk, write_bulk
from epicarve.workflow.inputs import inputs
from epicarve.workflow.new import EXAMPLES, example_names
from epicarve.workflow.recipe import read_recipe
from epicarve.workflow.series import members

STUDY = ("pb3s2cl2-sphere", "pb4s3cl2-hemisphere", "pb4s3cl2-cspbcl3")
NO_RECIPES = {"interfaces-of-the-study"}
"""Tables for `epicarve compare`."""

RECIPES = {
    f"{name}-{member}".removesuffix("-."): recipe
    for name in example_names()
    if name not in NO_RECIPES
    for whole in [read_recipe(Path(str(EXAMPLES / f"{name}.yaml")))]
    for member, recipe in (members(whole) if whole.series is not None else [(".", whole)])
}

pytestmark = pytest.mark.cp2k


@pytest.mark.parametrize("name", RECIPES)
def test_cp2k_accepts_every_input_of_every_example(name, tmp_path):
    recipe = RECIPES[name]
    built, chain = inputs(recipe, tmp_path)
    written = sorted(tmp_path.rglob("*.inp"))
    assert {tmp_path / stage.input for stage in chain} <= set(written)
    for path in written:
        assert_accepted(path)
        assert check_input(path) == ()
    for version in ("2024.1", "2026.2"):
        settings = recipe.cp2k.model_copy(update={"version": version})
        folder = tmp_path / version
        if isinstance(built, Bulk):
            chain = write_bulk(recipe.model_copy(update={"cp2k": settings}), folder)[1]
        else:
            chain = write_stages(built.model, settings, recipe.machine, folder)
        for stage in chain:
            assert check_input(folder / stage.input, version) == ()


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    schema = tmp_path_factory.mktemp("schema") / "cp2k_input.xml"
    schema.write_bytes(installed_xml())
    return CP2KInputParserSimplified(xmlspec=schema)


@pytest.mark.parametrize("name", STUDY)
def test_the_stages_of_the_study_by_another_parser(name, parser, tmp_path):
    built, chain = inputs(RECIPES[name], tmp_path)
    assert [stage.name for stage in chain] == ["prerelax", "relax", "ground-state", "states"]
    for stage in chain:
        with (tmp_path / stage.input).open() as stream:
            assert parser.parse(stream)["global"]["project_name"] == stage.name
    with (tmp_path / chain[-1].input).open() as stream:
        lists = sum(line.split() == ["&LDOS"] for line in stream)
    assert lists == built.model.n_atoms
