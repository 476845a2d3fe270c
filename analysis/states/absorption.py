"""Absorption of independent particles, and which traps take part in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .dos import fractional_dos
from .tauc import GAPS, tauc_fit

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions
    from epicarve.arrays import Bools, Floats
    from epicarve.dft.states import OrbitalStates
    from epicarve.dft.transitions import Transitions

    from .filtered_gap import FilteredGap
    from .tauc import TaucFit
    from .trap_anatomy import Trap, Traps

EDGE_EV = 0.5
"""An edge is made of the states that the filter keeps within this distance of it."""

BRIGHT = 0.1
"""A trap is bright if a transition of it to the other edge has at least this part of the strength
of the strongest one between the edges."""

FORBIDDEN = 1e-6
"""Strength below which a transition between the edges counts as none."""

LISTED = 1e-3
"""Oscillator strength from which a transition is listed and can be the onset."""

TOO_LOW = 2.0
"""Standard deviations of the broadening within which of their end spectra are too low."""

HIGHEST_EV = 50.0
"""Spectra end here at the latest: states in a basis of Gaussians tell nothing of higher ones."""


@dataclass(frozen=True)
class Absorption:
    """Spectrum of the transitions between the states of a model, and the light of its traps.

    Parameters
    ----------
    transitions : Transitions
        The transitions.
    grid_ev : ndarray of float, shape (n_grid,)
        Energies of light in eV, from zero to where transitions begin to be missing.
    spectrum : ndarray of float, shape (n_grid,)
        Oscillator strength per eV, each transition a Gaussian.
    of_traps : ndarray of float, shape (n_grid,)
        The part of it that begins or ends at a trap.
    edge_strength : float or None
        Largest oscillator strength between delocalised states of both edges; None if there is
        none, or all are below `FORBIDDEN`.
    trap_strengths : dict of int to float
        Largest oscillator strength between a trap, by its column, and the delocalised states of the
        edge of the other side. Traps without such states of their spin are not in it.
    tauc_end_ev : float
        Where Tauc plots end, in eV: with the window of figures, or where spectra begin to be too
        low.
    tauc : dict of str to TaucFit or None
        Onset by the kind of gap, "direct" and "indirect"; None where no part of the curve is
        straight between the lowest transition that is listed and that end.
    """

    transitions: Transitions
    grid_ev: Floats
    spectrum: Floats
    of_traps: Floats
    edge_strength: float | None
    trap_strengths: dict[int, float]
    tauc_end_ev: float
    tauc: dict[str, TaucFit | None]

    @property
    def lowest_ev(self) -> float:
        """Energy of the lowest transition in eV."""
        return min(float(each.energies_ev.min()) for each in self.transitions.of_spins)

    @classmethod
    def of(
        cls,
        transitions: Transitions,
        states: OrbitalStates,
        filtered: FilteredGap,
        traps: Traps,
        options: AnalysisOptions,
    ) -> Absorption:
        """Broaden the transitions, and compare those of traps to those between the edges.

        An edge is made of the states that the filter keeps within `EDGE_EV` of it.

        Parameters
        ----------
        transitions : Transitions
            The transitions between the states.
        states : OrbitalStates
            The states.
        filtered : FilteredGap
            The filter in use.
        traps : Traps
            Its traps.
        options : AnalysisOptions
            Broadening and step.
        """
        is_trap = np.zeros(states.n_states, dtype=bool)
        is_trap[[trap.state for trap in traps.traps]] = True
        end_ev = min(transitions.complete_to_ev, HIGHEST_EV)
        steps = np.arange(int(end_ev / options.energy_step_ev) + 1)
        grid_ev = np.asarray(steps * options.energy_step_ev, dtype=np.float64)
        valence, conduction = _edges(states, filtered)
        strengths = {}
        for trap in traps.traps:
            one = np.arange(states.n_states) == trap.state
            ends = (one, conduction) if trap.side == "valence" else (valence, one)
            if (found := _strongest(transitions, *ends)) is not None:
                strengths[trap.state] = found
        edge_strength = _strongest(transitions, valence, conduction)
        spectrum, of_traps = _broadened(transitions, is_trap, grid_ev, options.broadening_ev)
        onset_ev = _onset_ev(transitions)
        shown_ev = onset_ev + options.window_below_ev + options.window_above_ev
        tauc_end_ev = min(shown_ev, float(grid_ev[-1]) - TOO_LOW * options.broadening_ev)
        rising = (grid_ev >= onset_ev) & (grid_ev <= tauc_end_ev)
        curve = grid_ev[rising], spectrum[rising]
        return cls(
            transitions=transitions,
            grid_ev=grid_ev,
            spectrum=spectrum,
            of_traps=of_traps,
            edge_strength=None if (edge_strength or 0.0) < FORBIDDEN else edge_strength,
            trap_strengths=strengths,
            tauc_end_ev=tauc_end_ev,
            tauc={
                name: tauc_fit(*curve, power, options.broadening_ev) for name, power in GAPS.items()
            },
        )

    @property
    def onset_ev(self) -> float | None:
        """Energy in eV of the lowest transition as strong as `LISTED`, None if there is none."""
        onset_ev = _onset_ev(self.transitions)
        return None if onset_ev == np.inf else onset_ev

    @property
    def velocity_ratio(self) -> float | None:
        """Strength in the velocity form over that in the length form, as far as spectra go."""
        return self.transitions.velocity_ratio(float(self.grid_ev[-1]))

    def is_bright(self, trap: Trap) -> bool | None:
        """Whether a trap is bright, None if it is not known."""
        strength = self.trap_strengths.get(trap.state)
        if strength is None or self.edge_strength is None:
            return None
        return strength >= BRIGHT * self.edge_strength


def _onset_ev(transitions: Transitions) -> float:
    """Return the energy of the lowest transition as strong as `LISTED`, infinite without one."""
    return min(
        float(each.energies_ev[each.strengths >= LISTED].min(initial=np.inf))
        for each in transitions.of_spins
    )


def _edges(states: OrbitalStates, filtered: FilteredGap) -> tuple[Bools, Bools]:
    """Tell which states make the valence edge, and which the conduction edge."""
    low_ev = np.inf if filtered.valence_edge_ev is None else filtered.valence_edge_ev
    high_ev = -np.inf if filtered.conduction_edge_ev is None else filtered.conduction_edge_ev
    energies_ev, occupied = states.energies_ev, states.is_occupied
    valence = filtered.kept & occupied & (energies_ev >= low_ev - EDGE_EV)
    return valence, filtered.kept & ~occupied & (energies_ev <= high_ev + EDGE_EV)


def _strongest(transitions: Transitions, first: Bools, last: Bools) -> float | None:
    """Return the largest strength from some states to others, None if there is no transition."""
    chosen = [
        each.strengths[np.ix_(first[each.occupied], last[each.empty])]
        for each in transitions.of_spins
    ]
    return max((float(each.max()) for each in chosen if each.size), default=None)


def _broadened(
    transitions: Transitions, is_trap: Bools, grid_ev: Floats, broadening_ev: float
) -> Floats:
    """Return the spectrum of all transitions and of those of traps, state by state."""
    spectra = np.zeros((2, len(grid_ev)))
    for each in transitions.of_spins:
        strengths = each.strengths
        for row, occupied in enumerate(each.occupied.tolist()):
            of_traps = strengths[row] * (is_trap[each.empty] | is_trap[occupied])
            weights = np.stack([strengths[row], of_traps])
            spectra += fractional_dos(each.energies_ev[row], weights, grid_ev, broadening_ev)
    return spectra
