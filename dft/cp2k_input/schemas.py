"""What CP2K understands: its sections and keywords, one compact file for each version.

The files templates/schemas/VERSION.json.gz are made from CP2K's own description of its input
(`cp2k.psmp --xml`) by `python -m epicarve.dft.run.schema_xml`. In that description most sections
occur many times (a print section at a hundred places); here each stands once and has a number.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from epicarve.errors import InputError

SUFFIX = ".json.gz"


class KeywordSpec(NamedTuple):
    """What CP2K expects of a keyword, or of the parameter of a section.

    Parameters
    ----------
    names : tuple of str
        Its name and its aliases, in capitals.
    kind : {"logical", "integer", "real", "word", "string", "keyword"}
        Type of each value; "string" is the rest of the line, "keyword" one of `choices`.
    n_values : int
        How many values; -1 for any number.
    repeats : bool
        Whether it may be given more than once in one section.
    choices : tuple of str
        The values of a "keyword".
    strict : bool
        Whether a number is refused in the place of a choice.
    unit : str
        Unit of a value that comes without one, as CP2K writes it; empty if it has none.
    default : str
        Value if it is not given, as CP2K writes it; empty if there is none.
    lone : str
        Value if it is given without one; empty if it needs a value.
    removed : bool
        Whether CP2K refuses it because it belongs to an older version.
    notice : str
        What to use instead of a removed or outdated keyword.
    """

    names: tuple[str, ...]
    kind: str
    n_values: int = 1
    repeats: bool = False
    choices: tuple[str, ...] = ()
    strict: bool = True
    unit: str = ""
    default: str = ""
    lone: str = ""
    removed: bool = False
    notice: str = ""


class SectionSpec:
    """What CP2K expects of a section: its parameter, keywords and sections."""

    def __init__(self, tables: dict[str, Any], number: int) -> None:
        self._tables = tables
        self.name: str
        self.repeats: bool
        self.name, self.repeats, parameter, default, keywords, sections = tables["sections"][number]
        self.parameter = self._keyword(parameter)
        self.default_keyword = self._keyword(default)
        self._keywords = {
            name: index for index in keywords for name in tables["keywords"][index][0]
        }
        self._sections = {tables["sections"][index][0]: index for index in sections}
        self._opened: dict[str, SectionSpec] = {}

    def _keyword(self, index: int | None) -> KeywordSpec | None:
        if index is None:
            return None
        names, kind, *rest = self._tables["keywords"][index]
        if len(rest) > 2:
            rest[2] = tuple(rest[2])  # the choices
        return KeywordSpec(tuple(names), kind, *rest)

    def keyword(self, name: str) -> KeywordSpec | None:
        """Return the keyword of a name or alias in capitals, None if the section has none."""
        return self._keyword(self._keywords.get(name))

    def section(self, name: str) -> SectionSpec | None:
        """Return the section of a name in capitals, None if there is none."""
        if name not in self._opened:
            if name not in self._sections:
                return None
            self._opened[name] = SectionSpec(self._tables, self._sections[name])
        return self._opened[name]

    @property
    def keyword_names(self) -> tuple[str, ...]:
        """Names and aliases of all keywords."""
        return tuple(self._keywords)

    @property
    def section_names(self) -> tuple[str, ...]:
        """Names of all sections."""
        return tuple(self._sections)


@cache
def schema(version: str) -> SectionSpec:
    """Return the root of the input of a CP2K version.

    Parameters
    ----------
    version : str
        One of `versions()`.

    Raises
    ------
    InputError
        If there is no schema of that version.

    Examples
    --------
    >>> scf = schema("2023.1").section("FORCE_EVAL").section("DFT").section("SCF")
    >>> scf.keyword("EPS_SCF").default, scf.keyword("MAX_ITER_LUMO").names
    ('1.00000000E-005', ('MAX_ITER_LUMO', 'MAX_ITER_LUMOS'))
    """
    path = files("epicarve.templates") / "schemas" / f"{version}{SUFFIX}"
    if not path.is_file():
        raise InputError(
            f"there is no schema of CP2K {version}; choose one of {', '.join(versions())}"
        )
    tables = json.loads(gzip.decompress(path.read_bytes()))
    return SectionSpec(tables, tables["root"])


@cache
def versions() -> tuple[str, ...]:
    """Return the versions of CP2K whose schema is here, oldest first."""
    folder = files("epicarve.templates") / "schemas"
    found = [path.name.removesuffix(SUFFIX) for path in folder.iterdir()]
    return tuple(sorted(name for name in found if name[0].isdigit()))
