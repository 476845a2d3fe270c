"""Part of a CP2K input, as text or as plain data, checked like a whole one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .finding import Report
from .lines import InputText, without_comment
from .schemas import schema
from .text import as_list, input_text
from .tree import read_tree

if TYPE_CHECKING:
    from .schemas import KeywordSpec, SectionSpec
    from .tree import Section

DEEPEST = 20
"""No sections of CP2K are nested so deeply."""

PARAMETER, DEFAULT_KEYWORD = "_", "*"
"""Keys of the parameter of a section, and of what stands in it without a name."""


class FragmentError(ValueError):
    """Something that CP2K would not understand.

    Parameters
    ----------
    place : tuple of str
        Names of the sections that lead there, and of the keyword if it is one.
    message : str
        What is wrong, and how to mend it.
    """

    def __init__(self, place: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.place = place


def read_fragment(given: object, version: str) -> Section:
    """Read sections of a CP2K input.

    Parameters
    ----------
    given : mapping or str
        Sections and keywords by name, in capitals or not, in the form of cp2k-input-tools: the
        parameter of a section under ``"_"``, its default keyword under ``"*"``, a list for what
        repeats, and if one likes a ``+`` before names of sections. Or a block of CP2K input, which
        begins with ``&``.
    version : str
        Version of CP2K.

    Returns
    -------
    Section
        The root of the tree.

    Raises
    ------
    FragmentError
        If it is neither, or CP2K does not understand it.

    Examples
    --------
    >>> root = read_fragment({"force_eval": {"dft": {"scf": {"eps_scf": 1e-7}}}}, "2023.1")
    >>> root.first("FORCE_EVAL", "DFT", "SCF").value("EPS_SCF")
    1e-07
    """
    if isinstance(given, Mapping):
        text = input_text(_tree(given, schema(version), ()))
    elif isinstance(given, str) and given.lstrip().startswith("&"):
        text = given
        if any("@" in without_comment(line) for line in text.splitlines()):
            raise FragmentError((), "no @ can stand here; write what @SET and @INCLUDE stand for")
    else:
        raise FragmentError(
            (), "give a mapping of CP2K's sections, or a block of its input that begins with &"
        )
    lines, report = InputText.of(text, Path()), Report()
    root = read_tree(lines, version, report)
    for finding in report.findings:
        if finding.severity == "error":
            place = _places(lines).get(finding.line or 0, ())
            raise FragmentError(place, f"{finding.message}; {finding.remedy}")
    return root


def _places(text: InputText) -> dict[int, tuple[str, ...]]:
    """Return where each line stands: the names of its sections, then its own."""
    opened: list[str] = []
    places: dict[int, tuple[str, ...]] = {}
    for line in text.lines:
        if line.text[0] == "&" and line.name == "END":
            opened = opened[:-1]
            continue
        places[line.number] = (*opened, line.name)
        if line.text[0] == "&":
            opened.append(line.name)
    return places


def _tree(
    block: Mapping[Any, Any], spec: SectionSpec | None, place: tuple[str, ...]
) -> dict[str, Any]:
    """Return a mapping as `input_text` takes it."""
    if len(place) > DEEPEST:
        raise FragmentError(place[:3], "the blocks are nested too deeply; take some out")
    tree: dict[str, Any] = {}
    for key, value in block.items():
        if not isinstance(key, str) or not key:
            raise FragmentError(place, f"{key!r} is no name; put it in quotation marks")
        name = key.removeprefix("+").upper()
        within = (*place, name)
        if name in tree:
            raise FragmentError(within, "it is given twice; keep one, or give a list of both")
        keyword = _keyword(name, spec)
        items = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(item, Mapping) for item in items):
            if not all(isinstance(item, Mapping) for item in items):
                raise FragmentError(within, "values stand beside blocks; give blocks alone")
            inner = spec.section(name) if spec else None
            needed = inner is not None and inner.parameter and not inner.parameter.lone
            if needed and not all(PARAMETER in item for item in items):
                raise FragmentError(within, f"its parameter is missing; give it under {PARAMETER}")
            tree[name] = [_tree(item, inner, within) for item in items]
        elif value is None and keyword is None:
            tree[name] = {}
        elif name != PARAMETER and keyword and keyword.repeats and keyword.n_values == 1:
            tree[name] = [as_list(_written(item, keyword, within)) for item in items]
        else:
            tree[name] = _written(value, keyword, within)
    return tree


def _keyword(name: str, spec: SectionSpec | None) -> KeywordSpec | None:
    if spec is None:
        return None
    unnamed = {PARAMETER: spec.parameter, DEFAULT_KEYWORD: spec.default_keyword}
    return unnamed[name] if name in unnamed else spec.keyword(name)


def _written(value: object, keyword: KeywordSpec | None, place: tuple[str, ...]) -> Any:
    """Return a value, or a list of them, as `input_text` takes it."""
    if isinstance(value, list | tuple) and value:
        return [_written(item, keyword, place) for item in value]
    if isinstance(value, bool) and keyword and {"ON", "OFF"} <= set(keyword.choices):
        return "ON" if value else "OFF"  # what YAML makes true and false of
    if not isinstance(value, str | int | float):
        raise FragmentError(place, f"{value!r} is no value; give a number or a word")
    if isinstance(value, str) and ("\n" in value or "\r" in value):
        raise FragmentError(place, "the value has several lines; give one, or a list")
    return value
