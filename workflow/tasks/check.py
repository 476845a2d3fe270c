"""Checking a CP2K input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.dft.check import DEFAULT_VERSION, check_input
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from epicarve.dft.cp2k_input import Finding


def inputs_in(paths: Iterable[Path]) -> list[Path]:
    """Return the files to check: those named, and all *.inp in and below the folders named.

    Raises
    ------
    InputError
        If a folder holds none.
    """
    found: list[Path] = []
    for path in paths:
        files = sorted(path.rglob("*.inp")) if path.is_dir() else [path]
        if not files:
            raise InputError(f"{path}: there is no *.inp in this folder; name a CP2K input")
        found += files
    return list(dict.fromkeys(found))


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
