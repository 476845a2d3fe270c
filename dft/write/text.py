"""The text of a CP2K input from a tree of plain data, and such trees from the YAML fragments."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INDENT = "   "


def input_text(tree: Mapping[str, Any]) -> str:
    """Return a CP2K input.

    Parameters
    ----------
    tree : mapping
        Keywords and sections by name. A mapping is a section, its parameter under ``"_"``, and a
        list of mappings one that repeats; a list is a keyword with several values, a list of
        lists one that repeats; anything else is the value of a keyword.

    Examples
    --------
    >>> tree = {"scf": {"max_scf": 30, "ot": {"_": True}, "mixing": {"alpha": 0.2}}}
    >>> print(input_text(tree), end="")
    &SCF
       MAX_SCF 30
       &OT .TRUE.
       &END OT
       &MIXING
          ALPHA 0.2
       &END MIXING
    &END SCF
    """
    return "\n".join(_lines(tree, "")) + "\n"


def merged(names: list[str], values: Mapping[str, object]) -> dict[str, Any]:
    """Fill the values into fragments of templates/cp2k and merge these, the later over the earlier.

    Parameters
    ----------
    names : list of str
        Names of the fragments without suffix.
    values : mapping
        What stands for each ``${name}`` in them.
    """
    tree: dict[str, Any] = {}
    for name in names:
        _merge(tree, yaml.safe_load(Template(_fragment(name)).substitute(values)))
    return tree


@cache
def _fragment(name: str) -> str:
    return (files("epicarve.templates") / "cp2k" / f"{name}.yaml").read_text(encoding="utf-8")


def _merge(tree: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Merge `other` into `tree`: sections are joined, values replaced."""
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        else:
            tree[key] = value


def _lines(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Yield the lines of a section: its keywords, then its sections."""
    sections: list[tuple[str, Mapping[str, Any]]] = []
    for key, value in tree.items():
        name = key.upper()
        first = value[0] if isinstance(value, list) else value
        if isinstance(first, dict):
            sections += [(name, section) for section in _listed(value)]
        elif isinstance(first, list):
            for each in value:
                yield f"{indent}{name} {_written(each)}"
        elif key != "_":
            yield f"{indent}{name} {_written(value)}"
    for name, section in sections:
        parameter = f" {_written(section['_'])}" if "_" in section else ""
        yield f"{indent}&{name}{parameter}"
        yield from _lines(section, indent + INDENT)
        yield f"{indent}&END {name}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _written(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_written(item) for item in value)
    if isinstance(value, bool):
        return ".TRUE." if value else ".FALSE."
    return str(value)
