"""The text of a CP2K input from a tree of plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        lists one that repeats; anything else is the value of a keyword. Under ``"*"`` stands what
        has no name of its own, the default keyword of a section.

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


def _lines(tree: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Yield the lines of a section: its keywords, then its sections."""
    sections: list[tuple[str, Mapping[str, Any]]] = []
    for key, value in tree.items():
        name = key.upper()
        first = value[0] if isinstance(value, list) else value
        if isinstance(first, dict):
            sections += [(name, section) for section in as_list(value)]
        elif isinstance(first, list):
            for each in value:
                yield _line(indent, name, each)
        elif key != "_":
            yield _line(indent, name, value)
    for name, section in sections:
        parameter = f" {_written(section['_'])}" if "_" in section else ""
        yield f"{indent}&{name}{parameter}"
        yield from _lines(section, indent + INDENT)
        yield f"{indent}&END {name}"


def _line(indent: str, name: str, value: object) -> str:
    return f"{indent}{'' if name == '*' else f'{name} '}{_written(value)}".rstrip()


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as one of a single item."""
    return value if isinstance(value, list) else [value]


def _written(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_written(item) for item in value)
    if isinstance(value, bool):
        return ".TRUE." if value else ".FALSE."
    return str(value)
