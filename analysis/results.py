"""Everything that an analysis computes, once, for tables, figures and report to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .alignment import Alignment, DomainEdges, align, domain_edges
from .dos import (
    DensityOfStates,
    Groups,
    by_domain,
    by_element,
    by_species_in_domain,
    density_of_states,
)
from .gap import FilteredGap, Gap, threshold_scan
from .localization import Localization

if TYPE_CHECKING:
    from epicarve.builder.model import Model
    from epicarve.dft.states import OrbitalStates

    from .options import AnalysisOptions


@dataclass(frozen=True)
class Analysis:
    """Localization, density of states, gaps and alignment of the states of one model.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    options : AnalysisOptions
        What was asked for.
    model : Model or None
        The model, if it is known.
    localization : Localization
        Localization of each state.
    gap : Gap
        Plain and filtered gaps.
    threshold_scan : tuple of FilteredGap
        The filtered gap at every threshold where it changes.
    partitions : tuple of Groups
        Partitions of the atoms: by element first; by domain, and by element within each domain, if
        the model has several domains.
    densities : tuple of DensityOfStates
        Density of states by each partition.
    edges : dict
        Band edges by domain; empty without a model.
    alignment : Alignment
        Alignment of the two domains.
    """

    states: OrbitalStates
    options: AnalysisOptions
    model: Model | None
    localization: Localization
    gap: Gap
    threshold_scan: tuple[FilteredGap, ...]
    partitions: tuple[Groups, ...]
    densities: tuple[DensityOfStates, ...]
    edges: dict[str, DomainEdges]
    alignment: Alignment

    @classmethod
    def of(
        cls, states: OrbitalStates, options: AnalysisOptions, model: Model | None = None
    ) -> Analysis:
        """Analyse the states of a model.

        Parameters
        ----------
        states : OrbitalStates
            The states.
        options : AnalysisOptions
            Thresholds, broadening, range.
        model : Model, optional
            The model that the states belong to, for its domains.

        Returns
        -------
        Analysis
            All results.

        Raises
        ------
        InputError
            If the states are not those of the model.
        """
        partitions = [by_element(states)]
        if model is not None:
            _require_same_atoms(states, model)
            if len(model.domain_names) > 1:
                partitions += [by_domain(model), by_species_in_domain(model)]
        localization = Localization.of(states)
        gap = Gap.of(states, localization, options)
        edges = {} if model is None else domain_edges(states, gap.filtered.kept, model)
        return cls(
            states=states,
            options=options,
            model=model,
            localization=localization,
            gap=gap,
            threshold_scan=threshold_scan(states.energies_ev, states.is_occupied, localization.ipr),
            partitions=tuple(partitions),
            densities=tuple(density_of_states(states, groups, options) for groups in partitions),
            edges=edges,
            alignment=align(edges, options.broadening_ev),
        )

    @property
    def window_ev(self) -> tuple[float, float]:
        """Range in eV that figures show: around the gap, with the filtered edges inside it."""
        filtered, energies_ev = self.gap.filtered, self.states.energies_ev
        below, above = float(energies_ev.min()), float(energies_ev.max())
        if self.gap.homo_ev is not None:
            below = self.gap.homo_ev - self.options.window_below_ev
        if filtered.valence_edge_ev is not None:
            below = min(below, filtered.valence_edge_ev - 1.0)
        if self.gap.lumo_ev is not None:
            above = self.gap.lumo_ev + self.options.window_above_ev
        if filtered.conduction_edge_ev is not None:
            above = max(above, filtered.conduction_edge_ev + 1.0)
        return below, above


def _require_same_atoms(states: OrbitalStates, model: Model) -> None:
    """Refuse states that belong to another model."""
    if states.symbols != tuple(model.symbols.tolist()):
        raise InputError(
            f"the states are of {states.n_atoms} atoms and the model is {model.formula}, of "
            f"{model.n_atoms}, in another order or of other elements; give the model whose states "
            "these are"
        )
