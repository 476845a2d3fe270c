"""One side of an interface before it is carved: a crystal in a shape with a flat face."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.carve import carve, carve_particle, locate
from epicarve.builder.crystal import (
    Termination,
    nearest_cut,
    point_on_cut,
    primitive_vectors,
    refuse_four_indices,
    termination,
    terminations,
)
from epicarve.builder.interfaces import Polarity
from epicarve.builder.optimise import BalanceOptions
from epicarve.builder.shapes import Cut, sphere_part
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from epicarve.arrays import Floats
    from epicarve.builder.carve import Particle
    from epicarve.builder.crystal import Crystal, Vector
    from epicarve.builder.model import Model
    from epicarve.builder.shapes import ShapeSpec

SAME_STEP = 1e-3
"""A direction so close to a lattice vector, in steps of the lattice, is one: thirds are rounded."""


@dataclass(frozen=True)
class HalfParticle:
    """A crystal in a shape that ends on a flat face between two atomic layers.

    Parameters
    ----------
    crystal : Crystal
        What it consists of.
    shape : Cut
        Its shape about the centre, cut along the face.
    face : Termination
        The face; its outward normal is ``crystal.direction(face.hkl)``.
    centre : tuple of float
        Fractional coordinates of the point of the crystal that lies at the shape's origin.
    options : BalanceOptions
        What its ions must satisfy.
    """

    crystal: Crystal
    shape: Cut
    face: Termination
    centre: tuple[float, float, float]
    options: BalanceOptions = field(default_factory=BalanceOptions)

    def face_vector_a(self, uvw: Vector) -> Floats:
        """Return a lattice vector of the face in Å, cartesian, shape (3,).

        Parameters
        ----------
        uvw : tuple of float
            In units of the conventional cell; halves and thirds where that is centred.

        Raises
        ------
        InputError
            If [uvw] is no lattice vector, or does not lie in the face.
        """
        refuse_four_indices(self.crystal, uvw)
        primitive = primitive_vectors(self.crystal)
        steps = np.array(uvw, dtype=float) @ np.linalg.inv(primitive)
        if np.abs(steps - np.rint(steps)).max() > SAME_STEP:
            raise InputError(
                f"{self.crystal.name}: direction {list(uvw)} is no lattice vector; give whole "
                "numbers, or halves and thirds that the centring of the cell has"
            )
        vector = np.rint(steps) @ primitive @ self.crystal.cell_a
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
        reach, in_face = 1, np.zeros((0, 3), dtype=np.int64)
        while len(in_face) == 0:
            reach *= 2
            steps = np.arange(reach, -reach - 1, -1)
            every = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
            every = every.reshape(-1, 3)
            in_face = every[(every @ np.array(self.face.hkl) == 0) & every.any(axis=1)]
        lengths = np.linalg.norm(in_face @ self.crystal.cell_a, axis=1).round(6)
        u, v, w = in_face[int(np.argmin(lengths))].tolist()
        return (u, v, w)

    def rotation(self, uvw: Vector, outward_z: float) -> Floats:
        """Return the rotation that lays the face's normal along ±z and [uvw] along x."""
        along = self.face_vector_a(uvw)
        x = along / np.linalg.norm(along)
        z = outward_z * self.crystal.direction(self.face.hkl)
        return np.stack([x, np.cross(z, x), z])

    def carved(self) -> Model:
        """Return the model that the half makes by itself, with nothing beyond its face."""
        return carve(self.crystal, self.shape, self.centre, self.options)


def sphere_half(
    crystal: Crystal,
    radius_a: float,
    hkl: tuple[int, int, int],
    layer: str | None = None,
    *,
    fraction: float = 0.5,
    centre: Sequence[float] = (0.0, 0.0, 0.0),
    options: BalanceOptions | None = None,
) -> HalfParticle:
    """Return a part of a sphere whose flat face ends on a whole atomic layer.

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

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> half = sphere_half(bundled_crystal("CsPbCl3"), 9.0, (1, 0, 0), "PbCl2")
    >>> half.face.layer, half.carved().net_charge
    ('PbCl2', 0)
    """
    face, point = point_on_cut(crystal, hkl, layer, centre)
    shape = sphere_part(radius_a, crystal.direction(hkl), fraction)
    return HalfParticle(crystal, shape, face, point, options or BalanceOptions())


def half_of(
    crystal: Crystal,
    shape: ShapeSpec,
    hkl: tuple[int, int, int] | None = None,
    termination: str | None = None,
    balance: BalanceOptions | Mapping[str, Any] | None = None,
    *,
    particle: Particle | None = None,
) -> HalfParticle:
    """Return the half that a shape asks for.

    Parameters
    ----------
    crystal : Crystal
        The bulk crystal.
    shape : ShapeSpec
        Shape, size and centre. A centre "best", or a number of ions, is found for the half by
        itself.
    hkl : tuple of int, optional
        Which face of the shape meets the other half; needed unless the shape has one cut only.
    termination : str, optional
        Formula of its outermost layer, if the shape does not tell it. The face moves to the
        nearest such cut.
    balance : BalanceOptions, optional
        Tolerances of the optimisation.
    particle : Particle, optional
        What was carved by itself of this very specification: the half then lies where that does,
        and nothing is carved again.

    Raises
    ------
    InputError
        If the shape has no such flat face, or contradicts what is asked for.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import BoxSpec
    >>> planes = ([1, 0, 0], [0, 1, 0], [0, 0, 1])
    >>> box = BoxSpec(kind="box", faces=[{"hkl": hkl, "length_nm": 2.0} for hkl in planes])
    >>> half = half_of(bundled_crystal("CsPbCl3"), box, (1, 0, 0), "PbCl2")
    >>> half.face.layer, round(half.shape.offset_a, 2)
    ('PbCl2', 9.81)
    """
    options = BalanceOptions.given(balance, "half_of: balance")
    refuse_four_indices(crystal, shape, hkl)
    hkl, layer = stated_face(crystal, shape, hkl, termination)
    centre, scale = _centred(crystal, shape, options, particle)
    flat = shape.shape(crystal, centre, scale).flat_face(crystal.direction(hkl))
    if flat is None:
        indices = list(hkl)
        raise InputError(
            f"{crystal.name}: the {shape.kind} has no flat face {indices} to meet the other "
            f"crystal; cut it with cuts: [{{hkl: {indices}}}] or choose a hemisphere or a box"
        )
    face, offset_a = nearest_cut(crystal, hkl, layer, centre, flat.offset_a)
    return HalfParticle(
        crystal, Cut(flat.body, crystal.direction(hkl), offset_a), face, centre, options
    )


def stated_face(
    crystal: Crystal,
    spec: ShapeSpec,
    hkl: tuple[int, int, int] | None = None,
    layer: str | None = None,
) -> tuple[tuple[int, int, int], str | None]:
    """Return plane and outermost layer of the face that meets the other half, as they are told.

    The parameters are those of `half_of`; the layer is None if neither tells it.

    Raises
    ------
    InputError
        If the plane is told by neither, or both contradict each other.
    """
    planes = spec.interface_planes()
    if hkl is None:
        if len(planes) == 0 or (len(planes) > 1 and spec.own_face is None):
            there = f" of {', '.join(str(list(p.hkl)) for p in planes)}" if planes else ""
            raise InputError(
                f"{crystal.name}: which face{there} of the {spec.kind} meets the other crystal is "
                "not said; name it under interface as film_hkl or substrate_hkl"
            )
        hkl = planes[0].hkl
    told = [plane.termination for plane in planes if _same_plane(plane.hkl, hkl)]
    if spec.own_face is not None and not _same_plane(spec.own_face, hkl):
        raise InputError(
            f"{crystal.name}: the {spec.kind} is cut along {list(spec.own_face)}, but the "
            f"interface shall be {list(hkl)}; give both the same plane"
        )
    given = next((each for each in told if each is not None), None)
    if layer is not None and given is not None and layer != given:
        raise InputError(
            f"{crystal.name}: the face {list(hkl)} of the {spec.kind} ends on {given}, but the "
            f"interface shall end on {layer}; give one of them"
        )
    return hkl, layer or given


def layers_that_attract(
    faces: Sequence[tuple[Crystal, tuple[int, int, int], str | None]],
) -> list[str | None]:
    """Return the outermost layers of two faces, such that like charges do not face each other.

    Where a layer is not told, the most natural cut counts. Polar planes such as (111) of zinc
    blende have cuts of either charge; if the most natural ones of both faces would repel each
    other, the most natural pair that does not is taken, where there is one.

    Parameters
    ----------
    faces : sequence of tuples, length 2
        Crystal, Miller indices and outermost layer, if told, of film and substrate.
    """
    if all(layer is not None for _, _, layer in faces):
        return [layer for _, _, layer in faces]
    choices = [
        terminations(crystal, hkl) if layer is None else (termination(crystal, hkl, layer),)
        for crystal, hkl, layer in faces
    ]
    ranks = sorted(product(*(range(len(cuts)) for cuts in choices)), key=lambda k: (sum(k), k))
    pairs = [(choices[0][one], choices[1][other]) for one, other in ranks]
    first = pairs[0]
    chosen = next((pair for pair in pairs if not Polarity.of(*pair).repels), first)
    return [
        told if one is other else one.layer
        for one, other, (_, _, told) in zip(chosen, first, faces, strict=True)
    ]


def _centred(
    crystal: Crystal, spec: ShapeSpec, options: BalanceOptions, particle: Particle | None
) -> tuple[Vector, float]:
    """Fractional coordinates of the shape's origin, and the factor of its lengths."""
    if particle is None and (spec.centre == "best" or spec.n_atoms(crystal) is not None):
        particle = carve_particle(crystal, spec, options)
    if particle is not None:
        return particle.centre, particle.scale
    return spec.anchored(crystal, locate(crystal, spec.centre).point), 1.0


def _same_plane(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two triples of indices mean the same plane and the same side of it."""
    reduced = [np.array(hkl) // np.gcd.reduce(hkl) for hkl in (one, other)]
    return bool((reduced[0] == reduced[1]).all())
