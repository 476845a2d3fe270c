"""How far the type of an alignment depends on what was chosen, and how far the offsets move."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from .alignment import Alignment, DomainEdges, align, domain_edges
from .zero import CORE_DEPTH_EV, CORE_WEIGHT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.builder.model import Model
    from epicarve.dft.states import OrbitalStates

    from .filtered_gap import FilteredGap
    from .gap import Gap

TOLERANCES = (0.5, 1.0, 2.0)
"""Offsets that count as none, in units of the broadening."""

COMMON_ZERO = "common zero"
"""Both domains as the run has them, on one scale, such as that of the vacuum."""

SHARES = {"none": None, "conduction edge": 0.0, "both edges": 0.5}
"""Part of the correction of a gap that lowers the valence edge; the rest raises the other one."""


@dataclass(frozen=True)
class AlignmentVariant:
    """The alignment by one set of choices.

    Parameters
    ----------
    filter : str
        Which states are edges, such as ``"IPR ≤ 0.03"``.
    spin_orbit : bool
        Whether the states have spin-orbit coupling.
    tolerance_ev : float
        Offsets smaller than this count as none.
    reference : str
        What energies count from in each domain: the same zero, or a core level of its own.
    correction : str
        Where the stated corrections of the gaps are added.
    alignment : Alignment
        What comes out.
    """

    filter: str
    spin_orbit: bool
    tolerance_ev: float
    reference: str
    correction: str
    alignment: Alignment


@dataclass(frozen=True)
class AlignmentVerdicts:
    """The alignment of two domains by all sets of choices.

    Parameters
    ----------
    variants : tuple of AlignmentVariant
        One for each set.
    edges : tuple of dict of str to DomainEdges
        Edges of the domains by each filter, with and without spin-orbit coupling, uncorrected and
        on the common zero: how far they move are their error bars.
    """

    variants: tuple[AlignmentVariant, ...]
    edges: tuple[dict[str, DomainEdges], ...]

    @classmethod
    def of(
        cls,
        states: OrbitalStates,
        gaps: tuple[Gap, Gap | None],
        model: Model,
        options: AnalysisOptions,
    ) -> AlignmentVerdicts | None:
        """Align the domains of a model by all sets of choices.

        Parameters
        ----------
        states : OrbitalStates
            The states.
        gaps : tuple of Gap and Gap or None
            Their gaps, each filter of which is a choice, and those without spin-orbit coupling, if
            the states have it.
        model : Model
            The model.
        options : AnalysisOptions
            Broadening, and corrections of gaps.

        Returns
        -------
        AlignmentVerdicts or None
            None unless the model has two domains.
        """
        if len(model.domain_names) != 2:
            return None
        gap, uncoupled = gaps
        cases: list[tuple[OrbitalStates, FilteredGap]] = [(states, one) for one in _filters(gap)]
        if uncoupled is not None and states.uncoupled is not None:
            cases += [(states.uncoupled, one) for one in _filters(uncoupled)]
        variants, every = [], []
        for case, filtered in cases:
            edges = domain_edges(case, filtered.kept, model)
            every.append(edges)
            references = {COMMON_ZERO: dict.fromkeys(edges, 0.0)} | domain_core_levels(case, model)
            corrections = SHARES if options.gap_corrections else {"none": None}
            choices = product(references.items(), corrections.items(), TOLERANCES)
            for (reference, zeros_ev), (correction, share), part in choices:
                gaps_ev = {} if share is None else options.gap_corrections
                moved = _moved(edges, zeros_ev, gaps_ev, share or 0.0)
                tolerance_ev = part * options.broadening_ev
                variants.append(
                    AlignmentVariant(
                        filter=filtered.told,
                        spin_orbit=case.uncoupled is not None,
                        tolerance_ev=tolerance_ev,
                        reference=reference,
                        correction=correction,
                        alignment=align(moved, tolerance_ev),
                    )
                )
        return cls(tuple(variants), tuple(every))

    @property
    def types(self) -> dict[str, int]:
        """How many variants come to each type, the most first; "none" where edges are missing."""
        return dict(Counter(each.alignment.type or "none" for each in self.variants).most_common())

    @property
    def n_without_type(self) -> int:
        """How many variants come to no type, as a domain lacks an edge by them."""
        return self.types.get("none", 0)

    def agreement(self, kind: str) -> str:
        """Tell how many of the variants that come to a type come to this one.

        Parameters
        ----------
        kind : str
            The type.
        """
        return f"{self.types.get(kind, 0)} of {len(self.variants) - self.n_without_type}"

    def range_ev(self, field: str) -> tuple[float, float] | None:
        """Return the lowest and the highest value of a field of alignments, None without one."""
        values = [getattr(each.alignment, field) for each in self.variants]
        known = [value for value in values if value is not None]
        return (min(known), max(known)) if known else None

    def edge_range_ev(self, name: str, side: str) -> tuple[float, float] | None:
        """Return how far an edge of a domain moves with filter and spin-orbit coupling.

        Parameters
        ----------
        name : str
            The domain.
        side : {"valence", "conduction"}
            The edge.
        """
        values = [getattr(each[name], f"{side}_edge_ev") for each in self.edges]
        known = [value for value in values if value is not None]
        return (min(known), max(known)) if known else None


def domain_core_levels(states: OrbitalStates, model: Model) -> dict[str, dict[str, float]]:
    """Return the mean energy of a core level that both domains have, in each of them.

    Of the kinds of orbitals of elements that are in both, the one whose energy spreads least. A
    difference between the domains is the step of the potential between them, and what the
    bonds of the element differ by.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    model : Model
        The model.

    Returns
    -------
    dict
        Energies in eV by domain, under the name of the level; empty if there is none.
    """
    if states.homo_ev is None:
        return {}
    deep = states.energies_ev < states.homo_ev - CORE_DEPTH_EV
    symbols = np.array(states.symbols)
    found: dict[str, tuple[float, dict[str, float]]] = {}
    for name, weights in zip(states.orbital_names, states.orbital_weights, strict=True):
        chosen = deep & (weights >= CORE_WEIGHT)
        means, spread_ev = {}, 0.0
        for domain in model.domain_names:
            atoms = (symbols == name.partition(":")[0]) & (model.domains == domain)
            shares = states.weights[atoms][:, chosen].sum(axis=0)
            if shares.sum() < 1.0:  # not one orbital of it
                break
            energies_ev = states.energies_ev[chosen]
            mean_ev = float(np.average(energies_ev, weights=shares))
            variance = np.average((energies_ev - mean_ev) ** 2, weights=shares)
            means[domain], spread_ev = mean_ev, max(spread_ev, float(np.sqrt(variance)))
        if len(means) == len(model.domain_names):
            found[name] = spread_ev, means
    if not found:
        return {}
    name = min(found, key=lambda each: found[each][0])
    return {f"core level {name}": found[name][1]}


def _filters(gap: Gap) -> Sequence[FilteredGap]:
    """Return the filters that are choices: the fixed one, the size-aware one and its band."""
    return gap.filtered, gap.band.strict, gap.size_aware, gap.band.loose


def _moved(
    edges: Mapping[str, DomainEdges],
    zeros_ev: Mapping[str, float],
    gaps_ev: Mapping[str, float],
    share: float,
) -> dict[str, DomainEdges]:
    """Return edges on other zeros, their gaps wider, a share of that by the valence edge."""
    return {
        name: DomainEdges(
            None
            if own.valence_edge_ev is None
            else own.valence_edge_ev - zeros_ev[name] - share * gaps_ev.get(name, 0.0),
            None
            if own.conduction_edge_ev is None
            else own.conduction_edge_ev - zeros_ev[name] + (1.0 - share) * gaps_ev.get(name, 0.0),
        )
        for name, own in edges.items()
    }
