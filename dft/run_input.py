"""What the reader of a CP2K run needs to know of its input: lists of atoms, and their elements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from epicarve.errors import InputError

from .finding import Report
from .input_lines import InputLines, without_comment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RANGE = re.compile(r"(\d+)(?:\.\.(\d+))?")


class InputEntry(NamedTuple):
    """One line of a CP2K input: a keyword, or the beginning of a section if `key` is empty.

    Parameters
    ----------
    line : int
        Number of the line in its file.
    section : str
        Name of the section, in capitals.
    key : str
        The keyword in capitals.
    value : str
        What follows, without quotes.
    """

    line: int
    section: str
    key: str
    value: str


@dataclass(frozen=True)
class RunInput:
    """The parts of a CP2K input that tell which atom a file belongs to.

    Parameters
    ----------
    path : Path
        The input file.
    project : str
        Name of the project.
    lists : tuple of tuple of int
        Atoms, from 1, of each &LDOS list in order.
    labels : tuple of str
        Label of each atom, from &COORD or the file of coordinates; empty if neither is there.
    """

    path: Path
    project: str
    lists: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]


def read_run_input(path: Path) -> RunInput:
    """Read a CP2K input without its schema, in milliseconds.

    Parameters
    ----------
    path : Path
        The input; variables, includes and conditions are resolved as CP2K does.

    Raises
    ------
    InputError
        If the file is not a CP2K input.
    """
    project = "PROJECT"
    lists: list[list[int]] = []
    labels: list[str] = []
    coordinates = ""
    for entry in input_entries(path):
        match entry.section, entry.key:
            case "LDOS", "":
                lists.append([])
            case "LDOS", "LIST":
                lists[-1].extend(_atoms(entry.value))
            case "GLOBAL", "PROJECT" | "PROJECT_NAME":
                project = entry.value
            case "TOPOLOGY", "COORD_FILE_NAME" | "COORD_FILE":
                coordinates = entry.value
            case "COORD", key if key not in {"", "UNIT", "SCALED"}:
                labels.append(key)
    if coordinates and not labels:
        labels = _xyz_labels(path.parent / coordinates)
    return RunInput(
        path=path,
        project=project,
        lists=tuple(tuple(atoms) for atoms in lists),
        labels=tuple(label.capitalize() for label in labels),
    )


def input_entries(path: Path) -> Iterator[InputEntry]:
    """Yield what stands on each line of a CP2K input, without its schema.

    Parameters
    ----------
    path : Path
        The input file.

    Raises
    ------
    InputError
        If its sections or variables cannot be followed.
    """
    sections: list[str] = []
    report = Report()
    for line in InputLines(path, report):
        head, _, rest = without_comment(line.text).replace("\t", " ").partition(" ")
        value = rest.strip().strip("'\"")
        if head.upper().startswith("&END"):
            if not sections:
                raise InputError(f"{path}: line {line.number} closes no section; mend the input")
            sections.pop()
        elif head.startswith("&"):
            sections.append(head[1:].upper())
            yield InputEntry(line.number, sections[-1], "", value)
        elif sections:
            yield InputEntry(line.number, sections[-1], head.upper(), value)
    for finding in report.findings:
        if finding.severity == "error":
            raise InputError(f"{path}: line {finding.line}: {finding.message}; {finding.remedy}")


def _atoms(value: str) -> Iterator[int]:
    for first, last in _RANGE.findall(value):
        yield from range(int(first), int(last or first) + 1)


def _xyz_labels(path: Path) -> list[str]:
    """Label of each atom of an XYZ file; none if the file is not there or not XYZ."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines or not lines[0].strip().isdigit():
        return []
    return [line.split()[0] for line in lines[2 : 2 + int(lines[0])] if line.strip()]
