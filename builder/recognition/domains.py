"""Domains of a particle: which crystals it is made of, and which ion stands on which site."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .hypotheses import hypotheses_at, seeds_of
from .lattice_fit import key_of, tukey, without_doubles
from .orderings import counted_ordering, ordered_symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Bools, Floats, Ints

    from .hypotheses import Hypothesis
    from .ions import ParticleIons
    from .lattice_fit import LatticeFit
    from .orderings import SiteOrdering
    from .pattern import Pattern

ASSIGNED_SHARE, DISPLACED_SHARE = 0.25, 0.5
"""An ion stands on a site within a quarter of the distance of nearest neighbours, and is displaced
from it up to half of it."""

REACH_SHARE = 0.36
"""Tukey's reach in the same unit."""

SUPPORT_A, SUPPORT = 5.5, 0.25
"""Of the ions within this distance in Å around a member of a domain, so much lies on its sites."""

N_SEEDS = 6
REFINED = 12
"""The best hypotheses of a crystal that are refined."""

START_A, START_REACH_A = 7.0, 1.0

WORTH = 0.3
"""Hypotheses of less than this share of the best one's score are not looked at."""

ALIKE, ALIKE_A = 0.15, 1.0
"""Hypotheses are alike if their matrices and shifts differ by no more."""

SAME, SAME_A = 0.02, 0.3
"""The same for fits."""

LEAST_SCORE = 8.0
"""A domain has at least so many ions' worth of filled sites."""

LEAST_SHARE = 0.35
"""Mean weight of the ions of a domain, at least."""

WRONG = 0.4
"""Weight of an ion on a site of another element."""

EMPTY = 0.5
"""What an empty site inside a domain costs."""

LEFT_SHARE = 0.08
"""Ions that are left over are searched for another domain if they are so much of the whole."""


@dataclass(frozen=True)
class Domain:
    """A crystal in a particle.

    Parameters
    ----------
    fit : LatticeFit
        Where its lattice lies.
    members : ndarray of bool, shape (n_ions,)
        Which ions stand on its sites, displaced ones with them.
    is_assigned : ndarray of bool, shape (n_ions,)
        Which of them stand on their sites to a quarter of the distance of nearest neighbours.
    sites, cells : ndarray of int, shapes (n_ions,) and (n_ions, 3)
        Site of the cell of each, and in which cell; -1 and 0 for others.
    places_a : ndarray of float, shape (n_ions, 3)
        The sites in the frame of the crystal in Å.
    distances_a : ndarray of float, shape (n_ions,)
        How far each ion is from its site, in Å.
    is_inner : ndarray of bool, shape (n_ions,)
        Members all of whose neighbouring sites hold members.
    n_empty : int
        Empty sites inside.
    ordering : SiteOrdering or None
        Which anion stands where.
    score : float
        Ions' worth of filled sites.
    """

    fit: LatticeFit
    members: Bools
    is_assigned: Bools
    sites: Ints
    cells: Ints
    places_a: Floats
    distances_a: Floats
    is_inner: Bools
    n_empty: int
    ordering: SiteOrdering | None
    score: float

    @property
    def pattern(self) -> Pattern:
        """The crystal."""
        return self.fit.pattern

    @property
    def is_domain(self) -> bool:
        """Whether so much lies on the lattice that chance does not explain it."""
        n = int(self.members.sum())
        return self.score >= LEAST_SCORE and self.score >= LEAST_SHARE * n and self.fit.is_sound


@dataclass(frozen=True)
class DomainSearch:
    """Looks for crystals in a particle.

    Parameters
    ----------
    ions : ParticleIons
        The ions.
    patterns : sequence of Pattern
        The crystals that may be found.
    """

    ions: ParticleIons
    patterns: Sequence[Pattern]

    @cached_property
    def _near(self) -> coo_array:
        """Averages over the ions around each one."""
        points = self.ions.positions_a
        pairs = cKDTree(points).query_pairs(SUPPORT_A, output_type="ndarray")
        own = np.arange(len(points))
        i = np.concatenate([pairs[:, 0], pairs[:, 1], own])
        j = np.concatenate([pairs[:, 1], pairs[:, 0], own])
        is_ion = self.ions.is_ion[j]
        i, j = i[is_ion], j[is_ion]
        counts = np.maximum(np.bincount(i, minlength=len(points)), 1)
        return coo_array((1.0 / counts[i], (i, j)), shape=(len(points),) * 2).tocsr()

    def domains(self) -> list[Domain]:
        """Return the domains, the one with the most filled sites first."""
        found: list[Domain] = []
        free = self.ions.is_ion.copy()
        pool: list[LatticeFit] = []
        searched = False
        while free.sum() >= LEAST_SCORE:
            best = max(
                (self.domain(fit, free) for fit in pool), key=lambda d: d.score, default=None
            )
            if best is not None and best.is_domain:
                found.append(best)
                free &= ~best.members
                searched = False
                continue
            if searched or (found and free.sum() < LEFT_SHARE * len(free)):
                break
            pool, searched = self.fits(free), True
        return found

    def fits(self, free: Bools) -> list[LatticeFit]:
        """Return fits of all crystals to the free ions."""
        ions = self.ions.chosen(free)
        there = set(ions.symbols.tolist())
        tree = cKDTree(ions.positions_a)
        reach_a = REACH_SHARE * ions.spacing_a
        found: list[LatticeFit] = []
        for pattern in self.patterns:
            if not all(s in there for s, q in pattern.crystal.charge_of.items() if q > 0):
                continue
            tried = [
                one
                for seed in seeds_of(ions, pattern, N_SEEDS, tree).tolist()
                for one in hypotheses_at(ions, pattern, seed, tree)
            ]
            tried.sort(key=lambda one: -one.score)
            distinct: list[Hypothesis] = []
            for one in tried:
                if len(distinct) == REFINED or one.score < WORTH * tried[0].score:
                    break
                if not any(one.fit.is_like(other.fit, ALIKE, ALIKE_A) for other in distinct):
                    distinct.append(one)
            for one in distinct:
                start = ions.positions_a[one.seed]
                fit = one.fit.grown(ions, start, START_A, max(START_REACH_A, reach_a))
                if fit.is_sound and not any(fit.is_like(other, SAME, SAME_A) for other in found):
                    found.append(fit)
        return found

    def domain(self, fit: LatticeFit, free: Bools) -> Domain:
        """Return the domain of a lattice among free ions, the lattice refined on them."""
        for _ in range(3):
            members, placed, weights = self._members(fit, free)
            if members.sum() < 4:
                break
            fit = fit.refined(
                self.ions.positions_a[members], placed.places_a[members], weights[members] + 1e-6
            )
        members, placed, weights = self._members(fit, free)
        sites = np.where(members, placed.sites, -1)
        inner, n_empty = _inside(fit.pattern, members, sites, placed.cells)
        core = members & inner if (members & inner).sum() >= 20 else members
        crystal, symbols = fit.pattern.crystal, self.ions.symbols
        ordering = counted_ordering(crystal, sites[core], symbols[core])
        expected = ordered_symbols(crystal, ordering)[np.maximum(sites, 0)]
        worth = weights * np.where(expected == symbols, 1.0, WRONG)
        spacing_a = self.ions.spacing_a
        return Domain(
            fit=fit,
            members=members,
            is_assigned=members & (placed.distances_a <= ASSIGNED_SHARE * spacing_a),
            sites=sites,
            cells=np.where(members[:, None], placed.cells, 0),
            places_a=placed.places_a,
            distances_a=placed.distances_a,
            is_inner=members & inner,
            n_empty=n_empty,
            ordering=ordering,
            score=float(worth[members].sum() - EMPTY * n_empty),
        )

    def _members(self, fit: LatticeFit, free: Bools):
        placed = fit.placed(self.ions)
        spacing_a = self.ions.spacing_a
        near = free & (placed.distances_a <= DISPLACED_SHARE * spacing_a)
        near = without_doubles(placed, near)
        weights = np.where(near, tukey(placed.distances_a, REACH_SHARE * spacing_a), 0.0)
        support = self._near @ weights
        return near & (support >= SUPPORT), placed, weights


def _inside(pattern: Pattern, members: Bools, sites: Ints, cells: Ints) -> tuple[Bools, int]:
    """Return which ions have members on all neighbouring sites, and how many sites are empty.

    An empty site is inside if members stand on at least four fifths of the sites around it.
    """
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
    inner = np.ones(len(members), dtype=bool)
    inner[ion[~is_filled]] = False
    empty, votes = np.unique(there[~is_filled], return_counts=True)
    n_empty = int((votes >= 0.8 * counts[empty % 100_000]).sum())
    return inner & members, n_empty
