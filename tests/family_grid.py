"""The grid of crystal families, shapes and sizes that every carve is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from crystal_prototypes import PROTOTYPES

from epicarve.builder.carve import carve
from epicarve.builder.half import carve_half
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model

PAPER = ("Pb3S2Cl2", "Pb4S3Cl2", "CsPbCl3")
"""The crystals of the study's three models."""

KINDS = ("sphere", "hemisphere", "box", "wulff")
SIZES = (150, 500, 1500)
"""Ions that a sphere of the same volume would hold."""


@dataclass(frozen=True)
class Polyhedron:
    """The region below planes, each at a distance from the origin along its normal.

    Parameters
    ----------
    normals : ndarray of float, shape (n_planes, 3)
        Outward unit normals.
    offsets_a : ndarray of float, shape (n_planes,)
        Distances of the planes from the origin in Å.
    """

    normals: NDArray[np.float64]
    offsets_a: NDArray[np.float64]

    def signed_distance_a(self, points_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance to the surface in Å, a lower bound beyond edges and corners."""
        return np.asarray((points_a @ self.normals.T - self.offsets_a).max(axis=1))

    def trim_distance_a(self, points_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """Equal to the signed distance: ions may be trimmed on all faces."""
        return self.signed_distance_a(points_a)

    @property
    def bounds_a(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Corners of a cube around the polyhedron, in Å: its farthest corner is within it."""
        from scipy.spatial import HalfspaceIntersection

        corners = HalfspaceIntersection(
            np.column_stack([self.normals, -self.offsets_a]), np.zeros(3)
        ).intersections
        return corners.min(axis=0), corners.max(axis=0)

    def scaled_to(self, volume_a3: float) -> Polyhedron:
        """Return the polyhedron of the same form with the given volume."""
        from scipy.spatial import ConvexHull, HalfspaceIntersection

        corners = HalfspaceIntersection(
            np.column_stack([self.normals, -self.offsets_a]), np.zeros(3)
        ).intersections
        factor = (volume_a3 / ConvexHull(corners).volume) ** (1 / 3)
        return Polyhedron(self.normals, self.offsets_a * factor)


def crystals(folder: Path) -> Iterator[tuple[str, Crystal]]:
    """Every crystal of the grid with the name of its family."""
    for name in PAPER:
        yield "paper", bundled_crystal(name)
    for prototype in PROTOTYPES:
        yield prototype.family, prototype.crystal(folder)


def radius_a(crystal: Crystal, n_ions: int) -> float:
    """Radius in Å of the sphere that holds so many ions of a crystal."""
    return float((0.75 / np.pi * n_ions * crystal.volume_a3 / crystal.n_sites) ** (1 / 3))


def carve_case(crystal: Crystal, kind: str, n_ions: int) -> Model:
    """Carve one case of the grid; this is the one place where the shapes are named."""
    if kind == "sphere":
        return carve(crystal, Sphere(radius_a(crystal, n_ions)))
    if kind == "hemisphere":
        return carve_half(crystal, radius_a(crystal, 2 * n_ions), (0, 0, 1)).model
    hkls = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    if kind == "wulff":
        hkls += [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1)]
    normals = np.array([sign * crystal.direction(hkl) for hkl in hkls for sign in (1, -1)])
    volume_a3 = n_ions * crystal.volume_a3 / crystal.n_sites
    return carve(crystal, Polyhedron(normals, np.ones(len(normals))).scaled_to(volume_a3))


def outcome(crystal: Crystal, kind: str, n_ions: int) -> tuple[Model | None, str]:
    """Carve a case and hold it against what must be true; a model, or what was refused."""
    try:
        model = carve_case(crystal, kind, n_ions)
    except InputError as error:
        return None, str(error)
    assert model.net_charge == 0
    assert model.n_components == 1
    needed = -(-model.bulk_coordination // 3)
    assert (model.coordination >= needed).all()
    return model, ""
