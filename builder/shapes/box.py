"""Boxes and prisms between pairs of lattice planes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from epicarve.builder.crystal import Indices, nearest_cut
from epicarve.errors import InputError
from epicarve.options import Options
from epicarve.units import A_PER_NM

from .polyhedron import Polyhedron
from .spec import FacePlane, Length, ShapeSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.builder.crystal import Crystal

    from .shape import Shape


class FacePair(Options):
    """Two opposite faces.

    Parameters
    ----------
    hkl : tuple of int
        Miller indices of one face; the other is its opposite.
    length_nm : float
        Distance between them in nm.
    termination : str, optional
        Formula of the outermost layer of both, each moved to the nearest such cut.
    """

    hkl: Indices
    length_nm: Length
    termination: str | None = None


class BoxSpec(ShapeSpec):
    """A box between three pairs of lattice planes; a prism with more of them.

    Parameters
    ----------
    faces : tuple of FacePair
        At least three pairs whose normals do not lie in one plane.
    """

    kind: Literal["box"] = "box"
    faces: Annotated[tuple[FacePair, ...], Field(min_length=3)]

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the polyhedron that the planes enclose."""
        normals, offsets = [], []
        for face in self.faces:
            reach_a = 0.5 * A_PER_NM * face.length_nm * scale
            for sign in (1, -1):
                h, k, l = (sign * index for index in face.hkl)  # noqa: E741
                normals.append(crystal.direction((h, k, l)))
                offset_a = reach_a
                if face.termination is not None:
                    _, offset_a = nearest_cut(crystal, (h, k, l), face.termination, centre, reach_a)
                if offset_a <= 0.0:
                    raise InputError(
                        f"box: the faces {list(face.hkl)} {face.length_nm:g} nm apart leave no "
                        f"layer that ends on {face.termination}; give a larger length_nm"
                    )
                offsets.append(offset_a)
        return Polyhedron(np.array(normals), np.array(offsets))

    def interface_planes(self) -> tuple[FacePlane, ...]:
        """Return every face."""
        own = []
        for face in self.faces:
            h, k, l = face.hkl  # noqa: E741
            own += [
                FacePlane(face.hkl, face.termination),
                FacePlane((-h, -k, -l), face.termination),
            ]
        return (*own, *super().interface_planes())
