"""Oscillator strengths between occupied and empty orbitals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

from .matrix_elements import position_and_gradient_between, position_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints
    from epicarve.dft.orbitals import GaussianShell, Orbitals
    from epicarve.dft.spin_orbit import CoupledStates

    from .nonlocal_potential import NonlocalPotential

NO_ENERGY_HARTREE = 1e-6
"""States that lie nearer to each other are degenerate."""

WHOLE = 1e-3
"""How far an occupation may be from empty or full."""


@dataclass(frozen=True)
class SpinTransitions:
    """Transitions from all occupied to all empty states of one spin.

    Parameters
    ----------
    occupied, empty : ndarray of int, shape (n_occupied,) and (n_empty,)
        Columns of the states, from 0.
    energies_ev : ndarray of float, shape (n_occupied, n_empty)
        Differences of the orbital energies in eV.
    dipoles_bohr : ndarray of float, shape (3, n_occupied, n_empty)
        ``⟨i|r|j⟩`` in bohr. The sign of each orbital is arbitrary, so that of a dipole is too. Of
        Kramers pairs the root of ``½ Σ |⟨i|r|j⟩|²`` along each axis over the spinors of both.
    electrons : float
        Electrons in a full state, 2 or 1.
    velocities : ndarray of float, shape (3, n_occupied, n_empty), or None
        ``⟨i|[r, H]|j⟩`` in hartree·bohr, if the Hamiltonian is known; with all of the basis it
        would be the dipole times ΔE.
    """

    occupied: Ints
    empty: Ints
    energies_ev: Floats
    dipoles_bohr: Floats
    electrons: float
    velocities: Floats | None = None

    @cached_property
    def strengths(self) -> Floats:
        """Oscillator strengths in the length form, shape (n_occupied, n_empty).

        ``f = 2/3 n ΔE |⟨i|r|j⟩|²`` in hartree and bohr, with the n electrons of a full state.
        """
        squares = np.square(self.dipoles_bohr).sum(axis=0)
        return np.asarray(2.0 / 3.0 * self.electrons / EV_PER_HARTREE * self.energies_ev * squares)

    @cached_property
    def velocity_strengths(self) -> Floats | None:
        """Oscillator strengths in the velocity form, shape (n_occupied, n_empty), if known.

        ``f = 2/3 n |⟨i|[r, H]|j⟩|² / ΔE`` in hartree and bohr.
        """
        if self.velocities is None:
            return None
        squares = np.square(self.velocities).sum(axis=0)
        hartree = np.maximum(self.energies_ev / EV_PER_HARTREE, NO_ENERGY_HARTREE)
        return np.asarray(2.0 / 3.0 * self.electrons * squares / hartree)


@dataclass(frozen=True)
class Transitions:
    """Dipole transitions between states of a finite model, of independent particles.

    Parameters
    ----------
    of_spins : tuple of SpinTransitions
        Of each spin that has both occupied and empty states.
    n_electrons : float
        Electrons in the states, which the strengths would sum to if these were all states of a
        model without nonlocal potentials.
    complete_to_ev : float
        Up to this energy in eV no transition is missing: those of a higher one may go to states
        above the highest one read, or from below the lowest one.
    no_velocity : str
        Why the velocity form is not known, empty if it is.
    """

    of_spins: tuple[SpinTransitions, ...]
    n_electrons: float
    complete_to_ev: float
    no_velocity: str = "no nonlocal potential was given"

    @classmethod
    def of(
        cls,
        orbitals: Orbitals,
        positions_bohr: Floats,
        shells: Sequence[tuple[GaussianShell, ...]],
        potential: NonlocalPotential | str = "no nonlocal potential was given",
    ) -> Transitions:
        """Compute the transitions between orbitals, in the velocity form too if that is known.

        [r, H] = ∇ + [r, V] with the nonlocal part V of the potential (A. F. Starace, Phys. Rev. A
        3, 1242 (1971)).

        Parameters
        ----------
        orbitals : Orbitals
            The orbitals.
        positions_bohr : ndarray of float, shape (n_atoms, 3)
            Coordinates in bohr.
        shells : sequence of tuple of GaussianShell, length n_atoms
            Basis functions of each atom.
        potential : NonlocalPotential or str
            The nonlocal part of the Hamiltonian, or why it is not known.

        Raises
        ------
        InputError
            If states are partly filled, or full ones not the lowest, or there are no occupied
            or no empty ones.
        """
        full = 2.0 if orbitals.restricted else 1.0
        found, complete_to_ev = [], np.inf
        for occupied, empty in _sides(orbitals):
            energies_ev = _differences(orbitals.energies_ev, occupied, empty)
            has_more_below = orbitals.left_out[orbitals.spins[occupied[0]]] > 0
            complete_to_ev = min(
                complete_to_ev, _end_ev(energies_ev, has_more_below=has_more_below)
            )
            bras, kets = orbitals.coefficients[:, occupied], orbitals.coefficients[:, empty]
            velocities = None
            if isinstance(potential, str):
                dipoles_bohr = position_between(positions_bohr, shells, bras, kets)
            else:
                dipoles_bohr, velocities = position_and_gradient_between(
                    positions_bohr, shells, bras, kets
                )
                velocities += potential.commutator(bras, kets)
            found.append(
                SpinTransitions(occupied, empty, energies_ev, dipoles_bohr, full, velocities)
            )
        return cls(
            tuple(found),
            float(orbitals.occupations.sum()),
            float(complete_to_ev),
            potential if isinstance(potential, str) else "",
        )

    @classmethod
    def of_coupled(
        cls,
        orbitals: Orbitals,
        positions_bohr: Floats,
        shells: Sequence[tuple[GaussianShell, ...]],
        coupled: CoupledStates,
    ) -> Transitions:
        """Compute the transitions between Kramers pairs of orbitals, in the length form.

        The velocity form would need the commutator of position with the spin-orbit part of the
        potential too, and is left out.

        Parameters
        ----------
        orbitals : Orbitals
            Orbitals of a closed shell.
        positions_bohr : ndarray of float, shape (n_atoms, 3)
            Coordinates in bohr.
        shells : sequence of tuple of GaussianShell, length n_atoms
            Basis functions of each atom.
        coupled : CoupledStates
            The pairs.

        Raises
        ------
        InputError
            As `of`.
        """
        ((occupied, empty),) = _sides(orbitals)
        energies_ev = _differences(coupled.energies_ev, occupied, empty)
        every = orbitals.coefficients
        positions = position_between(positions_bohr, shells, every, every)
        dipoles = [coupled.root_mean_squares(along, occupied, empty) for along in positions]
        return cls(
            (SpinTransitions(occupied, empty, energies_ev, np.array(dipoles), 2.0),),
            float(orbitals.occupations.sum()),
            _end_ev(energies_ev, has_more_below=orbitals.left_out[0] > 0),
            "with spin-orbit coupling the length form alone is computed",
        )

    @property
    def total_strength(self) -> float:
        """Sum of all oscillator strengths."""
        return float(sum(each.strengths.sum() for each in self.of_spins))

    @property
    def total_velocity_strength(self) -> float | None:
        """Sum of all oscillator strengths in the velocity form, None if it is not known."""
        strengths = [each.velocity_strengths for each in self.of_spins]
        return (
            float(sum(each.sum() for each in strengths if each is not None))
            if not self.no_velocity
            else None
        )

    def velocity_ratio(self, end_ev: float) -> float | None:
        """Strength in the velocity form over that in the length form, up to an energy.

        Parameters
        ----------
        end_ev : float
            The energy in eV.

        Returns
        -------
        float or None
            1 in a complete basis; None if it is not known, or there is no strength.
        """
        sums = np.zeros(2)
        for each in self.of_spins:
            if each.velocity_strengths is None:
                return None
            chosen = each.energies_ev <= end_ev
            sums += each.velocity_strengths[chosen].sum(), each.strengths[chosen].sum()
        return float(sums[0] / sums[1]) if sums[1] > 0.0 else None

    @property
    def sum_rule(self) -> float:
        """Part of the electrons that the strengths sum to."""
        return self.total_strength / self.n_electrons


def _sides(orbitals: Orbitals) -> list[tuple[Ints, Ints]]:
    """Return occupied and empty states of each spin that has any occupied."""
    full = 2.0 if orbitals.restricted else 1.0
    found = []
    for spin in np.unique(orbitals.spins):
        states = np.flatnonzero(orbitals.spins == spin)
        occupied, empty = np.split(states, [_n_occupied(orbitals, states, full)])
        if not occupied.size:
            continue
        if not empty.size:
            raise InputError(
                f"{orbitals.path}: it holds no empty orbital, so transitions have no "
                "end; rerun the last stage with ADDED_MOS"
            )
        found.append((occupied, empty))
    if not found:
        raise InputError(
            f"{orbitals.path}: it holds no occupied orbital, so transitions have no start; "
            "leave them out"
        )
    return found


def _differences(energies_ev: Floats, occupied: Ints, empty: Ints) -> Floats:
    """Return the energies of transitions."""
    return np.asarray(energies_ev[empty] - energies_ev[occupied][:, None])


def _end_ev(energies_ev: Floats, *, has_more_below: bool) -> float:
    """Return the lowest energy of a transition to above or from below the states there are."""
    return float(min(energies_ev[-1, -1], energies_ev[0, 0] if has_more_below else np.inf))


def _n_occupied(orbitals: Orbitals, states: Ints, full: float) -> int:
    """Count the occupied states of one spin, which must be the lowest and full."""
    occupations = orbitals.occupations[states]
    n_occupied = round(float(occupations.sum()) / full)
    aufbau = np.where(np.arange(len(states)) < n_occupied, full, 0.0)
    if np.abs(occupations - aufbau).max(initial=0.0) > WHOLE:
        raise InputError(
            f"{orbitals.path}: transitions are computed from full to empty orbitals, and some of "
            "these are partly filled; leave transitions out, or run the model without smearing"
        )
    return n_occupied
