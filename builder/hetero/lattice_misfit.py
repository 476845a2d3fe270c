"""Whether two directions in each face lie along each other, and how far their lengths differ."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.report import FittedDirection
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Vector

    from .half_particle import HalfParticle

    Directions = tuple[Vector, Vector]

ANGLE_TOLERANCE_DEG = 8.0
"""How far lines may lie apart: a cell sheared by 6 %, as the search finds, turns them by 7°."""

MAX_STRAIN = 0.25
"""Directions whose lengths differ by more than this share do not span one cell."""

LIKE_LENGTH = 0.1
"""How well the multiples fit that a message proposes."""

MOST_MULTIPLES = 12


def misfit(
    film: HalfParticle,
    substrate: HalfParticle,
    film_directions: Directions,
    substrate_directions: Directions,
) -> tuple[FittedDirection, ...]:
    """Return the strain of the film that would make each direction fit the substrate's.

    Parameters
    ----------
    film, substrate : HalfParticle
        The two halves.
    film_directions, substrate_directions : pair of tuples of float
        Two lattice vectors [u, v, w] in each face, which span one cell on both sides.

    Returns
    -------
    tuple of FittedDirection
        For each direction the lattice vectors (of the film as second one that vector of the
        same cell that lies along the substrate's), their lengths in Å, and the strain: substrate's
        length = film's length × (1 + strain).

    Raises
    ------
    InputError
        If a direction is no lattice vector of its face, the two of a side are parallel, or they
        do not lie along those of the other side with nearly the same lengths.
    """
    names = film.crystal.name, substrate.crystal.name
    for half, (first, second) in ((film, film_directions), (substrate, substrate_directions)):
        if _angle_deg(half.face_vector_a(first), half.face_vector_a(second)) < ANGLE_TOLERANCE_DEG:
            raise InputError(
                f"{half.crystal.name}: the directions {list(first)} and {list(second)} are "
                "parallel; give two that span the face"
            )
    below = [
        _in_plane(substrate, uvw, substrate_directions[0], 1.0) for uvw in substrate_directions
    ]
    film_directions = film_directions[0], _second(film, film_directions, below[1])
    above = [_in_plane(film, uvw, film_directions[0], -1.0) for uvw in film_directions]
    both = above, below
    turned = _angle_deg(above[1], below[1])
    if turned > ANGLE_TOLERANCE_DEG:
        angles = [_angle_deg(first, second) for first, second in both]
        raise InputError(
            f"the directions enclose {angles[0]:.1f}° in {names[0]} but {angles[1]:.1f}° in "
            f"{names[1]}, and with the first ones along each other the second ones lie "
            f"{turned:.1f}° apart; choose directions of like angle, or leave them out, to have the "
            "best ones found"
        )
    rows = []
    for uvw_film, uvw_substrate, a, b in zip(
        film_directions, substrate_directions, *both, strict=True
    ):
        film_a, substrate_a = float(np.linalg.norm(a)), float(np.linalg.norm(b))
        strain = substrate_a / film_a - 1.0
        if abs(strain) > MAX_STRAIN:
            n, m = _multiples(film_a, substrate_a)
            raise InputError(
                f"{list(uvw_film)} of {names[0]} is {film_a:.2f} Å long, but "
                f"{list(uvw_substrate)} of {names[1]} {substrate_a:.2f} Å: they span no common "
                f"cell; give {[n * x for x in uvw_film]} and {[m * x for x in uvw_substrate]}, or "
                "leave the directions out, to have the best ones found"
            )
        rows.append(
            FittedDirection(
                film_direction=uvw_film,
                substrate_direction=uvw_substrate,
                film_a=film_a,
                substrate_a=substrate_a,
                strain=strain,
            )
        )
    return tuple(rows)


def _second(film: HalfParticle, directions: Directions, wanted_a: Floats) -> Vector:
    """Return the second direction of the film, or another that spans the same cell with the first.

    The film lies face down, so that directions which turn the same way in both crystals turn
    opposite ways on each other; in a hexagonal net another one then lies along the substrate's.
    """
    first, second = (np.array(uvw, dtype=float) for uvw in directions)
    others = [second + n * first for n in (0, -1, 1, -2, 2)]
    found = [
        uvw
        for uvw in others
        if _angle_deg(_in_plane(film, _plain(uvw), directions[0], -1.0), wanted_a)
        <= ANGLE_TOLERANCE_DEG
    ]
    return _plain(found[0]) if found else directions[1]


def _plain(uvw: Floats) -> Vector:
    u, v, w = (int(x) if x.is_integer() else x for x in uvw.round(6).tolist())
    return u, v, w


def _in_plane(half: HalfParticle, uvw: Vector, along: Vector, outward_z: float) -> Floats:
    """Return a direction of a face as it is laid, (x, y) in Å, the first one along x."""
    return np.asarray((half.rotation(along, outward_z) @ half.face_vector_a(uvw))[:2])


def _angle_deg(first: Floats, second: Floats) -> float:
    """Return the angle between two lines in degrees, from 0 to 90."""
    cosine = abs(first @ second) / np.linalg.norm(first) / np.linalg.norm(second)
    return float(np.degrees(np.arccos(min(1.0, cosine))))


def _multiples(film_a: float, substrate_a: float) -> tuple[int, int]:
    """Return the smallest multiples of two lengths that are alike."""
    some = range(1, MOST_MULTIPLES + 1)
    pairs = sorted(product(some, some), key=lambda pair: (sum(pair), pair))
    away = [abs(m * substrate_a / (n * film_a) - 1.0) for n, m in pairs]
    return next(
        (pair for pair, off in zip(pairs, away, strict=True) if off <= LIKE_LENGTH),
        pairs[int(np.argmin(away))],
    )
