"""The planes in which two domains meet, and the domains parted there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats

    from .domain import Assigner, Domain
    from .lattice_fit import LatticeFit

MAX_INDEX = 3
"""Largest Miller index of the planes in which domains meet."""

LARGEST_TILT_DEG = 10.0
"""Planes of both domains are no interface if they lie farther from parallel."""

WRONG_SIDE = 0.004
"""Share of all ions on the wrong side that outweighs indices higher by 1 in h² + k² + l²."""

NEARLY_ALL = 0.015
"""Of planes at which this share less is explained than at best, that in the widest gap counts."""

Plane = tuple[int, int, int]


@dataclass(frozen=True)
class MeetingPlanes:
    """The planes of two domains that meet.

    Parameters
    ----------
    film_hkl, substrate_hkl : tuple of int
        Miller indices along the outward normals.
    normal : ndarray of float, shape (3,)
        From the substrate into the film, in the frame of the particle.
    tilt_deg : float
        Angle between the two planes in degrees.
    """

    film_hkl: Plane
    substrate_hkl: Plane
    normal: Floats
    tilt_deg: float


@dataclass(frozen=True)
class Parted:
    """Two domains parted by a plane.

    Parameters
    ----------
    film, substrate : Domain
        The domains, above and below.
    range_a : float
        Height in Å within which other planes part them nearly as well.
    n_in_range : int
        Ions in it, which the lattices of both explain nearly as well.
    """

    film: Domain
    substrate: Domain
    range_a: float
    n_in_range: int


def outward_normal(fit: LatticeFit, hkl: Plane) -> Floats:
    """Return the normal of a plane of a fitted lattice, shape (3,)."""
    normal = fit.pattern.crystal.direction(hkl) @ np.linalg.inv(fit.matrix)
    return np.asarray(normal / np.linalg.norm(normal))


def meeting_planes(film: Domain, substrate: Domain, positions_a: Floats) -> MeetingPlanes | None:
    """Return the planes that part two domains best; None if no two of low indices are parallel."""
    sides = [positions_a[one.region] for one in (film, substrate)]
    towards = sides[0].mean(axis=0) - sides[1].mean(axis=0)
    n_ions = sum(len(side) for side in sides)
    above = _ranked(film, -towards, sides, n_ions)
    below = _ranked(substrate, towards, sides, n_ions)
    best: tuple[float, MeetingPlanes] | None = None
    for (cost, hkl, normal), (other_cost, other_hkl, other) in product(above, below):
        tilt = float(np.degrees(np.arccos(np.clip(-(normal @ other), -1.0, 1.0))))
        if tilt > LARGEST_TILT_DEG or (best is not None and cost + other_cost >= best[0]):
            continue
        middle = other - normal
        planes = MeetingPlanes(hkl, other_hkl, middle / np.linalg.norm(middle), tilt)
        best = cost + other_cost, planes
    return None if best is None else best[1]


def parted(assigner: Assigner, film: Domain, substrate: Domain, normal: Floats) -> Parted:
    """Return two domains parted by the plane at which both lattices explain most ions together.

    Parameters
    ----------
    assigner : Assigner
        The ions.
    film, substrate : Domain
        The domains.
    normal : ndarray of float, shape (3,)
        From the substrate into the film.
    """
    both = film.region | substrate.region
    ions = np.flatnonzero(both)
    heights = assigner.ions.positions_a[ions] @ normal
    order = np.argsort(heights, kind="stable")
    above, below = (assigner.explained(one)[ions][order] for one in (film, substrate))
    # what is explained with the plane below the first ion, below the second, ..., above the last
    total = np.concatenate([[0.0], np.cumsum(below)]) + np.concatenate(
        [np.cumsum(above[::-1])[::-1], [0.0]]
    )
    most = np.flatnonzero(total >= (1.0 - NEARLY_ALL) * total.max())
    padded = np.concatenate([[-np.inf], heights[order], [np.inf]])
    widest = int(most[np.argmax(np.diff(padded)[most])])
    upper = np.zeros(len(both), dtype=bool)
    upper[ions[order[widest:]]] = True
    lowest, highest = int(most[0]), int(most[-1])
    between = heights[order[lowest:highest]]
    return Parted(
        film=assigner.domain(film.fit, both & upper),
        substrate=assigner.domain(substrate.fit, both & ~upper),
        range_a=float(np.ptp(between)) if len(between) else 0.0,
        n_in_range=highest - lowest,
    )


def _ranked(
    domain: Domain, outward: Floats, sides: list[Floats], n_ions: int
) -> list[tuple[float, Plane, Floats]]:
    """Return planes of a domain with what they cost: ions on the wrong side, and high indices."""
    steps = range(-MAX_INDEX, MAX_INDEX + 1)
    found = []
    for hkl in product(steps, steps, steps):
        if np.gcd.reduce(hkl) != 1:
            continue
        normal = outward_normal(domain.fit, hkl)
        if normal @ outward < 0.5 * np.linalg.norm(outward):
            continue
        wrong = _wrong_sides(*(side @ normal for side in sides))
        found.append((wrong / n_ions + WRONG_SIDE * float(np.square(hkl).sum()), hkl, normal))
    return sorted(found, key=lambda one: one[0])


def _wrong_sides(first: Floats, second: Floats) -> int:
    """Return how many heights no threshold parts: the fewest on the wrong side of the best one."""
    heights = np.concatenate([first, second])
    signs = np.concatenate([np.ones(len(first)), -np.ones(len(second))])
    sums = np.cumsum(signs[np.argsort(heights, kind="stable")])
    # below the threshold first − second; wrong are those of the other side there, and vice versa
    wrong_if_first_below = len(first) - sums
    wrong_if_second_below = len(second) + sums
    return int(min(wrong_if_first_below.min(), wrong_if_second_below.min()))
