"""Checking any CP2K input: syntax, names, types, units, and the files that it refers to."""

from __future__ import annotations

import difflib
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .cp2k import PROGRAM, local_environment
from .run_input import input_entries

if TYPE_CHECKING:
    from cp2k_input_tools.parser import CP2KInputParser

MOST_FINDINGS = 50
"""Checking stops after so many errors."""

DATA_FOLDERS = (Path("/usr/share/cp2k"), Path("/usr/local/share/cp2k"))
"""Where CP2K's data may lie if CP2K_DATA_DIR does not say."""

_MANUAL = "see CP2K's manual of this section"
_REMEDIES = {
    "NameRepetitionError": "keep one of the lines",
    "PreprocessorError": "mend the variable, condition or include",
    "LineContinuationError": "end the line or add its continuation",
    "TokenizerError": "mend the quotes",
    "PintError": "use a unit that CP2K knows and that fits",
    "ValueError": "give a number of the right type",
}
"""What to do about each family of errors of the parser."""

_FILE_KEYS = {
    "COORD_FILE_NAME": "coordinates",
    "BASIS_SET_FILE_NAME": "basis sets",
    "POTENTIAL_FILE_NAME": "potentials",
}


@dataclass(frozen=True)
class Finding:
    """Something wrong in a CP2K input.

    Parameters
    ----------
    line : int or None
        Number of the line, None if it is of the whole file.
    message : str
        What is wrong.
    remedy : str
        How to mend it.
    """

    line: int | None
    message: str
    remedy: str


def check_input(path: Path) -> tuple[Finding, ...]:
    """Check a CP2K input with cp2k-input-tools and look for the files it needs.

    The schema is that of the installed CP2K if there is one, else that of CP2K 2024.1. Files that
    an earlier run makes (restarts of geometry and orbitals) are not looked for.

    Parameters
    ----------
    path : Path
        The input.

    Returns
    -------
    tuple of Finding
        By line; empty if nothing is wrong.

    Raises
    ------
    InputError
        If the file is missing or no text.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; name a CP2K input") from None
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise InputError(f"{path}: not a text file ({error}); name a CP2K input") from error
    if not any(line.strip().startswith("&") for line in lines):
        return (Finding(None, "there is no section in it", "name a CP2K input"),)
    findings = _parse_findings(lines, path.parent)
    if not findings:
        findings = _file_findings(path)
    return tuple(sorted(findings, key=lambda finding: finding.line or 0))


def data_folder() -> Path | None:
    """Return the folder of CP2K's basis sets and potentials, None if there is none here."""
    given = os.environ.get("CP2K_DATA_DIR")
    folders = (Path(given),) if given else DATA_FOLDERS
    return next((folder for folder in folders if (folder / "BASIS_MOLOPT").is_file()), None)


@cache
def installed_schema() -> bytes | None:
    """Return the schema of the installed CP2K as XML, None where it is not installed."""
    if shutil.which(PROGRAM) is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [PROGRAM, "--xml"],
            cwd=folder,
            env=local_environment(PROGRAM),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        return (Path(folder) / "cp2k_input.xml").read_bytes()


def _parse_findings(lines: list[str], base: Path) -> list[Finding]:
    """Find one error after another, blanking what is wrong before parsing again."""
    from cp2k_input_tools.parser_errors import SectionMismatchError  # noqa: PLC0415

    lines = lines.copy()
    findings: list[Finding] = []
    for index in _stray_ends(lines):
        remedy = "remove it or add the section's head"
        findings.append(Finding(index + 1, f"{lines[index].strip()} closes no section", remedy))
        lines[index] = ""
    while len(findings) < MOST_FINDINGS:
        error = _first_error(lines, base)
        if error is None:
            break
        line, exception = error
        findings.append(_finding(line, lines[line - 1].strip(), exception))
        if isinstance(exception, SectionMismatchError):
            break  # what follows would be read in the wrong section
        for index in _extent(lines, line - 1):
            lines[index] = ""
    return findings


class _CountedLines(Iterator[str]):
    """Lines for the parser that remember how many it has taken."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = iter(lines)
        self.n_taken = 0

    def __next__(self) -> str:
        line = next(self._lines) + "\n"
        self.n_taken += 1
        return line

    def close(self) -> None:
        """Do nothing; the parser closes what it reads."""


def _first_error(lines: list[str], base: Path) -> tuple[int, Exception] | None:
    """Return the first error that the parser meets, and the number of the line it was on."""
    from cp2k_input_tools.lineiterator import LineContinuationError  # noqa: PLC0415
    from cp2k_input_tools.parser_errors import ParserError  # noqa: PLC0415
    from cp2k_input_tools.tokenizer import TokenizerError  # noqa: PLC0415
    from pint.errors import PintError  # noqa: PLC0415

    counted = _CountedLines(lines)
    parser, include_folders = _parser()
    include_folders[:] = [base]
    try:
        parser.parse(counted)
    # Beside its own errors and those of units, the parser lets through what it does not foresee: a
    # word where a number belongs, a section's parameter out of its list, a line without a name.
    except (ParserError, TokenizerError, LineContinuationError, PintError) as error:
        return counted.n_taken, error
    except (ValueError, IndexError, AttributeError, AssertionError) as error:
        return counted.n_taken, error
    return None


def _finding(line: int, text: str, error: Exception) -> Finding:
    """Put an error of the parser into words."""
    from cp2k_input_tools.parser_errors import ParserError, SectionMismatchError  # noqa: PLC0415
    from pint.errors import PintError  # noqa: PLC0415

    if isinstance(error, IndexError) and isinstance(error.__context__, ParserError):
        error = error.__context__  # the parser stumbled over an error that names no place
    if isinstance(error, PintError | ValueError):
        said = str(error)
    elif isinstance(error, AttributeError):
        said = "not a keyword or section"
    else:
        said = str(error.args[0])
    if isinstance(error, SectionMismatchError):
        if "not closed" in said:
            return Finding(None, said, "add the &END that is missing")
        return Finding(line, f"{text} does not close the section that is open", "mend its name")
    if isinstance(error.__cause__, ParserError):
        said += f" ({error.__cause__.args[0]})"
    families = [family.__name__ for family in type(error).__mro__]
    remedy = next((_REMEDIES[name] for name in families if name in _REMEDIES), _MANUAL)
    return Finding(
        line,
        said if isinstance(error, ParserError) else f"{text}: {said}",
        _nearest(text, error) or remedy,
    )


def _nearest(text: str, error: Exception) -> str | None:
    """Say which known name is nearest to an unknown one that begins a line."""
    from cp2k_input_tools.parser_errors import (  # noqa: PLC0415
        InvalidNameError,
        InvalidSectionError,
    )

    if not isinstance(error, InvalidNameError | InvalidSectionError):
        return None
    section = error.args[1].section
    names = [name for name in (*section.keyword_names, *section.section_names) if name]
    unknown = text.split(maxsplit=1)[0].lstrip("&").upper()
    near = difflib.get_close_matches(unknown, names, n=1)
    return f"write {near[0]}" if near else None


def _stray_ends(lines: list[str]) -> list[int]:
    """Lines that close a section where none is open; the parser takes them for the file's end."""
    depth, stray = 0, []
    for index, line in enumerate(lines):
        depth += _nesting(line)
        if depth < 0:
            stray.append(index)
            depth = 0
    return stray


def _nesting(line: str) -> int:
    head = line.strip().upper()
    return -1 if head.startswith("&END") else int(head.startswith("&"))


def _extent(lines: list[str], start: int) -> range:
    """Lines to leave out after an error: one line, or a section with all that is in it."""
    depth = 0
    for index in range(start, len(lines)):
        depth += _nesting(lines[index])
        if depth <= 0:
            return range(start, index + 1)
    return range(start, len(lines))


def _file_findings(path: Path) -> list[Finding]:
    """Find files that the input names and that are neither beside it nor in CP2K's data."""
    data = data_folder()
    findings = []
    for entry in input_entries(path):
        content = _FILE_KEYS.get(entry.key)
        if content is None or (path.parent / entry.value).is_file():
            continue
        if content != "coordinates" and (data is None or (data / entry.value).is_file()):
            continue
        findings.append(
            Finding(
                entry.line,
                f"the file of {content} {entry.value} is not there",
                "mend its name or put it beside the input",
            )
        )
    return findings


@cache
def _parser() -> tuple[CP2KInputParser, list[Path]]:
    """Return the parser with its schema, which takes seconds to load, and where it looks for files.

    The folders of included files are a list that the parser reads anew for each input.
    """
    from cp2k_input_tools.parser import CP2KInputParser  # noqa: PLC0415  (2 s of schema)

    schema = installed_schema()
    include_folders: list[Path] = []
    spec = io.BytesIO(schema) if schema else None
    return CP2KInputParser(spec, base_dir=include_folders), include_folders
