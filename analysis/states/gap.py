"""The gap with and without trap states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .filtered_gap import FilteredGap, difference, trap_filter

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions
    from epicarve.dft.states import OrbitalStates

    from .localization import Localization


@dataclass(frozen=True)
class GapBand:
    """The size-aware gap at both ends of a band of thresholds: how far it depends on the choice.

    Parameters
    ----------
    strict, loose : FilteredGap
        At the lower and at the upper threshold. Every threshold between them gives a gap between
        theirs.
    """

    strict: FilteredGap
    loose: FilteredGap

    @property
    def span_ev(self) -> float | None:
        """How far the gap moves within the band in eV, None if a gap is missing at one end."""
        return difference(self.strict.gap_ev, self.loose.gap_ev)


@dataclass(frozen=True)
class Gap:
    """The gap between frontier orbitals, and the gaps between delocalised states.

    Parameters
    ----------
    homo_ev, lumo_ev : float or None
        Highest occupied and lowest empty energy in eV, whatever their localization.
    filtered : FilteredGap
        With the fixed threshold on the IPR.
    size_aware : FilteredGap
        With the threshold on N·IPR.
    band : GapBand
        The same at both ends of a band of thresholds.
    is_metallic : bool
        Whether states at the Fermi energy are partly filled, so that there is no plain gap.
    """

    homo_ev: float | None
    lumo_ev: float | None
    filtered: FilteredGap
    size_aware: FilteredGap
    band: GapBand
    is_metallic: bool = False

    @property
    def homo_lumo_gap_ev(self) -> float | None:
        """LUMO minus HOMO in eV, 0 for a metal, None if one is missing."""
        return 0.0 if self.is_metallic else difference(self.lumo_ev, self.homo_ev)

    @property
    def middle_ev(self) -> float:
        """Energy in eV midway between HOMO and LUMO; that of the one where the other is missing."""
        return float(np.mean([e for e in (self.homo_ev, self.lumo_ev) if e is not None]))

    @property
    def delocalised(self) -> FilteredGap:
        """The filter that tells traps from edges.

        The fixed one, or the size-aware one where the fixed one leaves no state at a side of the
        gap at which the size-aware one does.
        """
        return max(self.filtered, self.size_aware, key=lambda found: found.n_edges)

    @classmethod
    def unfiltered(
        cls,
        homo_ev: float | None,
        lumo_ev: float | None,
        options: AnalysisOptions,
        *,
        is_metallic: bool,
    ) -> Gap:
        """Return the gap of states whose localization is not known, so that no filter has edges."""
        fixed, aware, strict, loose = (
            FilteredGap(measure, limit, np.zeros(0, bool), None, None, None, None)
            for measure, limit in (
                ("IPR", options.ipr_max),
                *(("N·IPR", limit) for limit in (options.n_ipr_max, *options.n_ipr_band)),
            )
        )
        return cls(homo_ev, lumo_ev, fixed, aware, GapBand(strict, loose), is_metallic)

    @classmethod
    def of(cls, states: OrbitalStates, localization: Localization, options: AnalysisOptions) -> Gap:
        """Find the gaps of the states of a model."""
        energies_ev, occupied = states.energies_ev, states.is_occupied
        size_aware, strict, loose = (
            trap_filter(energies_ev, occupied, localization.n_ipr, limit, "N·IPR")
            for limit in (options.n_ipr_max, *options.n_ipr_band)
        )
        return cls(
            homo_ev=states.homo_ev,
            lumo_ev=states.lumo_ev,
            filtered=trap_filter(energies_ev, occupied, localization.ipr, options.ipr_max),
            size_aware=size_aware,
            band=GapBand(strict, loose),
            is_metallic=states.is_metallic(),
        )
