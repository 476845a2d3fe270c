"""Heterostructures: two halves joined at an interface that was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import is_same
from epicarve.builder.hetero import HalfParticle, interface_of
from epicarve.builder.hetero import join as join_along
from epicarve.builder.interfaces import Interface
from epicarve.builder.output import described
from epicarve.builder.report import Provenance
from epicarve.errors import InputError, refusing_unknown_names, require_kind
from epicarve.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.interfaces import Face
    from epicarve.builder.model import Model


@refusing_unknown_names
def join(
    film: HalfParticle,
    substrate: HalfParticle,
    interface: Interface,
    *,
    registry_a: Sequence[float] | None = None,
    gap_a: float | None = None,
) -> Model:
    """Join two halves along an interface, and choose the ions of both in one optimisation.

    Planes, terminations, directions, registry and gap are those of the interface, unless given.

    Parameters
    ----------
    film, substrate : HalfParticle
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
        require_kind(
            half, HalfParticle, f"join: the {side}", "give epicarve.half_of(crystal, shape)"
        )
        _refuse_other_face(side, half, face)
    if registry_a is not None:
        directions = interface.film_directions, interface.substrate_directions
        interface = interface_of(film, substrate, directions, registry_a)
    janus = join_along(film, substrate, interface, gap_a=gap_a)
    crystals = (film.crystal, substrate.crystal)
    rotations = rotations_of(film, substrate, interface)
    return described(janus.model, crystals, Provenance(version=__version__), rotations)


def rotations_of(
    film: HalfParticle, substrate: HalfParticle, interface: Interface
) -> dict[str, Floats]:
    """Return how the crystals of two halves are turned when they are joined, by their names."""
    return {
        film.crystal.name: film.rotation(interface.film_directions[0], outward_z=-1.0),
        substrate.crystal.name: substrate.rotation(
            interface.substrate_directions[0], outward_z=1.0
        ),
    }


def _refuse_other_face(side: str, half: HalfParticle, face: Face) -> None:
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
