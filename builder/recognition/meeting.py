"""What two domains are on each other: planes, directions, faces, registry, continuity, gap."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from epicarve.arrays import whole_points
from epicarve.builder.carve import IonTable
from epicarve.builder.interfaces import (
    LAYER_IN_SPACINGS,
    best_of_faces,
    cation_spacing_a,
    finite_continuity,
    plane_basis,
    reduced_lattice_a,
    registry_lattice_a,
)
from epicarve.builder.report import ContinuityFigures
from epicarve.errors import InputError
from epicarve.record import Record

from .faces import outermost_cut
from .frame import Directions, meeting_frame
from .planes import meeting_planes, parted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Bools, Floats
    from epicarve.builder.crystal import Termination
    from epicarve.builder.interfaces import Continuity

    from .domain import Assigner, Domain
    from .frame import MeetingFrame
    from .planes import Plane

    Side = Literal["film", "substrate"]

SIDES: tuple[Side, ...] = ("film", "substrate")

SAME_LAYER_A = 0.5
"""Cations within this of the outermost ones, in Å of the ideal lattice, are one layer."""


@dataclass(frozen=True)
class FoundInterface(Record):
    """The interface of two domains.

    Which of the two is called film is a matter of words: the substrate is the crystal of higher
    symmetry, then that of the smaller primitive cell.

    Parameters
    ----------
    film, substrate : str
        Names of the crystals.
    film_hkl, substrate_hkl : tuple of int
        The planes, along their outward normals, highest indices first.
    film_directions, substrate_directions : tuple of tuples of float, or None
        Two lattice vectors of each that lie along each other and span the coincidence cell; None if
        the lattices have none as they lie.
    film_termination, substrate_termination : str
        Composition of the outermost layer of each face.
    tilt_deg : float
        Angle between both planes in degrees.
    plane_range_a : float
        Height in Å within which other planes part the domains nearly as well. Up to the spacing of
        cations it is the gap; where it is more, layers fit both lattices.
    n_in_plane_range : int
        Ions in it.
    registry_a : tuple of float
        From a lattice point of the substrate to one of the film, in Å along the substrate's first
        direction and across it, at the middle of the contact: ``registry_a`` of a recipe.
    registry_lattice_a : tuple of tuples of float, or None
        Registries that differ by one of these two vectors (or their sums) are the same.
    gap_a : float
        Distance in Å between the outermost layers of cations of both sides.
    continuity : ContinuityFigures
        How far the cations are one subnetwork, as for `epicarve interface`, in this geometry. That
        lattice is continued which is in the best interface of the ideal crystals with these faces
        and directions; where they have none, the one that more cations continue.
    other_continuity : ContinuityFigures
        The same with the other lattice continued.
    """

    film: str
    substrate: str
    film_hkl: tuple[int, int, int]
    substrate_hkl: tuple[int, int, int]
    film_directions: Directions | None
    substrate_directions: Directions | None
    film_termination: str
    substrate_termination: str
    tilt_deg: float
    plane_range_a: float
    n_in_plane_range: int
    registry_a: tuple[float, float]
    registry_lattice_a: tuple[tuple[float, float], tuple[float, float]] | None
    gap_a: float
    continuity: ContinuityFigures
    other_continuity: ContinuityFigures


@dataclass(frozen=True)
class Meeting:
    """Two domains in the setting of their interface, and what it is.

    Parameters
    ----------
    film, substrate : Domain
        The domains, parted by a plane.
    interface : FoundInterface
        What was found.
    axes : ndarray of float, shape (3, 3)
        Unit vectors as rows: along the substrate's first direction, across it, the normal from
        the substrate into the film.
    """

    film: Domain
    substrate: Domain
    interface: FoundInterface
    axes: Floats


@dataclass(frozen=True)
class _Side:
    """One domain at the interface: its face, in the frame of the interface.

    Parameters
    ----------
    domain : Domain
        The domain.
    hkl : tuple of int
        Its plane.
    cut_a : float
        Height of the face along the plane's normal, in the frame of the crystal, in Å.
    face : Termination
        What the face ends on.
    axes : ndarray of float, shape (3, 3)
        Axes of the interface as rows.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates of all atoms in Å along these axes.
    """

    domain: Domain
    hkl: Plane
    cut_a: float
    face: Termination
    axes: Floats
    positions_a: Floats

    @classmethod
    def of(cls, domain: Domain, hkl: Plane, axes: Floats, positions_a: Floats) -> _Side:
        """Return the side of a domain whose plane meets the other one."""
        cut_a, face = outermost_cut(domain, hkl)
        return cls(domain, hkl, cut_a, face, axes, positions_a @ axes.T)

    @property
    def heights_a(self) -> Floats:
        """Heights of the places of all ions along the plane's normal, below the cut, in Å."""
        crystal = self.domain.crystal
        return np.asarray(self.domain.places_a @ crystal.direction(self.hkl) - self.cut_a)

    def cations(self, depth_a: float) -> Bools:
        """Return the cations of the outermost layer, down to a depth in Å of the ideal lattice."""
        domain = self.domain
        inside = domain.members & (self.heights_a < 0.0)
        cations = inside & (domain.crystal.oxidation_states[np.maximum(domain.sites, 0)] > 0)
        return np.asarray(cations & (self.heights_a >= self.heights_a[cations].max() - depth_a))

    def outermost(self, depth_a: float) -> IonTable:
        """Return these cations as they lie, along the axes of the interface."""
        chosen = self.cations(depth_a)
        domain = self.domain
        return IonTable(
            symbols=domain.symbols[chosen],
            charges=domain.crystal.oxidation_states[domain.sites[chosen]],
            positions_a=self.positions_a[chosen],
        )

    def continued(self, depth_a: float, around_a: Floats) -> IonTable:
        """Return the cation sites beyond the face down to a depth in Å, about some points."""
        crystal, normal = self.domain.crystal, self.domain.crystal.direction(self.hkl)
        back = (around_a @ self.axes - self.domain.fit.shift_a) @ np.linalg.inv(
            self.domain.fit.matrix
        ).T
        parts = back @ np.linalg.inv(crystal.cell_a)
        cells = whole_points(np.floor(parts.min(axis=0)) - 1, np.ceil(parts.max(axis=0)) + 1)
        sites = np.tile(np.flatnonzero(crystal.oxidation_states > 0), len(cells))
        shifts = np.repeat(cells, len(sites) // len(cells), axis=0)
        places = (crystal.fractional[sites] + shifts) @ crystal.cell_a
        heights = places @ normal - self.cut_a
        first = heights[heights > 0.0].min()
        chosen = (heights > 0.0) & (heights <= first + depth_a)
        return IonTable(
            symbols=crystal.symbols[sites[chosen]],
            charges=crystal.oxidation_states[sites[chosen]],
            positions_a=self.domain.fit.positions_a(places[chosen]) @ self.axes.T,
        )

    def covers(self, points_a: Floats) -> Bools:
        """Return which points (x, y) lie above or below the outermost cations of the face."""
        face = self.outermost(SAME_LAYER_A).positions_a[:, :2]
        try:
            sides = ConvexHull(face).equations
        except QhullError:  # raised for fewer than three cations, or such in line
            return np.zeros(len(points_a), dtype=bool)
        return np.asarray((points_a @ sides[:, :2].T + sides[:, 2] <= 0.0).all(axis=1))

    def lattice_point_a(self, middle_a: Floats) -> Floats:
        """Return the lattice point (x, y) in Å nearest to a point of the plane.

        Of the lattice points above which the face lies by just its offset, as in a recipe.
        """
        crystal = self.domain.crystal
        basis = plane_basis(crystal, self.hkl) @ crystal.cell_a
        normal = crystal.direction(self.hkl)
        level = self.cut_a - self.face.offset_a
        steps = round(level / float(basis[2] @ normal))
        start = steps * basis[2]
        in_plane = (basis[:2] @ self.domain.fit.matrix.T @ self.axes.T)[:, :2]
        lattice = reduced_lattice_a(in_plane)
        origin = (self.domain.fit.positions_a(start[None]) @ self.axes.T)[0, :2]
        parts = (middle_a - origin) @ np.linalg.inv(lattice)
        corners = np.floor(parts) + np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        points = origin + corners @ lattice
        return np.asarray(points[np.argmin(np.linalg.norm(points - middle_a, axis=1).round(6))])


def meeting_of(assigner: Assigner, film: Domain, substrate: Domain) -> Meeting | None:
    """Return what two domains are on each other; None if no planes of low indices meet.

    Parameters
    ----------
    assigner : Assigner
        The ions.
    film, substrate : Domain
        The domains.
    """
    positions_a = assigner.ions.positions_a
    planes = meeting_planes(film, substrate, positions_a)
    if planes is None:
        return None
    sides = parted(assigner, film, substrate, planes.normal)
    frame = meeting_frame(sides.film, sides.substrate, planes)
    film = assigner.on(frame.film, sides.film.region)
    substrate = assigner.on(frame.substrate, sides.substrate.region)
    axes = frame.axes
    above = _Side.of(film, frame.planes.film_hkl, axes, positions_a)
    below = _Side.of(substrate, frame.planes.substrate_hkl, axes, positions_a)
    middle = _middle(above, below)
    registry = above.lattice_point_a(middle) - below.lattice_point_a(middle)
    lattice = _registry_lattice(frame)
    continued = {side: _continuity(above, below, side) for side in SIDES}
    best = _continued_side(above, below, frame, continued)
    other = next(side for side in SIDES if side != best)
    heights = [side.outermost(SAME_LAYER_A).positions_a[:, 2].mean() for side in (above, below)]
    return Meeting(
        film=film,
        substrate=substrate,
        interface=FoundInterface(
            film=film.crystal.name,
            substrate=substrate.crystal.name,
            film_hkl=frame.planes.film_hkl,
            substrate_hkl=frame.planes.substrate_hkl,
            film_directions=frame.film_directions,
            substrate_directions=frame.substrate_directions,
            film_termination=above.face.layer,
            substrate_termination=below.face.layer,
            tilt_deg=round(frame.planes.tilt_deg, 3),
            plane_range_a=round(sides.range_a, 3),
            n_in_plane_range=sides.n_in_range,
            registry_a=_pair(registry),
            registry_lattice_a=None if lattice is None else (_pair(lattice[0]), _pair(lattice[1])),
            gap_a=round(float(heights[0] - heights[1]), 4),
            continuity=continued[best].figures,
            other_continuity=continued[other].figures,
        ),
        axes=axes,
    )


def _middle(above: _Side, below: _Side) -> Floats:
    """Return the middle (x, y) in Å of the contact: that of the smaller face."""
    tables = [side.outermost(SAME_LAYER_A).positions_a[:, :2] for side in (above, below)]
    return np.asarray(
        min(tables, key=lambda table: float(np.ptp(table, axis=0).prod())).mean(axis=0)
    )


def _registry_lattice(frame: MeetingFrame) -> Floats | None:
    """Return the translations of the film that change nothing, along the axes of the interface."""
    if frame.film_matrix is None or frame.substrate_matrix is None:
        return None
    crystal = frame.substrate.pattern.crystal
    vectors = np.array(frame.substrate_directions) @ crystal.cell_a @ frame.substrate.rotation.T
    common = (vectors @ frame.axes.T)[:, :2]
    return registry_lattice_a(common, frame.film_matrix, frame.substrate_matrix)


def _continuity(above: _Side, below: _Side, continued: Side) -> Continuity:
    """Return the continuity of the cations if one of the lattices is continued."""
    spacings: dict[Side, float] = {
        "film": cation_spacing_a(above.domain.crystal),
        "substrate": cation_spacing_a(below.domain.crystal),
    }
    depth_a = LAYER_IN_SPACINGS * spacings[continued]
    lattice, other = (above, below) if continued == "film" else (below, above)
    met = other.outermost(depth_a)
    sites = lattice.continued(depth_a, met.positions_a)
    sides = (sites, met) if continued == "film" else (met, sites)
    both = [
        above.covers(one.positions_a[:, :2]) & below.covers(one.positions_a[:, :2]) for one in sides
    ]
    return finite_continuity(*sides, (both[0], both[1]), continued, spacings)


def _continued_side(
    above: _Side, below: _Side, frame: MeetingFrame, continued: Mapping[Side, Continuity]
) -> Side:
    """Return whose lattice counts as continued: as in the ideal interface, if there is one."""
    if frame.film_directions is not None and frame.substrate_directions is not None:
        directions = frame.film_directions, frame.substrate_directions
        crystals = above.domain.crystal, below.domain.crystal
        with contextlib.suppress(InputError):
            return best_of_faces(
                crystals[0], above.face, crystals[1], below.face, directions=directions
            ).continued
    return min(SIDES, key=lambda side: continued[side].rank)


def _pair(vector: Floats) -> tuple[float, float]:
    x, y = (vector.round(4) + 0.0).tolist()
    return x, y
