"""Translations of a film in one coincidence cell, with the continuity at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats

    from .boundary import Boundary

REGISTRIES = 2
"""Values of the rms of a coincidence cell whose registries are kept."""


@dataclass(frozen=True)
class Registries:
    """Translations of the film in one cell, with the continuity at each."""

    cell: int
    boundary: Boundary
    shifts_a: Floats
    vacua_a: Floats
    fractions: Floats
    rms_a: Floats

    @classmethod
    def of(cls, cell: int, boundary: Boundary) -> Registries:
        """Return the best ones of a boundary, contacts not minded."""
        shifts_a, fractions, rms_a = boundary.registries(REGISTRIES)
        unknown = np.zeros(len(shifts_a))
        return cls(cell, boundary, shifts_a, unknown, fractions.round(6), rms_a.round(4))

    @property
    def n_registries(self) -> int:
        """How many translations there are."""
        return len(self.shifts_a)

    @property
    def best(self) -> int:
        """The most continuous one; that of the least vacuum among equals."""
        return int(np.lexsort((self.vacua_a.round(3), self.rms_a, -self.fractions))[0])

    def raised(self, least_a: Floats) -> Registries:
        """Return them with the film raised to a least height where it lies lower."""
        shifts, fractions, rms = self.shifts_a.copy(), self.fractions.copy(), self.rms_a.copy()
        low = shifts[:, 2] < least_a
        if low.any():
            shifts[low, 2] = least_a[low]
            scores = self.boundary.scores(shifts[low])
            fractions[low], rms[low] = scores[0].round(6), scores[1].round(4)
        return Registries(self.cell, self.boundary, shifts, shifts[:, 2] - least_a, fractions, rms)

    def reaching(self, level: tuple[float, float]) -> Registries:
        """Return those that are as continuous as a level, or more."""
        fraction, rms_a = level
        more = self.fractions > fraction
        more |= (self.fractions == fraction) & (self.rms_a <= rms_a)
        return Registries(
            self.cell,
            self.boundary,
            *(one[more] for one in (self.shifts_a, self.vacua_a, self.fractions, self.rms_a)),
        )

    @property
    def ranks(self) -> set[tuple[float, float]]:
        """Matched fraction, negative, and rms of each."""
        return set(zip((-self.fractions).tolist(), self.rms_a.tolist(), strict=True))


class Ranks:
    """The best ranks of many registries, as they are found.

    Parameters
    ----------
    n : int
        How many.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.best: list[tuple[float, float]] = []

    def add(self, registries: Registries) -> None:
        """Take up some registries."""
        self.best = sorted(registries.ranks.union(self.best))[: self.n]

    @property
    def level(self) -> tuple[float, float]:
        """Matched fraction and rms of the last of them, or (0, inf) if there are fewer."""
        if len(self.best) < self.n:
            return 0.0, np.inf
        fraction, rms_a = self.best[-1]
        return -fraction, rms_a
