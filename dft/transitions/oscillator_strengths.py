"""Oscillator strengths between occupied and empty orbitals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

from .matrix_elements import position_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_array

    from epicarve.arrays import Floats, Ints
    from epicarve.dft.orbitals import GaussianShell, Orbitals

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
        ⟨i|r|j⟩ in bohr. The sign of each orbital is arbitrary, so that of a dipole is too.
    electrons : float
        Electrons in a full state, 2 or 1.
    """

    occupied: Ints
    empty: Ints
    energies_ev: Floats
    dipoles_bohr: Floats
    electrons: float

    @cached_property
    def strengths(self) -> Floats:
        """Oscillator strengths, shape (n_occupied, n_empty).

        ``f = 2/3 n ΔE |⟨i|r|j⟩|²`` in hartree and bohr, with the n electrons of a full state.
        """
        squares = np.square(self.dipoles_bohr).sum(axis=0)
        return np.asarray(2.0 / 3.0 * self.electrons / EV_PER_HARTREE * self.energies_ev * squares)


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
    """

    of_spins: tuple[SpinTransitions, ...]
    n_electrons: float
    complete_to_ev: float

    @classmethod
    def of(
        cls,
        orbitals: Orbitals,
        positions_bohr: Floats,
        shells: Sequence[tuple[GaussianShell, ...]],
        overlap: csr_array,
    ) -> Transitions:
        """Compute the transitions between orbitals in the length form.

        Parameters
        ----------
        orbitals : Orbitals
            The orbitals, sound in this overlap.
        positions_bohr : ndarray of float, shape (n_atoms, 3)
            Coordinates in bohr.
        shells : sequence of tuple of GaussianShell, length n_atoms
            Basis functions of each atom.
        overlap : csr_array, shape (n_functions, n_functions)
            Their overlap matrix.

        Raises
        ------
        InputError
            If states are partly filled, or full ones not the lowest, or there are no occupied
            or no empty ones.
        """
        full = 2.0 if orbitals.restricted else 1.0
        found, complete_to_ev = [], np.inf
        for spin in np.unique(orbitals.spins):
            states = np.flatnonzero(orbitals.spins == spin)
            n_occupied = _n_occupied(orbitals, states, full)
            occupied, empty = states[:n_occupied], states[n_occupied:]
            if not occupied.size:
                continue
            if not empty.size:
                raise InputError(
                    f"{orbitals.path}: it holds no empty orbital, so transitions have no "
                    "end; rerun the last stage with ADDED_MOS"
                )
            energies_ev = orbitals.energies_ev[empty] - orbitals.energies_ev[occupied][:, None]
            ends_ev = [energies_ev[-1, -1]] + [energies_ev[0, 0]] * (orbitals.left_out[spin] > 0)
            complete_to_ev = min(complete_to_ev, *ends_ev)
            bras, kets = orbitals.coefficients[:, occupied], orbitals.coefficients[:, empty]
            dipoles_bohr = position_between(positions_bohr, shells, overlap, bras, kets)
            found.append(SpinTransitions(occupied, empty, energies_ev, dipoles_bohr, full))
        if not found:
            raise InputError(
                f"{orbitals.path}: it holds no occupied orbital, so transitions have no start; "
                "leave them out"
            )
        return cls(tuple(found), float(orbitals.occupations.sum()), float(complete_to_ev))

    @property
    def total_strength(self) -> float:
        """Sum of all oscillator strengths."""
        return float(sum(each.strengths.sum() for each in self.of_spins))

    @property
    def sum_rule(self) -> float:
        """Part of the electrons that the strengths sum to."""
        return self.total_strength / self.n_electrons


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
