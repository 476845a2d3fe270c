"""Regions of space as signed distances that combine, and what recipes say of them."""

from .combined import Cut, Difference, Intersection, Moved, Offset, Union
from .ellipsoid import Ellipsoid
from .polyhedron import HalfSpace, Polyhedron
from .rod import Capsule, Cylinder
from .shape import Shape
from .sphere import Sphere, sphere_part

__all__ = [
    "Capsule",
    "Cut",
    "Cylinder",
    "Difference",
    "Ellipsoid",
    "HalfSpace",
    "Intersection",
    "Moved",
    "Offset",
    "Polyhedron",
    "Shape",
    "Sphere",
    "Union",
    "sphere_part",
]
