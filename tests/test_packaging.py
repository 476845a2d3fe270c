"""What installers and indexes read says the same everywhere."""

import re
import tomllib
from pathlib import Path

import yaml
from cffconvert.cli.create_citation import create_citation
from packaging.requirements import Requirement

import epicarve

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"matplotlib-base": "matplotlib", "ortools-python": "ortools"}
CONDA_NAMES |= {"tblite-python": "tblite"}


def test_the_version_is_one():
    conda = (ROOT / "conda.recipe" / "meta.yaml").read_text(encoding="utf-8")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    told = {
        PROJECT["version"],
        citation["version"],
        re.search(r'set version = "(.*?)"', conda)[1],
        re.search(r"^## (\S+)", changes, re.M)[1],
    }
    assert told == {epicarve.__version__}


def test_the_citation_file_is_valid():
    create_citation(str(ROOT / "CITATION.cff"), None).validate()


def test_conda_asks_for_what_pip_asks_for():
    conda = (ROOT / "conda.recipe" / "meta.yaml").read_text(encoding="utf-8")
    recipe = yaml.safe_load(re.sub(r"^\{%.*%\}$|\{\{.*?\}\}", "", conda, flags=re.M))
    wanted = {}
    for line in PROJECT["dependencies"]:
        requirement = Requirement(line)
        wanted[requirement.name] = str(requirement.specifier)
    told = {}
    for line in recipe["requirements"]["run"]:
        name, _, bounds = line.partition(" ")
        told[CONDA_NAMES.get(name, name)] = bounds
    assert told.pop("python") == PROJECT["requires-python"]
    assert {name: set(bounds.split(",")) for name, bounds in told.items()} == {
        name: set(bounds.split(",")) for name, bounds in wanted.items()
    }


def test_the_issue_forms_are_forms():
    forms = [*(ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")]
    assert len(forms) == 4
    for path in forms:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        if path.name == "config.yml":
            continue
        assert {"name", "description", "body"} <= form.keys()
        assert all({"type", "attributes"} <= part.keys() for part in form["body"])
        assert len({part["id"] for part in form["body"]}) == len(form["body"])
