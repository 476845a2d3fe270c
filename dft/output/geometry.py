"""Atoms and cell as CP2K's main output prints them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from epicarve.dft.cp2k_input import ATOMIC_NUMBERS
from epicarve.units import A_PER_BOHR

PRINTED_A = 2e-3
"""Rounding in Å of the vectors of a cell in the main output, with room for their last digit."""

_ATOM_ROW = re.compile(
    r"\s+(?P<index>\d+)\s+(?P<kind>\d+)\s+(?P<element>[A-Z][a-z]?)\s+(?P<number>\d+)"
    r"\s+(-?\d+\.\d+)\s+(-?\d+\.\d+)\s+(-?\d+\.\d+)\s+(?P<charge>-?\d+\.\d+)\s+\d+\.\d+\s*$"
)
_KIND = re.compile(r"\s+(?P<number>\d+)\. Atomic kind: (?P<name>\S+)\s+Number of atoms:")
_VECTOR = re.compile(
    r" CELL\| Vector (?P<name>[abc]) \[(?P<unit>\w+)\]?:?\s+(-?\d+\.\d+)\s+(-?\d+\.\d+)"
    r"\s+(-?\d+\.\d+)\s+\|[abc]\|\s*=\s+(?P<length>\d+\.\d+)\s*$"
)
_ANGLE = re.compile(
    r" CELL\| Angle \(.,.\), (?P<name>alpha|beta|gamma)\s+\[degrees?\]:\s+(?P<value>\d+\.\d+)\s*$"
)
_UNITS_A = {"angstrom": 1.0, "bohr": A_PER_BOHR}

GHOST = "X"
"""Symbol of a ghost atom: basis functions at a place without nucleus and electrons."""

Row = tuple[float, float, float]


@dataclass
class PrintedGeometry:
    """The last table of atoms and the last cell of a main output, taken in line by line.

    Parameters
    ----------
    symbols : list of str
        Element of each atom, X of ghost atoms.
    positions_a : list of tuple of float
        Coordinates in Å, to the six digits that are printed.
    kinds : list of int
        Number of the kind of each atom.
    charges : dict of int to float
        Charge of the core of each kind, 0 of ghost atoms.
    kind_names : dict of int to str
        Name of each kind, which its &KIND bears or its atoms in the input.
    vectors_a : dict of str to tuple of float
        Vectors of the cell by their names, to three digits.
    lengths_a, angles : dict of str to float
        Lengths of the vectors in Å and angles in degrees, to six digits.

    Examples
    --------
    >>> printed = PrintedGeometry()
    >>> printed.begin(" MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM")
    >>> printed.take_atom("  1   1 O    8   4.000000   4.500000   4.000000   6.0000   15.9994")
    ''
    >>> printed.symbols, printed.positions_a
    (['O'], [(4.0, 4.5, 4.0)])
    """

    symbols: list[str] = field(default_factory=list)
    positions_a: list[Row] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    charges: dict[int, float] = field(default_factory=dict)
    kind_names: dict[int, str] = field(default_factory=dict)
    vectors_a: dict[str, Row] = field(default_factory=dict)
    lengths_a: dict[str, float] = field(default_factory=dict)
    angles: dict[str, float] = field(default_factory=dict)
    _scale_a: float = 1.0

    def begin(self, line: str) -> None:
        """Take in the head of a table of atoms."""
        unit = line.rsplit(maxsplit=1)[-1].strip("[]").lower()
        self._scale_a = _UNITS_A.get(unit, float("nan"))
        self.symbols, self.positions_a, self.kinds, self.charges = [], [], [], {}

    def take_atom(self, line: str) -> str | None:
        """Take in a row of the table; return what is wrong with it, None if it is no row."""
        row = _ATOM_ROW.match(line)
        if row is None:
            return None
        number, symbol = int(row["number"]), row["element"]
        known = number in {0, ATOMIC_NUMBERS.get(symbol, 0)}  # 0: a place without nucleus
        is_next = int(row["index"]) == len(self.symbols) + 1
        kind, charge = int(row["kind"]), float(row["charge"])
        self.symbols.append(GHOST if charge == 0.0 else symbol)
        self.kinds.append(kind)
        x, y, z = (self._scale_a * float(row[k]) for k in (5, 6, 7))
        self.positions_a.append((x, y, z))
        if known and is_next:
            if charge == self.charges.setdefault(kind, charge):
                return ""
            return f"atom {row['index']} has a core of charge {charge}, others of its kind another"
        return f"atom {row['index']} is {symbol} with atomic number {number}"

    def take_kind(self, line: str) -> None:
        """Take in a line that tells how many atoms a kind has."""
        if kind := _KIND.match(line):
            self.kind_names[int(kind["number"])] = kind["name"]

    @property
    def labels(self) -> tuple[str, ...]:
        """Name of the kind of each atom, empty if names or atoms are not printed."""
        if not set(self.kinds) <= set(self.kind_names):
            return ()
        return tuple(self.kind_names[kind] for kind in self.kinds)

    def take_cell(self, line: str) -> None:
        """Take in a line that begins with ``CELL|``."""
        if vector := _VECTOR.match(line):
            scale = _UNITS_A.get(vector["unit"].lower(), float("nan"))
            x, y, z = (scale * float(vector[k]) for k in (3, 4, 5))
            self.vectors_a[vector["name"]] = (x, y, z)
            self.lengths_a[vector["name"]] = scale * float(vector["length"])
        elif angle := _ANGLE.match(line):
            self.angles[angle["name"]] = float(angle["value"])

    @property
    def cell_a(self) -> tuple[Row, Row, Row] | None:
        """Vectors of the cell in Å as they are printed, None if they are not."""
        if set(self.vectors_a) != {"a", "b", "c"}:
            return None
        return self.vectors_a["a"], self.vectors_a["b"], self.vectors_a["c"]

    @property
    def cell_lengths_a(self) -> Row | None:
        """Lengths of the vectors of the cell in Å."""
        a, b, c = (self.lengths_a.get(name) for name in "abc")
        return None if a is None or b is None or c is None else (a, b, c)

    @property
    def cell_angles(self) -> Row | None:
        """Angles of the cell in degrees: alpha, beta, gamma."""
        alpha, beta, gamma = (self.angles.get(name) for name in ("alpha", "beta", "gamma"))
        if alpha is None or beta is None or gamma is None:
            return None
        return alpha, beta, gamma


def sharpened_cell_a(
    vectors_a: tuple[Row, ...], lengths_a: Row, angles: Row
) -> tuple[Row, Row, Row] | None:
    """Make a cell of six digits out of printed lengths and angles, and vectors of three digits.

    Parameters
    ----------
    vectors_a : tuple of tuple of float
        The vectors, rounded.
    lengths_a, angles : tuple of float
        Lengths in Å and angles in degrees, alpha first.

    Returns
    -------
    tuple of tuple of float or None
        The vectors with a along x and b in the xy plane, None if the rounded ones do not lie so.

    Examples
    --------
    >>> sharpened_cell_a(
    ...     ((5.322, 0, 0), (0, 5.322, 0), (0, 0, 5.322)), (5.322314,) * 3, (90.0,) * 3
    ... )[0]
    (5.322314, 0.0, 0.0)
    """
    alpha, beta, gamma = np.cos(np.radians(angles))
    sine = np.sqrt(1.0 - gamma**2)
    y = (alpha - beta * gamma) / sine
    unit = [[1.0, 0.0, 0.0], [gamma, sine, 0.0], [beta, y, np.sqrt(max(0.0, 1 - beta**2 - y**2))]]
    sharp = np.array(lengths_a)[:, None] * np.array(unit)
    sharp[np.abs(sharp) < 1e-9] = 0.0
    if not np.abs(sharp - np.array(vectors_a)).max() < PRINTED_A:  # NaN is none
        return None
    a, b, c = (tuple(row) for row in sharp.tolist())
    return a, b, c
