"""How many atoms a state spreads over: the inverse participation ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.dft.states import OrbitalStates


def inverse_participation_ratio(weights: NDArray[np.float64]) -> NDArray[np.float64]:
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


def no_ipr(states: OrbitalStates) -> str:
    """Say why states of whole kinds of atoms have no IPR, and how to get it."""
    return (
        f"{states.source}: its weights are of whole kinds of atoms, from which no IPR can be had; "
        "add &LDOS / LIST i / &END LDOS for each atom i to &PDOS and rerun the last stage, or keep "
        "its .wfn file"
    )


@dataclass(frozen=True)
class Localization:
    """The localization of each state.

    Parameters
    ----------
    ipr : ndarray, shape (n_states,)
        Inverse participation ratio.
    n_atoms : int
        Number of atoms of the model.
    """

    ipr: NDArray[np.float64]
    n_atoms: int

    @classmethod
    def of(cls, states: OrbitalStates) -> Localization:
        """Measure the states of a model.

        Raises
        ------
        InputError
            If the weights are of whole kinds of atoms.
        """
        if states.of_kinds:
            raise InputError(no_ipr(states))
        return cls(ipr=inverse_participation_ratio(states.weights), n_atoms=states.n_atoms)

    @property
    def n_eff(self) -> NDArray[np.float64]:
        """Effective number of atoms that each state spreads over, 1/IPR, shape (n_states,)."""
        return np.asarray(1.0 / self.ipr)

    @property
    def n_ipr(self) -> NDArray[np.float64]:
        """N·IPR, shape (n_states,): 1 for a flat state, at any size of the model."""
        return np.asarray(self.n_atoms * self.ipr)
