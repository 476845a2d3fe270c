"""Lines of a CP2K input as CP2K itself sees them: variables, conditions and includes resolved.

Follows CP2K's cp_parser_inpp_methods.F and cp_parser_methods.F (2023.1 to 2026.2).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.errors import InputError
from epicarve.files import is_file

from .finding import Report
from .line import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .finding import Finding

COMMENT = re.compile(r'"[^"]*"|([#!])')
_VARIABLE_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_INCLUDES = {"@INCLUDE": ("", ""), "@XCTYPE": ("xc_section", ".sec")}
_INCLUDES["@FFTYPE"] = ("forcefield_section", ".sec")
"""Directives that read another file: the folder of CP2K's data where it may be, and its suffix."""

DATA_FOLDERS = (Path("/usr/share/cp2k"), Path("/usr/local/share/cp2k"))
"""Where CP2K's data may lie if neither CP2K_DATA_DIR nor the place of the program says."""

PROGRAMS = ("cp2k.psmp", "cp2k.ssmp", "cp2k.popt", "cp2k")
"""Names of CP2K, beside which its data may lie."""


def data_folder() -> Path | None:
    """Return the folder of CP2K's basis sets and potentials, None if there is none here."""
    given = os.environ.get("CP2K_DATA_DIR")
    folders = [Path(given)] if given else [*_beside_programs(), *DATA_FOLDERS]
    return next((folder for folder in folders if (folder / "BASIS_MOLOPT").is_file()), None)


def _beside_programs() -> Iterator[Path]:
    for program in filter(None, map(shutil.which, PROGRAMS)):
        folder = Path(program).resolve().parent
        for place in ("../share/cp2k", "../share/cp2k/data", "../../data"):
            yield folder / place


def find_file(name: str, beside: Path) -> Path | None:
    """Return where CP2K finds a file: in the folder where it runs, else among its data."""
    data = data_folder()
    places = [beside / name, *([data / name] if data else [])]
    return next((place for place in places if is_file(place)), None)


def find_moved(name: str, beside: Path) -> Path | None:
    """Return where a file of a run is now, which an input may name by a path of another machine.

    Parameters
    ----------
    name : str
        As the input gives it.
    beside : Path
        Folder of the input. The file's own name is looked for in it, and among CP2K's data.
    """
    return find_file(name, beside) or find_file(Path(name).name, beside)


STANDARD_INPUT = Path("-")
"""Name by which an input is read from standard input."""


def read_text(path: Path) -> str:
    """Return the text of a CP2K input; that of standard input if the path is ``-``.

    Raises
    ------
    InputError
        If there is no such file or it is no text.
    """
    try:
        data = sys.stdin.buffer.read() if path == STANDARD_INPUT else path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; name a CP2K input") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; name a CP2K input") from error
    if b"\0" in data:
        raise InputError(f"{path}: not a text file; name a CP2K input")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")  # comments of old inputs


def without_comment(text: str) -> str:
    """Return a line up to its comment, without space at its end."""
    if "#" in text or "!" in text:
        for found in COMMENT.finditer(text):
            if found[1]:
                text = text[: found.start()]
                break
    return text.rstrip()


@dataclass(frozen=True)
class InputText:
    """The lines of an input, which are the same to every version of CP2K.

    Parameters
    ----------
    path : Path
        The input.
    lines : tuple of Line
        Its lines and those of the files that it includes.
    findings : tuple of Finding
        What is wrong with directives and variables.
    is_cut_off : bool
        Whether lines are missing at the end, because an @IF does not end.
    """

    path: Path
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    is_cut_off: bool

    @classmethod
    def read(cls, path: Path) -> InputText:
        """Read an input.

        Raises
        ------
        InputError
            If there is no such file, or it is no text.
        """
        return cls.of(read_text(path), path)

    @classmethod
    def of(cls, text: str, path: Path) -> InputText:
        """Take the text of an input; what it includes is looked for beside `path`."""
        report = Report()
        lines = _InputLines(path, text, report)
        found = tuple(lines)
        return cls(path, found, report.findings, lines.is_cut_off)


class _InputLines:
    """Goes through an input, and the files that it includes, line by line.

    Parameters
    ----------
    path : Path
        The input.
    text : str
        Its text.
    report : Report
        Is told what is wrong with directives and variables.
    """

    def __init__(self, path: Path, text: str, report: Report) -> None:
        self._path = path
        self._text = text
        self._report = report
        self._variables: dict[str, str] = {}
        self._continued: Line | None = None
        self.is_cut_off = False
        """Whether lines are missing at the end, because an @IF does not end."""

    def __iter__(self) -> Iterator[Line]:
        yield from self._lines(self._path, self._text, None, (self._path,))
        if self._continued is not None:
            self._report.error(
                self._continued, "the line is continued, but the file ends", "add what is missing"
            )

    def _lines(
        self, path: Path, text: str, at: int | None, opened: tuple[Path, ...]
    ) -> Iterator[Line]:
        """Yield the lines of one file; `at` is the line of the input that includes it."""
        condition: Line | None = None  # the @IF that does not hold
        for number, raw in enumerate(text.splitlines(), start=1):
            bare = raw.strip()
            if not bare or bare[0] in "#!":
                continue
            line = Line(bare, number) if at is None else Line(bare, at, f"{path.name}:{number}")
            if condition is not None:
                if "@ENDIF" in without_comment(bare).upper():
                    condition = None
                continue
            if "$" in bare:
                line = line._replace(text=self._expanded(line).strip())
                if not line.text:
                    continue
            if "@" in line.text and (directive := _directive(line.text)):
                head, _, rest = directive.partition(" ")
                if head.upper() == "@IF":
                    condition = None if self._holds(rest, line) else line
                elif head.upper() in _INCLUDES:
                    yield from self._included(head.upper(), rest, line, opened)
                else:
                    self._obey(head, rest, line)
            else:
                yield from self._joined(line)
        if condition is not None:
            self.is_cut_off = True
            self._report.error(condition, "the @IF has no @ENDIF", "add it")

    def _obey(self, head: str, rest: str, line: Line) -> None:
        if head.upper() == "@SET":
            self._set(rest, line)
        elif head.upper() not in {"@ENDIF", "@PRINT"}:
            self._report.warn(
                line,
                f"CP2K drops this line, because it takes {head} for a directive",
                "leave out the @ or put it into a comment",
            )

    def _joined(self, line: Line) -> Iterator[Line]:
        """Yield a line once it is whole: one that ends in a backslash goes on."""
        if self._continued is not None:
            line = self._continued._replace(text=f"{self._continued.text} {line.text}")
            self._continued = None
        if "\\" in line.text and (start := without_comment(line.text)).endswith("\\"):
            self._continued = line._replace(text=start[:-1].rstrip())
        else:
            yield line

    def _expanded(self, line: Line) -> str:
        """Put the values of variables in their places; nothing is left of a line that is wrong."""
        text = line.text
        for _ in range(text.count("$") + 100):
            start = text.find("${")
            if start >= 0:
                end = text.find("}", start)
                if end < 0:
                    self._report.error(line, "${ without }", "close the name of the variable")
                    return ""
                name, dash, default = text[start + 2 : end].partition("-")
                rest = text[end + 1 :]
            else:
                start = text.find("$")
                if start < 0:
                    break
                name, space, rest = text[start + 1 :].partition(" ")
                rest, dash, default = space + rest, "", ""
            value = self._variables.get(name.upper(), default if dash else None)
            if not _VARIABLE_NAME.match(name):
                self._report.error(
                    line,
                    f"{name!r} can't be the name of a variable",
                    "use letters, digits and underscores after the $",
                )
                return ""
            if value is None:
                self._report.error(
                    line,
                    f"undefined variable {name!r}",
                    f"add @SET {name} VALUE above (or give cp2k -E {name}=VALUE)",
                )
                return ""
            text = text[:start] + value + rest
        return text

    def _holds(self, condition: str, line: Line) -> bool:
        condition = without_comment(condition).strip()
        for operator, wanted in (("==", True), ("/=", False)):
            if operator in condition:
                left, _, right = condition.partition(operator)
                left = left.partition("(")[2] if "(" in left else left
                right = right.partition(")")[0]
                if not right.strip():
                    self._report.error(line, f"nothing to the right of {operator}", "add it")
                return (left.strip() == right.strip()) is wanted
        return condition not in {"", "0"}

    def _set(self, rest: str, line: Line) -> None:
        name, _, value = rest.strip().partition(" ")
        if not _VARIABLE_NAME.match(name) or not value.strip():
            self._report.error(line, "@SET needs a name and a value", "write @SET NAME VALUE")
            return
        self._variables[name.upper()] = value.strip()

    def _included(
        self, directive: str, rest: str, line: Line, opened: tuple[Path, ...]
    ) -> Iterator[Line]:
        folder, suffix = _INCLUDES[directive]
        name = rest.strip()
        quoted = re.match(r"(['\"])(.*?)\1", name)
        name = quoted[2] if quoted else without_comment(name)
        name += suffix if name else ""
        beside = self._path.parent
        path = find_file(name, beside) or (folder and find_file(f"{folder}/{name}", beside)) or None
        if not name or path is None:
            said = f"{name} could not be opened" if name else "the name of the file is missing"
            self._report.error(
                line, f"{directive}: {said}", "mend its name or put it where CP2K runs"
            )
        elif path in opened:
            self._report.error(line, f"{name} includes itself", "take out one of the @INCLUDE")
        else:
            yield from self._lines(path, read_text(path), line.number, (*opened, path))


def _directive(text: str) -> str | None:
    """Return what begins with the @ of a line, None if that stands in a comment."""
    mark = text.find("@")
    comments = [at for at in (text.find("!"), text.find("#")) if at >= 0]
    if comments and min(comments) < mark:
        return None
    return text[mark:].replace("\t", " ")
