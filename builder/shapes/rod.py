"""Rods and platelets: cylinders with flat or round ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from epicarve.builder.crystal import Direction, Indices
from epicarve.units import A_PER_NM

from .combined import Translated
from .shape import BEYOND_A, PARALLEL, FlatFace, Solid
from .spec import Length, ShapeSpec, lattice_direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal

    from .shape import Shape


@dataclass(frozen=True)
class Cylinder(Solid):
    """A cylinder with flat ends about the origin; the distance is exact.

    Parameters
    ----------
    radius_a, length_a : float
        Radius and length in Å.
    axis : ndarray of float, shape (3,)
        Unit vector along it.

    Examples
    --------
    >>> disc = Cylinder(10.0, 4.0, np.array([0.0, 0.0, 1.0]))
    >>> disc.signed_distance_a(np.array([[0.0, 0.0, 0.0], [13.0, 0.0, 6.0]])).tolist()
    [-2.0, 5.0]
    """

    radius_a: float
    length_a: float
    axis: Floats

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Distance of points to the mantle, an end or the rim between in Å, negative inside."""
        along = points_a @ self.axis
        beyond = np.abs(along) - 0.5 * self.length_a
        around = np.linalg.norm(points_a - along[:, None] * self.axis, axis=1) - self.radius_a
        outside = np.hypot(np.maximum(beyond, 0.0), np.maximum(around, 0.0))
        return np.asarray(outside + np.minimum(np.maximum(beyond, around), 0.0))

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the end with this normal."""
        if abs(self.axis @ normal) < 1.0 - PARALLEL:
            return None
        longer = Cylinder(self.radius_a, self.length_a + BEYOND_A, self.axis)
        return FlatFace(0.5 * self.length_a, Translated(longer, 0.5 * BEYOND_A * normal))

    @property
    def bounds_a(self) -> tuple[Floats, Floats]:
        """Corners of the box around the cylinder, in Å."""
        across = np.sqrt(np.maximum(1.0 - self.axis**2, 0.0))
        reach = self.radius_a * across + 0.5 * self.length_a * np.abs(self.axis)
        return -reach, reach


@dataclass(frozen=True)
class Capsule(Solid):
    """A cylinder with half spheres for ends about the origin; the distance is exact.

    Parameters
    ----------
    radius_a, length_a : float
        Radius, and length from pole to pole, in Å; the length is at least twice the radius.
    axis : ndarray of float, shape (3,)
        Unit vector along it.

    Examples
    --------
    >>> rod = Capsule(5.0, 30.0, np.array([0.0, 0.0, 1.0]))
    >>> rod.signed_distance_a(np.array([[0.0, 0.0, 16.0], [7.0, 0.0, 0.0]])).tolist()
    [1.0, 2.0]
    """

    radius_a: float
    length_a: float
    axis: Floats

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Distance of points to the segment between the ends' centres, less the radius, in Å."""
        reach = 0.5 * self.length_a - self.radius_a
        on_axis = np.clip(points_a @ self.axis, -reach, reach)
        return np.asarray(
            np.linalg.norm(points_a - on_axis[:, None] * self.axis, axis=1) - self.radius_a
        )

    @property
    def bounds_a(self) -> tuple[Floats, Floats]:
        """Corners of the box around the capsule, in Å."""
        reach = self.radius_a + (0.5 * self.length_a - self.radius_a) * np.abs(self.axis)
        return -reach, reach


class RodSpec(ShapeSpec):
    """A rod along a lattice vector.

    Parameters
    ----------
    direction : tuple of float
        Lattice vector [u, v, w] along the rod.
    diameter_nm, length_nm : float
        Width, and length from end to end, in nm.
    ends : {"round", "flat"}
        Half spheres, or plane ends across the rod.
    """

    kind: Literal["rod"] = "rod"
    direction: Direction
    diameter_nm: Length
    length_nm: Length
    ends: Literal["round", "flat"] = "round"

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.ends == "round" and self.length_nm < self.diameter_nm:
            raise ValueError(
                f"a rod with round ends can't be shorter ({self.length_nm:g} nm) than wide "
                f"({self.diameter_nm:g} nm); set ends: flat, or use kind: platelet"
            )
        return self

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the rod."""
        body = Capsule if self.ends == "round" else Cylinder
        size_a = A_PER_NM * scale
        axis = lattice_direction(crystal, self.direction)
        return body(0.5 * self.diameter_nm * size_a, self.length_nm * size_a, axis)


class PlateletSpec(ShapeSpec):
    """A round platelet between two lattice planes (a cornered one is a box).

    Parameters
    ----------
    hkl : tuple of int
        Miller indices of its two large faces.
    diameter_nm, thickness_nm : float
        Width and thickness in nm.
    """

    kind: Literal["platelet"] = "platelet"
    hkl: Indices
    diameter_nm: Length
    thickness_nm: Length

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the disc."""
        size_a = A_PER_NM * scale
        normal = crystal.direction(self.hkl)
        return Cylinder(0.5 * self.diameter_nm * size_a, self.thickness_nm * size_a, normal)
