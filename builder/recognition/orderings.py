"""Which anion stands on which sites of a lattice, counted in a particle."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.record import Record

if TYPE_CHECKING:
    from epicarve.arrays import Ints, Strings
    from epicarve.builder.crystal import Crystal

    from .pattern import Pattern

MAX_ORDERINGS = 5000
"""More ways to fill the orbits of anions than this are not compared: the crystal's own is held."""


@dataclass(frozen=True)
class SiteOrdering(Record):
    """How the anions of a crystal stand on its orbits of anion sites.

    Parameters
    ----------
    sites : dict of str to str
        Element on each orbit of anions, which are called X0, X1, ... in the order of the crystal.
    is_own : bool
        Whether that is how the crystal has them.
    agreement : float
        Share of the anions in the core that stand where it says, from 0 to 1.
    next_agreement : float or None
        That of the next best ordering; None if there is no other.
    occupancy : dict of str to dict of str to int
        Ions counted on each orbit.
    n_orderings : int
        Orderings that were compared.
    crystal : str or None
        The crystal that has this ordering, if one of those that were looked for does.
    """

    sites: dict[str, str]
    is_own: bool
    agreement: float
    next_agreement: float | None
    occupancy: dict[str, dict[str, int]]
    n_orderings: int
    crystal: str | None = None

    @property
    def told(self) -> str:
        """The ordering in words, such as ``"S on X0, X2; Cl on X1, X3"``."""
        elements = dict.fromkeys(self.sites.values())
        return "; ".join(
            f"{e} on {', '.join(orbit for orbit, one in self.sites.items() if one == e)}"
            for e in elements
        )


def anion_orbits(crystal: Crystal) -> dict[str, Ints]:
    """Return the sites of each orbit of anions by its name, X0, X1, ...

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> crystal = bundled_crystal("Pb3S2Cl2")
    >>> [str(crystal.symbols[sites[0]]) for sites in anion_orbits(crystal).values()]
    ['S', 'S', 'Cl', 'Cl']
    """
    orbits = crystal.symmetry.orbits
    anions = np.flatnonzero(crystal.oxidation_states < 0)
    names = dict.fromkeys(orbits[anions].tolist())
    return {f"X{i}": np.flatnonzero(orbits == first) for i, first in enumerate(names)}


def orderings_of(crystal: Crystal) -> list[dict[str, str]]:
    """Return the ways to fill the orbits of anions with the crystal's composition, its own first.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> len(orderings_of(bundled_crystal("Pb3S2Cl2"))), len(orderings_of(bundled_crystal("PbS")))
    (6, 1)
    """
    orbits = anion_orbits(crystal)
    own = {name: str(crystal.symbols[sites[0]]) for name, sites in orbits.items()}
    wanted = Counter({e: sum(len(orbits[o]) for o in own if own[o] == e) for e in own.values()})
    partial: list[tuple[Counter[str], dict[str, str]]] = [(wanted, {})]
    for name, sites in orbits.items():
        partial = [
            (left - Counter({element: len(sites)}), {**filled, name: element})
            for left, filled in partial
            for element in wanted
            if left[element] >= len(sites)
        ]
        if len(partial) > MAX_ORDERINGS:
            return [own]
    return [own, *(filled for _, filled in partial if filled != own)]


def counted_ordering(pattern: Pattern, sites: Ints, symbols: Strings) -> SiteOrdering | None:
    """Return the ordering that ions on sites of a crystal have; None without an anion among them.

    Parameters
    ----------
    pattern : Pattern
        The crystal, and the names of those that order its anions otherwise.
    sites : ndarray of int, shape (n,)
        Site of the cell on which each ion stands.
    symbols : ndarray of str, shape (n,)
        Elements of the ions.
    """
    crystal = pattern.crystal
    counts = {
        name: Counter(symbols[np.isin(sites, members)].tolist())
        for name, members in anion_orbits(crystal).items()
    }
    total = sum(sum(count.values()) for count in counts.values())
    if total == 0:
        return None
    found = orderings_of(crystal)
    right = [sum(counts[name][e] for name, e in one.items()) / total for one in found]
    ranks = sorted(range(len(found)), key=lambda k: -right[k])
    best = ranks[0]
    known = pattern.named or {tuple(found[0].values()): pattern.told}
    name = known.get(tuple(found[best].values()))
    return SiteOrdering(
        sites=found[best],
        is_own=name == pattern.told,
        agreement=round(right[best], 4),
        next_agreement=round(right[ranks[1]], 4) if len(ranks) > 1 else None,
        occupancy={name: dict(sorted(count.items())) for name, count in counts.items()},
        n_orderings=len(found),
        crystal=name,
    )


def ordered_symbols(crystal: Crystal, ordering: SiteOrdering | None) -> Strings:
    """Return the element on each site of a crystal with an ordering, shape (n_sites,)."""
    symbols: Any = np.array(crystal.symbols)
    if ordering is not None:
        for name, members in anion_orbits(crystal).items():
            symbols[members] = ordering.sites[name]
    return np.asarray(symbols)
