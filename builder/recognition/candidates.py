"""Which crystals are looked for in a particle."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.cif import read_cif
from epicarve.builder.crystal import Crystal, refuse_molecules, replaced
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

LIKE_CELL = 0.15
"""Crystals of one formula and space group are two, such as yellow and black CsPbI3, if their cells
differ by more than this share."""


def bundled() -> tuple[Crystal, ...]:
    """Return all bundled crystals without molecules, which are not searched for."""
    crystals = (bundled_crystal(name) for name in bundled_names())
    return tuple(crystal for crystal in crystals if not crystal.molecules)


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
    is_file = not isinstance(one, Crystal) and Path(one).suffix.lower() == ".cif"
    if isinstance(one, Crystal) or is_file:
        crystal = one if isinstance(one, Crystal) else read_cif(one)
        refuse_molecules(crystal, "searches for what a particle is made of")
        return Pattern(crystal, crystal.name)
    crystal = bundled_crystal(str(one))
    return Pattern(crystal, crystal.name, crystal.name)


def fitting(crystals: Sequence[Crystal], elements: Collection[str]) -> list[Pattern]:
    """Return those crystals that consist of some elements, and such with another halide.

    A halide is replaced where no crystal has the formula, the space group and about the cell that
    this gives; of several crystals that of the halide next in size is taken.

    Parameters
    ----------
    crystals : sequence of Crystal
        Bundled crystals.
    elements : collection of str
        The elements.

    Examples
    --------
    >>> [one.told for one in fitting(bundled(), {"Cs", "Pb", "I"})][:3]
    ['CsPbI3', 'CsPbI3-delta', 'CsPbBr3-Pnma with I for Br']
    """
    own = [one for one in crystals if set(one.charge_of) <= set(elements)]
    known = list(crystals)
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
        if not any(_is_like(other, one) for one in known):
            known.append(other)
            told = f"{crystal.name} with {new} for {old}"
            patterns.append(Pattern(other, told, crystal.name, ((old, new),)))
    return patterns


def _is_like(first: Crystal, second: Crystal) -> bool:
    """Whether two crystals have one formula, one space group, and about the same cell."""
    return (first.formula, first.space_group) == (
        second.formula,
        second.space_group,
    ) and np.allclose(first.cell_parameters, second.cell_parameters, rtol=LIKE_CELL)


def one_name_each(patterns: Sequence[Pattern]) -> list[Pattern]:
    """Return patterns, those that only order the anions of an earlier one otherwise by its name.

    Each is looked for with its own places, as these tell orientations apart, but all are told as
    one crystal, and the ordering names which of them it is.

    Examples
    --------
    >>> names = "Pb3S2Cl2", "Pb3S2Cl2-X1X3"
    >>> first, second = one_name_each([Pattern(bundled_crystal(name), name) for name in names])
    >>> second.told, second.crystal.name, second.named == first.named
    ('Pb3S2Cl2', 'Pb3S2Cl2', True)
    >>> first.named
    {('S', 'S', 'Cl', 'Cl'): 'Pb3S2Cl2', ('Cl', 'S', 'Cl', 'S'): 'Pb3S2Cl2-X1X3'}
    """
    families: list[list[Pattern]] = []
    for one in patterns:
        for family in families:
            crystal = _on_sites_of(family[0], one.crystal)
            if crystal is not None and _ordering(crystal) not in map(_own_ordering, family):
                family.append(replace(one, crystal=crystal))
                break
        else:
            families.append([one])
    return [member for family in families for member in _named_after_the_first(family)]


def _named_after_the_first(family: Sequence[Pattern]) -> list[Pattern]:
    """Return patterns of one lattice under the name of the first."""
    first = family[0]
    if len(family) == 1:
        return [first]
    named = {_own_ordering(one): one.told for one in family}
    return [
        replace(first, crystal=replace(one.crystal, name=first.crystal.name), named=named)
        for one in family
    ]


def _own_ordering(pattern: Pattern) -> tuple[str, ...]:
    return _ordering(pattern.crystal)


def _ordering(crystal: Crystal) -> tuple[str, ...]:
    """Return the element on each orbit of anions."""
    return tuple(str(crystal.symbols[sites[0]]) for sites in anion_orbits(crystal).values())


def _on_sites_of(pattern: Pattern, crystal: Crystal) -> Crystal | None:
    """Return a crystal with its sites in the order of a pattern; None if its lattice is another."""
    own = pattern.crystal
    if (own.formula, own.n_sites) != (crystal.formula, crystal.n_sites):
        return None
    longest_a = np.linalg.norm(own.cell_a, axis=1).max()
    if np.abs(own.cell_a - crystal.cell_a).max() > SAME_CELL * longest_a:
        return None
    kinds = kinds_of(crystal.symbols, crystal.charge_of)
    placed = pattern.placed(kinds, crystal.fractional @ own.cell_a)
    order = np.argsort(placed.sites)
    if (placed.sites[order] != np.arange(own.n_sites)).any():
        return None
    if placed.distances_a.max() > SAME_SITE_A:
        return None
    ordered = replace(
        crystal,
        symbols=crystal.symbols[order],
        fractional=crystal.fractional[order],
        oxidation_states=crystal.oxidation_states[order],
    )
    orbits = [sites.tolist() for sites in anion_orbits(own).values()]
    same = orbits == [sites.tolist() for sites in anion_orbits(ordered).values()]
    return ordered if same else None
