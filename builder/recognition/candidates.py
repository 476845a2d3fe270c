"""Which crystals are looked for in a particle."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.cif import read_cif
from epicarve.builder.crystal import Crystal, replaced
from epicarve.builder.library import bundled_crystal, bundled_names
from epicarve.errors import InputError

from .ions import kinds_of
from .orderings import anion_orbits
from .pattern import Pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

HALIDES = ("F", "Cl", "Br", "I")
"""Elements that take each other's place in a structure, by size."""

SAME_CELL, SAME_SITE_A = 0.02, 1.0
"""Crystals have one lattice if their cells differ by no more than this share, and their sites by no
more than this distance in Å."""


def bundled() -> tuple[Crystal, ...]:
    """Return all bundled crystals."""
    return tuple(bundled_crystal(name) for name in bundled_names())


def given(crystals: Sequence[str | Path | Crystal]) -> list[Pattern]:
    """Return crystals by name, from CIF files, or as they are.

    Raises
    ------
    InputError
        If a name is not known, a file holds no crystal, or two have one name.
    """
    found: dict[str, Pattern] = {}
    for one in crystals:
        pattern = _pattern(one)
        if pattern.told in found:
            raise InputError(f"crystals: {pattern.told} is named twice; leave one of them out")
        found[pattern.told] = pattern
    return list(found.values())


def _pattern(one: str | Path | Crystal) -> Pattern:
    if isinstance(one, Crystal):
        return Pattern(one, one.name)
    if Path(one).suffix.lower() == ".cif":
        crystal = read_cif(one)
        return Pattern(crystal, crystal.name)
    crystal = bundled_crystal(str(one))
    return Pattern(crystal, crystal.name, crystal.name)


def fitting(crystals: Sequence[Crystal], elements: Collection[str]) -> list[Pattern]:
    """Return those crystals that consist of some elements, and such with another halide.

    A halide is replaced where no crystal has the formula and the space group that this gives; of
    several crystals that of the halide next in size is taken.

    Parameters
    ----------
    crystals : sequence of Crystal
        Bundled crystals.
    elements : collection of str
        The elements.

    Examples
    --------
    >>> [one.told for one in fitting(bundled(), {"Cs", "Pb", "I"})][:2]
    ['CsPbBr3 with I for Br', 'CsPbBr3-Pnma with I for Br']
    """
    own = [one for one in crystals if set(one.charge_of) <= set(elements)]
    known = {(one.formula, one.space_group) for one in crystals}
    swaps = []
    for crystal in crystals:
        for old, new in permutations(HALIDES, 2):
            held = set(crystal.charge_of)
            if old in held and new not in held and held - {old} | {new} <= set(elements):
                away = abs(HALIDES.index(new) - HALIDES.index(old))
                swaps.append((away, crystal, old, new))
    patterns = [Pattern(one, one.name, one.name) for one in own]
    for _, crystal, old, new in sorted(swaps, key=lambda swap: swap[0]):
        other = replaced(crystal, {old: new})
        if (other.formula, other.space_group) not in known:
            known.add((other.formula, other.space_group))
            told = f"{crystal.name} with {new} for {old}"
            patterns.append(Pattern(other, told, crystal.name, ((old, new),)))
    return patterns


def without_orderings(patterns: Sequence[Pattern]) -> list[Pattern]:
    """Return patterns less those that only order the anions of an earlier one in another way.

    Their names are kept with that one, so that a particle is held against a lattice once, and the
    crystal of its ordering is told all the same.

    Examples
    --------
    >>> both = [Pattern(bundled_crystal(name), name) for name in ("Pb3S2Cl2", "Pb3S2Cl2-X1X3")]
    >>> without_orderings(both)[0].named
    {('Cl', 'S', 'Cl', 'S'): 'Pb3S2Cl2-X1X3'}
    """
    kept: list[Pattern] = []
    for one in patterns:
        for k, first in enumerate(kept):
            ordering = _ordering_in(first, one.crystal)
            if ordering is not None:
                kept[k] = replace(first, named={**first.named, ordering: one.told})
                break
        else:
            kept.append(one)
    return kept


def _ordering_in(pattern: Pattern, crystal: Crystal) -> tuple[str, ...] | None:
    """Return the element of each orbit of a pattern in another crystal of the same lattice."""
    own = pattern.crystal
    if (own.formula, own.n_sites) != (crystal.formula, crystal.n_sites):
        return None
    longest_a = np.linalg.norm(own.cell_a, axis=1).max()
    if np.abs(own.cell_a - crystal.cell_a).max() > SAME_CELL * longest_a:
        return None
    kinds = kinds_of(crystal.symbols, crystal.charge_of)
    placed = pattern.placed(kinds, crystal.fractional @ own.cell_a)
    if len(set(placed.sites.tolist())) < own.n_sites or placed.distances_a.max() > SAME_SITE_A:
        return None
    symbols = np.empty_like(crystal.symbols)
    symbols[placed.sites] = crystal.symbols
    found = [set(symbols[sites].tolist()) for sites in anion_orbits(own).values()]
    ordering = tuple(min(one) for one in found)
    mine = tuple(str(own.symbols[sites[0]]) for sites in anion_orbits(own).values())
    return ordering if ordering != mine and all(len(one) == 1 for one in found) else None
