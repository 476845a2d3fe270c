"""The real CP2K, started in the folder of an input."""

import subprocess

from epicarve.dft.run import PROGRAM, local_environment


def cp2k(path, *options):
    """Run CP2K on an input, or with ``--check`` only let it read the input."""
    return subprocess.run(
        [PROGRAM, *options, path.name],
        cwd=path.parent,
        env=local_environment(PROGRAM),
        capture_output=True,
        text=True,
        check=False,
    )


def assert_accepted(path):
    """CP2K's own parser takes an input."""
    checked = cp2k(path, "--check")
    assert checked.returncode == 0, checked.stdout
    assert "SUCCESS" in checked.stdout
