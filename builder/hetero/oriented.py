"""A half laid in the frame of a joined particle: its ions, its face, what it covers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.carve import IonTable, shell_depth_a
from epicarve.builder.optimise import SURFACE_A
from epicarve.builder.shapes import LatticeIons, Sphere, ions_near
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Vector

    from .half_particle import HalfParticle


@dataclass(frozen=True)
class OrientedHalf:
    """Ions of a half that may be chosen, turned so that its face lies across z.

    Parameters
    ----------
    half : HalfParticle
        The half.
    turn : ndarray of float, shape (3, 3)
        Rotation from the frame of its shape.
    ions : LatticeIons
        Its ions in and around the shape, none beyond the face, in the frame of the particle.
    shift_a : ndarray of float, shape (3,)
        Where in Å the middle of the face lies: the origin, until it is moved.
    """

    half: HalfParticle
    turn: Floats
    ions: LatticeIons
    shift_a: Floats = field(default_factory=lambda: np.zeros(3))

    @classmethod
    def of(cls, half: HalfParticle, uvw: Vector, outward_z: float) -> OrientedHalf:
        """Lay a half with its face in the plane z = 0, its normal along ±z and [uvw] along x.

        Raises
        ------
        InputError
            If [uvw] does not lie in the face, or no ion of the shape comes near it.
        """
        turn = half.rotation(uvw, outward_z)
        margin_a = 0.5 * shell_depth_a(half.crystal, half.options) + 2.0 * SURFACE_A
        ions = ions_near(half.crystal, half.shape, np.array(half.centre), margin_a)
        depths = half.shape.offset_a - ions.positions_a @ half.shape.normal
        inside = ions.signed_distance_a <= SURFACE_A
        if not inside.any() or depths[inside].min() > half.crystal.spacing_a(half.face.hkl):
            raise InputError(
                f"{half.crystal.name}: the shape has no flat face {list(half.face.hkl)} where it "
                "shall meet the other crystal; make it larger or cut it there"
            )
        ions = ions.chosen(np.isfinite(ions.trim_distance_a))
        face = half.shape.offset_a * half.shape.normal
        return cls(half, turn, replace(ions, positions_a=(ions.positions_a - face) @ turn.T))

    def moved(self, shift_a: Floats) -> OrientedHalf:
        """Return the half moved by (x, y, z) in Å."""
        ions = replace(self.ions, positions_a=self.ions.positions_a + shift_a)
        return replace(self, ions=ions, shift_a=self.shift_a + shift_a)

    @property
    def plain_cut(self) -> IonTable:
        """The ions inside the shape."""
        inside = self.ions.signed_distance_a <= SURFACE_A
        return IonTable.of(self.ions).chosen(inside)

    @property
    def origin_a(self) -> Floats:
        """Where the origin of the half's shape lies in Å."""
        face = self.half.shape.offset_a * self.half.shape.normal
        return np.asarray(self.shift_a - self.turn @ face)

    @property
    def on_face(self) -> Floats:
        """Fractional coordinates of the middle of the face, where the axis meets it."""
        half = self.half
        rise = half.shape.offset_a * half.shape.normal
        return np.asarray(half.centre + rise @ np.linalg.inv(half.crystal.cell_a))

    @property
    def lattice_point_a(self) -> Floats:
        """Where a lattice point lies in the plane of the face, (x, y) in Å.

        Of the points of the lattice above which, along the normal, the face lies by just its
        ``offset_a``, the one nearest to the middle of the face.
        """
        crystal, face = self.half.crystal, self.half.face
        hkl = np.array(face.hkl) // np.gcd.reduce(face.hkl)
        height = float(self.on_face @ crystal.cell_a @ self.half.shape.normal)
        level = round((height - face.offset_a) / crystal.spacing_a(face.hkl))
        reach = int(np.abs(hkl).max()) + 1
        steps = np.arange(-reach, reach + 1)
        around = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
        points = np.rint(self.on_face).astype(int) + around
        points = points[points @ hkl == level]
        in_plane = ((points - self.on_face) @ crystal.cell_a @ self.turn.T)[:, :2]
        lengths = np.linalg.norm(in_plane, axis=1).round(6)
        nearest = np.lexsort((*in_plane.T.round(6), lengths))[0]
        return np.asarray(in_plane[nearest] + self.shift_a[:2])

    def continued_cations(self, reach_a: float, depth_a: float) -> IonTable:
        """Return cation sites of the lattice beyond the face, from the first one to some depth.

        Parameters
        ----------
        reach_a : float
            How far from the middle of the face, in Å.
        depth_a : float
            The depth in Å.
        """
        crystal, normal = self.half.crystal, self.half.shape.normal
        spacing = crystal.spacing_a(self.half.face.hkl)
        ions = ions_near(crystal, Sphere(reach_a + 3.0 * spacing), self.on_face, 0.0)
        heights = ions.positions_a @ normal
        beyond = (ions.charges > 0) & (heights > 0.0) & (heights < 2.0 * spacing)
        last = heights[beyond].min() + depth_a
        turned = replace(ions, positions_a=ions.positions_a @ self.turn.T + self.shift_a)
        return IonTable.of(turned).chosen(beyond & (heights <= last))

    def trim_distance_a(self, other: OrientedHalf) -> Floats:
        """Distance in Å of each ion to the surface of the whole, negative inside.

        The surface of this half, and of its face that part which the other half does not cover:
        ions that lie deep under the covered part are deep inside the whole. The distance to the
        free part of the face is a bound: that to the nearest point that the other half's shape,
        cut by its own face, leaves free.
        """
        covered_a = -other.outside_a(self.ions.positions_a[:, :2])
        below_face = self.ions.positions_a[:, 2] - self.shift_a[2]
        to_free_face = np.hypot(below_face, np.maximum(covered_a, 0.0))
        return np.asarray(np.maximum(self.ions.trim_distance_a, -to_free_face))

    def outside_a(self, points_a: Floats) -> Floats:
        """Return how far points (x, y) of the face's plane lie outside the shape, in Å.

        Signed distances, negative inside, to the shape without its face; shape (n_points,).
        """
        in_plane = np.column_stack([points_a - self.shift_a[:2], np.zeros(len(points_a))])
        face = self.half.shape.offset_a * self.half.shape.normal
        return self.half.shape.shape.signed_distance_a(in_plane @ self.turn + face)
