"""What tests share: the study's heterostructure, and the programs that some need.

Tests that need CP2K, SLURM, a browser or pip's index are skipped, by name, only where these are not
to be had.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from epicarve.builder.hetero import interface_of, join, sphere_half
from epicarve.builder.library import bundled_crystal
from epicarve.workflow.recipes import read_recipe

# Python keeps what it compiles, whatever the shell says: the tests start it hundreds of times.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("suite", deadline=None)  # no test is one of the speed of a machine
settings.load_profile("suite")

FIXTURES = Path(__file__).parent / "fixtures"
PROGRAMS = {
    "cp2k": ("cp2k.psmp", "CP2K is not on PATH (Debian: apt-get install cp2k)"),
    "slurm": ("slurmctld", "SLURM is not installed (Debian: apt-get install slurm-wlm munge)"),
    "chromium": ("chromium", "chromium is not on PATH (Debian: apt-get install chromium)"),
}


LONGEST = """
    cp2k_slurm cp2k_examples wheel carve site cp2k_run cp2k_level balance structure cli cp2k_chain
    treatment balance_invariance relocation centres bad_files public_api cp2k_inputs campaign
    page bonds bands janus janus_exact exact cp2k_extra shapes structures study bulk parsl
""".split()
"""Files of tests that take longest, the longest first; see `pytest --durations 0`."""


@cache
def index_is_reached():
    """Whether pip can fetch a package, one of no size."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "lazy-loader"]
    with tempfile.TemporaryDirectory() as scratch:
        return not subprocess.run(
            [*command, "-d", scratch], capture_output=True, check=False
        ).returncode


def pytest_collection_modifyitems(items):
    """Put long files first: processes then share the short ones, and end together."""
    place = {f"test_{name}": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


def pytest_runtest_setup(item):
    lacking = [
        reason
        for marker, (program, reason) in PROGRAMS.items()
        if item.get_closest_marker(marker) and not shutil.which(program)
    ]
    if item.get_closest_marker("index") and not index_is_reached():
        lacking.append("pip reaches no index of packages (see pip config)")
    for reason in lacking:
        if os.environ.get("EPICARVE_REQUIRE") == "all":
            pytest.fail(f"{reason}, and EPICARVE_REQUIRE=all allows no skip")
        pytest.skip(reason)


@pytest.fixture(scope="session")
def study():
    """The recipe of the study's heterostructure."""
    examples = Path(__file__).parents[1] / "examples"
    return read_recipe(examples / "pb4s3cl2-cspbcl3.yaml").as_dict()


@pytest.fixture(scope="session")
def janus():
    """Its halves, joined."""
    film = sphere_half(bundled_crystal("Pb4S3Cl2"), 21.0, (0, 1, 0), "Pb")
    substrate = sphere_half(
        bundled_crystal("CsPbCl3"), 21.0, (1, 0, 0), "PbCl2", centre=(0, 0.2, 0.2)
    )
    along = ((1, 0, 0), (0, 0, 1)), ((0, 1, 1), (0, -1, 1))
    return join(film, substrate, interface_of(film, substrate, along))


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Unpack a run on its first use."""
    folders = {}

    def folder(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp(name)
            shutil.unpack_archive(FIXTURES / f"cp2k-{name}.tar.xz", folders[name])
        return folders[name]

    return folder
