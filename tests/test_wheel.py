"""The wheel in an empty environment, on the oldest and the newest Python that is here."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.index
ROOT = Path(__file__).parents[1]
OLDEST = (3, 11)
PACKAGES = {"core": "epicarve"} | {
    name: f"epicarve/{name}"
    for name in ("builder", "dft", "analysis", "workflow", "cli", "templates", "examples")
}


def pythons():
    """Return this Python, and the oldest and the newest of those on PATH and of pyenv."""
    places = [Path(part) for part in os.environ["PATH"].split(os.pathsep)]
    places += (Path.home() / ".pyenv" / "versions").glob("*/bin")
    found = [(sys.version_info[:2], Path(sys.executable))]
    for program in sorted(path for place in places for path in place.glob("python3.*")):
        named = re.fullmatch(r"python3\.(\d+)", program.name)
        if named and (3, int(named[1])) >= OLDEST:
            found.append(((3, int(named[1])), program))
    found.sort(key=lambda each: each[0])  # this Python before others of its version
    ends = (found, sorted(found, key=lambda each: each[0], reverse=True))
    return {next(program for _, program in end if makes_environments(program)) for end in ends}


@cache
def makes_environments(program):
    """Whether a Python works, which is not so of each that pyenv puts on PATH."""
    asked = [program, "-c", "import venv"]
    return not subprocess.run(asked, capture_output=True, check=False).returncode


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def kept(*folders):
    """Return the files of folders, relative to the root, but what Python leaves there."""
    found = (path for name in folders for path in (ROOT / name).rglob("*") if path.is_file())
    return [path.relative_to(ROOT) for path in found if "__pycache__" not in path.parts]


def test_the_wheel_holds_every_file_of_the_rooms_and_no_other(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {"/".join((PACKAGES[path.parts[0]], *path.parts[1:])) for path in kept(*PACKAGES)}
    assert held == wanted


def test_the_source_holds_what_it_is_built_and_read_from(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as source:
        held = {name.partition("/")[2] for name in source.getnames()}
    rooms = {str(path) for path in kept(*PACKAGES, "docs")}
    assert rooms | {"CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE"} <= held


@pytest.mark.timeout(1800)  # most of it is pip
@pytest.mark.parametrize("python", sorted(pythons()), ids=lambda path: path.parts[-3])
def test_the_tutorials_work_as_printed(python, built, tmp_path):
    """Of whoever installs the wheel: the first in Python, and that of the command line."""
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    program = tmp_path / "env" / "bin" / "python"
    wheel = next(built.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--python", program, "--disable-pip-version-check"]
    # what is imported is compiled on the way, the rest, which takes longer than all else, is not
    install = [*pip, "install", "--quiet", "--no-compile", wheel]
    subprocess.run(install, check=True, capture_output=True)
    pages = [ROOT / "docs" / "tutorials" / f"{name}.md" for name in ("first-model", "jobs")]
    done = subprocess.run(
        [program, ROOT / "docs" / "run_pages.py", *pages],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
