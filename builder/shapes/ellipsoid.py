"""Ellipsoids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from epicarve.builder.crystal import Direction
from epicarve.errors import InputError
from epicarve.units import A_PER_NM

from .shape import Solid
from .spec import Length, ShapeSpec, lattice_direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal

    from .shape import Shape

MAX_STEPS = 60
"""Newton steps after which the nearest point counts as found; fewer than 20 are usual."""


@dataclass(frozen=True)
class Ellipsoid(Solid):
    """An ellipsoid about the origin; the distance is exact.

    Parameters
    ----------
    semi_axes_a : ndarray of float, shape (3,)
        Half of each width in Å.
    axes : ndarray of float, shape (3, 3)
        Unit vectors of the widths as rows, orthogonal.

    Examples
    --------
    >>> egg = Ellipsoid(np.array([5.0, 5.0, 8.0]), np.eye(3))
    >>> egg.signed_distance_a(np.array([[0.0, 0.0, 10.0], [0.0, 0.0, 0.0]])).round(6).tolist()
    [2.0, -5.0]
    """

    semi_axes_a: Floats
    axes: Floats

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Distance of points to the nearest point of the ellipsoid in Å, negative inside.

        The nearest point x of y is xᵢ = aᵢ² yᵢ / (t + aᵢ²), where t is the largest root of
        Σ (aᵢ yᵢ / (t + aᵢ²))² = 1 (D. Eberly, "Distance from a point to an ellipse, an
        ellipsoid, or a hyperellipsoid"). Newton's method from the left of that root climbs to
        it without overshoot, as the sum is convex and falls. Written in s = t + min aᵢ².
        """
        semi = self.semi_axes_a
        y = np.maximum(np.abs(points_a @ self.axes.T), 1e-12 * semi)
        extra = semi**2 - semi.min() ** 2
        s = np.max(semi * y - extra, axis=1)
        for _ in range(MAX_STEPS):
            below = s[:, None] + extra
            squares = (semi * y / below) ** 2
            step = (squares.sum(axis=1) - 1.0) / (2.0 * (squares / below).sum(axis=1))
            s = s + np.maximum(step, 0.0)
            if (step <= 1e-14 * s).all():
                break
        nearest = semi**2 * y / (s[:, None] + extra)
        inside = ((y / semi) ** 2).sum(axis=1) <= 1.0
        return np.asarray(np.where(inside, -1.0, 1.0) * np.linalg.norm(nearest - y, axis=1))

    @property
    def bounds_a(self) -> tuple[Floats, Floats]:
        """Corners of the box around the ellipsoid, in Å."""
        reach = np.linalg.norm(self.semi_axes_a[:, None] * self.axes, axis=0)
        return -reach, reach


class EllipsoidSpec(ShapeSpec):
    """An ellipsoid.

    Parameters
    ----------
    diameters_nm : tuple of float
        Its three widths in nm.
    along : pair of tuples of float
        Lattice vectors [u, v, w] of the first width, and of the plane of the first two.
    """

    kind: Literal["ellipsoid"] = "ellipsoid"
    diameters_nm: tuple[Length, Length, Length]
    along: tuple[Direction, Direction] = ((1, 0, 0), (0, 1, 0))

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the ellipsoid."""
        first, second = (lattice_direction(crystal, uvw) for uvw in self.along)
        across = second - (second @ first) * first
        width = float(np.linalg.norm(across))
        if width < 1e-6:
            raise InputError(
                f"ellipsoid: along gives {list(self.along[0])} twice; give two lattice vectors "
                "that are not parallel"
            )
        across = across / width
        axes = np.stack([first, across, np.cross(first, across)])
        return Ellipsoid(0.5 * A_PER_NM * scale * np.array(self.diameters_nm), axes)
