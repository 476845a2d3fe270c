"""The atoms of a CP2K input, from &COORD or from an XYZ file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .lines import read_text
from .units import BadValueError, length_a
from .values import real

if TYPE_CHECKING:
    from pathlib import Path

    from .cell import Vector
    from .finding import Report
    from .line import Line
    from .tree import Section

FARTHEST_A = 1e6
"""No atom is farther from the origin than this in Å."""


@dataclass(frozen=True)
class InputAtoms:
    """Atoms of an input.

    Parameters
    ----------
    labels : tuple of str
        Names of their kinds.
    positions_a : tuple of tuple of float
        Cartesian coordinates in Å, or fractional ones.
    scaled : bool
        Whether the coordinates are fractional.
    line : Line
        Where they, or their file, stand.
    """

    labels: tuple[str, ...]
    positions_a: tuple[Vector, ...]
    scaled: bool
    line: Line


def coord_atoms(coord: Section, report: Report) -> InputAtoms | None:
    """Return the atoms of a &COORD, None if they can't be read."""
    try:
        scale = length_a(str(coord.value("UNIT")))
    except BadValueError as error:
        report.error(coord.where("UNIT"), f"UNIT: {error}", error.remedy)
        return None
    scaled = coord.value("SCALED") is True
    labels, positions = [], []
    rows = coord.entries.get("DEFAULT_KEYWORD", [])
    for entry in rows:
        atom = _atom(str(entry.values[0]), 1.0 if scaled else scale)
        if atom is None:
            report.error(
                entry.line, f"{entry.line.text} is no atom", "give a name and three coordinates"
            )
            return None
        labels.append(atom[0])
        positions.append(atom[1])
    line = rows[0].line if rows else coord.line
    return InputAtoms(tuple(labels), tuple(positions), scaled, line)


def xyz_atoms(path: Path, line: Line, report: Report) -> InputAtoms | None:
    """Return the atoms of an XYZ file that a line of the input names, None if it is broken."""
    lines = read_text(path).splitlines()
    count = lines[0].split() if lines else []
    if not count or not count[0].isdigit():
        report.error(
            line, f"{path.name} does not begin with the number of its atoms", "mend the file"
        )
        return None
    n_atoms = int(count[0])
    rows = lines[2 : 2 + n_atoms]
    atoms = [_atom(row, 1.0) for row in rows]
    if len(atoms) < n_atoms or None in atoms:
        at = atoms.index(None) if None in atoms else len(atoms)
        report.error(
            line,
            f"{path.name} announces {n_atoms} atoms, but line {at + 3} of it holds none",
            "mend the file",
        )
        return None
    known = [atom for atom in atoms if atom is not None]
    return InputAtoms(
        tuple(label for label, _ in known), tuple(position for _, position in known), False, line
    )


def _atom(row: str, scale: float) -> tuple[str, Vector] | None:
    words = row.split()
    if len(words) < 4:
        return None
    try:
        x, y, z = (scale * real(word) for word in words[1:4])
    except BadValueError:
        return None
    return (words[0], (x, y, z)) if max(abs(x), abs(y), abs(z)) < FARTHEST_A else None
