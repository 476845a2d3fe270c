"""Shapes made of shapes: cut, intersection, union, difference, offset, moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .shape import PARALLEL, FlatFace

if TYPE_CHECKING:
    from epicarve.arrays import Floats

    from .shape import Shape

    Corners = tuple[Floats, Floats]


@dataclass(frozen=True)
class Cut:
    """A shape cut by a plane that keeps its atomic layer whole.

    Ions next to the flat face are neither removed nor added, so that the face can carry an
    interface; the rest of the surface can be trimmed. The distance is a bound outside, near
    the rim of the face, and exact elsewhere if that of the shape is.

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
    >>> from epicarve.builder.shapes import Sphere
    >>> half = Cut(Sphere(10.0), np.array([0.0, 0.0, 1.0]), 0.0)
    >>> half.signed_distance_a(np.array([[0.0, 0.0, -4.0], [0.0, 0.0, 4.0]])).tolist()
    [-4.0, 4.0]
    """

    shape: Shape
    normal: Floats
    offset_a: float

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Distance of points to the cut shape in Å (a lower bound near its rim)."""
        beyond = points_a @ self.normal - self.offset_a
        return np.maximum(self.shape.signed_distance_a(points_a), beyond)

    def trim_distance_a(self, points_a: Floats) -> Floats:
        """Distance to the trimmable surface of the uncut shape; infinite beyond the plane."""
        beyond = points_a @ self.normal > self.offset_a
        return np.where(beyond, np.inf, self.shape.trim_distance_a(points_a))

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the cut if it has this normal, else the face of the shape as far as it is left."""
        uncut = self.shape.flat_face(normal)
        if self.normal @ normal < 1.0 - PARALLEL:
            return uncut and FlatFace(uncut.offset_a, Cut(uncut.body, self.normal, self.offset_a))
        return FlatFace(self.offset_a, uncut.body if uncut else self.shape)

    @property
    def bounds_a(self) -> Corners:
        """Corners of the box around the uncut shape, in Å."""
        return self.shape.bounds_a


@dataclass(frozen=True)
class Intersection:
    """What all of several shapes share.

    The distance is the largest of theirs: exact inside if theirs are, a bound outside.

    Parameters
    ----------
    parts : tuple of Shape
        At least one shape.

    Raises
    ------
    InputError
        If the boxes around the parts do not overlap.

    Examples
    --------
    >>> from epicarve.builder.shapes import Sphere
    >>> lens = Intersection((Sphere(5.0), Translated(Sphere(5.0), np.array([0.0, 0.0, 6.0]))))
    >>> lens.signed_distance_a(np.array([[0.0, 0.0, 3.0]])).tolist()
    [-2.0]
    """

    parts: tuple[Shape, ...]

    def __post_init__(self) -> None:
        low, high = self.bounds_a
        if (low >= high).any():
            raise InputError(
                "the parts of the intersection do not overlap; move them together or enlarge them"
            )

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Return the largest of the parts' distances in Å."""
        return np.asarray(np.max([part.signed_distance_a(points_a) for part in self.parts], axis=0))

    def trim_distance_a(self, points_a: Floats) -> Floats:
        """Return the largest of the parts' trim distances in Å."""
        return np.asarray(np.max([part.trim_distance_a(points_a) for part in self.parts], axis=0))

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the lowest of the parts' faces with this normal."""
        faces = [part.flat_face(normal) for part in self.parts]
        offsets = [face.offset_a for face in faces if face is not None]
        if not offsets:
            return None
        bodies = tuple(
            part if face is None else face.body
            for part, face in zip(self.parts, faces, strict=True)
        )
        return FlatFace(min(offsets), Intersection(bodies))

    @property
    def bounds_a(self) -> Corners:
        """Corners of the box that the boxes of the parts share, in Å."""
        lows, highs = zip(*(part.bounds_a for part in self.parts), strict=True)
        return np.max(lows, axis=0), np.min(highs, axis=0)


@dataclass(frozen=True)
class Union:
    """What any of several shapes holds.

    The distance is the smallest of theirs: exact outside if theirs are, a bound inside.

    Parameters
    ----------
    parts : tuple of Shape
        At least one shape.

    Examples
    --------
    >>> from epicarve.builder.shapes import Sphere
    >>> pair = Union((Sphere(5.0), Translated(Sphere(5.0), np.array([0.0, 0.0, 8.0]))))
    >>> pair.signed_distance_a(np.array([[0.0, 0.0, 15.0]])).tolist()
    [2.0]
    """

    parts: tuple[Shape, ...]

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Return the smallest of the parts' distances in Å."""
        return np.asarray(np.min([part.signed_distance_a(points_a) for part in self.parts], axis=0))

    def trim_distance_a(self, points_a: Floats) -> Floats:
        """Return the smallest of the parts' trim distances in Å."""
        return np.asarray(np.min([part.trim_distance_a(points_a) for part in self.parts], axis=0))

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return None: whether the faces of the parts make one is not told; cut the union."""
        return None

    @property
    def bounds_a(self) -> Corners:
        """Corners of the box around all parts, in Å."""
        lows, highs = zip(*(part.bounds_a for part in self.parts), strict=True)
        return np.min(lows, axis=0), np.max(highs, axis=0)


@dataclass(frozen=True)
class Difference:
    """A shape without what another holds; the distance is a bound.

    Parameters
    ----------
    shape, removed : Shape
        What is kept, and what is taken out of it.

    Examples
    --------
    >>> from epicarve.builder.shapes import Sphere
    >>> hollow = Difference(Sphere(10.0), Sphere(6.0))
    >>> hollow.signed_distance_a(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 7.0]])).tolist()
    [6.0, -1.0]
    """

    shape: Shape
    removed: Shape

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Return the larger of the distance in Å and the negative distance to what is removed."""
        return np.maximum(
            self.shape.signed_distance_a(points_a), -self.removed.signed_distance_a(points_a)
        )

    def trim_distance_a(self, points_a: Floats) -> Floats:
        """Like the signed distance, from the trim distances in Å."""
        return np.maximum(
            self.shape.trim_distance_a(points_a), -self.removed.trim_distance_a(points_a)
        )

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the face that the shape has before anything is removed."""
        face = self.shape.flat_face(normal)
        return face and FlatFace(face.offset_a, Difference(face.body, self.removed))

    @property
    def bounds_a(self) -> Corners:
        """Corners of the box around the shape before anything is removed, in Å."""
        return self.shape.bounds_a


@dataclass(frozen=True)
class Offset:
    """A shape grown outward, or shrunk inward, by a distance.

    As exact as the shape's own distance outside when grown and inside when shrunk; a bound
    otherwise.

    Parameters
    ----------
    shape : Shape
        What is grown.
    by_a : float
        How far in Å; negative shrinks.

    Raises
    ------
    InputError
        If the shape shrinks to nothing.

    Examples
    --------
    >>> from epicarve.builder.shapes import Sphere
    >>> Offset(Sphere(10.0), -2.0).signed_distance_a(np.array([[0.0, 0.0, 9.0]])).tolist()
    [1.0]
    """

    shape: Shape
    by_a: float

    def __post_init__(self) -> None:
        low, high = self.bounds_a
        if (low >= high).any():
            raise InputError(
                f"a shape {float((high - low).min() - 2 * self.by_a) / 10:.2f} nm wide shrunk by "
                f"{-self.by_a / 10:.2f} nm on each side holds nothing; shrink it less"
            )

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Return the shape's distance less the offset, in Å."""
        return self.shape.signed_distance_a(points_a) - self.by_a

    def trim_distance_a(self, points_a: Floats) -> Floats:
        """Return the shape's trim distance less the offset, in Å."""
        return self.shape.trim_distance_a(points_a) - self.by_a

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the shape's face, moved by the offset."""
        face = self.shape.flat_face(normal)
        return face and FlatFace(face.offset_a + self.by_a, Offset(face.body, self.by_a))

    @property
    def bounds_a(self) -> Corners:
        """Corners of the shape's box, moved by the offset, in Å."""
        low, high = self.shape.bounds_a
        return low - self.by_a, high + self.by_a


@dataclass(frozen=True)
class Translated:
    """A shape at another place; as exact as the shape.

    Parameters
    ----------
    shape : Shape
        What is moved.
    shift_a : ndarray of float, shape (3,)
        Where its origin comes to lie, in Å.

    Examples
    --------
    >>> from epicarve.builder.shapes import Sphere
    >>> raised = Translated(Sphere(1.0), np.array([0.0, 0.0, 5.0]))
    >>> raised.signed_distance_a(np.zeros((1, 3))).tolist()
    [4.0]
    """

    shape: Shape
    shift_a: Floats

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Distance of points to the moved surface in Å, negative inside."""
        return self.shape.signed_distance_a(points_a - self.shift_a)

    def trim_distance_a(self, points_a: Floats) -> Floats:
        """Trim distance in the frame of the shape, in Å."""
        return self.shape.trim_distance_a(points_a - self.shift_a)

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the shape's face, moved with it."""
        face = self.shape.flat_face(normal)
        shift = float(self.shift_a @ normal)
        return face and FlatFace(face.offset_a + shift, Translated(face.body, self.shift_a))

    @property
    def bounds_a(self) -> Corners:
        """Corners of the moved box, in Å."""
        low, high = self.shape.bounds_a
        return low + self.shift_a, high + self.shift_a
