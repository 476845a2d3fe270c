"""The examples in the docstrings, run under the names by which users import the modules."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

ROOMS = ("builder", "dft", "analysis", "workflow")
MODULES = (
    ["epicarve"]
    + [
        f"epicarve.{name}"
        for name in ("errors", "files", "locks", "units", "options", "page", "style")
    ]
    + [
        info.name
        for room in ROOMS
        for info in pkgutil.walk_packages(
            importlib.import_module(f"epicarve.{room}").__path__, f"epicarve.{room}."
        )
    ]
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_examples_of_the_analysis_page():
    page = Path(__file__).parent.parent / "docs" / "analysis.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
