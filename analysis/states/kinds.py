"""What can be had from weights of whole kinds of atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .dos import by_element, density_of_states, list_densities, orbital_densities

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions
    from epicarve.dft.states import KindStates

    from .dos import DensityOfStates


@dataclass(frozen=True)
class KindAnalysis:
    """Density of states and plain gap of states whose weights are of whole kinds of atoms.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    options : AnalysisOptions
        Broadening, range and look.
    densities : tuple of DensityOfStates
        By kind, by kind and angular momentum, and by groups of atoms that were projected on
        together.
    """

    states: KindStates
    options: AnalysisOptions
    densities: tuple[DensityOfStates, ...]

    @classmethod
    def of(cls, states: KindStates, options: AnalysisOptions) -> KindAnalysis:
        """Analyse states of whole kinds."""
        by_kind = density_of_states(states, by_element(states.symbols), options)
        further = orbital_densities(states, options) + list_densities(states, options)
        return cls(states, options, (by_kind, *further))
