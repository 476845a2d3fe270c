"""The input of a finished CP2K run: its project, lists of atoms, atoms, cell, kinds and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import InputLines, Report, Section, Subject, read_tree, versions
from epicarve.errors import InputError

if TYPE_CHECKING:
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
    subject : Subject
        Its first &FORCE_EVAL: atoms, cell, kinds, data files.
    """

    path: Path
    project: str
    run_type: str
    lists: tuple[tuple[int, ...], ...]
    subject: Subject

    @property
    def root(self) -> Section:
        """The whole input."""
        return self.subject.root

    @property
    def labels(self) -> tuple[str, ...]:
        """Label of each atom of &COORD or the XYZ file; empty if neither can be read."""
        atoms = self.subject.atoms
        return atoms.labels if atoms else ()


def read_run_input(path: Path) -> RunInput:
    """Read a CP2K input, by the keywords of the version that understands most of it.

    Parameters
    ----------
    path : Path
        The input; variables, includes and conditions are resolved as CP2K does.

    Raises
    ------
    InputError
        If the file is not a CP2K input, or its sections or variables cannot be followed.
    """
    report = Report()
    for _ in InputLines(path, report):
        pass
    for finding in report.findings:
        if finding.severity == "error":
            raise InputError(f"{path}: line {finding.line}: {finding.message}; {finding.remedy}")
    root, report, version = _understood(path)
    for finding in report.findings:
        if "is not closed" in finding.message or "closes no section" in finding.message:
            raise InputError(f"{path}: line {finding.line}: {finding.message}; {finding.remedy}")
    force_eval = root.first("FORCE_EVAL")
    if force_eval is None:
        raise InputError(f"{path}: it has no &FORCE_EVAL; name a CP2K input")
    globals_ = root.first("GLOBAL")
    project = str(globals_.value("PROJECT_NAME")) if globals_ else "PROJECT"
    subject = Subject(root, force_eval, path.parent, version, report)
    return RunInput(
        path=path,
        project="".join(project.split()),
        run_type=subject.run_type,
        lists=_lists(path, force_eval.first("DFT")),
        subject=subject,
    )


def _understood(path: Path) -> tuple[Section, Report, str]:
    """Read an input with the version of CP2K that finds the fewest mistakes in it."""
    best: tuple[Section, Report, str] | None = None
    fewest = 0
    for version in (versions()[0], *reversed(versions()[1:])):
        report = Report()
        root = read_tree(path, version, report)
        n_wrong = sum(finding.severity == "error" for finding in report.findings)
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
