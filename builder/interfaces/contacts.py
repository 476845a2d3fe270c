"""Distances between ions of two crystals, measured against the contacts in their bulks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from epicarve.builder.carve import Ions
    from epicarve.builder.crystal import Crystal

CONTACT_LIMIT = 0.9
"""Shortest contact across an interface, as a fraction of the bulk's for the pair."""

MAX_RAISE_A = 4.0
"""Height in Å by which a film is raised at most to be rid of short contacts."""

RAISE_GRAIN_A = 1e-3

OVERLAP_LIMIT = 0.8
"""Contacts shorter than this fraction of the bulk's are an overlap: molecules in the gas, which
have the shortest bonds, come down to it (CsCl 2.91 Å against 3.57, NaCl 2.36 against 2.82)."""


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

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distances_a: NDArray[np.float64]


def contact_limits_a(first: Crystal, second: Crystal) -> dict[frozenset[str], float]:
    """Return the shortest bulk contact in Å of every pair of elements of two crystals.

    A pair that neither crystal holds takes the longest of the shortest contacts that its two
    elements make with ions of the same sign as the partner: no radius is assumed.
    """
    known: dict[frozenset[str], float] = {}
    signs: dict[str, set[int]] = {}
    for crystal in (first, second):
        for symbol, charges in crystal.charges_of.items():
            signs.setdefault(symbol, set()).update(np.sign(charges).tolist())
    for contacts in (first.contacts_a, second.contacts_a):
        for pair, distance in contacts.items():
            known[pair] = min(distance, known.get(pair, np.inf))
    limits = dict(known)
    for one in signs:
        for other in signs:
            pair = frozenset((one, other))
            if pair not in limits:
                alike = [
                    distance
                    for pair_known, distance in known.items()
                    for mine, partner in ((one, other), (other, one))
                    if mine in pair_known
                    and any(signs[s] & signs[partner] for s in pair_known - {mine} or {mine})
                ]
                limits[pair] = max(alike)
    return limits


def pairs_within(
    first_a: NDArray[np.float64], second_a: NDArray[np.float64], reach_a: float
) -> Pairs:
    """Return all pairs of points of two sets that are closer than a distance in Å, in order.

    The time and memory that it takes grow with the number of points and of pairs.
    """
    close = cKDTree(first_a).sparse_distance_matrix(
        cKDTree(second_a), reach_a, output_type="ndarray"
    )
    close = np.sort(close, order=["i", "j"])
    return Pairs(close["i"], close["j"], close["v"])


def limits_of_pairs(
    first: NDArray[np.str_], second: NDArray[np.str_], limits: Mapping[frozenset[str], float]
) -> NDArray[np.float64]:
    """Return the limit in Å of each pair of elements, shape (n_pairs,)."""
    kinds, kind = np.unique(np.stack([first, second]), axis=1, return_inverse=True)
    of_kind = [limits[frozenset(pair)] for pair in kinds.T.tolist()]
    return np.array(of_kind, dtype=float)[kind.reshape(-1)]


def shortest_contact(
    above: Ions, below: Ions, limits: Mapping[frozenset[str], float]
) -> dict[str, Any]:
    """Return the pair of ions of two sets that is shortest against its bulk contact.

    Parameters
    ----------
    above, below : Ions
        The two sets.
    limits : mapping
        From `contact_limits_a`.

    Returns
    -------
    dict
        Elements under "pair", "distance_a" and "fraction_of_bulk"; None if no pair is in reach of
        the longest limit.
    """
    pairs = pairs_within(above.positions_a, below.positions_a, max(limits.values()))
    if len(pairs.first) == 0:
        return {"pair": None, "distance_a": None, "fraction_of_bulk": None}
    first, second = above.symbols[pairs.first], below.symbols[pairs.second]
    bulk = limits_of_pairs(first, second, limits)
    worst = int(np.argmin(np.round(pairs.distances_a / bulk, 9)))
    return {
        "pair": f"{first[worst]}-{second[worst]}",
        "distance_a": float(pairs.distances_a[worst]),
        "fraction_of_bulk": float(pairs.distances_a[worst] / bulk[worst]),
    }


def refuse_overlap(
    above: Ions, below: Ions, limits: Mapping[frozenset[str], float], remedy: str
) -> None:
    """Raise an InputError that names the worst pair, if one is closer than `OVERLAP_LIMIT`."""
    worst = shortest_contact(above, below, limits)
    if worst["pair"] is not None and worst["fraction_of_bulk"] < OVERLAP_LIMIT:
        raise InputError(
            f"film and substrate overlap: {worst['pair']} come within {worst['distance_a']:.2f} Å "
            f"across the interface, {worst['fraction_of_bulk']:.0%} of their bulk contact; {remedy}"
        )


def least_raise_a(above: Ions, below: Ions, limits: Mapping[frozenset[str], float]) -> float:
    """Return the least height in Å by which a film must be raised so that no contact is short.

    Contacts shorter than `CONTACT_LIMIT` of the bulk's are short. Each such pair excludes an
    interval of heights, so the least height is found by leaving them upwards until none is left.

    Raises
    ------
    InputError
        If `MAX_RAISE_A` is not enough.
    """
    raised = 0.0
    reach_a = CONTACT_LIMIT * max(limits.values())
    while True:
        lifted = above.positions_a + np.array([0.0, 0.0, raised])
        pairs = pairs_within(lifted, below.positions_a, reach_a - 1e-9)
        first, second = pairs.first, pairs.second
        limit = CONTACT_LIMIT * limits_of_pairs(above.symbols[first], below.symbols[second], limits)
        short = pairs.distances_a < limit - 1e-9
        if not short.any():
            return raised
        apart = above.positions_a[first[short]] - below.positions_a[second[short]]
        across = np.hypot(apart[:, 0], apart[:, 1])
        needed = np.sqrt(limit[short] ** 2 - across**2) - apart[:, 2]
        raised = float(np.ceil(needed.max() / RAISE_GRAIN_A) * RAISE_GRAIN_A)
        if raised > MAX_RAISE_A:
            worst = int(np.argmax(needed))
            raise InputError(
                f"film and substrate overlap: {above.symbols[first[short][worst]]} and "
                f"{below.symbols[second[short][worst]]} across the interface stay closer than "
                f"{CONTACT_LIMIT:.0%} of their bulk contact even {MAX_RAISE_A} Å higher; choose "
                "other terminations, directions or registry"
            )
