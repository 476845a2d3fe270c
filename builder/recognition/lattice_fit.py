"""The lattice of a crystal laid on ions: nearest sites and robust least squares in turn.

A fit is the affine map x → F x + t from the frame of a crystal to that of a particle. Given the
map, each ion has a nearest site of its own kind; given the sites, the map is that of the least
sum of w |y − F x − t|², with Tukey's weights w = (1 − d²/r²)² (Beaton and Tukey, Technometrics
1974, 16, 147) of the distances d. Both alternate while the region grows from a seed outwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.geometry import kabsch

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints

    from .ions import ParticleIons
    from .pattern import Pattern, Placed

LARGEST_STRETCH = 1.13
"""Principal stretches beyond this, or below its inverse, make another crystal of a lattice."""

STIFFNESS = 20.0
"""So many ions' worth of a map without shear is added, so that few ions make no wild cell."""

GROWTH = 1.25
"""The region grows by this factor from round to round."""

LOST = 0.2
"""Mean weight of the ions around a seed below which the lattice is not there."""

CELLS, SITES_PER_KEY = 1000, 100_000
"""Cells and sites are told by one number; no particle is larger, and no cell holds more sites."""


@dataclass(frozen=True)
class LatticeFit:
    """Where and how the lattice of a crystal lies in a particle.

    Parameters
    ----------
    pattern : Pattern
        The crystal.
    matrix : ndarray of float, shape (3, 3)
        F: from vectors of the crystal to those of the particle, acting on column vectors.
    shift_a : ndarray of float, shape (3,)
        Where the origin of the crystal's cell lies in the particle, in Å.
    """

    pattern: Pattern
    matrix: Floats
    shift_a: Floats

    @property
    def stretches(self) -> Floats:
        """Principal stretches, largest first, shape (3,)."""
        return np.asarray(np.linalg.svd(self.matrix, compute_uv=False))

    @property
    def is_sound(self) -> bool:
        """Whether the crystal is stretched so little that it is still the same one."""
        stretches = self.stretches
        return bool(stretches[0] < LARGEST_STRETCH and stretches[2] > 1.0 / LARGEST_STRETCH)

    @property
    def rotation(self) -> Floats:
        """The rotation in the map (polar decomposition), shape (3, 3)."""
        u, _, v = np.linalg.svd(self.matrix)
        return np.asarray(u @ v)

    def placed(self, ions: ParticleIons) -> Placed:
        """Return the nearest site of each ion; distances in Å in the frame of the crystal."""
        back = (ions.positions_a - self.shift_a) @ np.linalg.inv(self.matrix).T
        return self.pattern.placed(ions.kinds, back)

    def positions_a(self, places_a: Floats) -> Floats:
        """Return where places of the crystal lie in the particle, in Å, shape (n, 3)."""
        return np.asarray(places_a @ self.matrix.T + self.shift_a)

    def refined(self, positions_a: Floats, places_a: Floats, weights: Floats) -> LatticeFit:
        """Return the fit of the least weighted squares for ions on known places."""
        total = weights.sum()
        start = weights @ places_a / total
        stop = weights @ positions_a / total
        x, y = places_a - start, positions_a - stop
        rigid = kabsch(x * np.sqrt(weights)[:, None], y * np.sqrt(weights)[:, None]).rotation
        products = (x * weights[:, None]).T @ x
        crossed = (y * weights[:, None]).T @ x
        scale = float(np.trace(rigid.T @ crossed) / np.trace(products))
        stiff = STIFFNESS * np.trace(products) / (3.0 * total)
        matrix = (crossed + stiff * scale * rigid) @ np.linalg.inv(products + stiff * np.eye(3))
        return replace(self, matrix=matrix, shift_a=stop - matrix @ start)

    def is_like(self, other: LatticeFit, tolerance: float, shift_a: float) -> bool:
        """Whether two fits of one crystal are the same, its symmetry aside.

        Parameters
        ----------
        other : LatticeFit
            The other fit.
        tolerance : float
            How far elements of the matrices may differ.
        shift_a : float
            How far origins may differ, in Å.
        """
        if self.pattern is not other.pattern:
            return False
        turns, moves = self.pattern.motions
        off = np.abs(other.matrix @ turns - self.matrix).max(axis=(1, 2))
        moves = moves[off <= tolerance]
        if not len(moves):
            return False
        cell = self.pattern.crystal.cell_a
        away = np.linalg.inv(other.matrix) @ (self.shift_a - other.shift_a)
        parts = (moves - away) @ np.linalg.inv(cell)
        apart = (parts - np.rint(parts)) @ cell
        return bool(np.linalg.norm(apart, axis=1).min() <= shift_a)

    def grown(
        self, ions: ParticleIons, seed_a: Floats, radius_a: float, reach_a: float
    ) -> LatticeFit | None:
        """Return the fit refined on ions around a seed, then on ever more of them.

        None if so few of the first ions lie on sites that the lattice is not there, or only where
        it is stretched into another one.

        Parameters
        ----------
        ions : ParticleIons
            The ions.
        seed_a : ndarray of float, shape (3,)
            Where to start.
        radius_a : float
            Radius in Å of the first region.
        reach_a : float
            Distance in Å at which Tukey's weights end.
        """
        fit = self
        away = np.linalg.norm(ions.positions_a - seed_a, axis=1)
        whole_a, first_a = float(away.max()), radius_a * GROWTH**2
        while True:
            region = ions.chosen(away <= radius_a)
            for _ in range(2):
                placed = fit.placed(region)
                weights = tukey(placed.distances_a, reach_a)
                if radius_a <= first_a and weights.mean() < LOST:
                    return None
                fit = fit.refined(region.positions_a, placed.places_a, weights)
                if not fit.is_sound:
                    return None
            if radius_a >= whole_a:
                return fit
            radius_a *= GROWTH


def tukey(distances_a: Floats, reach_a: float) -> Floats:
    """Return Tukey's biweight of distances, 1 at 0 and 0 from `reach_a` on."""
    return np.asarray(np.maximum(1.0 - (distances_a / reach_a) ** 2, 0.0) ** 2)


def without_doubles(placed: Placed, which: Bools) -> Bools:
    """Return which of some ions are the nearest ones to their sites, one ion for each site."""
    chosen = np.flatnonzero(which)
    order = chosen[np.argsort(placed.distances_a[chosen], kind="stable")]
    keys = np.column_stack([placed.cells[order], placed.sites[order]])
    _, first = np.unique(keys, axis=0, return_index=True)
    kept = np.zeros(len(which), dtype=bool)
    kept[order[first]] = True
    return kept


def key_of(cells: Ints, sites: Ints) -> Ints:
    """Return one number for each site of a lattice, for cells within ±`CELLS` of the origin."""
    x, y, z = (cells + CELLS).T
    return np.asarray(((x * 2 * CELLS + y) * 2 * CELLS + z) * SITES_PER_KEY + sites)
