"""What has to be known beside the numbers of an identification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.builder.interfaces import cation_spacing_a

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .domain import Domain
    from .ions import ParticleIons
    from .meeting import FoundInterface
    from .molecular_charges import Molecule

FEWEST_IONS = 10
"""Fewer ions don't tell a crystal."""


def notes_of(
    ions: ParticleIons,
    domains: Sequence[Domain],
    interface: FoundInterface | None,
    *,
    molecules: Sequence[Molecule],
    unknown: Sequence[str],
    pairs: Mapping[str, int],
) -> tuple[str, ...]:
    """Return sentences on what has to be known beside the numbers.

    Parameters
    ----------
    ions : ParticleIons
        The ions.
    domains : sequence of Domain
        The domains.
    interface : FoundInterface or None
        How two domains lie on each other.
    molecules : sequence of Molecule
        Molecules that are no part of a crystal.
    unknown : sequence of str
        Elements and molecules without a formal charge.
    pairs : mapping of str to int
        Covalent units among the ions, by formula.
    """
    notes = []
    n_ions = int(ions.is_ion.sum())
    if n_ions < FEWEST_IONS:
        notes.append(f"{n_ions} ions are too few to tell a crystal; none was looked for.")
    elif not domains:
        notes.append("No crystal was found: the ions lie on none of the lattices looked for.")
    if len(domains) == 2 and interface is None:
        notes.append("No planes of low indices part the two domains: no interface is told.")
    if interface is not None:
        notes += _notes_of_plane(interface, domains)
    if len(domains) > 2:
        notes.append(f"{len(domains)} domains: interfaces are told of two only.")
    if molecules or not ions.is_ion.all():
        notes.append("Molecules and foreign atoms belong to no crystal and stand under foreign.")
    notes += [
        f"{count} × {formula}: anions as near to each other as if they were bonded; they are "
        "counted as single ions with the charge that each has in the crystal."
        for formula, count in sorted(pairs.items())
    ]
    if unknown:
        notes.append(
            f"No formal charge is known of {', '.join(unknown)}, so net charge and dipole are not "
            "told."
        )
    return tuple(notes)


def _notes_of_plane(interface: FoundInterface, domains: Sequence[Domain]) -> list[str]:
    """Return a sentence if whole layers may belong to either side of the interface."""
    if interface.plane_range_a <= max(cation_spacing_a(one.crystal) for one in domains):
        return []
    return [
        f"The interface may lie elsewhere: {interface.n_in_plane_range} ions within "
        f"{interface.plane_range_a:.1f} Å of height fit both lattices nearly as well, so faces, "
        "gap, registry and the numbers of ions of each domain are one choice of several."
    ]
