"""Formal charges of the molecules on a particle, as far as their formula tells them.

A molecule of C, H, N and O with all electrons paired and neutral has an even number of hydrogen and
nitrogen atoms together. One with a single N and one H more or less than that is an ammonium ion,
one with two O (and no N) the anion of an acid.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.builder.crystal import molecules_among, unit_formula

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings


@dataclass(frozen=True)
class Molecule:
    """A molecule or molecular ion.

    Parameters
    ----------
    atoms : ndarray of int, shape (n,)
        Its atoms in the particle.
    formula : str
        Its formula.
    charge : int or None
        Its formal charge; None if the formula does not tell it.
    bearers : ndarray of int, shape (m,)
        The atoms over which the charge is spread: O of an acid, N of an ammonium ion.
    """

    atoms: Ints
    formula: str
    charge: int | None
    bearers: Ints


def molecules_of(symbols: Strings, positions_a: Floats) -> tuple[Molecule, ...]:
    """Return the molecules among the atoms of a particle, with their formal charges."""
    found = []
    for atoms in molecules_among(symbols, positions_a):
        charge = charge_of_molecule(Counter(symbols[atoms].tolist()))
        bearer = "O" if charge == -1 else "N" if charge == 1 else None
        bearers = atoms[symbols[atoms] == bearer] if bearer else atoms
        found.append(Molecule(atoms, unit_formula(symbols[atoms]), charge, bearers))
    return tuple(found)


def charge_of_molecule(counts: Counter[str]) -> int | None:
    """Return the formal charge of a molecule in units of e; None if its formula leaves it open.

    Parameters
    ----------
    counts : Counter of str
        Atoms of each element.

    Examples
    --------
    Acetate, methylammonium, formamidinium, water, sulfate:

    >>> told = ({"C": 2, "H": 3, "O": 2}, {"C": 1, "H": 6, "N": 1}, {"C": 1, "H": 5, "N": 2},
    ...         {"H": 2, "O": 1}, {"S": 1, "O": 4})
    >>> [charge_of_molecule(Counter(one)) for one in told]
    [-1, 1, 1, 0, None]
    """
    if not set(counts) <= {"C", "H", "N", "O"} or not counts["H"]:
        return None
    if (counts["H"] + counts["N"]) % 2 == 0:
        return 0
    if counts["O"] == 2 and not counts["N"]:
        return -1
    if counts["N"] in {1, 2} and not counts["O"]:
        return 1
    return None
