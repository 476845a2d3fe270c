"""Regions of space as signed distances, negative inside, in Å."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Shape(Protocol):
    """A bounded region of space around the origin of the model's frame."""

    def signed_distance_a(self, points_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance in Å of points, shape (n, 3), to the surface; negative inside, shape (n,)."""
        ...

    def trim_distance_a(self, points_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Signed distance in Å to that part of the surface where ions may be added or removed.

        Minus infinity everywhere for a surface that must stay as it was cut.
        """
        ...

    @property
    def bounds_a(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper corner in Å of a box that holds the region, each of shape (3,)."""
        ...


@dataclass(frozen=True)
class Sphere:
    """A sphere about the origin.

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

    def signed_distance_a(self, points_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of points to the sphere in Å, negative inside."""
        return np.asarray(np.linalg.norm(points_a, axis=1) - self.radius_a)

    def trim_distance_a(self, points_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Equal to the signed distance: ions may be trimmed everywhere on a sphere."""
        return self.signed_distance_a(points_a)

    @property
    def bounds_a(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of the cube around the sphere, in Å."""
        return np.full(3, -self.radius_a), np.full(3, self.radius_a)


@dataclass(frozen=True)
class Cut:
    """A shape cut by a plane that keeps its atomic layer whole.

    Ions next to the flat face are neither removed nor added, so that the face can carry an
    interface; the rest of the surface can be trimmed.

    Parameters
    ----------
    shape : Shape
        What is cut.
    normal : ndarray of float, shape (3,)
        Outward unit normal of the flat face.
    offset_a : float
        Position of the plane along the normal in Å; the region below it is kept.

    Examples
    --------
    >>> half = Cut(Sphere(10.0), np.array([0.0, 0.0, 1.0]), 0.0)
    >>> half.signed_distance_a(np.array([[0.0, 0.0, -4.0], [0.0, 0.0, 4.0]])).tolist()
    [-4.0, 4.0]
    """

    shape: Shape
    normal: NDArray[np.float64]
    offset_a: float

    def signed_distance_a(self, points_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of points to the cut shape in Å (a lower bound near its rim)."""
        beyond = points_a @ self.normal - self.offset_a
        return np.maximum(self.shape.signed_distance_a(points_a), beyond)

    def trim_distance_a(self, points_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance to the trimmable surface of the uncut shape; infinite beyond the plane."""
        beyond = points_a @ self.normal > self.offset_a
        return np.where(beyond, np.inf, self.shape.trim_distance_a(points_a))

    @property
    def bounds_a(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of the box around the uncut shape, in Å."""
        return self.shape.bounds_a
