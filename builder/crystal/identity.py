"""Which crystals are the same, by what they hold; names that tell different ones apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .crystal import Crystal

SAME_CELL_A = 1e-3
"""Cells whose vectors differ by less than this, in Å, are the same; CIF files are rounded."""

SAME_SITE_A = 5e-3
"""Sites closer than this, in Å, are the same."""


def one_word(name: str) -> str:
    """Return a name without blanks, as domains of an extended XYZ file are named.

    Examples
    --------
    >>> one_word("CdSe relaxed (2)")
    'CdSe-relaxed-(2)'
    """
    return "-".join(name.split())


def is_same(first: Crystal, second: Crystal) -> bool:
    """Whether two crystals hold the same ions at the same places of the same cell.

    Names, sources and the order of the sites do not count. One structure in two settings, or with
    two origins, counts as two crystals.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> galena = bundled_crystal("PbS")
    >>> is_same(galena, replace(galena, name="galena")), is_same(galena, bundled_crystal("CsPbCl3"))
    (True, False)
    """
    if first is second:
        return True
    if first.n_sites != second.n_sites or first.formula_unit != second.formula_unit:
        return False
    if np.abs(first.cell_a - second.cell_a).max() > SAME_CELL_A:
        return False
    one, other = first.atoms, second.atoms
    here, there = (np.mod(np.mod(atoms.fractional, 1.0), 1.0) for atoms in (one, other))
    nearest = cKDTree(there, boxsize=1.0).query(here)[1]
    away = here - there[nearest]
    away -= np.rint(away)
    return bool(
        (np.linalg.norm(away @ first.cell_a, axis=1) < SAME_SITE_A).all()
        and (one.symbols == other.symbols[nearest]).all()
        and (one.charges == other.charges[nearest]).all()
    )


def refuse_same(first: Crystal, second: Crystal, roles: tuple[str, str]) -> None:
    """Refuse two crystals that are the same, whatever their names.

    Parameters
    ----------
    first, second : Crystal
        The two.
    roles : pair of str
        What they are, such as ("film", "substrate").

    Raises
    ------
    InputError
        If they hold the same.
    """
    one, other = roles
    if is_same(first, second):
        both = first.name if first.name == second.name else f"{first.name} and {second.name}"
        told = f"are both {both}" if first.name == second.name else f"are the same crystal ({both})"
        raise InputError(f"{one} and {other} {told}; give two different crystals")


def refuse_one_name(first: Crystal, second: Crystal) -> None:
    """Refuse two crystals of one name, after which the domains of a model are named.

    Raises
    ------
    InputError
        If they have one.
    """
    if first.name == second.name:
        raise InputError(
            f"{first.formula} and {second.formula} are both named {first.name}; give each its own "
            "name (epicarve.builder.crystal.identity.distinct_names does)"
        )


def distinct_names(crystals: Sequence[Crystal]) -> tuple[Crystal, ...]:
    """Return crystals of which no two different ones have the same name.

    Different crystals of one name, such as those of several files ``structure.cif``, are named
    after it and what they differ in: formula, space group, or else a number.

    Parameters
    ----------
    crystals : sequence of Crystal
        The crystals; the same may stand in it several times, and then keeps one name.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> galena, perovskite = (
    ...     replace(bundled_crystal(name), name="structure") for name in ("PbS", "CsPbCl3"))
    >>> [crystal.name for crystal in distinct_names([galena, perovskite, galena])]
    ['structure-PbS', 'structure-CsPbCl3', 'structure-PbS']
    """
    different: list[Crystal] = []
    which = []
    for crystal in crystals:
        like = (
            k
            for k, one in enumerate(different)
            if one.name == crystal.name and is_same(one, crystal)
        )
        which.append(next(like, len(different)))
        if which[-1] == len(different):
            different.append(crystal)
    names: list[str] = []
    for crystal in different:
        alike = [one for one in different if one.name == crystal.name]
        name = crystal.name
        if len(alike) > 1:
            name = f"{name}-{_difference(crystal, alike)}"
            others = {one.name for one in different} | set(names)
            name = next(n for k in count() if (n := f"{name}{'-' * k}") not in others)
        names.append(name)
    return tuple(
        crystal if crystal.name == names[k] else replace(crystal, name=names[k])
        for crystal, k in zip(crystals, which, strict=True)
    )


def _difference(crystal: Crystal, alike: Sequence[Crystal]) -> str:
    """Say in one word what a crystal differs in from others of its name."""
    told: list[str] = []
    for word in (
        lambda one: one.formula,
        lambda one: "".join(one.space_group.split()).replace("/", "_"),
    ):
        mine = [one for one in alike if word(one) == word(crystal)]
        if len(mine) < len(alike):
            told.append(word(crystal))
        if len(mine) == 1:
            return "-".join(told)
        alike = mine
    number = next(k for k, one in enumerate(alike, start=1) if one is crystal)
    return "-".join([*told, str(number)])
