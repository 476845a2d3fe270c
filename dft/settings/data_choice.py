"""Which entries of CP2K's data files are taken: one for all elements, or one for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epicarve.dft.cp2k_input import ATOMIC_NUMBERS
from epicarve.errors import near_name
from epicarve.files import is_file

OTHERS = "others"
"""Key of the entry of all elements that are not named."""

WORD = re.compile(r"[^\s#!&@$\"']+\Z")
"""What stands as one word in a CP2K input."""


@dataclass(frozen=True)
class DataChoice:
    """An entry of a data file.

    Parameters
    ----------
    name : str
        Its name, with the number of electrons (``-q4``) or without.
    file : Path or None
        A file of one's own, or the name of one of CP2K's; None looks for it among CP2K's.
    """

    name: str
    file: Path | None = None


def is_own_file(path: Path) -> bool:
    """Return whether a file is one's own: it is there, or has a folder; CP2K's have names alone."""
    return is_file(path) or path.name != str(path)


def checked_choices(given: object, what: str) -> str | dict[str, Any]:
    """Check an entry, or entries by element, and return them as plain data.

    Parameters
    ----------
    given : str or mapping
        A name; a name with its file, ``{name: ..., file: ...}``; or one of both for each element,
        with ``others`` for those that are not named.
    what : str
        What is chosen, for messages.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> checked_choices({"Pb": "SZV-GTH", "S": {"name": "MY", "file": "my"}}, "basis set")
    {'Pb': 'SZV-GTH', 'S': {'name': 'MY', 'file': 'my'}}
    """
    if isinstance(given, str):
        _check_word(given, what)
        return given
    if not isinstance(given, Mapping) or not given:
        raise ValueError(f"give the name of a {what}, or names by element, such as {{Pb: NAME}}")
    if "name" in given:
        _check_one(given, what)
        return dict(given)
    symbols = [symbol for symbol, number in ATOMIC_NUMBERS.items() if number]
    for key, value in given.items():
        if key != OTHERS and key not in symbols:
            if key == "file":
                raise ValueError(f"file is given without name; add the name of the {what} in it")
            raise ValueError(
                f"{key!r} is no element; give chemical symbols, or {OTHERS} for all that are not "
                "named"
            )
        if isinstance(value, str):
            _check_word(value, f"{what} of {key}")
        else:
            _check_one(value, f"{what} of {key}")
    return {
        key: dict(value) if isinstance(value, Mapping) else value for key, value in given.items()
    }


def choice_of(given: str | Mapping[str, Any] | None, symbol: str) -> DataChoice | None:
    """Return what is chosen for an element, None if nothing is.

    Examples
    --------
    >>> choice_of({"S": {"name": "MY", "file": "my"}, "others": "SZV-GTH"}, "Pb")
    DataChoice(name='SZV-GTH', file=None)
    """
    if isinstance(given, Mapping) and "name" not in given:
        given = given.get(symbol, given.get(OTHERS))
    if given is None:
        return None
    if isinstance(given, str):
        return DataChoice(given)
    file = given.get("file")
    return DataChoice(given["name"], Path(file) if file is not None else None)


def _check_one(given: object, what: str) -> None:
    if not isinstance(given, Mapping):
        raise ValueError(f"{what}: give its name, or {{name: NAME, file: FILE}} (got {given!r})")
    for key in given:
        if key not in {"name", "file"}:
            raise ValueError(
                f"{what}: unknown key {key!r}; {near_name(str(key), ('name', 'file'))}"
            )
    if not isinstance(given.get("name"), str):
        raise ValueError(f"{what}: its name is missing; add it beside file")
    _check_word(given["name"], what)
    file = given.get("file")
    if file is not None:
        if not isinstance(file, str | Path):
            raise ValueError(f"{what}: file is no path (got {file!r}); give the name of a file")
        _check_word(Path(file).name, f"file of the {what}")


def _check_word(name: str, what: str) -> None:
    if not WORD.match(name):
        raise ValueError(f"{name!r} can't stand in a CP2K input as a {what}; give one word")
