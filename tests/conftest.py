"""Tests that need CP2K or SLURM are skipped, by name, only where these are not to be had."""

import os
import shutil

import pytest

PROGRAMS = {
    "cp2k": ("cp2k.psmp", "CP2K is not on PATH (Debian: apt-get install cp2k)"),
    "slurm": ("slurmctld", "SLURM is not installed (Debian: apt-get install slurm-wlm munge)"),
    "chromium": ("chromium", "chromium is not on PATH (Debian: apt-get install chromium)"),
}


def pytest_collection_modifyitems(items):
    """Put files that run real programs first: they take longest, two processes share the rest."""
    slow = {item.path for item in items if any(map(item.get_closest_marker, ("cp2k", "slurm")))}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_setup(item):
    for marker, (program, reason) in PROGRAMS.items():
        if item.get_closest_marker(marker) and not shutil.which(program):
            if os.environ.get("EPICARVE_REQUIRE") == "all":
                pytest.fail(f"{reason}, and EPICARVE_REQUIRE=all allows no skip")
            pytest.skip(reason)
