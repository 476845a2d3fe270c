"""Rules of a check on atoms: where they come from, lists of them, and k-points of their cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import read_text
from epicarve.files import is_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epicarve.dft.cp2k_input import Section, Subject

_PDOS = (("DFT", "PRINT", "PDOS"), ("DFT", "PRINT", "DOS"))
"""Where lists of atoms for densities of states stand, up to CP2K 2026.1 and since."""


def check_source(subject: Subject) -> None:
    """Check that there are atoms, and as many in &COORD as in the file if both are given."""
    subsys = subject.force_eval.first("SUBSYS")
    if subsys is None or subject.root.first("EXT_RESTART") is not None:
        return
    coord = subsys.first("COORD")
    topology = subsys.first("TOPOLOGY")
    named = subject.coordinate_file
    if coord is not None and coord.entries and named:
        path = subject.folder / str(named.values[0])
        count = read_text(path).split(maxsplit=1)[:1] if is_file(path) else []
        here = len(coord.entries.get("DEFAULT_KEYWORD", ()))
        if count and count[0].isdigit() and int(count[0]) != here:
            subject.report.error(
                coord.line,
                f"{here} atoms stand here and {count[0]} in the file of line {named.line.number}",
                "keep one of the two",
            )
    if coord is None and named is None and subject.is_quickstep and not _generated(topology):
        subject.report.error(
            subsys.line, "there are no atoms", "add &COORD, or COORD_FILE_NAME in &TOPOLOGY"
        )
    if coord is not None and not coord.entries and named is None:
        subject.report.error(coord.line, "there is no atom in &COORD", "add a line for each")


def check_lists(subject: Subject) -> None:
    """Check that lists of atoms name atoms that are there."""
    atoms = subject.atoms
    n_atoms = len(atoms.labels) * subject.n_copies if atoms else None
    for section in _listing(subject):
        entries = section.entries.get("LIST", [])
        if not entries and section.name == "LDOS":
            subject.report.error(section.line, "&LDOS without LIST", "add LIST and the atoms")
        for entry in entries:
            numbers = [value for value in entry.values if isinstance(value, int | range)]
            last = max((n if isinstance(n, int) else n[-1] for n in numbers), default=1)
            first = min((n if isinstance(n, int) else n[0] for n in numbers), default=1)
            if first < 1:
                subject.report.error(
                    entry.line, f"LIST names atom {first}", "count the atoms from 1"
                )
            elif n_atoms is not None and last > n_atoms:
                subject.report.error(
                    entry.line,
                    f"LIST names atom {last}, but there are only {n_atoms}",
                    "take it out, or give the coordinates that belong to the input",
                )


def check_kpoints(subject: Subject) -> None:
    """Check that k-points lie along directions that repeat."""
    kpoints = subject.force_eval.first("DFT", "KPOINTS")
    cell = subject.cell
    if kpoints is None or cell is None:
        return
    scheme = kpoints.values("SCHEME")
    if scheme[:1] not in {("MONKHORST-PACK",), ("MACDONALD",)}:
        return
    for count, periodic, axis in zip(scheme[1:4], cell.periodic, "ABC", strict=False):
        if not periodic and isinstance(count, str) and count.isdigit() and int(count) > 1:
            subject.report.error(
                kpoints.where("SCHEME"),
                f"{count} k-points along {axis}, along which the cell is not periodic",
                "give 1 there",
            )


def _listing(subject: Subject) -> Iterator[Section]:
    for path in _PDOS:
        yield from subject.force_eval.all(*path, "LDOS")
    yield from subject.root.all("MOTION", "CONSTRAINT", "FIXED_ATOMS")


def _generated(topology: Section | None) -> bool:
    """Whether atoms may come from something else that a topology names."""
    return topology is not None and topology.value("COORD_FILE_FORMAT") not in {"OFF", "XYZ"}
