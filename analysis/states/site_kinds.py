"""Kinds of atoms of a model, from narrow to wide, and their names in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Ints

    from .sites import Sites

Kind = tuple[tuple[str, str], ...]
"""A kind of atoms as pairs of field and value, such as (("element", "S"), ("domain", "PbS"))."""

LEVELS = (
    ("element", "coordination", "position", "domain"),
    ("element", "position", "domain"),
    ("element", "domain"),
    ("position", "domain"),
    ("element",),
    ("domain",),
    ("group",),
)
"""Kinds of atoms from narrow to wide: a trap sits on the first kind that holds enough of it."""

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def kinds_by_level(
    sites: Sites, levels: Sequence[tuple[str, ...]] = LEVELS
) -> list[tuple[list[Kind], Ints]]:
    """Return, for each level of which something is known, the kinds of atoms.

    Parameters
    ----------
    sites : Sites
        What kind of place each atom is.
    levels : sequence of tuple of str
        Fields by which kinds are told apart, for each level.

    Returns
    -------
    list of (list of Kind, ndarray of int, shape (n_atoms,))
        The kinds of each level, and which of them each atom is.
    """
    columns = {
        "element": sites.symbols,
        "coordination": sites.coordination,
        "position": sites.positions,
        "domain": sites.domains,
        "group": sites.groups,
    }
    words = {name: c.astype(str).tolist() for name, c in columns.items() if c is not None}
    known = dict.fromkeys(tuple(f for f in level if f in words) for level in levels)
    found = []
    for fields in filter(None, known):
        rows = zip(*(words[field] for field in fields), strict=True)
        of_atom = [tuple(zip(fields, row, strict=True)) for row in rows]
        index = {kind: i for i, kind in enumerate(dict.fromkeys(of_atom))}
        found.append((list(index), np.array([index[kind] for kind in of_atom])))
    return found


def number_word(number: int) -> str:
    """Put a number into words, up to nine."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def phrase(kind: Kind) -> str:
    """Put a kind of atoms into words."""
    told = dict(kind)
    distinct_names = {"element", "position", "domain"} <= told.keys()  # all but the coordination
    words = ["differently coordinated"] if distinct_names else []
    if "coordination" in told:
        words = [f"{number_word(int(told['coordination']))}-coordinated"]
    words.append(told.get("element", "ions"))
    if "group" in told:
        words.append(f"of group {told['group']}")
    place = " ".join(told[field] for field in ("domain", "position") if field in told)
    return " ".join(words) + (f" of {'the ' if 'position' in told else ''}{place}" if place else "")
