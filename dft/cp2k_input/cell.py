"""The cell of a CP2K input, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, cos, degrees, pi, radians, sin, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tree import Section

Vector = tuple[float, float, float]
Vectors = tuple[Vector, Vector, Vector]

GAMMAS = {"HEXAGONAL": pi / 3, "HEXAGONAL_GAMMA_60": pi / 3, "HEXAGONAL_GAMMA_120": 2 * pi / 3}
"""Angle γ of CP2K's hexagonal cells."""


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


def lengths_and_angles(vectors: Vectors) -> tuple[float, ...]:
    """Return the lengths of three vectors and the angles α, β and γ between them in degrees.

    Examples
    --------
    >>> lengths_and_angles(((2.0, 0.0, 0.0), (0.0, 3.0, 0.0), (0.0, 0.0, 4.0)))
    (2.0, 3.0, 4.0, 90.0, 90.0, 90.0)
    """
    sizes = tuple(sqrt(dot(vector, vector)) for vector in vectors)
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = (dot(vectors[i], vectors[j]) / (sizes[i] * sizes[j]) for i, j in pairs)
    return (*sizes, *(degrees(acos(max(-1.0, min(1.0, cosine)))) for cosine in cosines))


def symmetrised(vectors: Vectors, symmetry: str) -> Vectors | None:
    """Return the cell that CP2K makes of a given one to fit SYMMETRY (init_cell, cell_types.F).

    Parameters
    ----------
    vectors : tuple of tuple of float
        The cell as the input gives it.
    symmetry : str
        CP2K's word, such as ``"HEXAGONAL"``.

    Returns
    -------
    tuple of tuple of float or None
        The cell that CP2K goes on with, None if that has no volume.

    Examples
    --------
    >>> wide = symmetrised(((4.0, 0.0, 0.0), (-2.0, 3.4641016, 0.0), (0.0, 0.0, 6.0)), "HEXAGONAL")
    >>> [round(x, 3) for x in lengths_and_angles(wide)]
    [4.0, 4.0, 6.0, 90.0, 90.0, 60.0]
    """
    a, b, c, *angles = lengths_and_angles(vectors)
    alpha, beta, gamma = map(radians, angles)
    mean = 0.5 * (a + b)
    made = vectors
    if symmetry in {"CUBIC", "ORTHORHOMBIC"} or symmetry.startswith("TETRAGONAL"):
        first, second, third = _edges(vectors, symmetry)
        made = (first, 0.0, 0.0), (0.0, second, 0.0), (0.0, 0.0, third)
    elif symmetry == "MONOCLINIC":
        made = (a, 0.0, 0.0), (0.0, b, 0.0), (c * cos(beta), 0.0, c * sin(beta))
    elif symmetry == "RHOMBOHEDRAL":
        edge, angle = (a + b + c) / 3.0, (alpha + beta + gamma) / 3.0
        tilt = cos(angle) / cos(0.5 * angle)
        x, y, _ = _turned(edge * tilt, 0.5 * angle)
        height = edge * sqrt(max(0.0, 1.0 - tilt * tilt))
        made = (edge, 0.0, 0.0), _turned(edge, angle), (x, y, height)
    elif symmetry in GAMMAS or symmetry == "MONOCLINIC_GAMMA_AB":
        made = (mean, 0.0, 0.0), _turned(mean, GAMMAS.get(symmetry, gamma)), (0.0, 0.0, c)
    return made if abs(dot(made[0], cross(made[1], made[2]))) > 0.0 else None


def _edges(vectors: Vectors, symmetry: str) -> Vector:
    """Return the edges of the cuboid that CP2K makes: the first length, two distances of planes."""
    a, b, c = vectors
    volume = abs(dot(a, cross(b, c)))
    first, second, third = (
        sqrt(dot(a, a)),
        volume / sqrt(dot(cross(c, a), cross(c, a)) or 1.0),
        volume / sqrt(dot(cross(a, b), cross(a, b)) or 1.0),
    )
    match symmetry:
        case "CUBIC":
            first = second = third = (first + second + third) / 3.0
        case "TETRAGONAL_AB" | "TETRAGONAL":
            first = second = 0.5 * (first + second)
        case "TETRAGONAL_AC":
            first = third = 0.5 * (first + third)
        case "TETRAGONAL_BC":
            second = third = 0.5 * (second + third)
    return first, second, third


def _turned(length: float, angle: float) -> Vector:
    """Return a vector of the first two directions, at an angle in radians to the first."""
    return length * cos(angle), length * sin(angle), 0.0


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
