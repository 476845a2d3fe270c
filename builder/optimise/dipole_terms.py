"""Dipoles as sums of few terms: points of a lattice where there is one, and edits where not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .dipole_lattice import DipoleLattice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints

    from .dipole import DipoleLimit


@dataclass(frozen=True)
class DipoleTerms:
    """A dipole over a selection of edits.

    Parameters
    ----------
    lattice : DipoleLattice or None
        The points that it may take, if it is known to lie on a lattice.
    start : ndarray of float, shape (3,)
        Dipole in e Å without any of its terms.
    moments : ndarray of float, shape (3, n_columns)
        Change by each edit, 0 for those that a point stands for.
    parts : tuple of int
        Other dipoles that are parts of it, each of which takes one of its points.
    """

    lattice: DipoleLattice | None
    start: Floats
    moments: Floats
    parts: tuple[int, ...]


def dipole_terms(
    dipoles: Sequence[DipoleLimit], columns: Ints, most_levels: Sequence[int]
) -> list[DipoleTerms]:
    """Return the terms of each dipole of a program.

    The last of several dipoles is that of the whole: the sum of those of the domains, each about
    its own point, and of what no domain holds. So where the dipole of a domain takes the points
    of a lattice, that of the whole follows from them.

    Parameters
    ----------
    dipoles : sequence of DipoleLimit
        Those of the domains, and of the whole if there are several.
    columns : ndarray of int
        The edits.
    most_levels : sequence of int
        Largest level of each dipole.
    """
    found = []
    for limit, last in zip(dipoles, most_levels, strict=True):
        lattice = DipoleLattice.of(limit, columns, last)
        found.append(DipoleTerms(lattice, limit.start, limit.moments[:, columns], ()))
    if len(dipoles) == 1:
        return found
    whole = dipoles[-1]
    if whole.charges is None:
        return found
    start, moments, parts = whole.start, whole.moments[:, columns].copy(), []
    for number, limit in enumerate(dipoles[:-1]):
        if found[number].lattice is None or limit.charges is None:
            continue
        apart = limit.charges.origin - whole.charges.origin
        start = start + apart * limit.charges.total - limit.start
        moments[:, limit.charges.each[columns] != 0] = 0.0
        parts.append(number)
    if parts:
        found[-1] = DipoleTerms(None, start, moments, tuple(parts))
    return found
