"""Wulff polyhedra: the shape of least surface energy for its volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from epicarve.builder.crystal import Indices
from epicarve.errors import InputError
from epicarve.options import Options

from .polyhedron import Polyhedron
from .spec import OneSizeSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from epicarve.builder.crystal import Crystal

    from .shape import Shape

SAME_ENERGY = 1e-9
"""Relative difference up to which two energies given for one facet agree."""


class Facet(NamedTuple):
    """A plane, its outward normal along +hkl, and its energy in any unit."""

    hkl: tuple[int, int, int]
    energy: float


def wulff_facets(crystal: Crystal, given: Iterable[Facet], *, symmetry: bool) -> list[Facet]:
    """Return every facet, those that the point group adds with them.

    The signs of hkl count: (hkl) and (-h-k-l) are one facet only where the point group of the
    crystal takes one to the other.

    Parameters
    ----------
    crystal : Crystal
        Its point group is found by spglib, element and charge of the sites respected.
    given : iterable of Facet
        Facets with energies above 0.
    symmetry : bool
        Whether to expand by the point group.

    Raises
    ------
    InputError
        If one facet is given two energies.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> len(wulff_facets(bundled_crystal("PbS"), [Facet((1, 0, 0), 1.0)], symmetry=True))
    6
    """
    energies: dict[tuple[int, int, int], tuple[tuple[int, int, int], float]] = {}
    group = crystal.symmetry if symmetry else None
    for facet in given:
        coprime = np.array(facet.hkl) // np.gcd.reduce(facet.hkl)
        h, k, l = coprime.tolist()  # noqa: E741
        for plane in group.equivalent_planes((h, k, l)) if group else ((h, k, l),):
            source, energy = energies.setdefault(plane, (facet.hkl, facet.energy))
            if abs(energy - facet.energy) > SAME_ENERGY * energy:
                raise InputError(
                    f"{crystal.name}: {list(source)} with energy {energy:g} and "
                    f"{list(facet.hkl)} with {facet.energy:g} are the same facet by symmetry; "
                    "give one energy, or set symmetry: false"
                )
    return [Facet(plane, energy) for plane, (_, energy) in energies.items()]


def wulff_polyhedron(
    crystal: Crystal, given: Iterable[Facet], diameter_a: float, *, symmetry: bool = True
) -> Polyhedron:
    """Return the Wulff polyhedron: all points r with r·n ≤ c·γ for each facet of normal n.

    Parameters
    ----------
    crystal : Crystal
        What gives planes their direction.
    given : iterable of Facet
        Facets and their energies; only the ratios of the energies matter.
    diameter_a : float
        Largest distance between two corners in Å; it sets c.
    symmetry : bool
        Whether each facet stands for all that the crystal's point group makes equal to it.

    Returns
    -------
    Polyhedron
        Its facets in the order given; those of too high an energy do not touch it.

    Raises
    ------
    InputError
        If the facets leave the body open, or one is given two energies.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> facets = [Facet((1, 0, 0), 1.0), Facet((1, 1, 1), 1.0)]
    >>> len(wulff_polyhedron(bundled_crystal("PbS"), facets, 42.0).vertices_a)
    24
    """
    facets = wulff_facets(crystal, given, symmetry=symmetry)
    normals = np.array([crystal.direction(facet.hkl) for facet in facets])
    try:
        unit = Polyhedron(normals, np.array([facet.energy for facet in facets]))
    except InputError as error:
        raise InputError(f"{crystal.name}: Wulff shape: {error}") from error
    return unit.scaled(diameter_a / unit.diameter_a)


class FacetSpec(Options):
    """The energy of a facet.

    Parameters
    ----------
    hkl : tuple of int
        Miller indices with their signs; the facet's outward normal points along +hkl.
    energy : float
        Surface energy in any unit, the same for all facets.
    """

    hkl: Indices
    energy: float = Field(gt=0.0, allow_inf_nan=False)


class WulffSpec(OneSizeSpec):
    """A Wulff polyhedron; its diameter is the largest distance between two corners.

    Parameters
    ----------
    energies : tuple of FacetSpec
        Facets and their energies.
    symmetry : bool
        Whether each facet stands for all that the crystal's point group makes equal to it.
    """

    kind: Literal["wulff"] = "wulff"
    energies: Annotated[tuple[FacetSpec, ...], Field(min_length=1)]
    symmetry: bool = True

    def region(self, crystal: Crystal, centre: Sequence[float], scale: float) -> Shape:
        """Return the polyhedron."""
        facets = [Facet(facet.hkl, facet.energy) for facet in self.energies]
        return wulff_polyhedron(crystal, facets, self.diameter_a(scale), symmetry=self.symmetry)
