"""How many atoms a state spreads over: the inverse participation ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.states import OrbitalStates
from epicarve.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.arrays import Floats, Ints
    from epicarve.dft.weighed_states import WeighedStates

DEGENERATE_EV = 5e-5
"""Neighbouring states this close in energy count as degenerate: two units of the last digit of
CP2K's .pdos files (2.7e-5 eV), into which rounding can part levels that are equal."""


def inverse_participation_ratio(weights: Floats) -> Floats:
    r"""Return the inverse participation ratio of each state.

    .. math:: \mathrm{IPR}_i = \sum_A w_{Ai}^2 \Big/ \Big(\sum_A w_{Ai}\Big)^2

    It is 1 for a state on one atom and 1/N for a state that spreads evenly over N atoms. Weights
    are per atom, not per basis function, so it does not depend on the orientation of the particle.

    Parameters
    ----------
    weights : ndarray, shape (n_atoms, n_states)
        Non-negative weight of each atom in each state.

    Returns
    -------
    ndarray, shape (n_states,)
        The ratio, between 1/n_atoms and 1.

    Examples
    --------
    >>> inverse_participation_ratio(np.array([[1.0, 0.5], [0.0, 0.5]])).tolist()
    [1.0, 0.5]
    """
    return np.asarray((weights**2).sum(axis=0) / weights.sum(axis=0) ** 2)


def degenerate_sets(
    energies_ev: Floats, spins: NDArray[np.int8], tolerance_ev: float = DEGENERATE_EV
) -> Ints:
    """Tell which states are degenerate with each other.

    Parameters
    ----------
    energies_ev : ndarray, shape (n_states,)
        Energies in eV, ascending within each spin.
    spins : ndarray of int, shape (n_states,)
        Spin of each state; those of one spin stand together.
    tolerance_ev : float
        A state no further than this above the one before it, of the same spin, is in its set.

    Returns
    -------
    ndarray of int, shape (n_states,)
        The set of each state, from 0 on; most sets hold one state.

    Examples
    --------
    >>> energies_ev = np.array([-2.0, -1.0, -1.0, 1.0])
    >>> degenerate_sets(energies_ev, np.zeros(4, dtype=np.int8)).tolist()
    [0, 1, 1, 2]
    """
    begins = (np.diff(energies_ev) > tolerance_ev) | (np.diff(spins) != 0)
    return np.concatenate([[0], np.cumsum(begins)])


def no_ipr(states: WeighedStates) -> str:
    """Say why states of whole kinds of atoms have no IPR, and how to get it."""
    return (
        f"{states.source}: its weights are of whole kinds of atoms, from which no IPR can be had; "
        "add &LDOS / LIST i / &END LDOS for each atom i to &PDOS and rerun the last stage, or keep "
        "its .wfn file"
    )


@dataclass(frozen=True)
class Localization:
    """The localization of each state.

    Degenerate states are unique only up to a rotation among them, and so is the IPR of each. The
    mean of their weights on an atom is unique, as it comes from the projector on all of them; its
    IPR is that of the set, and equals the IPR of a state that is a set of its own.

    Parameters
    ----------
    ipr : ndarray, shape (n_states,)
        Inverse participation ratio.
    n_atoms : int
        Number of atoms of the model.
    sets : ndarray of int, shape (n_states,)
        Number of the degenerate set of each state, from 0 on.
    ipr_of_set : ndarray, shape (n_states,)
        Inverse participation ratio of the mean weights of the state's set.
    """

    ipr: Floats
    n_atoms: int
    sets: Ints
    ipr_of_set: Floats

    @classmethod
    def of(cls, states: WeighedStates, tolerance_ev: float = DEGENERATE_EV) -> Localization:
        """Measure the states of a model.

        Parameters
        ----------
        states : WeighedStates
            The states.
        tolerance_ev : float
            Neighbours this close in energy, in eV, are degenerate.

        Returns
        -------
        Localization
            One value per state.

        Raises
        ------
        InputError
            If the weights are of whole kinds of atoms.
        """
        if not isinstance(states, OrbitalStates):
            raise InputError(no_ipr(states))
        sets = degenerate_sets(states.energies_ev, states.spins, tolerance_ev)
        firsts = np.flatnonzero(np.diff(sets, prepend=-1))
        # The IPR does not depend on the norm of the weights, so a sum serves for a mean.
        ipr_of_sets = inverse_participation_ratio(np.add.reduceat(states.weights, firsts, axis=1))
        return cls(
            ipr=inverse_participation_ratio(states.weights),
            n_atoms=states.n_atoms,
            sets=sets,
            ipr_of_set=ipr_of_sets[sets],
        )

    @property
    def n_eff(self) -> Floats:
        """Effective number of atoms that each state spreads over, 1/IPR, shape (n_states,)."""
        return np.asarray(1.0 / self.ipr)

    @property
    def n_ipr(self) -> Floats:
        """N·IPR, shape (n_states,): 1 for a flat state, at any size of the model."""
        return np.asarray(self.n_atoms * self.ipr)
