"""The input of a finished CP2K run: its project, lists of atoms, atoms, cell, kinds and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.dft.check import DEFAULT_VERSION
from epicarve.dft.cp2k_input import CheckContext, InputText, Report, Section, read_tree, versions
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LISTS = (("PRINT", "PDOS", "LDOS"), ("PRINT", "DOS", "LDOS"))
"""Where lists of atoms stand in &DFT: up to 2026.1, and in 2026.2."""

MAX_LISTED = 10_000_000
"""Atoms that all lists of an input may name together; each takes some 30 bytes."""


@dataclass(frozen=True)
class RunInput:
    """What a CP2K input tells of a run, read by the rules of `epicarve check`.

    Parameters
    ----------
    path : Path
        The input file.
    project : str
        Name of the project, without the blanks that CP2K leaves out of the names of files.
    run_type : str
        What CP2K is asked to do, such as ``"GEO_OPT"``.
    lists : tuple of tuple of int
        Atoms, from 1, of each &LDOS list in order.
    subject : CheckContext
        Its first &FORCE_EVAL: atoms, cell, kinds, data files.
    text : InputText
        Its lines.
    is_understood : bool
        Whether the version of CP2K that it is read for finds no mistake in it.
    """

    path: Path
    project: str
    run_type: str
    lists: tuple[tuple[int, ...], ...]
    subject: CheckContext
    text: InputText
    is_understood: bool

    @property
    def root(self) -> Section:
        """The whole input."""
        return self.subject.root

    def subjects(self, version: str) -> Iterator[CheckContext]:
        """Yield every &FORCE_EVAL as a version of CP2K reads it, none if it cannot.

        Parameters
        ----------
        version : str
            One of `epicarve.dft.cp2k_input.versions()`.
        """
        root, is_understood = self.root, self.is_understood
        if version != self.subject.version:
            report = Report()
            root = read_tree(self.text, version, report)
            is_understood = not _n_wrong(report)
        for force_eval in root.all("FORCE_EVAL") if is_understood else ():
            is_own = force_eval is self.subject.force_eval
            folder = self.path.parent
            yield (
                self.subject
                if is_own
                else CheckContext(root, force_eval, folder, version, Report())
            )


def read_run_input(path: Path, version: str = DEFAULT_VERSION) -> RunInput:
    """Read a CP2K input, by the keywords of the version that understands most of it.

    Parameters
    ----------
    path : Path
        The input; variables, includes and conditions are resolved as CP2K does.
    version : str
        The version that is tried first, that of the run if it is known here.

    Raises
    ------
    InputError
        If the file is not a CP2K input, or its sections or variables cannot be followed.
    """
    text = InputText.read(path)
    for finding in text.findings:
        if finding.severity == "error":
            raise InputError(f"{path}: line {finding.line}: {finding.message}; {finding.remedy}")
    root, report, version = _understood(text, known_version(version))
    for finding in report.findings:
        if "is not closed" in finding.message or "closes no section" in finding.message:
            raise InputError(f"{path}: line {finding.line}: {finding.message}; {finding.remedy}")
    force_eval = root.first("FORCE_EVAL")
    if force_eval is None:
        raise InputError(f"{path}: it has no &FORCE_EVAL; name a CP2K input")
    globals_ = root.first("GLOBAL")
    project = str(globals_.value("PROJECT_NAME")) if globals_ else "PROJECT"
    subject = CheckContext(root, force_eval, path.parent, version, Report())
    return RunInput(
        path=path,
        project="".join(project.split()),
        run_type=subject.run_type,
        lists=_lists(path, force_eval.first("DFT")),
        subject=subject,
        text=text,
        is_understood=not _n_wrong(report),
    )


def known_version(version: str) -> str:
    """Return a version of CP2K if its schema is here, else the default."""
    return version if version in versions() else DEFAULT_VERSION


def _n_wrong(report: Report) -> int:
    """Count what CP2K would refuse."""
    return sum(finding.severity == "error" for finding in report.findings)


def _understood(text: InputText, first: str) -> tuple[Section, Report, str]:
    """Read an input with the version of CP2K that finds the fewest mistakes in it."""
    best: tuple[Section, Report, str] | None = None
    fewest = 0
    for version in dict.fromkeys((first, DEFAULT_VERSION, *reversed(versions()))):
        report = Report()
        root = read_tree(text, version, report)
        n_wrong = _n_wrong(report)
        if best is None or n_wrong < fewest:
            best, fewest = (root, report, version), n_wrong
        if not n_wrong:
            break
    assert best is not None
    return best


def _lists(path: Path, dft: Section | None) -> tuple[tuple[int, ...], ...]:
    """Return the atoms of each list."""
    found: list[tuple[int, ...]] = []
    n_listed = 0
    for section in (s for place in _LISTS for s in (dft.all(*place) if dft else ())):
        values = [value for entry in section.entries.get("LIST", ()) for value in entry.values]
        parts = [
            value if isinstance(value, range) else range(int(value), int(value) + 1)
            for value in values
            if isinstance(value, int | range)
        ]
        n_listed += sum(len(part) for part in parts)
        if n_listed > MAX_LISTED:
            raise InputError(
                f"{path}: line {section.line.number}: the lists of &LDOS name more than "
                f"{MAX_LISTED} atoms; mend their ranges"
            )
        found.append(tuple(atom for part in parts for atom in part))
    return tuple(found)
