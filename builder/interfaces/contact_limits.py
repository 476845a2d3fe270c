"""How near ions of two crystals come to each other: from both bulks and bond-valence parameters.

A pair of elements that one of the crystals holds has its shortest distance there. For others each
ion brings along what it does at home, so that nothing depends on which elements the two crystals
happen to share:

- a cation and an anion make a bond of the valence that the cation's strongest bond has at home:
  L = R + t. R is the length of a bond of valence 1 between the two elements (O'Keeffe and Brese,
  J. Am. Chem. Soc. 1991, 113, 3226), t by how much the strongest bond of the cation is longer at
  home than one of valence 1 between its elements. A cation shares its charge out among as many
  neighbours as it has room for, as in Shannon's radii, which differ with coordination for cations
  and hardly for anions;
- ions of like sign do not touch each other but an ion of the other sign between them, and lie as
  far apart as two bonds with an angle: L² = n² + n′². At home n = D d / √(d² + d′²), d and d′ being
  the shortest bonds of an ion and of another of its sign at the distance D, of all such ions that
  for which n is least. In rock salt and in cubic perovskites the angle is a right one, and n = d.

Of two ions of one crystal L would never be longer than their distance there, and is that distance
for its strongest bond and its tightest ions of like sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import unit_length_a
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal


def contact_limits_a(first: Crystal, second: Crystal) -> dict[frozenset[str], float]:
    """Return the shortest contact in Å of every pair of elements of two crystals.

    Pairs that a crystal holds have their shortest distance in bulk; those of an element of each
    that neither holds have the contact that the module tells.

    Raises
    ------
    InputError
        If that needs a bond-valence parameter that is not known.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> limits = contact_limits_a(bundled_crystal("PbS"), bundled_crystal("CsPbCl3"))
    >>> [round(limits[frozenset(pair)], 2) for pair in (("Cs", "S"), ("S", "Cl"), ("Pb", "Cl"))]
    [4.06, 4.08, 2.8]
    """
    limits: dict[frozenset[str], float] = {}
    for crystal in (first, second):
        for pair, distance_a in crystal.contacts_a.items():
            limits[pair] = min(distance_a, limits.get(pair, np.inf))
    known = frozenset(limits)
    for one, other in product(_ions(first), _ions(second)):
        pair = frozenset((one.symbol, other.symbol))
        if pair not in known:
            limits[pair] = min(one.contact_a(other), limits.get(pair, np.inf))
    return limits


@dataclass(frozen=True)
class _Ion:
    """What the ions of an element do in their own crystal.

    Parameters
    ----------
    symbol : str
        The element.
    crystal : str
        Name of the crystal.
    sign : float
        Of its charge.
    bonds_a : dict of str to float
        Shortest distance in Å from each element of the other sign.
    leg_a : float
        n of the module's rule in Å.
    """

    symbol: str
    crystal: str
    sign: float
    bonds_a: dict[str, float]
    leg_a: float

    def contact_a(self, other: _Ion) -> float:
        """Return the contact in Å with an ion of another crystal."""
        if self.sign == other.sign:
            return float(np.hypot(self.leg_a, other.leg_a))
        cation, anion = (self, other) if self.sign > other.sign else (other, self)
        return cation.unit_length_a(anion.symbol) + cation.stretch_a

    @property
    def stretch_a(self) -> float:
        """By how much, in Å, the strongest bond is longer than one of valence 1."""
        return min(length_a - self.unit_length_a(s) for s, length_a in self.bonds_a.items())

    def unit_length_a(self, partner: str) -> float:
        """Return the length in Å of a bond of valence 1 with another element."""
        length_a = unit_length_a(self.symbol, partner)
        if length_a is None:
            raise InputError(
                f"{self.crystal}: how near {self.symbol} comes to ions of another crystal is not "
                f"known, as O'Keeffe and Brese (1991) give no bond-valence parameters for "
                f"{self.symbol} with {partner}; take a crystal with a similar element in its place"
            )
        return length_a


def _ions(crystal: Crystal) -> list[_Ion]:
    """Return each element of a crystal with what it does there."""
    q = crystal.oxidation_states
    signs = {s: float(np.sign(q[crystal.symbols == s].sum())) for s in crystal.charge_of}
    near: dict[str, dict[bool, dict[str, float]]] = {s: {True: {}, False: {}} for s in signs}
    for pair, distance_a in crystal.contacts_a.items():
        for one, other in ((min(pair), max(pair)), (max(pair), min(pair))):
            near[one][signs[one] == signs[other]][other] = distance_a
    bond_a = {s: min(near[s][False].values()) for s in signs}
    return [
        _Ion(
            symbol=s,
            crystal=crystal.name,
            sign=signs[s],
            bonds_a=near[s][False],
            leg_a=min(
                (d * bond_a[s] / np.hypot(bond_a[s], bond_a[j]) for j, d in near[s][True].items()),
                default=bond_a[s],
            ),
        )
        for s in signs
    ]
