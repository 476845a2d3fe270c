"""The plane in which two domains meet, and the setting in which their crystals are told there.

A crystal has several settings that its proper symmetry makes equal. Of a particle of one domain
the one is told that turns the crystal least; at an interface that in which planes and directions
have their highest indices first, (010) before (0-10) and [011] before [0-1-1].
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.builder.crystal import Vector
from epicarve.builder.interfaces import plane_basis
from epicarve.builder.interfaces.match import MatchOptions, coincidence_cells

from .faces import is_natural, outermost_cut

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.interfaces.match import CoincidenceCell

    from .domain import Domain
    from .lattice_fit import LatticeFit
    from .planes import MeetingPlanes, Plane

Directions = tuple[Vector, Vector]

LARGEST_TURN_DEG = 6.0
LARGEST_AREA_A2 = 260.0
LARGEST_STRAIN = 0.12
"""Coincidence cells are looked for up to so large a turn, area and strain of the ideal crystals."""

LIKE_STRAIN, LIKE_DEG = 0.05, 3.0
"""A cell of such a strain, or so far turned, counts as twice as large."""

CHANGES = tuple(
    np.array(rows)
    for a, b in product((1, -1), repeat=2)
    for rows in ([[a, 0], [0, b]], [[0, a], [b, 0]])
)
"""Ways to name the two vectors of a cell."""


def settings_of(fit: LatticeFit) -> list[tuple[LatticeFit, Floats, Floats]]:
    """Return the fit in all settings that the proper symmetry of the crystal makes equal.

    With each the operation that leads to it: the rotation W of fractional coordinates, by which
    planes (hkl) become (hkl) W, and the translation m in Å, by which a height along the normal n
    becomes less by n·m.
    """
    cell = fit.pattern.crystal.cell_a
    turns, moves = fit.pattern.motions
    _, first = np.unique(turns.round(6).reshape(-1, 9), axis=0, return_index=True)
    return [
        (
            replace(fit, matrix=fit.matrix @ turns[k], shift_a=fit.shift_a + fit.matrix @ moves[k]),
            np.linalg.inv(cell).T @ turns[k] @ cell.T,
            moves[k],
        )
        for k in np.sort(first).tolist()
    ]


def least_turned(fit: LatticeFit) -> LatticeFit:
    """Return the fit in the setting whose rotation is the smallest."""
    settings = [setting for setting, _, _ in settings_of(fit)]
    return max(settings, key=lambda one: round(float(np.trace(one.rotation)), 6))


@dataclass(frozen=True)
class MeetingFrame:
    """Two fits in the setting in which their interface is told.

    Parameters
    ----------
    film, substrate : LatticeFit
        The fits.
    planes : MeetingPlanes
        The planes, highest indices first.
    film_directions, substrate_directions : tuple of tuples of float, or None
        Two lattice vectors of each that lie along each other and span the coincidence cell; None
        if the lattices have none.
    film_matrix, substrate_matrix : ndarray of int, shape (2, 2), or None
        The same in units of the lattice vectors of each plane.
    """

    film: LatticeFit
    substrate: LatticeFit
    planes: MeetingPlanes
    film_directions: Directions | None
    substrate_directions: Directions | None
    film_matrix: Ints | None
    substrate_matrix: Ints | None

    @property
    def axes(self) -> Floats:
        """Unit vectors as rows: along the substrate's first direction, across it, the normal."""
        normal = self.planes.normal
        basis = plane_basis(self.substrate.pattern.crystal, self.planes.substrate_hkl)
        uvw = self.substrate_directions[0] if self.substrate_directions else basis[0]
        along = self.substrate.matrix @ (np.array(uvw) @ self.substrate.pattern.crystal.cell_a)
        along -= (along @ normal) * normal
        x = along / np.linalg.norm(along)
        return np.stack([x, np.cross(normal, x), normal])


def meeting_frame(film: Domain, substrate: Domain, planes: MeetingPlanes) -> MeetingFrame:
    """Return the fits of two domains in the setting in which their interface is told.

    Planes have their highest indices, faces are those that a recipe takes for their layers, and
    directions have their highest indices.
    """
    above = _highest_plane(film, planes.film_hkl)
    below = _highest_plane(substrate, planes.substrate_hkl)
    planes = replace(planes, film_hkl=above[0].hkl, substrate_hkl=below[0].hkl)
    best: tuple[tuple[float, ...], MeetingFrame] | None = None
    for one, other in product(above, below):
        film_fit, substrate_fit = one.fit, other.fit
        cell = _common_cell(film_fit, substrate_fit, planes)
        frame = MeetingFrame(film_fit, substrate_fit, planes, None, None, None, None)
        if cell is None:
            return frame
        bases = [
            _face_basis(fit.pattern.crystal, hkl, up)
            for fit, hkl, up in (
                (film_fit, planes.film_hkl, False),
                (substrate_fit, planes.substrate_hkl, True),
            )
        ]
        for change in CHANGES:
            matrices = change @ cell[0], change @ cell[1]
            rows = [matrix @ basis for matrix, basis in zip(matrices, bases, strict=True)]
            indices = [x for row in rows for x in row.round(6).ravel().tolist()]
            rank = (one.is_natural + other.is_natural, *indices)
            if best is None or rank > best[0]:
                best = (
                    rank,
                    MeetingFrame(
                        film=film_fit,
                        substrate=substrate_fit,
                        planes=planes,
                        film_directions=_directions(rows[0]),
                        substrate_directions=_directions(rows[1]),
                        film_matrix=matrices[0],
                        substrate_matrix=matrices[1],
                    ),
                )
    assert best is not None  # there is at least one setting of each
    return best[1]


class _Setting(NamedTuple):
    """A fit in one setting, its plane there, and whether a recipe takes just this face."""

    fit: LatticeFit
    hkl: Plane
    is_natural: bool


def _highest_plane(domain: Domain, hkl: Plane) -> list[_Setting]:
    """Return the settings in which a plane has its highest indices."""
    crystal, normal = domain.crystal, domain.crystal.direction(hkl)
    cut_a, face = outermost_cut(domain, hkl)
    found = []
    for fit, turn, move in settings_of(domain.fit):
        h, k, l = np.rint(np.array(hkl) @ turn).astype(int).tolist()  # noqa: E741
        height_a = cut_a - float(normal @ move)
        found.append((fit, (h, k, l), height_a))
    highest = max(plane for _, plane, _ in found)
    return [
        _Setting(fit, plane, is_natural(crystal, plane, face.layer, height_a))
        for fit, plane, height_a in found
        if plane == highest
    ]


def _face_basis(crystal: Crystal, hkl: Plane, up: bool) -> Floats:
    """Return two lattice vectors [uvw] of a plane, right-handed as seen from the film."""
    basis = plane_basis(crystal, hkl)[:2]
    return basis if up else basis * [[1.0], [-1.0]]


def _common_cell(
    film: LatticeFit, substrate: LatticeFit, planes: MeetingPlanes
) -> tuple[Ints, Ints] | None:
    """Return the coincidence cell of both planes as they lie, in units of each, or None."""
    normal = planes.normal
    x = np.cross(normal, np.eye(3)[int(np.argmin(np.abs(normal)))])
    x /= np.linalg.norm(x)
    axes = np.stack([x, np.cross(normal, x)])
    lattices = []
    for fit, hkl, up in ((film, planes.film_hkl, False), (substrate, planes.substrate_hkl, True)):
        crystal = fit.pattern.crystal
        vectors = _face_basis(crystal, hkl, up) @ crystal.cell_a @ fit.rotation.T
        lattices.append(vectors @ axes.T)
    options = MatchOptions(max_area_a2=LARGEST_AREA_A2, max_strain=LARGEST_STRAIN)
    cells = coincidence_cells(lattices[0], lattices[1], options)
    turned = [(abs((cell.rotation_deg + 90.0) % 180.0 - 90.0), cell) for cell in cells]
    lying = [(turn, cell) for turn, cell in turned if turn <= LARGEST_TURN_DEG]
    if not lying:
        return None
    cell = min(lying, key=lambda one: _cost(one[0], one[1]))[1]
    return cell.film_matrix * _sense(cell.rotation_deg), cell.substrate_matrix


def _cost(turn_deg: float, cell: CoincidenceCell) -> float:
    """Area in Å², times how far the cells are from lying on each other."""
    return float(
        cell.area_a2 * (1.0 + (cell.max_strain / LIKE_STRAIN) ** 2 + (turn_deg / LIKE_DEG) ** 2)
    )


def _sense(rotation_deg: float) -> int:
    """Return -1 for a map that turns by nearly 180°, which takes a vector to its opposite."""
    return -1 if abs((rotation_deg + 180.0) % 360.0 - 180.0) > 90.0 else 1


def _directions(rows: Floats) -> Directions:
    """Return two lattice vectors as plain numbers."""
    first, second = (
        [int(x) if float(x).is_integer() else float(x) for x in row]
        for row in (rows.round(6) + 0.0).tolist()
    )
    return (first[0], first[1], first[2]), (second[0], second[1], second[2])
