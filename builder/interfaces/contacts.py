"""Contacts of two crystals, measured against `contact_limits_a`: which, and what is too short.

Sides of an interface that repeat in its plane are `Stack`; those of a particle are `IonTable`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.report import ClosestPair
from epicarve.errors import InputError

from .translations import common_lattice_a, nearest_squared_a2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.carve import IonTable

    from .stack import Stack

    Limits = Mapping[frozenset[str], float]

CONTACT_LIMIT = 0.9
"""Shortest contact across an interface, as a fraction of the bulk's for the pair."""

CONTACT_DEPTH_A = 9.0
"""Depth in Å of the ions of each side among which contacts are looked for."""

MAX_RAISE_A = 4.0
"""Height in Å by which a film is raised at most to be rid of short contacts."""

RAISE_GRAIN_A = 1e-3

OVERLAP_LIMIT = 0.8
"""Contacts shorter than this fraction of the bulk's are an overlap: molecules in the gas, which
have the shortest bonds, come down to it (CsCl 2.91 Å against 3.57, NaCl 2.36 against 2.82)."""

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
        Distance over their contact: the shortest one of these elements in bulk, or that of
        `contact_limits_a` where they meet in neither.
    """

    film: str
    substrate: str
    distance_a: float
    fraction_of_bulk: float

    @property
    def closest(self) -> ClosestPair:
        """What files say of it."""
        return ClosestPair(
            pair=f"{self.film}-{self.substrate}",
            distance_a=self.distance_a,
            fraction_of_bulk=self.fraction_of_bulk,
        )


@dataclass(frozen=True)
class Pairs:
    """Pairs of an ion of one set and an ion of another.

    Parameters
    ----------
    first, second : ndarray of int, shape (n_pairs,)
        Which ions.
    distances_a : ndarray of float, shape (n_pairs,)
        How far apart they are in Å.
    """

    first: Ints
    second: Ints
    distances_a: Floats


def pairs_within(first_a: Floats, second_a: Floats, reach_a: float) -> Pairs:
    """Return all pairs of points of two sets that are closer than a distance in Å, in order.

    The time and memory that it takes grow with the number of points and of pairs.
    """
    close = cKDTree(first_a).sparse_distance_matrix(
        cKDTree(second_a), reach_a, output_type="ndarray"
    )
    close = np.sort(close, order=["i", "j"])
    return Pairs(close["i"], close["j"], close["v"])


def limits_of_pairs(first: Strings, second: Strings, limits: Limits) -> Floats:
    """Return the limit in Å of each pair of elements.

    Parameters
    ----------
    first, second : ndarray of str
        Elements, of shapes that broadcast: (n, 1) and (m,) give the table of all pairs.
    limits : mapping of frozenset of str to float
        The limit of each pair of elements.

    Raises
    ------
    InputError
        If a pair of elements has none.

    Examples
    --------
    >>> sides = np.array(["Pb", "Cs"]), np.array(["Cl", "Cl"])
    >>> limits_of_pairs(*sides, {frozenset(("Pb", "Cl")): 2.8, frozenset(("Cs", "Cl")): 3.5})
    array([2.8, 3.5])
    """
    (above, row), (below, column) = (np.unique(one, return_inverse=True) for one in (first, second))
    table = np.empty((len(above), len(below)))
    for i, one in enumerate(above.tolist()):
        for j, other in enumerate(below.tolist()):
            limit = limits.get(frozenset((one, other)))
            if limit is None:
                raise InputError(f"no contact of {one} with {other} is given; add it to the limits")
            table[i, j] = limit
    return np.asarray(table[row.reshape(first.shape), column.reshape(second.shape)])


def contact_gap_a(
    film: Stack,
    substrate: Stack,
    limits_a: Mapping[frozenset[str], float],
    shifts_a: ArrayLike = (0.0, 0.0),
    fraction: float = CONTACT_LIMIT,
) -> Floats:
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
        Contact in Å of each pair of elements, as of `contact_limits_a`.
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
    reach = fraction * limits_of_pairs(film.symbols[:, None], substrate.symbols, limits_a)
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
            stops = _stops_a(drop.ravel()[pairs], reach.ravel()[pairs], squared)
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
    fractions = distances / limits_of_pairs(film.symbols[:, None], substrate.symbols, limits_a)
    i, j = np.unravel_index(int(np.argmin(np.round(fractions, 9))), fractions.shape)
    ends = str(film.symbols[i]), str(substrate.symbols[j])
    return Contact(*ends, float(distances[i, j]), float(fractions[i, j]))


def shortest_contact(above: IonTable, below: IonTable, limits: Limits) -> Contact:
    """Return the pair of ions of two sets that is shortest against its bulk contact.

    Parameters
    ----------
    above, below : IonTable
        The two sets.
    limits : mapping
        From `contact_limits_a`.
    """
    longest_a = max(limits.values())
    nearest_a = float(cKDTree(above.positions_a).query(below.positions_a)[0].min())
    # a pair farther apart than this is longer, against its limit, than the nearest one
    reach_a = nearest_a * longest_a / min(limits.values()) + RAISE_GRAIN_A
    pairs = pairs_within(above.positions_a, below.positions_a, reach_a)
    first, second = above.symbols[pairs.first], below.symbols[pairs.second]
    fractions = pairs.distances_a / limits_of_pairs(first, second, limits)
    worst = int(np.argmin(np.round(fractions, 9)))
    ends = str(first[worst]), str(second[worst])
    return Contact(*ends, float(pairs.distances_a[worst]), float(fractions[worst]))


def refuse_overlap(above: IonTable, below: IonTable, limits: Limits, remedy: str) -> None:
    """Raise an InputError that names the worst pair, if one is closer than `OVERLAP_LIMIT`."""
    worst = shortest_contact(above, below, limits)
    if worst.fraction_of_bulk < OVERLAP_LIMIT:
        raise InputError(
            f"film and substrate overlap: {worst.film}-{worst.substrate} come within "
            f"{worst.distance_a:.2f} Å across the interface, {worst.fraction_of_bulk:.0%} of "
            f"their contact; {remedy}"
        )


def least_raise_a(above: IonTable, below: IonTable, limits: Limits) -> float:
    """Return by how much, in Å, a film of a particle must be raised to just touch its substrate.

    As `contact_gap_a`, for ions that do not repeat; 0 if no contact is too short.

    Raises
    ------
    InputError
        If `MAX_RAISE_A` is not enough.
    """
    lowest, highest = above.positions_a[:, 2].min(), below.positions_a[:, 2].max()
    film = above.chosen(above.positions_a[:, 2] <= lowest + CONTACT_DEPTH_A)
    substrate = below.chosen(below.positions_a[:, 2] >= highest - CONTACT_DEPTH_A)
    reach_a = CONTACT_LIMIT * max(limits.values())
    pairs = pairs_within(film.positions_a[:, :2], substrate.positions_a[:, :2], reach_a)
    ends = film.symbols[pairs.first], substrate.symbols[pairs.second]
    drop = substrate.positions_a[pairs.second, 2] - film.positions_a[pairs.first, 2]
    reach = CONTACT_LIMIT * limits_of_pairs(*ends, limits)
    stops = _stops_a(drop, reach, pairs.distances_a**2)
    needed_a = float(stops.max(initial=0.0))
    if needed_a > MAX_RAISE_A:
        worst = int(np.argmax(stops))
        raise InputError(
            f"film and substrate overlap: {ends[0][worst]} and {ends[1][worst]} across the "
            f"interface stay closer than {CONTACT_LIMIT:.0%} of their contact even "
            f"{MAX_RAISE_A} Å higher; choose other terminations, directions or registry"
        )
    return max(0.0, float(np.ceil((needed_a - 1e-9) / RAISE_GRAIN_A) * RAISE_GRAIN_A))


def _stops_a(drop_a: Floats, reach_a: Floats, squared_a2: Floats) -> Floats:
    """Height in Å at which each pair of ions stops a film that comes from above; −inf if none.

    `drop_a` is how much higher the lower ion lies now, `squared_a2` their distance in the plane.
    """
    below = reach_a**2 - squared_a2
    stops = drop_a + np.sqrt(np.maximum(below, 0.0))
    stops[below < 0.0] = -np.inf
    return np.asarray(stops)
