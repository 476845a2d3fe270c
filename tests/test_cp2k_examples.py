"""The inputs of all examples before the real CP2K, schemas of versions and another parser."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cp2k_input_tools.parser import CP2KInputParserSimplified
from cp2k_program import assert_accepted
from crystal_prototypes import PROTOTYPES

from epicarve.builder.carve import carve
from epicarve.builder.shapes import Sphere
from epicarve.dft.check import check_input
from epicarve.dft.run import installed_xml
from epicarve.dft.settings import Cp2kSettings, MachineSettings, PeriodicSettings
from epicarve.dft.write import RESOURCES, System, write_periodic, write_stages
from epicarve.workflow.recipes import is_series, read_recipe
from epicarve.workflow.tasks.bulk import Bulk, write_bulk
from epicarve.workflow.tasks.inputs import inputs
from epicarve.workflow.tasks.new import EXAMPLES, example_names
from epicarve.workflow.tasks.series import members

STUDY = ("pb3s2cl2-sphere", "pb4s3cl2-hemisphere", "pb4s3cl2-cspbcl3")
NO_RECIPES = {"interfaces-of-the-study"}
"""Tables for `epicarve compare`."""

RECIPES = {
    f"{name}-{member}".removesuffix("-."): recipe
    for name in example_names()
    if name not in NO_RECIPES
    for whole in [read_recipe(Path(str(EXAMPLES / f"{name}.yaml")))]
    for member, recipe in (members(whole) if is_series(whole) else [(".", whole)])
}

SAME_INPUTS = re.compile("pb4s3cl2-cspbcl3-c|pb4s3x2-series-(Br-to|unchanged-[23])")
"""Recipes whose inputs differ from those of another example by elements and coordinates alone; CP2K
itself, which needs seconds for each, is asked of that one only."""

BESIDE_THE_MODEL = {"cp2k", "machine", "analysis"}
"""Parts of a recipe that change nothing of its model."""

pytestmark = pytest.mark.cp2k


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of an example, its model and its stages; each model is built once."""
    found, models = {}, {}

    def of(name):
        if name not in found:
            folder, recipe = tmp_path_factory.mktemp("example"), RECIPES[name]
            told = recipe.as_dict().items()
            model = json.dumps({key: value for key, value in told if key not in BESIDE_THE_MODEL})
            if model in models:
                built = models[model]
                chain = write_stages(built.model, recipe.cp2k, recipe.machine, folder)
            else:
                built, chain = inputs(recipe, folder)
                models[model] = built
            found[name] = folder, built, chain
        return found[name]

    return of


@pytest.mark.parametrize("name", RECIPES)
def test_cp2k_accepts_every_input_of_every_example(name, written, tmp_path):
    recipe = RECIPES[name]
    home, built, chain = written(name)
    paths = sorted(home.rglob("*.inp"))
    assert {home / stage.input for stage in chain} <= set(paths)
    of_recipe = recipe.cp2k.version
    for path in paths:
        if of_recipe == "2023.1" and not SAME_INPUTS.match(name):  # 2023.1 is what is installed
            assert_accepted(path)
        assert check_input(path, of_recipe) == ()
    for version in (max(of_recipe, "2024.1"), "2026.2"):
        settings = recipe.cp2k.model_copy(update={"version": version})
        folder = tmp_path / version
        if isinstance(built, Bulk):
            chain = write_bulk(recipe.model_copy(update={"cp2k": settings}), folder)[1]
        else:
            chain = write_stages(built.model, settings, recipe.machine, folder)
        for stage in chain:
            assert check_input(folder / stage.input, version) == ()


SOFT = ("CsCl", "ZnS", "AlN", "PbCl2", "CdI2")
"""Crystals whose Gaussians the usual cutoff holds; those of others need a higher one."""

COMMON = (*SOFT, "NaCl", "MgO", "LiF", "CaF2", "ZnO", "TiO2-rutile", "SrTiO3", "PbFCl", "Al2O3")


@pytest.mark.parametrize("name", COMMON)
def test_defaults_fit_every_common_crystal(name, tmp_path):
    prototypes = {prototype.name: prototype for prototype in PROTOTYPES}
    rock_salt = prototypes["NaCl"]
    for like, a in (("MgO", 4.21), ("LiF", 4.03)):
        states = {"MgO": {"Mg": 2, "O": -2}, "LiF": {"Li": 1, "F": -1}}[like]
        sites = tuple(
            (symbol, *site[1:]) for symbol, site in zip(states, rock_salt.sites, strict=True)
        )
        prototypes[like] = replace(
            rock_salt, name=like, cell=(a, a, a, 90, 90, 90), states=states, sites=sites
        )
    crystal = prototypes[name].crystal(tmp_path)
    whole = write_periodic(
        System.of_crystal(crystal), PeriodicSettings(), MachineSettings(), tmp_path / "bulk"
    )
    chain = write_stages(
        carve(crystal, Sphere(radius_a=4.0)), Cp2kSettings(), MachineSettings(), tmp_path / "dot"
    )
    for folder, stages in (("bulk", whole), ("dot", chain)):
        needs = json.loads((tmp_path / folder / RESOURCES).read_text())
        for stage in stages:
            assert check_input(tmp_path / folder / stage.input) == ()
            raised = name not in SOFT and stage.name != "prerelax"
            assert needs[stage.folder]["note"].startswith("cutoff") is raised


@pytest.fixture(scope="module")
def parser(tmp_path_factory):
    schema = tmp_path_factory.mktemp("schema") / "cp2k_input.xml"
    schema.write_bytes(installed_xml())
    return CP2KInputParserSimplified(xmlspec=schema)


@pytest.mark.parametrize("name", STUDY)
def test_the_stages_of_the_study_by_another_parser(name, parser, written):
    folder, built, chain = written(name)
    assert [stage.name for stage in chain] == ["prerelax", "relax", "ground-state", "states"]
    for stage in chain:
        with (folder / stage.input).open() as stream:
            assert parser.parse(stream)["global"]["project_name"] == stage.name
    with (folder / chain[-1].input).open() as stream:
        lists = sum(line.split() == ["&LDOS"] for line in stream)
    assert lists == built.model.n_atoms
