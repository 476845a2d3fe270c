"""The ideal shape that a domain comes nearest to: a sphere, a part of one, or a box.

Shapes are laid about the sites that hold ions, in the frame of the crystal, and held against them:
the share of sites that are filled and inside, of those that are either.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from epicarve.arrays import whole_points
from epicarve.builder.interfaces import distinct_planes
from epicarve.builder.shapes import BoxSpec, HemisphereSpec, SphereSpec
from epicarve.errors import InputError
from epicarve.units import A_PER_NM

from .faces import outermost_cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epicarve.arrays import Bools, Floats
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.shapes import ShapeSpec

    from .domain import Domain
    from .planes import Plane

MARGIN_A = 4.0
SIMPLER = 0.01
"""A shape of more numbers is taken only if it agrees by so much better."""

RIGHT_ANGLE = 0.05
"""Cosine up to which faces of a box count as square on each other."""

INSIDE_A = 1e-3


@dataclass(frozen=True)
class FoundShape:
    """A shape as a recipe has it.

    Parameters
    ----------
    spec : ShapeSpec
        The shape, about its centre in the crystal.
    agreement : float
        Sites that are filled and inside, of those that are either; from 0 to 1.
    """

    spec: ShapeSpec
    agreement: float


def shape_of(domain: Domain, face: Plane | None = None) -> FoundShape:
    """Return the ideal shape that a domain comes nearest to.

    Parameters
    ----------
    domain : Domain
        The domain.
    face : tuple of int, optional
        The plane on which it meets another domain, and which the shape must have.
    """
    places, is_filled = _sites(domain)
    best: FoundShape | None = None
    for spec in _candidates(domain, face):
        try:
            agreement = _agreement(spec, domain.crystal, places, is_filled)
        except InputError:  # a plane has no gap between atomic layers
            continue
        if best is None or agreement > best.agreement + SIMPLER:
            best = FoundShape(spec, round(agreement, 4))
    assert best is not None  # the first candidates can always be made
    centre = np.array(best.spec.centre)
    x, y, z = ((centre - np.floor(centre)).round(4) + 0.0).tolist()
    return FoundShape(best.spec.model_copy(update={"centre": (x, y, z)}), best.agreement)


def _sites(domain: Domain) -> tuple[Floats, Bools]:
    """Return the sites in and around a domain in Å, and which of them hold ions."""
    crystal = domain.crystal
    held = domain.places_a[domain.region]
    parts = held @ np.linalg.inv(crystal.cell_a)
    steps = MARGIN_A * np.linalg.norm(np.linalg.inv(crystal.cell_a), axis=0)
    cells = whole_points(np.floor(parts.min(axis=0) - steps), np.ceil(parts.max(axis=0) + steps))
    places = (crystal.fractional + cells[:, None]).reshape(-1, 3) @ crystal.cell_a
    filled = {tuple(row) for row in np.rint(held * 100).astype(int).tolist()}
    keys = np.rint(places * 100).astype(int).tolist()
    return places, np.array([tuple(row) in filled for row in keys])


def _agreement(spec: ShapeSpec, crystal: Crystal, places: Floats, is_filled: Bools) -> float:
    centre = spec.centre
    assert not isinstance(centre, str)  # it was found as three numbers
    anchored = spec.anchored(crystal, centre)
    middle = np.array(anchored) @ crystal.cell_a
    inside = spec.shape(crystal, anchored).signed_distance_a(places - middle) <= INSIDE_A
    return float((inside & is_filled).sum() / (inside | is_filled).sum())


def _candidates(domain: Domain, face: Plane | None) -> Iterator[ShapeSpec]:
    """Yield shapes about the sites that hold ions, simpler ones first."""
    crystal = domain.crystal
    held = domain.places_a[domain.region]
    middle = held.mean(axis=0)
    volume = float(domain.region.sum()) * crystal.volume_a3 / crystal.n_sites
    if face is None:
        radius = (3.0 * volume / (4.0 * np.pi)) ** (1.0 / 3.0)
        yield SphereSpec(diameter_nm=_nm(2.0 * radius), centre=_fractional(crystal, middle))
    planes = [face] if face is not None else _low_planes(crystal)
    for hkl in planes:
        cut, termination = outermost_cut(domain, hkl)
        normal = crystal.direction(hkl)
        centre = _fractional(crystal, middle + (cut - middle @ normal) * normal)
        height = cut - float((held @ normal).min())
        half = (3.0 * volume / (2.0 * np.pi)) ** (1.0 / 3.0)
        cap = volume / (np.pi * height**2) + height / 3.0
        share = height**2 * (3.0 * cap - height) / (4.0 * cap**3)
        for radius, fraction in ((half, 0.5), (cap, share)):
            if 0.05 < fraction < 0.95 and height < 2.0 * radius:
                yield HemisphereSpec(
                    diameter_nm=_nm(2.0 * radius),
                    hkl=hkl,
                    termination=termination.layer,
                    centre=centre,
                    fraction=round(fraction, 3),
                )
    for normals in _boxes(crystal, face):
        yield _box(domain, normals, middle)


def _box(domain: Domain, planes: tuple[Plane, ...], middle: Floats) -> BoxSpec:
    """Return the box whose faces lie above the outermost layers."""
    crystal = domain.crystal
    ends = [
        (outermost_cut(domain, hkl)[0], outermost_cut(domain, _opposite(hkl))[0]) for hkl in planes
    ]
    normals = np.array([crystal.direction(hkl) for hkl in planes])
    wanted = np.array([0.5 * (upper - lower) for upper, lower in ends])
    centre = middle + np.linalg.solve(normals, wanted - normals @ middle)
    faces = [
        {"hkl": hkl, "length_nm": _nm(upper + lower)}
        for hkl, (upper, lower) in zip(planes, ends, strict=True)
    ]
    return BoxSpec.model_validate({"faces": faces, "centre": _fractional(crystal, centre)})


def _boxes(crystal: Crystal, face: Plane | None) -> Iterator[tuple[Plane, ...]]:
    """Yield three planes of low indices that are square on each other, such as the cell's own."""
    planes = [hkl for hkl in _every_plane(1) if hkl > _opposite(hkl)]
    planes.sort(key=lambda hkl: (sum(map(abs, hkl)), [-i for i in hkl]))
    if face is not None:
        planes = [face, *(hkl for hkl in planes if hkl not in {face, _opposite(face)})]
    for three in combinations(planes, 3):
        normals = np.array([crystal.direction(hkl) for hkl in three])
        cosines = np.abs(normals @ normals.T - np.eye(3))
        if cosines.max() <= RIGHT_ANGLE and (face is None or face in three):
            yield three


def _low_planes(crystal: Crystal) -> list[Plane]:
    """Return planes of low indices, all that the symmetry makes equal with them."""
    return [
        hkl
        for first in distinct_planes(crystal, 1)
        for hkl in crystal.symmetry.equivalent_planes(first)
    ]


def _every_plane(reach: int) -> Iterator[Plane]:
    steps = range(-reach, reach + 1)
    return (hkl for hkl in product(steps, steps, steps) if any(hkl))


def _opposite(hkl: Plane) -> Plane:
    h, k, l = hkl  # noqa: E741
    return -h, -k, -l


def _fractional(crystal: Crystal, point_a: Floats) -> tuple[float, float, float]:
    parts = point_a @ np.linalg.inv(crystal.cell_a)
    x, y, z = parts.tolist()
    return x, y, z


def _nm(length_a: float) -> float:
    return round(float(length_a) / A_PER_NM, 4)
