"""The cell of a CP2K input, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .input_tree import Section

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class InputCell:
    """The cell of an input.

    Parameters
    ----------
    vectors_a : tuple of tuple of float
        Cell vectors in Å.
    periodic : tuple of bool
        Along which of them the system repeats.
    section : Section
        Where it stands.
    """

    vectors_a: tuple[Vector, Vector, Vector]
    periodic: tuple[bool, bool, bool]
    section: Section

    @property
    def volume_a3(self) -> float:
        """Volume in Å³."""
        a, b, c = self.vectors_a
        return abs(dot(a, cross(b, c)))

    @property
    def is_cuboid(self) -> bool:
        """Whether the vectors stand at right angles, along x, y and z."""
        return all(abs(self.vectors_a[i][j]) < 1e-6 for i in range(3) for j in range(3) if i != j)

    @property
    def heights_a(self) -> Vector:
        """Distances between opposite faces in Å."""
        a, b, c = self.vectors_a
        sides = (cross(b, c), cross(c, a), cross(a, b))
        x, y, z = (self.volume_a3 / sqrt(dot(side, side)) for side in sides)
        return x, y, z

    def fractional(self, position_a: Vector) -> Vector:
        """Return a position in terms of the cell vectors."""
        a, b, c = self.vectors_a
        volume = dot(a, cross(b, c))
        x, y, z = (
            dot(position_a, side) / volume for side in (cross(b, c), cross(c, a), cross(a, b))
        )
        return x, y, z

    def cartesian(self, fractional: Vector) -> Vector:
        """Return a position in Å from one in terms of the cell vectors."""
        x, y, z = (sum(fractional[i] * self.vectors_a[i][k] for i in range(3)) for k in range(3))
        return x, y, z


def periodicity(letters: str) -> tuple[bool, bool, bool]:
    """Return the directions that CP2K's word for them names.

    Examples
    --------
    >>> periodicity("XY"), periodicity("NONE")
    ((True, True, False), (False, False, False))
    """
    if letters == "NONE":
        return False, False, False
    return "X" in letters, "Y" in letters, "Z" in letters


def dot(a: Vector, b: Vector) -> float:
    """Return the scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Return the vector product."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def cell_vectors(section: Section) -> tuple[Vector, Vector, Vector] | None:
    """Return the vectors of a &CELL in Å, None if it does not give them."""
    if section.entry("ABC"):
        lengths = section.values("ABC")
        angles = section.values("ALPHA_BETA_GAMMA") or (90.0, 90.0, 90.0)
        if len(lengths) != 3 or len(angles) != 3:
            return None
        a, b, c = (float(length) for length in lengths if not isinstance(length, str | range))
        alpha, beta, gamma = (
            cos(radians(float(angle))) for angle in angles if not isinstance(angle, str | range)
        )
        sine = sqrt(max(0.0, 1.0 - gamma * gamma))
        if sine == 0.0:
            return (a, 0.0, 0.0), (b, 0.0, 0.0), (0.0, 0.0, c)  # flat; told by a rule
        y = (alpha - beta * gamma) / sine
        z = sqrt(max(0.0, 1.0 - beta * beta - y * y))
        return (a, 0.0, 0.0), (b * gamma, b * sine, 0.0), (c * beta, c * y, c * z)
    rows = [section.values(name) for name in ("A", "B", "C")]
    if any(len(row) != 3 for row in rows):
        return None
    first, second, third = ((float(x), float(y), float(z)) for x, y, z in rows)  # type: ignore[arg-type]
    return first, second, third
