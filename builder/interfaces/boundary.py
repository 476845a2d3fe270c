"""The cations that meet at an interface: registries that match most, and scores of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .continuity import Continuity, assigned, matched_fraction, matching_tolerance_a
from .translations import inverse_2x2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from epicarve.arrays import Floats

    from .continuity import Side
    from .stack import Stack

WIDENING = (1.5, 1.2, 1.0, 1.0)
"""Tolerances, as multiples of the true one, with which a registry is refined."""

SAME_REGISTRY_A = 0.02
"""Translations that agree to this, in Å, are refined and told only once."""

KEY_DIGITS = np.array([1 << 40, 1 << 20, 1])
"""Makes one whole number of three that are far smaller than a million."""

FOLD_GRAIN = 1e-4
"""A translation this close to the edge of a cell, as a fraction of it, is on the edge."""


@dataclass(frozen=True)
class Boundary:
    """The cations that meet at an interface when one side's lattice is continued.

    Parameters
    ----------
    film, substrate : Stack
        Cations in one common cell, both cuts at z = 0; continued sites for the one side, the
        outermost cations for the other.
    continued : {"film", "substrate"}
        Which side is continued.
    spacings_a : mapping of {"film", "substrate"} to float
        Mean cation spacings in Å of both crystals.
    registry_lattice_a : ndarray of float, shape (2, 2)
        Translations of the film that change nothing, see `registry_lattice_a`.
    """

    film: Stack
    substrate: Stack
    continued: Side
    spacings_a: Mapping[Side, float]
    registry_lattice_a: Floats

    @property
    def spacing_a(self) -> float:
        """Mean cation spacing in Å of the continued crystal."""
        return self.spacings_a[self.continued]

    @property
    def tolerance_a(self) -> float:
        """Largest distance in Å of a cation from the site that it continues."""
        return matching_tolerance_a(self.spacing_a)

    def registries(self, n_wanted: int) -> tuple[Floats, ...]:
        """Return translations (x, y, z) of the film that match most cations, best first.

        Every registry that puts one cation on one site is a start; each is refined to the mean
        of the displacements of its matched pairs, until it rests.

        Parameters
        ----------
        n_wanted : int
            How many values of the rms, smallest first; all translations that share one count.

        Returns
        -------
        shifts_a : ndarray of float, shape (n, 3)
            In Å; equal ones once. All have the largest number of matches.
        matched_fractions, rms_a : ndarray of float, shape (n,)
            Their `scores`.
        """
        offsets = self.substrate.positions_a[:, None] - self.film.positions_a
        shifts = self._distinct(offsets.reshape(-1, 3))
        for widening in WIDENING:
            apart = self._apart(shifts)
            near = (apart**2).sum(axis=0) <= (widening * self.tolerance_a) ** 2
            moved = (apart * near).sum(axis=2) / np.maximum(near.sum(axis=1), 1)
            shifts = shifts + moved.T
        shifts = self._distinct(shifts)
        fractions, rms = self.scores(shifts)
        most = np.flatnonzero(fractions == fractions.max())
        told = rms[most].round(4)
        most = most[told <= sorted(set(told.tolist()))[:n_wanted][-1]]
        best = most[np.lexsort((*shifts[most].round(4).T[::-1], rms[most].round(4)))]
        return shifts[best], fractions[best], rms[best]

    def scores(self, shifts_a: Floats) -> tuple[Floats, ...]:
        """Return matched fraction and rms, in Å, of many translations of the film at once.

        Parameters
        ----------
        shifts_a : ndarray of float, shape (n, 3)
            Translations (x, y, z) in Å.

        Returns
        -------
        matched_fractions, rms_a : ndarray of float, shape (n,)
            As `continuity` tells them one by one; the rms is 0 where nothing matches.
        """
        squared = self._squared_a2(shifts_a)
        near = squared <= self.tolerance_a**2
        # cations lie farther apart than two tolerances: seldom can one continue two sites
        crowded = (near.sum(axis=1) > 1).any(axis=1) | (near.sum(axis=2) > 1).any(axis=1)
        for one in np.flatnonzero(crowded):
            rows, columns, _ = assigned(squared[one], self.tolerance_a)
            near[one] = False
            near[one, rows, columns] = True
        counts = near.sum(axis=(1, 2))
        rms = np.sqrt((squared * near).sum(axis=(1, 2)) / np.maximum(counts, 1))
        return matched_fraction(counts, self.film.n_ions + self.substrate.n_ions), rms

    def _distinct(self, shifts_a: Floats) -> Floats:
        """Return each translation once, moved to near the origin by those that change nothing."""
        inside = shifts_a.copy()
        parts = shifts_a[:, :2] @ self._registry_inverse
        inside[:, :2] = (parts - np.floor(parts + FOLD_GRAIN)) @ self.registry_lattice_a
        keys = np.rint(inside / SAME_REGISTRY_A).astype(np.int64) @ KEY_DIGITS
        _, first = np.unique(keys, return_index=True)
        return np.asarray(inside[np.sort(first)])

    def _squared_a2(self, shifts_a: Floats) -> Floats:
        """Squared distances in Å² of the film's cations, moved, from the substrate's.

        Shape (n_shifts, n_film, n_substrate).
        """
        squared = (self._apart(shifts_a) ** 2).sum(axis=0)
        shape = (-1, self.substrate.n_ions, self.film.n_ions)
        return np.asarray(squared.reshape(shape).swapaxes(1, 2))

    def _apart(self, shifts_a: Floats) -> Floats:
        """In-plane nearest steps in Å from the film's cations, moved, to the substrate's.

        Shape (3, n_shifts, n_substrate × n_film).
        """
        parts = self._offsets[:, None] - (shifts_a @ self._inverse).T[:, :, None]
        parts[:2] -= np.rint(parts[:2])
        return np.asarray((self._frame.T @ parts.reshape(3, -1)).reshape(parts.shape))

    @cached_property
    def _offsets(self) -> Floats:
        """Steps from each cation of the film to each of the substrate, in units of the frame."""
        offsets = self.substrate.positions_a[:, None] - self.film.positions_a
        return np.ascontiguousarray((offsets.reshape(-1, 3) @ self._inverse).T)

    @cached_property
    def _frame(self) -> Floats:
        """Vectors of the common cell in Å, and 1 Å along the normal, as rows."""
        frame = np.eye(3)
        frame[:2, :2] = self.substrate.lattice_a
        return frame

    @cached_property
    def _inverse(self) -> Floats:
        inverse = np.eye(3)
        inverse[:2, :2] = inverse_2x2(self.substrate.lattice_a)
        return inverse

    @cached_property
    def _registry_inverse(self) -> Floats:
        return inverse_2x2(self.registry_lattice_a)

    def continuity(self, shift_a: ArrayLike) -> Continuity:
        """Return the continuity with the film translated by (x, y, z) in Å."""
        squared = self._squared_a2(np.asarray(shift_a, dtype=float)[None])[0]
        return Continuity.of(
            assigned(squared, self.tolerance_a),
            (self.film.symbols, self.substrate.symbols),
            (self.film.n_ions, self.substrate.n_ions),
            self.continued,
            self.spacings_a,
        )
