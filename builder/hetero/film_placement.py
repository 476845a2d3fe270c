"""Where a film lies on a substrate: their interface, found or as told, and its place in a particle.

An interface repeats: film and substrate are strained into one cell. In a particle neither is, so
that their registry runs out of step away from one point. That point is the middle of the film's
face: there the film lies on the substrate's lattice exactly as the interface says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import (
    is_same,
    refuse_molecules,
    refuse_one_name,
    refuse_same,
)
from epicarve.builder.interfaces import (
    LAYER_IN_SPACINGS,
    best_of_faces,
    finite_continuity,
    matching_tolerance_a,
    reduced_lattice_a,
)
from epicarve.errors import InputError

from .lattice_misfit import misfit
from .oriented import OrientedHalf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.carve import IonTable
    from epicarve.builder.interfaces import Continuity, Interface

    from .half_particle import HalfParticle
    from .lattice_misfit import Directions

SAME_CUT_A = 1e-3
"""Cuts whose heights differ by no more, in Å and beside whole layers, are the same."""


def interface_of(
    film: HalfParticle,
    substrate: HalfParticle,
    directions: tuple[Directions, Directions] | None = None,
    registry_a: Sequence[float] | None = None,
) -> Interface:
    """Return the interface at which two halves meet: the best one, or as far as told that one.

    Parameters
    ----------
    film, substrate : HalfParticle
        The two halves.
    directions : pair of pairs of tuples of float, optional
        Two lattice vectors [u, v, w] in the film's face, and two in the substrate's that they lie
        along; together they span the coincidence cell. Halves and thirds occur where a cell is
        centred.
    registry_a : sequence of float, length 2, optional
        Where the film's lattice lies on the substrate's, in Å along the first direction of the
        substrate and across it: from a lattice point of the substrate to one of the film, both
        taken as `OrientedHalf.lattice_point_a` says. Needs directions.

    Raises
    ------
    InputError
        If the crystals are the same, the directions do not lie in the faces or do not span one
        cell, or the faces have no coincidence cell.
    """
    refuse_what_cannot_be_joined(film, substrate)
    faces = film.crystal, film.face, substrate.crystal, substrate.face
    if directions is None:
        return best_of_faces(*faces)
    first, second = misfit(film, substrate, *directions)
    found = best_of_faces(
        *faces,
        directions=(
            (first.film_direction, second.film_direction),
            (first.substrate_direction, second.substrate_direction),
        ),
    )
    if registry_a is None:
        return found
    above, below = laid(film, substrate, found)
    wanted = below.lattice_point_a + np.asarray(registry_a) - above.lattice_point_a
    away = wanted - shift_in_particle_a(found, above, below)
    parts = away @ np.linalg.inv(_cell_a(below, found.substrate_directions))
    return found.at_registry(found.shift_a[:2] + parts @ found.common.lattice_a)


def laid(
    film: HalfParticle, substrate: HalfParticle, interface: Interface
) -> tuple[OrientedHalf, OrientedHalf]:
    """Return film and substrate turned as in an interface, both faces about the origin at z = 0.

    Raises
    ------
    InputError
        If these are not the halves of that interface.
    """
    for half, face in ((film, interface.film), (substrate, interface.substrate)):
        cut = face.termination
        periods = (half.face.offset_a - cut.offset_a) / half.crystal.spacing_a(half.face.hkl)
        off_a = abs(periods - np.rint(periods)) * half.crystal.spacing_a(half.face.hkl)
        is_other = not is_same(face.crystal, half.crystal) or cut.hkl != half.face.hkl
        if is_other or off_a > SAME_CUT_A:
            raise InputError(
                f"the interface is one of {face.crystal.name} {list(cut.hkl)}, cut at "
                f"{cut.offset_a:.3f} Å, but the half is {half.crystal.name} "
                f"{list(half.face.hkl)}, cut at {half.face.offset_a:.3f} Å; join the halves of the "
                "interface, or let it be found for these"
            )
    return (
        OrientedHalf.of(film, interface.film_directions[0], outward_z=-1.0),
        OrientedHalf.of(substrate, interface.substrate_directions[0], outward_z=1.0),
    )


def shift_in_particle_a(interface: Interface, above: OrientedHalf, below: OrientedHalf) -> Floats:
    """Return the shift (x, y) in Å of a film, of those that are the same registry the shortest.

    Parameters
    ----------
    interface : Interface
        The interface.
    above, below : OrientedHalf
        Film and substrate, as `laid` lays them.
    """
    on_film = _cell_a(above, interface.film_directions)
    on_substrate = _cell_a(below, interface.substrate_directions)
    common = np.linalg.inv(interface.common.lattice_a)
    # all in units of the common cell: where the middles of both faces lie, and the translation
    middle_of_film = -above.lattice_point_a @ np.linalg.inv(on_film)
    middle_of_substrate = -below.lattice_point_a @ np.linalg.inv(on_substrate)
    moved = np.array(interface.shift_a[:2]) @ common
    shift_a = (middle_of_film + moved - middle_of_substrate) @ on_substrate
    shortest = _shortest(shift_a, interface.registry_lattice_a @ common @ on_substrate)
    return np.asarray(shortest.round(9) + 0.0)


def particle_continuity(
    interface: Interface, above: OrientedHalf, below: OrientedHalf, ions: tuple[IonTable, IonTable]
) -> Continuity:
    """Return how far the cations of a joined particle are one subnetwork.

    Parameters
    ----------
    interface : Interface
        Its interface, which tells whose lattice is continued.
    above, below : OrientedHalf
        Film and substrate in their places.
    ions : pair of IonTable
        The ions kept of film and substrate.
    """
    spacing_a = interface.boundary.spacing_a
    depth_a = LAYER_IN_SPACINGS * spacing_a
    faces = [one.face(side, depth_a) for one, side in zip(ions, (-1.0, 1.0), strict=True)]
    on_film = interface.continued == "film"
    met = faces[1] if on_film else faces[0]
    reach_a = float(np.linalg.norm(met.positions_a[:, :2], axis=1).max())
    sites = (above if on_film else below).continued_cations(reach_a, depth_a)
    sides = (sites, met) if on_film else (met, sites)
    rim_a = matching_tolerance_a(spacing_a)
    both = [
        np.maximum(*(half.outside_a(one.positions_a[:, :2]) for half in (above, below))) <= -rim_a
        for one in sides
    ]
    return finite_continuity(
        *sides, (both[0], both[1]), interface.continued, interface.boundary.spacings_a
    )


def refuse_what_cannot_be_joined(film: HalfParticle, substrate: HalfParticle) -> None:
    """Refuse one crystal on itself, two of one name, and halves that shall keep a symmetry."""
    refuse_same(film.crystal, substrate.crystal, ("film", "substrate"))
    refuse_one_name(film.crystal, substrate.crystal)
    for half in (film, substrate):
        refuse_molecules(half.crystal, "heterostructures")
        if half.options.symmetry != "none":
            raise InputError(
                f"{half.crystal.name}: symmetry {half.options.symmetry} can't be kept beside an "
                "interface; take balance.symmetry out"
            )


def _cell_a(side: OrientedHalf, directions: Directions) -> Floats:
    """Lattice vectors of the coincidence cell on one side, as it is laid: (x, y) in Å as rows."""
    cell = [side.half.face_vector_a(uvw) @ side.turn.T for uvw in directions]
    return np.array(cell)[:, :2]


def _shortest(shift_a: Floats, lattice_a: Floats) -> Floats:
    """Shortest of the shifts in the plane that differ by vectors of a lattice, shape (2,)."""
    reduced = reduced_lattice_a(lattice_a)
    steps = np.arange(-1, 2)
    around = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    shifts = shift_a - (np.rint(shift_a @ np.linalg.inv(reduced)) + around) @ reduced
    lengths = np.linalg.norm(shifts, axis=1).round(6)
    return np.asarray(shifts[np.lexsort((*shifts.T.round(6), lengths))[0]])
