"""Checking any CP2K input: names, types and units against a version of CP2K, then its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import CheckContext, Finding, InputText, Report, read_tree

from .rules_atoms import check_kpoints, check_lists, check_source
from .rules_basis import check_cutoff, check_files, check_functional, check_kinds
from .rules_cell import check_cell, check_contacts, check_places, check_poisson, check_symmetry
from .rules_methods import (
    check_auxiliary,
    check_dispersion,
    check_kpoint_methods,
    check_mixing,
    check_printing,
    check_restricted,
)
from .rules_scf import (
    check_empty_states,
    check_printed_states,
    check_scf_method,
    check_spin,
    check_task,
    check_thresholds,
)

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_VERSION = "2023.1"
"""Version of CP2K that is meant where none is named."""

MOST_FINDINGS = 50
"""So many findings are told at most."""

RULES = (
    check_task,
    check_files,
    check_source,
    check_cell,
    check_symmetry,
    check_poisson,
    check_places,
    check_contacts,
    check_lists,
    check_kpoints,
    check_kpoint_methods,
    check_scf_method,
    check_mixing,
    check_restricted,
    check_auxiliary,
    check_dispersion,
    check_printing,
    check_thresholds,
    check_kinds,
    check_cutoff,
    check_functional,
    check_spin,
    check_empty_states,
    check_printed_states,
)
"""What is looked at in each &FORCE_EVAL once CP2K understands the input."""


def check_input(path: Path, version: str = DEFAULT_VERSION) -> tuple[Finding, ...]:
    """Check a CP2K input: what CP2K would not understand, and what it would understand wrongly.

    Parameters
    ----------
    path : Path
        The input.
    version : str
        Version of CP2K that will read it, one of `epicarve.dft.cp2k_input.schemas.versions()`.

    Returns
    -------
    tuple of Finding
        By line, 50 at most; empty if nothing is wrong. Its meaning is looked at only if CP2K
        understands all of it. Files that an earlier run makes (restarts of geometry and orbitals)
        are not looked for, and data files only where CP2K's data are found.

    Raises
    ------
    InputError
        If the file is missing or no text, or the version is not known.
    """
    report = Report()
    root = read_tree(InputText.read(path), version, report)
    if not root.children and all("stands in no section" in f.message for f in report.findings):
        message = "this is no CP2K input: there is no section in it"
        return (Finding(None, message, "name a CP2K input; its sections begin with &"),)
    if all(finding.severity == "warning" for finding in report.findings):
        for force_eval in root.all("FORCE_EVAL"):
            subject = CheckContext(root, force_eval, path.parent, version, report)
            for rule in RULES:
                rule(subject)
    return report.findings[:MOST_FINDINGS]


__all__ = ["DEFAULT_VERSION", "Finding", "check_input"]
