"""Half-spaces and the convex polyhedra that they enclose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from epicarve.errors import InputError

from .shape import BEYOND_A, PARALLEL, FlatFace, Solid

if TYPE_CHECKING:
    from epicarve.arrays import Floats

VERTEX_GRAIN = 9
"""Decimals, relative to the size of the polyhedron, to which equal vertices agree."""


@dataclass(frozen=True)
class HalfSpace(Solid):
    """All that lies below a plane; the distance is exact. Not bounded: intersect it.

    Parameters
    ----------
    normal : ndarray of float, shape (3,)
        Outward unit normal.
    offset_a : float
        Position of the plane along the normal in Å.

    Examples
    --------
    >>> below = HalfSpace(np.array([0.0, 0.0, 1.0]), 2.0)
    >>> below.signed_distance_a(np.array([[7.0, 0.0, 0.0]])).tolist()
    [-2.0]
    """

    normal: Floats
    offset_a: float

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Height of points above the plane in Å."""
        return np.asarray(points_a @ self.normal - self.offset_a)

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the plane if it has this normal."""
        if self.normal @ normal < 1.0 - PARALLEL:
            return None
        return FlatFace(self.offset_a, HalfSpace(self.normal, self.offset_a + BEYOND_A))

    @property
    def bounds_a(self) -> tuple[Floats, Floats]:
        """All of space."""
        return np.full(3, -np.inf), np.full(3, np.inf)


@dataclass(frozen=True)
class Polyhedron(Solid):
    """A convex polyhedron around the origin.

    The distance is the largest of those to the planes of its faces: exact inside, a bound
    outside, where an edge or a corner is nearest.

    Parameters
    ----------
    normals : ndarray of float, shape (n_faces, 3)
        Outward unit normals.
    offsets_a : ndarray of float, shape (n_faces,)
        Distance of each plane from the origin in Å, above 0.

    Raises
    ------
    InputError
        If a plane does not leave the origin inside, or the planes leave the body open.

    Examples
    --------
    >>> cube = Polyhedron(np.vstack([np.eye(3), -np.eye(3)]), np.full(6, 5.0))
    >>> cube.signed_distance_a(np.array([[0.0, 0.0, 4.0], [9.0, 0.0, 0.0]])).tolist()
    [-1.0, 4.0]
    >>> cube.volume_a3, len(cube.vertices_a)
    (1000.0, 8)
    """

    normals: Floats
    offsets_a: Floats

    def __post_init__(self) -> None:
        if (self.offsets_a <= 0.0).any():
            raise InputError("a face of the polyhedron does not leave its centre inside")
        self.vertices_a  # noqa: B018  (an open body is refused at once)

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Largest distance of points to any face in Å, negative inside."""
        largest = np.full(len(points_a), -np.inf)
        for normal, offset in zip(self.normals, self.offsets_a, strict=True):
            np.maximum(largest, points_a @ normal - offset, out=largest)
        return largest

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the lowest face with this normal."""
        alike = np.flatnonzero(self.normals @ normal > 1.0 - PARALLEL)
        if len(alike) == 0:
            return None
        further = self.offsets_a.copy()
        further[alike] += BEYOND_A
        return FlatFace(float(self.offsets_a[alike].min()), Polyhedron(self.normals, further))

    @cached_property
    def vertices_a(self) -> Floats:
        """Corners in Å, in lexicographic order, shape (n_vertices, 3).

        A face of the hull of the points n/d, for planes n·x = d, is a corner of the polyhedron
        (polar duality); the body is closed if that hull holds the origin inside.
        """
        try:
            faces = ConvexHull(self.normals / self.offsets_a[:, None]).equations
        except QhullError as error:
            raise InputError(self._open()) from error
        largest = float(np.abs(faces[:, 3]).max())
        if (faces[:, 3] > -1e-9 * largest).any():
            raise InputError(self._open())
        corners = -faces[:, :3] / faces[:, 3:]
        size = float(np.abs(corners).max())
        _, first = np.unique(
            np.round(corners / size, VERTEX_GRAIN) + 0.0, axis=0, return_index=True
        )
        return np.asarray(corners[first])

    @cached_property
    def volume_a3(self) -> float:
        """Volume in Å³."""
        return float(ConvexHull(self.vertices_a).volume)

    @cached_property
    def diameter_a(self) -> float:
        """Largest distance between two corners in Å."""
        return float(pdist(self.vertices_a).max())

    def scaled(self, factor: float) -> Polyhedron:
        """Return the polyhedron with all lengths multiplied."""
        return Polyhedron(self.normals, self.offsets_a * factor)

    @property
    def bounds_a(self) -> tuple[Floats, Floats]:
        """Corners of the box around the vertices, in Å."""
        return self.vertices_a.min(axis=0), self.vertices_a.max(axis=0)

    def _open(self) -> str:
        return (
            f"{len(self.normals)} faces leave the body open; add faces until they close it on "
            "every side"
        )
