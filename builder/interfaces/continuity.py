"""Whether the cation sublattice of one crystal goes on in another across their interface.

One layer of cations at an interface can belong to both crystals: cations of the one lie where the
lattice of the other, continued beyond the interface, has cations too. The score measures that.
With ℓ = (volume / number of cations)^(1/3), the mean spacing of the cations of the crystal whose
lattice is continued:

- its continued sites are the cation sites beyond the interface, from the first one up to ℓ/2
  deeper; the cations of the other side are those from its outermost one up to ℓ/2 deeper;
- a cation continues a site if they are at most ℓ/4 apart in three dimensions: nearer to the site
  than to the middle between two sites. Each continues at most one (optimal assignment,
  periodic in the plane);
- matched fraction = 2 × matched / (sites + cations): 1 if the two layers are one and the same, and
  less if sites stay empty or cations have no site.

Both sides are continued in turn, and the better of the two counts. Nothing else enters: no radii,
no charges, no table of which element may continue which.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.optimize import linear_sum_assignment

from .translations import inverse_2x2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from epicarve.builder.crystal import Crystal

    from .face import Face
    from .stack import Stack

    Side = Literal["film", "substrate"]

LAYER_IN_SPACINGS = 0.5
"""A layer of cations, counted from its outermost one, is so many mean spacings deep."""

TOLERANCE_IN_SPACINGS = 0.25
"""A cation continues a site if it lies within this many mean cation spacings of it."""

CONTINUOUS = 0.9
"""Matched fraction from which the cations count as one subnetwork."""

WIDENING = (1.5, 1.2, 1.0, 1.0)
"""Tolerances, as multiples of the true one, with which a registry is refined."""

SAME_REGISTRY_A = 0.02
"""Translations that agree to this, in Å, are refined and told only once."""

KEY_DIGITS = np.array([1 << 40, 1 << 20, 1])
"""Makes one whole number of three that are far smaller than a million."""

FOLD_GRAIN = 1e-4
"""A translation this close to the edge of a cell, as a fraction of it, is on the edge."""


@dataclass(frozen=True)
class Continuity:
    """How far the cations of two crystals are one subnetwork at their interface.

    Parameters
    ----------
    continued : {"film", "substrate"}
        The side whose lattice is continued.
    n_matched, n_sites, n_cations : int
        Matched pairs, continued sites and cations of the other side, in one cell.
    rms_a : float or None
        Root mean square distance in Å of matched cations from their sites; None without any.
    spacing_a : float
        Mean cation spacing in Å of the continued crystal.
    pairs : mapping of str to int
        Which species of the film continues into which of the substrate: {"Pb→Cs": 2}.
    matched_film, matched_substrate : ndarray of int, shape (n_matched,)
        The pairs, as indices of the film's and of the substrate's ions of the boundary.
    """

    continued: Side
    n_matched: int
    n_sites: int
    n_cations: int
    rms_a: float | None
    spacing_a: float
    pairs: Mapping[str, int]
    matched_film: NDArray[np.int64]
    matched_substrate: NDArray[np.int64]

    @property
    def matched_fraction(self) -> float:
        """2 × matched / (sites + cations), from 0 to 1."""
        return 2.0 * self.n_matched / (self.n_sites + self.n_cations)

    @property
    def is_continuous(self) -> bool:
        """Whether the matched fraction is at least `CONTINUOUS`."""
        return self.matched_fraction >= CONTINUOUS

    @property
    def rms_in_spacings(self) -> float | None:
        """The root mean square distance as a fraction of the mean cation spacing."""
        return None if self.rms_a is None else self.rms_a / self.spacing_a

    @property
    def rank(self) -> tuple[float, float]:
        """Sorts the most continuous first."""
        rms_a = np.inf if self.rms_a is None else self.rms_a
        return (-round(self.matched_fraction, 6), round(rms_a, 4))

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers for interface.json."""
        return {
            "matched_fraction": self.matched_fraction,
            "continuous": self.is_continuous,
            "rms_a": self.rms_a,
            "rms_in_spacings": self.rms_in_spacings,
            "pairs": dict(self.pairs),
            **({} if self.pairs else {"reason": unmatched(TOLERANCE_IN_SPACINGS * self.spacing_a)}),
            "continued": self.continued,
            "n_matched": self.n_matched,
            "n_sites": self.n_sites,
            "n_cations": self.n_cations,
            "spacing_a": self.spacing_a,
        }


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
    spacing_a : float
        Mean cation spacing in Å of the continued crystal.
    registry_lattice_a : ndarray of float, shape (2, 2)
        Translations of the film that change nothing, see `registry_lattice_a`.
    """

    film: Stack
    substrate: Stack
    continued: Side
    spacing_a: float
    registry_lattice_a: NDArray[np.float64]

    @property
    def tolerance_a(self) -> float:
        """Largest distance in Å of a cation from the site that it continues."""
        return TOLERANCE_IN_SPACINGS * self.spacing_a

    def registries(self, n_wanted: int) -> tuple[NDArray[np.float64], ...]:
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

    def scores(self, shifts_a: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
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
        return 2.0 * counts / (self.film.n_ions + self.substrate.n_ions), rms

    def _distinct(self, shifts_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each translation once, moved to near the origin by those that change nothing."""
        inside = shifts_a.copy()
        parts = shifts_a[:, :2] @ self._registry_inverse
        inside[:, :2] = (parts - np.floor(parts + FOLD_GRAIN)) @ self.registry_lattice_a
        keys = np.rint(inside / SAME_REGISTRY_A).astype(np.int64) @ KEY_DIGITS
        _, first = np.unique(keys, return_index=True)
        return np.asarray(inside[np.sort(first)])

    def _squared_a2(self, shifts_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Squared distances in Å² of the film's cations, moved, from the substrate's.

        Shape (n_shifts, n_film, n_substrate).
        """
        squared = (self._apart(shifts_a) ** 2).sum(axis=0)
        shape = (-1, self.substrate.n_ions, self.film.n_ions)
        return np.asarray(squared.reshape(shape).swapaxes(1, 2))

    def _apart(self, shifts_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """In-plane nearest steps in Å from the film's cations, moved, to the substrate's.

        Shape (3, n_shifts, n_substrate × n_film).
        """
        parts = self._offsets[:, None] - (shifts_a @ self._inverse).T[:, :, None]
        parts[:2] -= np.rint(parts[:2])
        return np.asarray((self._frame.T @ parts.reshape(3, -1)).reshape(parts.shape))

    @cached_property
    def _offsets(self) -> NDArray[np.float64]:
        """Steps from each cation of the film to each of the substrate, in units of the frame."""
        offsets = self.substrate.positions_a[:, None] - self.film.positions_a
        return np.ascontiguousarray((offsets.reshape(-1, 3) @ self._inverse).T)

    @cached_property
    def _frame(self) -> NDArray[np.float64]:
        """Vectors of the common cell in Å, and 1 Å along the normal, as rows."""
        frame = np.eye(3)
        frame[:2, :2] = self.substrate.lattice_a
        return frame

    @cached_property
    def _inverse(self) -> NDArray[np.float64]:
        inverse = np.eye(3)
        inverse[:2, :2] = inverse_2x2(self.substrate.lattice_a)
        return inverse

    @cached_property
    def _registry_inverse(self) -> NDArray[np.float64]:
        return inverse_2x2(self.registry_lattice_a)

    def continuity(self, shift_a: ArrayLike) -> Continuity:
        """Return the continuity with the film translated by (x, y, z) in Å."""
        squared = self._squared_a2(np.asarray(shift_a, dtype=float)[None])[0]
        film, substrate, distances = assigned(squared, self.tolerance_a)
        pairs = Counter(
            f"{one}→{other}"
            for one, other in zip(
                self.film.symbols[film].tolist(),
                self.substrate.symbols[substrate].tolist(),
                strict=True,
            )
        )
        sides = (self.film.n_ions, self.substrate.n_ions)
        n_sites, n_cations = sides if self.continued == "film" else sides[::-1]
        return Continuity(
            continued=self.continued,
            n_matched=len(film),
            n_sites=n_sites,
            n_cations=n_cations,
            rms_a=float(np.sqrt((distances**2).mean())) if len(film) else None,
            spacing_a=self.spacing_a,
            pairs=dict(sorted(pairs.items())),
            matched_film=film,
            matched_substrate=substrate,
        )


def unmatched(tolerance_a: float) -> str:
    """Say why there is no root mean square distance of matched cations."""
    return f"no cation lies within {tolerance_a:.2f} Å of a continued site"


def cation_spacing_a(crystal: Crystal) -> float:
    """Return the mean spacing of the cations of a crystal in Å: (volume per cation)^(1/3).

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> round(cation_spacing_a(bundled_crystal("CsPbCl3")), 2)
    4.45
    """
    n_cations = int((crystal.oxidation_states > 0).sum())
    return float((crystal.volume_a3 / n_cations) ** (1.0 / 3.0))


def meeting_cations(face: Face, *, is_continued: bool, spacing_a: float) -> Stack:
    """Return the cations with which a side meets the other one, below or beyond its face.

    Parameters
    ----------
    face : Face
        The face of the side.
    is_continued : bool
        Whether the lattice of this side is continued: then sites beyond the face, otherwise its
        outermost cations.
    spacing_a : float
        Mean cation spacing in Å of the side that is continued; half of it is looked at.
    """
    depth_a = LAYER_IN_SPACINGS * spacing_a
    return face.continued_cations(depth_a) if is_continued else face.outermost_cations(depth_a)


def assigned(
    squared_a2: NDArray[np.float64], tolerance_a: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Assign rows to columns one to one: most pairs within a tolerance, then least squares.

    Parameters
    ----------
    squared_a2 : ndarray of float, shape (n, m)
        Squared distances in Å².
    tolerance_a : float
        Longest distance of a pair in Å.

    Returns
    -------
    rows, columns : ndarray of int, shape (n_pairs,)
        The pairs.
    distances_a : ndarray of float, shape (n_pairs,)
        Their distances in Å.

    Examples
    --------
    >>> assigned(np.array([[0.01, 0.04], [0.0, 9.0]]), 1.0)[1]
    array([1, 0])
    """
    limit = tolerance_a**2
    # a pair beyond the tolerance costs more than all pairs within it together
    refused = limit * (min(squared_a2.shape) + 1.0)
    costs = np.where(squared_a2 <= limit, squared_a2, refused)
    rows, columns = linear_sum_assignment(costs)
    chosen = squared_a2[rows, columns] <= limit
    rows, columns = rows[chosen], columns[chosen]
    return rows, columns, np.sqrt(squared_a2[rows, columns])
