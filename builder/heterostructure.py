"""Heterostructures: two halves joined at an interface that was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve import __version__
from epicarve.errors import InputError, require_kind

from .identity import is_same
from .interfaces.interface import Interface
from .janus.half import Half
from .janus.join import join as join_along
from .summary import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .interfaces.face import Face
    from .janus.misfit import Directions
    from .model import Model


def join(
    film: Half,
    substrate: Half,
    interface: Interface,
    *,
    registry_a: Sequence[float] | None = None,
    gap_a: float | None = None,
) -> Model:
    """Join two halves along an interface, and choose the ions of both in one optimisation.

    Planes, terminations and the directions that lie along each other are those of the interface.
    The film keeps its own lattice here, so registry and gap are found anew for it, unless given.

    Parameters
    ----------
    film, substrate : Half
        The two halves, ``epicarve.half_of(crystal, shape)``, each with the face of the interface.
    interface : Interface
        One of ``epicarve.find_interfaces(film, substrate)``.
    registry_a : sequence of float, length 2, optional
        From a lattice point of the substrate to one of the film, in Å, along the substrate's first
        direction and across it.
    gap_a : float, optional
        Distance in Å between the outermost layers of cations of both sides.

    Returns
    -------
    Model
        Both domains, the film above z = 0; its report tells registry, gap, misfit and contacts
        under ``interface``.

    Raises
    ------
    InputError
        If a half is not of the interface's crystal, plane and termination, the halves overlap, or
        no choice of ions satisfies all that is asked for.
    """
    remedy = "give one of epicarve.find_interfaces(film, substrate)"
    require_kind(interface, Interface, "join: the interface", remedy)
    for side, half, face in (
        ("film", film, interface.film),
        ("substrate", substrate, interface.substrate),
    ):
        require_kind(half, Half, f"join: the {side}", "give epicarve.half_of(crystal, shape)")
        _refuse_other_face(side, half, face)
    on_film, on_substrate = interface.film_directions, interface.substrate_directions
    janus = join_along(film, substrate, on_film, on_substrate, registry_a=registry_a, gap_a=gap_a)
    crystals = (film.crystal, substrate.crystal)
    rotations = rotations_of(film, substrate, on_film, on_substrate)
    return described(janus.model, crystals, {"version": __version__}, rotations)


def rotations_of(
    film: Half, substrate: Half, on_film: Directions, on_substrate: Directions
) -> dict[str, NDArray[np.float64]]:
    """Return how the crystals of two halves are turned when they are joined, by their names."""
    return {
        film.crystal.name: film.rotation(on_film[0], outward_z=-1.0),
        substrate.crystal.name: substrate.rotation(on_substrate[0], outward_z=1.0),
    }


def _refuse_other_face(side: str, half: Half, face: Face) -> None:
    """Refuse a half that does not end on a face of an interface."""
    if not is_same(half.crystal, face.crystal):
        raise InputError(
            f"join: the {side} is {half.crystal.name}, but that of the interface is "
            f"{face.crystal.name}; give the halves in the order in which interfaces were looked for"
        )
    wanted, there = face.termination, half.face
    coprime = [np.array(hkl) // np.gcd.reduce(hkl) for hkl in (wanted.hkl, there.hkl)]
    if (coprime[0] != coprime[1]).any() or wanted.layer != there.layer:
        raise InputError(
            f"join: the {side} ends on {list(there.hkl)}, {there.layer}, but the interface is "
            f"{list(wanted.hkl)}, {wanted.layer}; give half_of a shape with hkl={wanted.hkl} and "
            f"termination={wanted.layer!r}"
        )
