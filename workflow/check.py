"""Checking a CP2K input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.dft.check import check_input

if TYPE_CHECKING:
    from epicarve.dft.check import Finding


def check(file: Path | str) -> tuple[Finding, ...]:
    """Check any CP2K input: syntax, names, types, and the files that it asks for.

    Parameters
    ----------
    file : Path or str
        A CP2K input.

    Returns
    -------
    tuple of Finding
        What is wrong, empty if nothing is.

    Raises
    ------
    InputError
        If the file can't be read.
    """
    return check_input(Path(file))
