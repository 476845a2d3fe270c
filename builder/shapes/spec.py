"""What a recipe says of any shape: size, centre, cuts; each kind of shape builds on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from epicarve.builder.crystal import Indices, Vector, nearest_cut, refuse_four_indices
from epicarve.options import Options
from epicarve.units import A_PER_NM

from .combined import Cut, Intersection, Offset, Translated
from .polyhedron import HalfSpace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal

    from .shape import Shape


def _centre(value: Any) -> Any:
    """Refuse what is neither three numbers nor a word."""
    if isinstance(value, str):
        return value
    numbers = isinstance(value, (list, tuple)) and all(
        isinstance(number, (int, float)) and math.isfinite(number) for number in value
    )
    if not numbers or len(value) != 3:
        raise ValueError(
            "not a centre; give fractional coordinates [x, y, z], an ion such as Pb, "
            "a bond such as Pb-S, void or best"
        )
    return tuple(float(number) for number in value)


Centre = Annotated[Vector | str, BeforeValidator(_centre)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Length = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class FacePlane(NamedTuple):
    """A flat face: Miller indices along its outward normal, and its outermost layer if told."""

    hkl: tuple[int, int, int]
    termination: str | None


class CutSpec(Options):
    """A plane that cuts a part off a shape.

    Parameters
    ----------
    hkl : tuple of int
        Miller indices; what lies beyond along +hkl is cut off.
    offset_nm : float, optional
        Where the plane lies along its normal, from the centre, in nm; 0 if not given.
    termination : str, optional
        Formula of the outermost layer of the face. With it, or without an offset, the plane
        moves to the nearest cut between atomic layers, and the face is kept whole; with an
        offset alone the plane lies where it says, and its face may be trimmed.
    """

    hkl: Indices
    offset_nm: float | None = Field(default=None, allow_inf_nan=False)
    termination: str | None = None

    def apply(self, shape: Shape, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the shape without what lies beyond the plane."""
        normal = crystal.direction(self.hkl)
        offset_a = A_PER_NM * (self.offset_nm or 0.0) * scale
        if self.offset_nm is not None and self.termination is None:
            return Intersection((shape, HalfSpace(normal, offset_a)))
        return Cut(
            shape, normal, nearest_cut(crystal, self.hkl, self.termination, centre, offset_a)[1]
        )


class ShapeSpec(Options):
    """What every kind of shape has; lengths become proportions where a number of ions is given.

    Parameters
    ----------
    centre : tuple of float or str
        Fractional coordinates of the point of the crystal at the centre, or an ion (``Pb``,
        ``Pb2``), a bond (``Pb-S``), ``void`` or ``best``.
    atoms : int, optional
        Number of ions that the model shall have, as near as a neutral one comes.
    formula_units : int, optional
        The same in formula units.
    cuts : tuple of CutSpec
        Planes that cut parts off.
    grow_nm : float
        How far the surface is moved outward in nm, negative for inward, before it is cut.
    shift_nm : tuple of float
        Where the shape lies from the centre in nm, cartesian; of use for parts of a combination.
    """

    kind: str = ""
    centre: Centre = (0.0, 0.0, 0.0)
    atoms: int | None = Field(default=None, gt=0)
    formula_units: int | None = Field(default=None, gt=0)
    cuts: tuple[CutSpec, ...] = ()
    grow_nm: float = Field(default=0.0, allow_inf_nan=False)
    shift_nm: Vector = (0.0, 0.0, 0.0)

    @model_validator(mode="after")
    def _tell_kind(self) -> Self:
        self.model_fields_set.add("kind")  # a recipe that is written needs it, given or not
        return self

    @model_validator(mode="after")
    def _one_count(self) -> Self:
        if self.atoms is not None and self.formula_units is not None:
            raise ValueError("atoms and formula_units both set the size; give one of them")
        return self

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the bare shape about a centre of the crystal, its lengths times `scale`."""
        raise NotImplementedError

    def anchored(self, crystal: Crystal, centre: Sequence[float]) -> Vector:
        """Return the centre, moved to where the shape can have it; fractional."""
        x, y, z = centre
        return (float(x), float(y), float(z))

    @property
    def own_face(self) -> tuple[int, int, int] | None:
        """Miller indices of the one flat face that the shape is defined by, if it has one."""
        return None

    def interface_planes(self) -> tuple[FacePlane, ...]:
        """Return the planes on which the shape may meet another: first its own, then the cuts."""
        return tuple(FacePlane(cut.hkl, cut.termination) for cut in self.cuts)

    def shape(self, crystal: Crystal, centre: Sequence[float], scale: float = 1.0) -> Shape:
        """Return the shape grown, shifted and cut, for a centre of the crystal.

        Parameters
        ----------
        crystal : Crystal
            What gives planes and directions their meaning.
        centre : sequence of float, length 3
            Fractional coordinates of the point of the crystal at the shape's origin.
        scale : float
            Factor of all lengths.

        Raises
        ------
        InputError
            If the shape does not fit the crystal.
        """
        refuse_four_indices(crystal, self)
        shape = self.region(crystal, centre, scale)
        if self.grow_nm:
            shape = Offset(shape, A_PER_NM * self.grow_nm * scale)
        if any(self.shift_nm):
            shape = Translated(shape, A_PER_NM * np.array(self.shift_nm) * scale)
        for cut in self.cuts:
            shape = cut.apply(shape, crystal, centre, scale)
        return shape

    def n_atoms(self, crystal: Crystal) -> int | None:
        """Return the number of atoms asked for, None if lengths set the size."""
        if self.formula_units is not None:
            n_units = crystal.n_sites // sum(crystal.formula_unit.values())
            return self.formula_units * int(crystal.atoms_per_site.sum()) // n_units
        return self.atoms


def refuse_whole_keys(part: ShapeSpec) -> None:
    """Refuse keys of a shape that only a whole particle can have.

    Raises
    ------
    ValueError
        If the part sets a centre or a number of ions; pydantic tells it with its place.
    """
    for key in ("centre", "atoms", "formula_units"):
        if key in part.model_fields_set:
            raise ValueError(
                f"{key} belongs to the whole particle, not to a part of it; move it there"
            )


class OneSizeSpec(ShapeSpec):
    """A shape of one length: its diameter, or a number of ions in its place.

    Parameters
    ----------
    diameter_nm : float, optional
        Largest width in nm; needed unless atoms or formula_units is given.
    """

    other_words: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("radius", "radius_nm", "radius_a"), "diameter_nm, twice the radius"),
        **dict.fromkeys(("size", "size_nm", "diameter_a", "d"), "diameter_nm, in nm"),
    }

    diameter_nm: Length | None = None

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        given = {
            "diameter_nm": self.diameter_nm,
            "atoms": self.atoms,
            "formula_units": self.formula_units,
        }
        found = [key for key, value in given.items() if value is not None]
        if len(found) != 1:
            told = " and ".join(found) if found else "no size"
            raise ValueError(f"{told} given; give one of diameter_nm, atoms, formula_units")
        return self

    def diameter_a(self, scale: float) -> float:
        """Diameter in Å; that of 1 nm, scaled, where a number of ions sets the size."""
        return A_PER_NM * (self.diameter_nm or 1.0) * scale


def lattice_direction(crystal: Crystal, uvw: Vector) -> Floats:
    """Return the unit vector along the lattice vector [uvw], cartesian, shape (3,)."""
    vector = np.array(uvw, dtype=float) @ crystal.cell_a
    return np.asarray(vector / np.linalg.norm(vector))
