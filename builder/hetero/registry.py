"""Where a film lies on a substrate: shift in the plane, gap, and how its cations go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.interfaces import CONTACT_LIMIT, limits_of_pairs, pairs_within
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from epicarve.builder.carve import Ions

MAX_RAISE_A = 4.0
RAISE_GRAIN_A = 1e-3
REFINEMENT_ROUNDS = 20
N_CENTRAL = 8
"""Face cations, and sites, near the axis that are laid on each other to begin with."""


@dataclass(frozen=True)
class Continuity:
    """How the film's face cations go on in the lattice of the substrate's cations.

    Parameters
    ----------
    matched_fraction : float
        Share of them that lie on a continued site, each site taken once. It is that of
        `epicarve.builder.interfaces.continuity` without the sites that stay empty: a finite face
        does not tell which of them lie under it.
    rms_a : float or None
        Root mean square distance in Å of the matched ones; None if none is.
    pairs : mapping of str to int
        How many cations of which element continue which, such as {"Pb→Cs": 40}.
    """

    matched_fraction: float
    rms_a: float | None
    pairs: Mapping[str, int]


def continuity(face: Ions, sites: Ions, tolerance_a: float) -> Continuity:
    """Compare cations of the film's face with the continued cation sites of the substrate.

    A cation continues a site if they are at most `tolerance_a` apart.
    """
    distances, nearest = cKDTree(sites.positions_a).query(face.positions_a)
    order = np.lexsort((nearest, distances.round(9)))
    first_of_site = np.unique(nearest[order], return_index=True)[1]
    takes = np.zeros(len(nearest), dtype=bool)
    takes[order[first_of_site]] = True
    matched = takes & (distances <= tolerance_a)
    pairs: dict[str, int] = {}
    for here, there in zip(face.symbols[matched], sites.symbols[nearest[matched]], strict=True):
        pairs[f"{here}→{there}"] = pairs.get(f"{here}→{there}", 0) + 1
    return Continuity(
        matched_fraction=float(matched.mean()),
        rms_a=float(np.sqrt((distances[matched] ** 2).mean())) if matched.any() else None,
        pairs=dict(sorted(pairs.items())),
    )


def best_shift_a(face: Ions, sites: Ions) -> NDArray[np.float64]:
    """Return the shift (x, y) in Å that lays the face's cations best on continued sites.

    Every shift that lays one of the `N_CENTRAL` cations nearest the axis on one of as many sites
    is refined to the least mean square distance of all cations from the sites nearest to them;
    the best is taken, of equals the shortest.
    """
    points, tree = face.positions_a[:, :2], cKDTree(sites.positions_a[:, :2])
    central, near = (
        np.argsort(np.linalg.norm(xy, axis=1).round(6), kind="stable")[:N_CENTRAL]
        for xy in (points, sites.positions_a[:, :2])
    )
    found = []
    for start in (sites.positions_a[s, :2] - points[c] for c in central for s in near):
        shift = start
        for _ in range(REFINEMENT_ROUNDS):
            nearest = tree.query(points + shift)[1]
            step = (sites.positions_a[nearest, :2] - points - shift).mean(axis=0)
            shift = shift + step
            if np.abs(step).max() < 1e-9:
                break
        rms = float(np.sqrt((tree.query(points + shift)[0] ** 2).mean()))
        length = float(np.linalg.norm(shift))
        found.append((round(rms, 6), round(length, 6), shift.round(9).tolist()))
    return np.array(min(found)[2])


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
