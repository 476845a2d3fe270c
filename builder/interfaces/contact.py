"""Contacts across an interface: the gap at which a film comes to rest, and the tightest pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.errors import InputError

from .contacts import CONTACT_LIMIT
from .translations import common_lattice_a, nearest_squared_a2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from .stack import Stack

BLOCK_PAIRS = 32
"""Pairs of ions that are looked at before the others are weighed against the gap found so far."""

BLOCK_DISTANCES = 500_000
"""Distances held in memory at once."""


@dataclass(frozen=True)
class Contact:
    """Two ions across an interface that are closest, as measured by the bulk.

    Parameters
    ----------
    film, substrate : str
        Their elements.
    distance_a : float
        Their distance in Å.
    fraction_of_bulk : float
        Distance over the shortest one of these elements in bulk.
    """

    film: str
    substrate: str
    distance_a: float
    fraction_of_bulk: float

    def as_dict(self) -> dict[str, Any]:
        """Return the pair and its distance for interface.json."""
        return {
            "pair": f"{self.film}-{self.substrate}",
            "distance_a": self.distance_a,
            "fraction_of_bulk": self.fraction_of_bulk,
        }


def contact_gap_a(
    film: Stack,
    substrate: Stack,
    limits_a: Mapping[frozenset[str], float],
    shifts_a: ArrayLike = (0.0, 0.0),
    fraction: float = CONTACT_LIMIT,
) -> NDArray[np.float64]:
    """Return how far a film must be raised so that it just touches the substrate, in Å.

    A film that comes from far above is stopped by the first pair of ions whose distance falls to
    a fraction of the shortest bulk contact. Ions i and j at the distance r in the plane stop it
    at z_j − z_i + √(L² − r²), L being their limit; the gap is the largest of these, in closed
    form. A film that comes to rest lower down only by passing ions through each other does not
    count.

    Parameters
    ----------
    film, substrate : Stack
        The two sides in one lattice, film above.
    limits_a : mapping of frozenset of str to float
        Shortest bulk contact in Å of each pair of elements, as of `contact_limits_a`.
    shifts_a : array_like of float, shape (..., 2)
        Translations of the film in the plane in Å.
    fraction : float
        Share of the bulk contact that is allowed.

    Returns
    -------
    ndarray of float, shape (...)
        Least gap at each translation, at which and above which no contact is shorter. −inf where
        no ion of the film comes near one of the substrate at any height.

    Raises
    ------
    InputError
        If the lattices differ or a pair of elements has no limit.

    Examples
    --------
    One ion above another, and above the middle of four:

    >>> from epicarve.builder.interfaces import Stack
    >>> one = np.array([0])
    >>> net = Stack(np.diag([4.0, 4.0]), np.array(["Pb"]), one + 2, np.zeros((1, 3)), one)
    >>> contact_gap_a(net, net, {frozenset({"Pb"}): 5.0}, [[0.0, 0.0], [2.0, 2.0]]).round(3)
    array([4.5, 3.5])
    """
    lattice = common_lattice_a(film, substrate)
    shifts = np.asarray(shifts_a, dtype=float)
    flat = shifts.reshape(-1, 2)
    reach = fraction * pair_table_a(film, substrate, limits_a)
    drop = substrate.positions_a[:, 2] - film.positions_a[:, 2, None]
    highest = (drop + reach).ravel()  # where a pair stops the film if one ion is above the other
    order = np.argsort(-highest, kind="stable")
    offsets = (film.positions_a[:, None, :2] - substrate.positions_a[:, :2]).reshape(-1, 2)
    gaps = np.full(len(flat), -np.inf)
    rows = max(1, BLOCK_DISTANCES // BLOCK_PAIRS)
    for start in range(0, len(flat), rows):
        block = slice(start, start + rows)
        for first in range(0, len(order), BLOCK_PAIRS):
            pairs = order[first : first + BLOCK_PAIRS]
            if highest[pairs[0]] <= gaps[block].min():
                break
            squared = nearest_squared_a2(flat[block, None] + offsets[pairs], lattice)
            below = reach.ravel()[pairs] ** 2 - squared
            stops = drop.ravel()[pairs] + np.sqrt(np.maximum(below, 0.0))
            stops[below < 0.0] = -np.inf
            np.maximum(gaps[block], stops.max(axis=1), out=gaps[block])
    return gaps.reshape(shifts.shape[:-1])


def tightest_contact(
    film: Stack,
    substrate: Stack,
    limits_a: Mapping[frozenset[str], float],
    shift_a: ArrayLike = (0.0, 0.0),
    gap_a: float = 0.0,
) -> Contact:
    """Return the pair across the interface that is shortest against its bulk contact.

    Parameters
    ----------
    film, substrate : Stack
        The two sides in one lattice, film above.
    limits_a : mapping of frozenset of str to float
        Shortest bulk contact in Å of each pair of elements.
    shift_a : array_like of float, shape (2,)
        Translation of the film in the plane in Å.
    gap_a : float
        How far the film is raised in Å.
    """
    lattice = common_lattice_a(film, substrate)
    rise = film.positions_a[:, 2, None] + gap_a - substrate.positions_a[:, 2]
    offsets = film.positions_a[:, None, :2] + np.asarray(shift_a) - substrate.positions_a[:, :2]
    distances = np.sqrt(nearest_squared_a2(offsets, lattice) + rise**2)
    fractions = distances / pair_table_a(film, substrate, limits_a)
    i, j = np.unravel_index(int(np.argmin(np.round(fractions, 9))), fractions.shape)
    return Contact(
        film=str(film.symbols[i]),
        substrate=str(substrate.symbols[j]),
        distance_a=float(distances[i, j]),
        fraction_of_bulk=float(fractions[i, j]),
    )


def pair_table_a(
    film: Stack, substrate: Stack, limits_a: Mapping[frozenset[str], float]
) -> NDArray[np.float64]:
    """Return the bulk contact in Å of every ion of a film with every one of a substrate.

    Returns
    -------
    ndarray of float, shape (n_film, n_substrate)

    Raises
    ------
    InputError
        If a pair of elements has none.
    """
    above, below = (np.array(sorted(set(side.symbols.tolist()))) for side in (film, substrate))
    table = np.empty((len(above), len(below)))
    for i, first in enumerate(above.tolist()):
        for j, second in enumerate(below.tolist()):
            limit = limits_a.get(frozenset((first, second)))
            if limit is None:
                raise InputError(
                    f"no contact of {first} with {second} is given; add it to the limits"
                )
            table[i, j] = limit
    rows, columns = above.searchsorted(film.symbols), below.searchsorted(substrate.symbols)
    return np.asarray(table[rows[:, None], columns])
