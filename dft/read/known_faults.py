"""What is known of an input to make numbers of its run wrong, by the rules of `epicarve check`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.check import (
    HOMO_INDEX_FIXED,
    check_contacts,
    check_cutoff,
    check_poisson,
    check_printed_states,
    check_spin,
)
from epicarve.dft.cp2k_input import CheckContext, Report
from epicarve.errors import InputError

from .input import known_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from epicarve.dft.cp2k_input import Finding
    from epicarve.dft.orbitals import Orbitals

    from .run import Run

    Rule = Callable[[CheckContext], None]

ASKED_BY = {
    "lists": (("PDOS", "LDOS"), ("DOS", "LDOS")),
    "kinds": (("PDOS",), ("DOS", "PDOS"), ("DOS",)),
    "text": (("MO",),),
    "molden": (("MO_MOLDEN",),),
}
"""Sections of &PRINT in &DFT, of any version of CP2K, that make it write a kind of file."""

RULES = (check_poisson, check_contacts, check_cutoff, check_spin)
"""Rules whose findings bear on all energies of a run."""


def faults_of(run: Run, rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """Return what rules find in the input of a run.

    Parameters
    ----------
    run : Run
        The run. Without an input that CP2K understands, nothing is found.
    rules : sequence of callable
        Rules of `epicarve check`.
    """
    report = Report()
    with suppress(InputError):
        for subject in _subjects(run):
            for rule in rules:
                rule(subject.reporting_to(report))
    return report.findings


def _subjects(run: Run) -> list[CheckContext]:
    """Return what the rules look at in the input of a run; nothing if CP2K cannot read it."""
    version = known_version("" if run.output is None else run.output.version)
    return list(run.inputs[0].subjects(version)) if run.inputs else []


def notes_of_unrequested(run: Run, route: str, path: Path) -> tuple[str, ...]:
    """Tell that the input of a run does not ask for the file that its states are from.

    Such a file may be left from an earlier run of the same project, and nothing else would show it.

    Parameters
    ----------
    run : Run
        The run.
    route : str
        What kind of file it is.
    path : Path
        The file.
    """
    wanted = ASKED_BY.get(route, ())
    if not wanted:
        return ()
    with suppress(InputError):
        subjects = _subjects(run)
        levels = {
            str(level.value("PRINT_LEVEL"))
            for subject in subjects
            if (level := subject.root.first("GLOBAL")) is not None
        }
        if subjects and not levels & {"HIGH", "DEBUG"}:
            printed = [
                s.force_eval.on("DFT", "PRINT", *names) for s in subjects for names in wanted
            ]
            if not any(printed):
                return (
                    f"{run.inputs[0].path.name} does not ask for &{wanted[0][-1]}, so that "
                    f"{path.name} may be of an earlier run",
                )
    return ()


def notes_of_faults(run: Run) -> tuple[str, ...]:
    """Tell, a sentence each, what is wrong in the input of a run that bears on its energies."""
    report = Report()
    for subject in _subjects(run):  # its atoms may be read already, and found to be wrong
        report.include(subject.report.findings)
    report.include(faults_of(run))
    return tuple(
        f"{run.inputs[0].path.name}"
        f"{f', line {finding.line}' if finding.line else ''}: {finding.message} (epicarve check)"
        for finding in report.findings
    )


def require_right_energies(orbitals: Orbitals, run: Run) -> None:
    """Refuse orbitals as text whose energies CP2K is known to print wrongly.

    After an orbital transformation (OT), CP2K before 2024.2 prints the energies of empty states
    over those of the occupied ones where it is asked for orbitals past the highest occupied.

    Parameters
    ----------
    orbitals : Orbitals
        Orbitals of a .MOLog file or a main output.
    run : Run
        The run that printed them.

    Raises
    ------
    InputError
        If they are of that kind.
    """
    full = 2.0 if orbitals.restricted else 1.0
    past_homo = bool(np.any(orbitals.occupations < 0.5 * full))
    if not past_homo:
        return
    faults = faults_of(run, (check_printed_states,))
    if faults:
        raise InputError(f"{orbitals.path}: {faults[0].message}; {faults[0].remedy}")
    if (
        run.output is not None
        and run.output.scf
        and not run.output.scf[-1].mixes
        and _before(run.output.version)
    ):
        raise InputError(
            f"{orbitals.path}: it holds orbitals past the highest occupied of an orbital "
            f"transformation (OT), whose energies CP2K before {HOMO_INDEX_FIXED} prints wrongly; "
            "get the empty states by &DIAGONALIZATION in a run of their own"
        )


def _before(version: str) -> bool:
    """Tell whether a version is older than the first one that prints these energies rightly."""
    numbers, fixed = (
        tuple(int(part) for part in name.split(".") if part.isdigit())
        for name in (version, HOMO_INDEX_FIXED)
    )
    return numbers < fixed
