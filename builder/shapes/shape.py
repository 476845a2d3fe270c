"""What every shape can tell: signed distances in Å, negative inside, and a box around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from epicarve.arrays import Floats

BEYOND_A = 1e4
"""How far a shape goes on, in Å, if a flat face is taken away: farther than any is wide."""

PARALLEL = 1e-9
"""Two unit vectors are parallel if their product differs from 1 by less than this."""


class FlatFace(NamedTuple):
    """Where a shape ends on a plane, and what it would be if it went on there.

    Parameters
    ----------
    offset_a : float
        Position of the plane along its outward normal in Å.
    body : Shape
        The shape without this face.
    """

    offset_a: float
    body: Shape


class Shape(Protocol):
    """A bounded region of space around the origin of the model's frame.

    A signed distance is either exact or a bound: of the right sign, and never larger in
    magnitude than the true distance to the surface. Each shape says which of the two it is.
    """

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Distance in Å of points, shape (n, 3), to the surface; negative inside, shape (n,)."""
        ...

    def trim_distance_a(self, points_a: Floats) -> Floats:
        """Signed distance in Å to that part of the surface where ions may be added or removed.

        Minus infinity everywhere for a surface that must stay as it was cut.
        """
        ...

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return the flat face with this outward unit normal; None if there is none."""
        ...

    @property
    def bounds_a(self) -> tuple[Floats, Floats]:
        """Lower and upper corner in Å of a box that holds the region, each of shape (3,)."""
        ...


class Solid:
    """A shape whose whole surface may be trimmed: its trim distance is its signed distance."""

    def signed_distance_a(self, points_a: Floats) -> Floats:
        """Distance of points to the surface in Å, negative inside."""
        raise NotImplementedError

    def trim_distance_a(self, points_a: Floats) -> Floats:
        """Equal to the signed distance: ions may be trimmed everywhere."""
        return self.signed_distance_a(points_a)

    def flat_face(self, normal: Floats) -> FlatFace | None:
        """Return None: no face is flat."""
        return None
