"""Spheres and the parts of them that a plane leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from epicarve.builder.crystal import Indices, Vector, point_on_cut

from .combined import Cut, Translated
from .shape import Solid
from .spec import FacePlane, OneSizeSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal

    from .shape import Shape


@dataclass(frozen=True)
class Sphere(Solid):
    """A sphere about the origin; the distance is exact.

    Parameters
    ----------
    radius_a : float
        Radius in Å.

    Examples
    --------
    >>> Sphere(10.0).signed_distance_a(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 12.0]])).tolist()
    [-10.0, 2.0]
    """

    radius_a: float

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Distance of points to the sphere in Å, negative inside."""
        return np.asarray(np.linalg.norm(points_a, axis=1) - self.radius_a)

    @property
    def bounds_a(self) -> tuple[Floats, Floats]:
        """Corners of the cube around the sphere, in Å."""
        return np.full(3, -self.radius_a), np.full(3, self.radius_a)


def sphere_part(radius_a: float, normal: Floats, fraction: float) -> Cut:
    """Return the part of a sphere below a plane through the origin.

    Parameters
    ----------
    radius_a : float
        Radius of the sphere in Å.
    normal : ndarray of float, shape (3,)
        Outward unit normal of the flat face.
    fraction : float
        Share of the sphere's volume that is kept, between 0 and 1. A cap of height h radii is
        h²(3 − h)/4 of the sphere; with h = 1 + x that is x³ − 3x = 2 − 4·fraction.

    Returns
    -------
    Cut
        The flat face lies in the origin; the sphere's centre on the normal through it.

    Examples
    --------
    >>> part = sphere_part(10.0, np.array([0.0, 0.0, 1.0]), 0.5)
    >>> part.signed_distance_a(np.array([[0.0, 0.0, -10.0]])).tolist()
    [0.0]
    """
    x = round(2.0 * np.cos((2.0 * np.pi - np.arccos(1.0 - 2.0 * fraction)) / 3.0), 14)
    return Cut(Translated(Sphere(radius_a), -x * radius_a * normal + 0.0), normal, 0.0)


class SphereSpec(OneSizeSpec):
    """A sphere.

    Parameters
    ----------
    diameter_nm : float, optional
        Diameter in nm; needed unless atoms or formula_units is given.
    atoms, formula_units : int, optional
        The number of ions, or of formula units, that the model shall have.
    centre : tuple of float or str
        What lies in the middle: fractional coordinates, an ion, a bond, ``void`` or ``best``.
    cuts, grow_nm, shift_nm
        Planes that cut parts off; how far the surface moves outward; where the shape lies.

    Examples
    --------
    >>> SphereSpec(diameter_nm=4.2, centre="Pb")
    Sphere(centre='Pb', diameter_nm=4.2)
    """

    kind: Literal["sphere"] = "sphere"

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the sphere."""
        return Sphere(0.5 * self.diameter_a(scale))


class HemisphereSpec(OneSizeSpec):
    """Half of a sphere, or another part of it, its flat face on a whole atomic layer.

    The centre is that of the flat face, moved along its normal onto the nearest such cut.

    Parameters
    ----------
    hkl : tuple of int
        Miller indices of the flat face, its outward normal along +hkl.
    termination : str, optional
        Formula of the outermost layer of the face; the most natural cut if not given.
    fraction : float
        Share of the sphere's volume that is kept.
    """

    kind: Literal["hemisphere"] = "hemisphere"
    hkl: Indices
    termination: str | None = None
    fraction: float = Field(default=0.5, gt=0.0, lt=1.0)

    @model_validator(mode="after")
    def _face_stays(self) -> Self:
        if self.grow_nm or any(self.shift_nm):
            raise ValueError(
                "grow_nm and shift_nm would move the flat face off its atomic layer; change "
                "diameter_nm, fraction or centre"
            )
        return self

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the part of the sphere below a plane through the origin."""
        radius_a = 0.5 * self.diameter_a(scale)
        return sphere_part(radius_a, crystal.direction(self.hkl), self.fraction)

    def anchored(self, crystal: Crystal, centre: Sequence[float]) -> Vector:
        """Return the centre moved onto the nearest cut with the termination asked for."""
        return point_on_cut(crystal, self.hkl, self.termination, centre)[1]

    @property
    def own_face(self) -> tuple[int, int, int] | None:
        """Miller indices of the flat face."""
        return self.hkl

    def interface_planes(self) -> tuple[FacePlane, ...]:
        """Return the flat face."""
        return (FacePlane(self.hkl, self.termination), *super().interface_planes())
