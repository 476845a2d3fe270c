"""The atoms of a particle as far as a crystal can be recognised in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Bools, Floats, Ints, Strings

ANION = "-"
"""Kind of all anions: which of them stands on which site of a lattice is asked afterwards."""

FOREIGN = ""
"""Kind of atoms that no crystal holds."""


def kinds_of(symbols: Strings, charges: Mapping[str, int]) -> Strings:
    """Return the kind of each atom: the element of a cation, `ANION`, or `FOREIGN`.

    Parameters
    ----------
    symbols : ndarray of str, shape (n,)
        Elements.
    charges : mapping of str to int
        Formal charge of each element that a crystal holds.

    Examples
    --------
    >>> kinds_of(np.array(["Pb", "S", "C"]), {"Pb": 2, "S": -2}).tolist()
    ['Pb', '-', '']
    """
    kind = {symbol: symbol if charge > 0 else ANION for symbol, charge in charges.items()}
    return np.array([kind.get(symbol, FOREIGN) for symbol in symbols.tolist()], dtype=np.str_)


@dataclass(frozen=True)
class ParticleIons:
    """Atoms in space, and what may be said of them before a crystal is found.

    Parameters
    ----------
    symbols : ndarray of str, shape (n,)
        Elements.
    positions_a : ndarray of float, shape (n, 3)
        Coordinates in Å.
    kinds : ndarray of str, shape (n,)
        As of `kinds_of`.
    """

    symbols: Strings
    positions_a: Floats
    kinds: Strings

    @property
    def is_ion(self) -> Bools:
        """Whether each atom is of an element that a crystal holds, shape (n,)."""
        return np.asarray(self.kinds != FOREIGN)

    @cached_property
    def spacing_a(self) -> float:
        """Median distance in Å from an ion to the nearest other one."""
        points = self.positions_a[self.is_ion]
        return float(np.median(cKDTree(points).query(points, k=2)[0][:, 1]))

    @cached_property
    def by_kind(self) -> dict[str, tuple[Ints, cKDTree]]:
        """Ions of each kind, and a tree of their coordinates."""
        found = {}
        for kind in np.unique(self.kinds[self.is_ion]).tolist():
            members = np.flatnonzero(self.kinds == kind)
            found[kind] = members, cKDTree(self.positions_a[members])
        return found

    def chosen(self, which: Bools) -> ParticleIons:
        """Return some of the atoms."""
        return ParticleIons(self.symbols[which], self.positions_a[which], self.kinds[which])
