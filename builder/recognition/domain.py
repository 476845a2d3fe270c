"""A domain of a particle: a lattice, and which ion stands on which of its sites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from .lattice_fit import SITES_PER_KEY, key_of, tukey, without_doubles
from .orderings import counted_ordering, ordered_symbols

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.crystal import Crystal

    from .ions import ParticleIons
    from .lattice_fit import LatticeFit
    from .orderings import SiteOrdering
    from .pattern import Pattern, Placed

ASSIGNED_SHARE, DISPLACED_SHARE = 0.25, 0.5
"""An ion stands on a site within a quarter of the distance of nearest neighbours, and is displaced
from it up to half of it."""

REACH_SHARE = 0.36
"""Tukey's reach in the same unit."""

SUPPORT_A, SUPPORT = 5.5, 0.25
"""Free ions within this distance in Å of a member of a domain have at least this mean weight."""

LEAST_SCORE = 8.0
"""A domain has at least so many ions' worth of filled sites."""

LEAST_WEIGHT = 0.35
"""Mean weight of the members of a domain, at least."""

WRONG = 0.4
"""Weight of an ion on a site of another element."""

EMPTY = 0.5
"""What an empty site inside a domain costs."""

FILLED_AROUND = 0.8
"""A site is inside if members stand on so many of the sites around it."""

FEWEST = 4
"""No lattice is fitted to fewer ions."""

FEWEST_INSIDE = 5
"""A domain beside another one has at least so many ions with members on all sites around."""

ENOUGH_INNER = 20
"""Of fewer inner ions nothing is read: all members count instead."""

REFITS = 3


@dataclass(frozen=True)
class Domain:
    """A crystal in a particle.

    Parameters
    ----------
    fit : LatticeFit
        Where its lattice lies.
    members : ndarray of bool, shape (n_atoms,)
        Which ions stand on its sites, displaced ones with them.
    is_assigned : ndarray of bool, shape (n_atoms,)
        Which of them are no farther from their sites than a quarter of the distance of nearest
        neighbours.
    is_inner : ndarray of bool, shape (n_atoms,)
        Members that have members on all sites around.
    sites : ndarray of int, shape (n_atoms,)
        Site of the cell of each; -1 for others.
    places_a : ndarray of float, shape (n_atoms, 3)
        The sites in the frame of the crystal, in Å.
    weights : ndarray of float, shape (n_atoms,)
        1 for a member on its site, 0 for one far from it and for others.
    worth : ndarray of float, shape (n_atoms,)
        The same, less where the element is not that of the site.
    n_empty : int
        Empty sites inside.
    ordering : SiteOrdering or None
        Which anion stands where.
    score : float
        Ions' worth of filled sites: worth, less empty sites.
    region : ndarray of bool, shape (n_atoms,)
        The ions of the domain, those without a site with them.
    """

    fit: LatticeFit
    members: Bools
    is_assigned: Bools
    is_inner: Bools
    sites: Ints
    places_a: Floats
    weights: Floats
    worth: Floats
    n_empty: int
    ordering: SiteOrdering | None
    score: float
    region: Bools

    @property
    def pattern(self) -> Pattern:
        """The crystal that was found."""
        return self.fit.pattern

    @property
    def crystal(self) -> Crystal:
        """The crystal that was found, with the ions where its file has them."""
        return self.fit.pattern.crystal

    @property
    def ordering_sites(self) -> dict[str, str]:
        """Element on each orbit of anions; empty without anions."""
        return {} if self.ordering is None else self.ordering.sites

    @property
    def is_sure(self) -> bool:
        """Whether so much lies on the lattice that chance does not explain it."""
        n_members = int(self.members.sum())
        enough = self.score >= max(LEAST_SCORE, LEAST_WEIGHT * n_members)
        return enough and self.fit.is_sound and bool(self.is_inner.any())

    @property
    def has_inside(self) -> bool:
        """Whether it is more than a leaf on another domain: ions that it wraps on all sides."""
        return bool(self.is_inner.sum() >= FEWEST_INSIDE)

    @property
    def core(self) -> Bools:
        """Ions that tell what the crystal is: the inner ones, or all members of a small domain."""
        inner = self.is_inner & self.is_assigned
        if inner.sum() >= ENOUGH_INNER:
            return np.asarray(inner)
        return self.is_assigned if self.is_assigned.sum() >= FEWEST else self.members

    @property
    def symbols(self) -> Strings:
        """The element that belongs on the site of each ion, by the ordering; shape (n_atoms,)."""
        return np.asarray(ordered_symbols(self.crystal, self.ordering)[np.maximum(self.sites, 0)])


@dataclass(frozen=True)
class Assigner:
    """Puts the ions of a particle on the sites of lattices.

    Parameters
    ----------
    ions : ParticleIons
        The ions.
    """

    ions: ParticleIons

    @cached_property
    def _mean(self) -> csr_array:
        """Takes a value of each ion to its mean over the ions around."""
        points = self.ions.positions_a
        pairs = cKDTree(points).query_pairs(SUPPORT_A, output_type="ndarray")
        own = np.arange(len(points))
        i = np.concatenate([pairs[:, 0], pairs[:, 1], own])
        j = np.concatenate([pairs[:, 1], pairs[:, 0], own])
        counted = self.ions.is_ion[j]
        i, j = i[counted], j[counted]
        shares = 1.0 / np.maximum(np.bincount(i, minlength=len(points)), 1)
        return csr_array((shares[i], (i, j)), shape=(len(points),) * 2)

    def explained(self, domain: Domain) -> Floats:
        """Return how well the lattice of a domain explains each ion of the particle, (n_atoms,).

        About 1 as in its core, 0 for an ion on none of its sites or on that of another element;
        displaced ions count.
        """
        placed = domain.fit.placed(self.ions)
        expected = ordered_symbols(domain.crystal, domain.ordering)[np.maximum(placed.sites, 0)]
        right = self.ions.is_ion & (placed.sites >= 0) & (expected == self.ions.symbols)
        reach_a = DISPLACED_SHARE * self.ions.spacing_a
        right = without_doubles(placed, right & (placed.distances_a <= reach_a))
        weights = np.where(right, tukey(placed.distances_a, reach_a), 0.0)
        return np.asarray(weights / weights[domain.core].mean())

    def around(self, values: Floats | Bools) -> Floats:
        """Return the mean of values of the ions around each atom, shape (n_atoms,)."""
        return np.asarray(self._mean @ values)

    def weight(self, fit: LatticeFit, free: Bools) -> float:
        """Return how many free ions lie on sites of a lattice, by Tukey's weights."""
        distances_a = fit.placed(self.ions).distances_a[free]
        return float(tukey(distances_a, REACH_SHARE * self.ions.spacing_a).sum())

    def domain(self, fit: LatticeFit, free: Bools) -> Domain:
        """Return the domain of a lattice among free ions, the lattice refined on them."""
        for _ in range(REFITS):
            members, placed, weights = self._members(fit, free)
            on_sites = members & (weights > 0)
            if on_sites.sum() < FEWEST:
                break
            fit = fit.refined(
                self.ions.positions_a[on_sites], placed.places_a[on_sites], weights[on_sites]
            )
        return self.on(fit, free)

    def on(self, fit: LatticeFit, free: Bools) -> Domain:
        """Return the domain of a lattice among free ions, the lattice as it is."""
        members, placed, weights = self._members(fit, free)
        sites = np.where(members, placed.sites, -1)
        inner, n_empty = _inside(fit.pattern, members, sites, placed.cells)
        limit_a = ASSIGNED_SHARE * self.ions.spacing_a
        found = Domain(
            fit=fit,
            members=members,
            is_assigned=members & (placed.distances_a <= limit_a),
            is_inner=inner,
            sites=sites,
            places_a=placed.places_a,
            weights=np.where(members, weights, 0.0),
            worth=np.zeros(len(members)),
            n_empty=n_empty,
            ordering=None,
            score=0.0,
            region=free & self.ions.is_ion,
        )
        symbols, core = self.ions.symbols, found.core
        found = replace(found, ordering=counted_ordering(found.pattern, sites[core], symbols[core]))
        worth = found.weights * np.where(found.symbols == symbols, 1.0, WRONG)
        return replace(found, worth=worth, score=float(worth.sum() - EMPTY * n_empty))

    def _members(self, fit: LatticeFit, free: Bools) -> tuple[Bools, Placed, Floats]:
        """Return members, nearest sites and weights of all ions."""
        placed = fit.placed(self.ions)
        spacing_a = self.ions.spacing_a
        near = free & (placed.distances_a <= DISPLACED_SHARE * spacing_a)
        near = without_doubles(placed, near)
        weights = np.where(near, tukey(placed.distances_a, REACH_SHARE * spacing_a), 0.0)
        return near & (self.around(weights) >= SUPPORT * self.around(free)), placed, weights


def _inside(pattern: Pattern, members: Bools, sites: Ints, cells: Ints) -> tuple[Bools, int]:
    """Return which members have members on all sites around, and the number of empty sites."""
    first, second, shifts = pattern.neighbourhood
    chosen = np.flatnonzero(members)
    order = np.argsort(first, kind="stable")
    starts = np.searchsorted(first[order], np.arange(pattern.crystal.n_sites + 1))
    counts = np.diff(starts)
    n_each = counts[sites[chosen]]
    ion = np.repeat(chosen, n_each)
    steps = np.arange(n_each.sum()) - np.repeat(np.cumsum(n_each) - n_each, n_each)
    pair = order[starts[sites[ion]] + steps]
    there = key_of(cells[ion] + shifts[pair], second[pair])
    is_filled = np.isin(there, key_of(cells[chosen], sites[chosen]))
    inner = members.copy()
    inner[ion[~is_filled]] = False
    empty, votes = np.unique(there[~is_filled], return_counts=True)
    around = counts[empty % SITES_PER_KEY]
    return inner, int((votes >= FILLED_AROUND * around).sum())
