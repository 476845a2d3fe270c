"""The search: which crystals a particle is made of, the one with the most filled sites first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from .domain import FEWEST_INSIDE, LEAST_SCORE, REACH_SHARE, Assigner
from .hypotheses import hypotheses_at, seeds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Bools, Floats

    from .domain import Domain
    from .hypotheses import Hypothesis
    from .ions import ParticleIons
    from .lattice_fit import LatticeFit
    from .pattern import Pattern

N_SEEDS = 6
REFINED = 12
"""The best hypotheses of a crystal that are refined."""

WORTH = 0.3
"""Hypotheses of less than this share of the best one's score are not looked at."""

ALIKE, ALIKE_A = 0.15, 1.0
"""Hypotheses are alike if their matrices and shifts differ by no more."""

SAME, SAME_A = 0.02, 0.3
"""The same for fits."""

START_A, START_REACH_A = 7.0, 1.0
"""A lattice grows from so large a region, with Tukey's reach no shorter than this, in Å."""

EVALUATED = 10
"""So many lattices, those on whose sites most ions lie, are compared in full."""

AS_GOOD = 0.99
"""Lattices of one crystal with this share of the best score are as good as the best one."""

LEFT_SHARE = 0.08
"""Ions that are left over are searched for another domain if they are so much of the whole."""

GAINED = 0.4
"""A lattice whose ions another one has taken gets them back if so much of its score is gained."""


@dataclass(frozen=True)
class Found:
    """The domains of a particle.

    Parameters
    ----------
    domains : tuple of Domain
        The one with the most filled sites first.
    next_best : tuple of Domain or None
        For each domain the best of what else its ions were taken for: another crystal, or another
        ordering of the same.
    alike : tuple of tuples of str
        For each domain the orderings that the crystal has in other orientations as good.
    """

    domains: tuple[Domain, ...]
    next_best: tuple[Domain | None, ...]
    alike: tuple[tuple[str, ...], ...]


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
    def assigner(self) -> Assigner:
        """Puts the ions on sites."""
        return Assigner(self.ions)

    def found(self) -> Found:
        """Return the domains.

        The best lattice takes the ions on its sites, the next one is sought among the others, and
        so on. Lattices that share sites, as at a coherent interface, take each other's ions: those
        that explain a part of them much better get it back. At the end each ion goes to the domain
        that holds the most of those around it.
        """
        found: list[list[Domain]] = []
        free = self.ions.is_ion.copy()
        pool = self.fits(free)
        every, searched = list(pool), True
        while free.sum() >= LEAST_SCORE:
            ranked = self._ranked(pool, free)
            if ranked and ranked[0].is_sure and (not found or ranked[0].has_inside):
                found.append(ranked)
                free &= ~_chosen(ranked).members
                searched = False
            elif searched or (found and free.sum() < LEFT_SHARE * len(free)):
                break
            else:
                pool, searched = self.fits(free), True
                every += pool
        while found and (ranked := self._rivals(every, [_chosen(one) for one in found])):
            found.append(ranked)
        chosen = [_chosen(ranked) for ranked in found]
        pairs = list(zip(found, chosen, strict=True))
        return Found(
            domains=self._shared_out(chosen),
            next_best=tuple(
                next((one for one in ranked if _is_other(one, best)), None)
                for ranked, best in pairs
            ),
            alike=tuple(_orderings_as_good(ranked, best) for ranked, best in pairs),
        )

    def _ranked(self, fits: Sequence[LatticeFit], free: Bools) -> list[Domain]:
        """Return the likeliest domains among free ions, the best first."""
        likely = sorted(fits, key=lambda fit: -self.assigner.weight(fit, free))[:EVALUATED]
        return sorted((self.assigner.domain(fit, free) for fit in likely), key=lambda d: -d.score)

    def _rivals(self, fits: Sequence[LatticeFit], chosen: Sequence[Domain]) -> list[Domain]:
        """Return domains of ions that a lattice explains much better than the chosen ones do.

        The lattice that gains most has the ions around which it explains more than they. Nothing is
        returned if none gains enough.
        """
        is_ion, assigner = self.ions.is_ion, self.assigner
        support = self._support(chosen).max(axis=0)
        contested, most = None, 0.0
        for fit in fits:
            whole = assigner.domain(fit, is_ion)
            if whole.score < LEAST_SCORE:
                continue
            region = is_ion & (self._support([whole])[0] > support)
            rival = assigner.domain(fit, region)
            n_inside = (whole.is_inner & region).sum()  # sites that both hold count as filled
            if not rival.is_sure or n_inside < FEWEST_INSIDE:
                continue
            gain = rival.score - max(assigner.on(one.fit, region).score for one in chosen)
            if gain > max(most, GAINED * rival.score):
                contested, most = region, gain
        return [] if contested is None else self._ranked(fits, contested)

    def _support(self, domains: Sequence[Domain]) -> Floats:
        """Return how well each domain explains the ions around each atom, (n_domains, n_atoms)."""
        return np.array([self.assigner.around(self.assigner.explained(one)) for one in domains])

    def _shared_out(self, chosen: Sequence[Domain]) -> tuple[Domain, ...]:
        """Return domains anew, each ion in that which holds the most of those around it."""
        if not chosen:
            return ()
        is_ion = self.ions.is_ion
        support = self._support(chosen)
        nearest = np.argmax(support, axis=0)
        alone = is_ion & (support.max(axis=0) == 0.0)
        if alone.any() and not alone.all():
            there = np.flatnonzero(is_ion & ~alone)
            tree = cKDTree(self.ions.positions_a[there])
            nearest[alone] = nearest[there[tree.query(self.ions.positions_a[alone])[1]]]
        regions = [is_ion & (nearest == k) for k in range(len(chosen))]
        return tuple(
            self.assigner.domain(one.fit, region)
            for one, region in zip(chosen, regions, strict=True)
        )

    def fits(self, free: Bools) -> list[LatticeFit]:
        """Return fits of all crystals to the free ions."""
        ions = self.ions.chosen(free)
        there = set(ions.symbols.tolist())
        tree = cKDTree(ions.positions_a)
        reach_a = max(START_REACH_A, REACH_SHARE * ions.spacing_a)
        found: list[LatticeFit] = []
        for pattern in self.patterns:
            if not pattern.cations <= there:
                continue
            tried = [
                one
                for seed in seeds_of(ions, pattern, N_SEEDS, tree).tolist()
                for one in hypotheses_at(ions, pattern, seed, tree)
            ]
            for one in _distinct(tried):
                fit = one.fit.grown(ions, ions.positions_a[one.seed], START_A, reach_a)
                if fit and not any(fit.is_like(other, SAME, SAME_A) for other in found):
                    found.append(fit)
        return found


def _distinct(tried: list[Hypothesis]) -> list[Hypothesis]:
    """Return the best hypotheses of which none is like another."""
    ranked = sorted(tried, key=lambda one: -one.score)
    kept: list[Hypothesis] = []
    for one in ranked:
        if len(kept) == REFINED or one.score < WORTH * ranked[0].score:
            break
        if not any(one.fit.is_like(other.fit, ALIKE, ALIKE_A) for other in kept):
            kept.append(one)
    return kept


def _chosen(ranked: Sequence[Domain]) -> Domain:
    """Return the best domain; of lattices that are as good, one in the ordering of a crystal."""
    best = ranked[0]
    as_good = [one for one in ranked if _is_as_good(one, best)]
    return min(as_good, key=_strangeness)


def _strangeness(domain: Domain) -> int:
    """Sort orderings: that of the crystal itself, that of another one that is known, any other."""
    ordering = domain.ordering
    if ordering is None or ordering.is_own:
        return 0
    return 1 if ordering.crystal is not None else 2


def _is_as_good(one: Domain, best: Domain) -> bool:
    """Whether a domain is of the same crystal in a place as good as another, or that itself."""
    same = one.pattern.told == best.pattern.told and _overlap(one, best)
    return same and one.is_sure and one.score >= AS_GOOD * best.score


def _overlap(one: Domain, best: Domain) -> bool:
    return bool((one.members & best.members).sum() >= 0.5 * best.members.sum())


def _is_other(one: Domain, best: Domain) -> bool:
    """Whether a domain of the same ions is of another crystal, or of another ordering of it."""
    if not _overlap(one, best) or _is_as_good(one, best):
        return False
    return one.pattern.told != best.pattern.told or one.ordering_sites != best.ordering_sites


def _orderings_as_good(ranked: Sequence[Domain], best: Domain) -> tuple[str, ...]:
    """Return the other orderings of lattices as good, in words."""
    told = [
        one.ordering.told
        for one in ranked
        if one.ordering is not None
        and _is_as_good(one, best)
        and one.ordering_sites != best.ordering_sites
    ]
    return tuple(dict.fromkeys(told))
