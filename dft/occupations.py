"""Which states are occupied, of occupations that may be fractions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.arrays import Bools, Floats

WHOLE = 0.01
"""Electrons by which a sum of occupations, as files round them, may miss a whole number."""

LEAST_STEP = 0.5
"""The fractions to which the least full occupied state and the fullest empty one are filled differ
by more than this where there is a gap. With Fermi smearing that is a gap of 2.2 kT."""


def occupied_states(
    energies_ev: Floats,
    occupations: Floats,
    spins: NDArray[np.int8],
    full: float,
) -> Bools:
    """Tell which states the electrons fill, if each state is either full or empty.

    The fullest states count as occupied, as many as there are electrons for; of equally full ones
    the lowest. Where occupations are whole numbers, those are the occupied ones. The electrons of
    each spin are counted for themselves if they are a whole number; if not, smearing has moved some
    between the spins, and both are filled up together. A last half pair of electrons fills a state.

    Parameters
    ----------
    energies_ev, occupations : ndarray of float, shape (n_states,)
        Energies in eV and occupations.
    spins : ndarray of int, shape (n_states,)
        Spin of each state.
    full : float
        Electrons in a full state, 2 or 1.

    Returns
    -------
    ndarray of bool, shape (n_states,)
        Which states are occupied.

    Examples
    --------
    A metal: two electrons in two states of nearly the same energy.

    >>> occupied_states(
    ...     np.array([-4.3, -2.730, -2.729]), np.array([2.0, 0.99, 0.99]), np.zeros(3), 2.0
    ... )
    array([ True,  True, False])
    """
    pools = [np.flatnonzero(spins == spin) for spin in np.unique(spins)]
    sums = np.array([occupations[pool].sum() for pool in pools])
    if np.abs(sums - np.round(sums)).max(initial=0.0) > WHOLE:
        pools, sums = [np.arange(len(spins))], sums.sum(keepdims=True)
    occupied = np.zeros(len(spins), dtype=bool)
    for pool, electrons in zip(pools, sums, strict=True):
        order = np.lexsort((energies_ev[pool], -np.round(occupations[pool] / full, 6)))
        n_occupied = int(np.floor(electrons / full + 0.5 + WHOLE / full))
        occupied[pool[order[: max(0, n_occupied)]]] = True
    return occupied


def is_partly_filled(occupations: Floats, occupied: Bools, full: float) -> bool:
    """Tell whether states are partly filled, as those of a metal at its Fermi energy.

    Parameters
    ----------
    occupations : ndarray of float, shape (n_states,)
        Occupations.
    occupied : ndarray of bool, shape (n_states,)
        Which states count as occupied.
    full : float
        Electrons in a full state, 2 or 1.

    Returns
    -------
    bool
        Whether the occupations pass the gap without a step.

    Examples
    --------
    >>> is_partly_filled(np.array([2.0, 0.99, 0.99]), np.array([True, True, False]), 2.0)
    True
    >>> is_partly_filled(np.array([2.0, 1.98, 0.02]), np.array([True, True, False]), 2.0)
    False
    """
    fractions = occupations / full
    least = fractions[occupied].min(initial=1.0)
    most = fractions[~occupied].max(initial=0.0)
    return bool(least - most < LEAST_STEP + WHOLE)
