"""The kinds of shape that a recipe knows; a new one is its own file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from .box import BoxSpec
from .combined import Difference, Intersection, Union
from .ellipsoid import EllipsoidSpec
from .rod import PlateletSpec, RodSpec
from .spec import ShapeSpec, refuse_whole_keys
from .sphere import HemisphereSpec, SphereSpec
from .wulff import WulffSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.builder.crystal import Crystal

    from .shape import Shape


class CombinedSpec(ShapeSpec):
    """Several shapes made one.

    Parameters
    ----------
    kind : {"union", "intersection", "difference"}
        What any of them holds, what all of them share, or the first without the others.
    parts : tuple of shapes
        Two or more, each with a size in nm; shift_nm moves one of them.
    """

    kind: Literal["union", "intersection", "difference"]
    parts: Annotated[tuple[PartSpec, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _parts_share(self) -> Self:
        for part in self.parts:
            refuse_whole_keys(part)
        return self

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the combination."""
        first, *others = (part.shape(crystal, centre, scale) for part in self.parts)
        if self.kind == "union":
            return Union((first, *others))
        if self.kind == "intersection":
            return Intersection((first, *others))
        return Difference(first, others[0] if len(others) == 1 else Union(tuple(others)))


OTHER_KINDS = {
    **dict.fromkeys(("cube", "cuboid", "prism", "parallelepiped"), "box, with its pairs of faces"),
    **dict.fromkeys(
        ("octahedron", "cuboctahedron", "tetrahedron", "polyhedron"), "wulff, with its faces"
    ),
    **dict.fromkeys(("cylinder", "wire", "nanorod", "nanowire"), "rod"),
    **dict.fromkeys(("disc", "disk", "plate", "nanoplatelet", "sheet"), "platelet"),
    **dict.fromkeys(("ball", "dot", "quantum dot", "spherical"), "sphere"),
    **dict.fromkeys(("half sphere", "halfsphere", "hemispherical", "dome"), "hemisphere"),
}
"""Words of other programs for kinds of shape, in small letters, and what to write here."""


def _known_kind(shape: Any) -> Any:
    kind = shape.get("kind") if isinstance(shape, dict) else None
    word = kind.lower().replace("_", " ") if isinstance(kind, str) else None
    if word in OTHER_KINDS:
        raise ValueError(f"kind {kind!r} is not known; write kind: {OTHER_KINDS[word]}")
    return shape


Part = SphereSpec | EllipsoidSpec | RodSpec | PlateletSpec | BoxSpec | WulffSpec | CombinedSpec
PartSpec = Annotated[Part, Field(discriminator="kind"), BeforeValidator(_known_kind)]
AnyShapeSpec = Annotated[
    Part | HemisphereSpec, Field(discriminator="kind"), BeforeValidator(_known_kind)
]
CombinedSpec.model_rebuild()

KINDS = tuple(
    kind
    for spec in (*get_args(Part), HemisphereSpec)
    for kind in get_args(spec.model_fields["kind"].annotation)
)
"""Every word that `kind` may be."""
