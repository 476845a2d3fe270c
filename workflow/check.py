"""Checking a CP2K input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.dft.check import DEFAULT_VERSION, check_input

if TYPE_CHECKING:
    from epicarve.dft.check import Finding


def check(file: Path | str, cp2k: str | None = None) -> tuple[Finding, ...]:
    """Check any CP2K input: names, types and units, then its meaning and the files it asks for.

    Parameters
    ----------
    file : Path or str
        A CP2K input.
    cp2k : str, optional
        Version of CP2K that will read it, 2023.1 if not given.

    Returns
    -------
    tuple of Finding
        What is wrong, empty if nothing is.

    Raises
    ------
    InputError
        If the file can't be read, or the version is not known.
    """
    return check_input(Path(file), cp2k or DEFAULT_VERSION)
