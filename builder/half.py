"""Part of a sphere, cut along an atomic plane: a model with a flat face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .carve import carve
from .planes import Termination, point_on_cut
from .shapes import sphere_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .balance import BalanceOptions
    from .crystal import Crystal
    from .model import Model


@dataclass(frozen=True)
class Half:
    """A carved model with a flat face through the origin of its frame.

    Parameters
    ----------
    crystal : Crystal
        What it was carved from.
    model : Model
        Its ions.
    face : Termination
        The face; its outward normal is ``crystal.direction(face.hkl)``.
    centre : tuple of float
        Fractional coordinates of the point of the crystal that lies at the origin.
    """

    crystal: Crystal
    model: Model
    face: Termination
    centre: tuple[float, float, float]

    def face_vector_a(self, uvw: tuple[int, int, int]) -> NDArray[np.float64]:
        """Return a lattice vector of the face in Å, cartesian, shape (3,).

        Raises
        ------
        InputError
            If [uvw] does not lie in the face.
        """
        vector = np.array(uvw, dtype=float) @ self.crystal.cell_a
        out_of_plane = abs(vector @ self.crystal.direction(self.face.hkl))
        if not vector.any() or out_of_plane > 1e-6 * np.linalg.norm(vector):
            raise InputError(
                f"{self.crystal.name}: direction {list(uvw)} does not lie in the plane "
                f"{list(self.face.hkl)}; give a lattice vector [u, v, w] with hu + kv + lw = 0"
            )
        return np.asarray(vector)

    @property
    def shortest_direction(self) -> tuple[int, int, int]:
        """The shortest lattice vector [uvw] of the face; the first in order of those of a kind."""
        steps = np.arange(2, -3, -1)
        every = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
        in_face = every[(every @ np.array(self.face.hkl) == 0) & every.any(axis=1)]
        lengths = np.linalg.norm(in_face @ self.crystal.cell_a, axis=1).round(6)
        u, v, w = in_face[int(np.argmin(lengths))].tolist()
        return (u, v, w)

    def rotation(self, uvw: tuple[int, int, int], outward_z: float) -> NDArray[np.float64]:
        """Return the rotation that lays the face's normal along ±z and [uvw] along x."""
        along = self.face_vector_a(uvw)
        x = along / np.linalg.norm(along)
        z = outward_z * self.crystal.direction(self.face.hkl)
        return np.stack([x, np.cross(z, x), z])


def carve_half(
    crystal: Crystal,
    radius_a: float,
    hkl: tuple[int, int, int],
    layer: str | None = None,
    *,
    fraction: float = 0.5,
    centre: Sequence[float] = (0.0, 0.0, 0.0),
    options: BalanceOptions | None = None,
) -> Half:
    """Carve a neutral part of a sphere whose flat face ends on a whole atomic layer.

    Parameters
    ----------
    crystal : Crystal
        The bulk crystal.
    radius_a : float
        Radius of the sphere in Å.
    hkl : tuple of int
        Miller indices of the face; its outward normal points along +hkl.
    layer : str, optional
        Formula of the face's outermost layer; the most natural cut if not given.
    fraction : float
        Share of the sphere's volume that is kept; half of it if not given.
    centre : sequence of float
        Fractional coordinates of the centre of the flat face, moved along its normal onto the
        nearest cut.
    options : BalanceOptions, optional
        Tolerances of the optimisation.

    Returns
    -------
    Half
        The model and its face.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> half = carve_half(bundled_crystal("CsPbCl3"), 9.0, (1, 0, 0), "PbCl2")
    >>> half.model.net_charge, half.face.layer
    (0, 'PbCl2')
    """
    face, point = point_on_cut(crystal, hkl, layer, centre)
    shape = sphere_part(radius_a, crystal.direction(hkl), fraction)
    model = carve(crystal, shape, point, options)
    return Half(crystal=crystal, model=model, face=face, centre=point)
