"""How far the bonds of each pair of a cation and an anion reach, by their distances alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .bond_valence import bond_valence

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings

SHELL_STRETCH = 1.5
"""The longest bond of a first shell is at most this multiple of a short one, see `SHORT_SHARE`."""

SHORT_SHARE = 0.25
"""A quarter of the bonds of a shell are shorter than its short one, or as short."""

STRAY_SHARE = 0.03
"""The gap behind a shell may hold this share of the shell's own number of distances."""

LEAST_VALENCE = 0.038
"""A contact is no bond whose valence is below this share of the strongest bonds of both ions."""


def shell_limits_a(
    cations: Ints,
    anions: Ints,
    distances_a: Floats,
    symbols: Strings,
    charges: Ints,
) -> dict[tuple[str, str], float]:
    """Return the longest bond in Å of each (cation, anion) pair of elements that makes bonds.

    A pair makes none if its ions are never nearest to each other and its shortest contact is far
    beyond the bonds of both, as that of C and Cl in Pb2CO3Cl2: if its bond valence, with the
    parameters of O'Keeffe and Brese, is below `LEAST_VALENCE` of those of the shortest bonds of
    both, or, without parameters, if it is longer than `SHELL_STRETCH` times them.

    A shell reaches further where some ions would have no bond at all otherwise, as the F of
    NaSb3F10 that lies 2.38 Å from three Sb whose other F lie at 1.9 to 2.0 Å. Fewer such ions than
    `STRAY_SHARE` of the ions of their elements are strays, which leave the shell as it is.

    Parameters
    ----------
    cations, anions : ndarray of int, shape (n_pairs,)
        Ions of opposite charge that lie within two shells or more of each other, each pair once.
    distances_a : ndarray of float, shape (n_pairs,)
        Their distances in Å.
    symbols : ndarray of str, shape (n_ions,)
        Element of each ion.
    charges : ndarray of int, shape (n_ions,)
        Charge of each ion in units of e.
    """
    first, second = symbols[cations], symbols[anions]
    of_pair = {
        (cation, anion): np.flatnonzero((first == cation) & (second == anion))
        for cation in dict.fromkeys(symbols[charges > 0].tolist())
        for anion in dict.fromkeys(symbols[charges < 0].tolist())
    }
    shortest = {pair: float(distances_a[at].min()) for pair, at in of_pair.items() if at.size}
    limits = {}
    for pair in shortest:
        if _is_bonded(pair, shortest):
            at = of_pair[pair]
            nearest_a = min(
                _usual_nearest_a(ions[at], distances_a[at], symbols.size)
                for ions in (cations, anions)
            )
            limits[pair] = first_shell_limit_a(distances_a[at], nearest_a)
    for pair, nearest_a in _nearest_of_isolated_ions(cations, anions, distances_a, of_pair, limits):
        limit_a = first_shell_limit_a(distances_a[of_pair[pair]], nearest_a)
        limits[pair] = max(limits[pair], limit_a)
    return limits


def first_shell_limit_a(distances_a: Floats, nearest_a: float = 0.0) -> float:
    """Return where the first coordination shell ends, in Å, given all distances of a pair.

    Parameters
    ----------
    distances_a : ndarray of float, shape (n,)
        Distances of one pair of elements in Å, in any order, over at least two shells.
    nearest_a : float
        A distance that the shell holds in any case.

    Returns
    -------
    float
        The middle of the widest gap, as a ratio of distances. Its lower end lies within
        `SHELL_STRETCH` times the lower quartile of the distances up to there. It may hold some
        strays, `STRAY_SHARE` of the number of distances below it, as in a crystal that vibrates.

    Examples
    --------
    Rock salt with a = 6 Å has neighbours at 3, 5.196, 6.708, ... Å:

    >>> round(first_shell_limit_a(np.array([3.0, 5.196, 6.708])), 3)
    4.098
    """
    distances = np.sort(distances_a)
    number = np.arange(1, len(distances) + 1)
    short = distances[(SHORT_SHARE * (number - 1)).astype(int)]
    too_long = distances > SHELL_STRETCH * short
    end = int(np.argmax(too_long)) if too_long.any() else len(distances)
    begins = np.r_[True, np.round(distances[1:] / distances[:-1], 6) > 1.0]  # of equal ones
    first = np.maximum.accumulate(np.where(begins, number - 1, 0))
    beyond = number + (STRAY_SHARE * number).astype(int)
    shell = np.flatnonzero((beyond[:end] < len(distances)) & np.r_[begins[1:], True][:end])
    shell = shell[distances[shell] >= nearest_a]
    if len(shell) == 0:
        return float(distances[0] * SHELL_STRETCH)
    beyond = first[beyond[shell]]
    widest = int(np.argmax(np.round(distances[beyond] / distances[shell], 6)))
    return float(0.5 * (distances[shell[widest]] + distances[beyond[widest]]))


def _is_bonded(pair: tuple[str, str], shortest: dict[tuple[str, str], float]) -> bool:
    """Whether ions of two elements are near enough to each other to make bonds."""
    contact_a = shortest[pair]
    nearest = [
        min((other for other in shortest if other[side] == pair[side]), key=shortest.__getitem__)
        for side in (0, 1)
    ]
    if contact_a <= max(shortest[other] for other in nearest):
        return True
    valence = bond_valence(*pair, contact_a)
    others = [bond_valence(*other, shortest[other]) for other in nearest]
    if valence is None or None in others:
        return contact_a <= SHELL_STRETCH * max(shortest[other] for other in nearest)
    return valence >= LEAST_VALENCE * min(other for other in others if other is not None)


def _nearest_of_isolated_ions(
    cations: Ints,
    anions: Ints,
    distances_a: Floats,
    of_pair: dict[tuple[str, str], Ints],
    limits: dict[tuple[str, str], float],
) -> list[tuple[tuple[str, str], float]]:
    """Return the pairs of elements that would bond ions without a bond, and how far each reaches.

    Each such ion counts for the pair whose limit it misses by the smallest factor.
    """
    reach = np.full(distances_a.size, np.inf)
    for pair, limit_a in limits.items():
        reach[of_pair[pair]] = distances_a[of_pair[pair]] / limit_a
    ions = np.concatenate([cations, anions])
    least = np.full(int(ions.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, ions, np.tile(reach, 2))
    found = []
    for pair, limit_a in limits.items():
        at = of_pair[pair]
        near = at[distances_a[at] <= SHELL_STRETCH * limit_a]
        for side in (cations, anions):
            missed = near[(reach[near] > 1.0) & (reach[near] == least[side[near]])]
            if np.unique(side[missed]).size > STRAY_SHARE * np.unique(side[at]).size:
                found.append((pair, float(distances_a[missed].max())))
    return found


def _usual_nearest_a(ions: Ints, distances_a: Floats, n_ions: int) -> float:
    """Return the median of the distances from each ion to the nearest of the other element."""
    nearest = np.full(n_ions, np.inf)
    np.minimum.at(nearest, ions, distances_a)
    return float(np.median(nearest[np.isfinite(nearest)]))
