"""Atoms of a cluster that does not repeat, whatever file they are from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import OVERLAP, shortest_contact
from epicarve.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

    from epicarve.arrays import Floats, Strings

LEAST_VACUUM_A = 6.0
"""A cell holds a cluster if this much of it, in Å, is empty along each vector by which it repeats:
more than between the layers of any crystal."""

BOX_MARGIN_A = 20.0
"""Vacuum in Å of the box in which contacts are looked for, so that none is between images."""


def cluster_of_atoms(name: str, atoms: Atoms) -> tuple[Strings, Floats]:
    """Return elements and coordinates in Å of the atoms of a cluster, whole and not repeated.

    A cluster that lies across the faces of a periodic cell is put together.

    Parameters
    ----------
    name : str
        What to name in messages.
    atoms : Atoms
        The atoms.

    Raises
    ------
    InputError
        If they repeat without vacuum between, are no elements, share sites, or lie closer to each
        other than atoms can.
    """
    symbols = np.array(list(atoms.symbols))
    strange = np.flatnonzero(atoms.numbers == 0)
    if strange.size:
        raise InputError(
            f"{name}: atom {strange[0] + 1} is no element; take it out, or name its element"
        )
    shares = [share for site in atoms.info.get("occupancy", {}).values() for share in site.values()]
    if any(share != 1 for share in shares):
        raise InputError(
            f"{name}: a site is occupied to {min(shares):g}; give a structure with whole atoms"
        )
    positions_a = _without_images(name, atoms)
    contact = shortest_contact(*_boxed(positions_a), symbols, OVERLAP)
    if contact is not None:
        first, second, distance_a = contact
        raise InputError(
            f"{name}: {first} and {second} lie {distance_a:.2f} Å apart, closer than atoms can be; "
            "give coordinates in Å, each atom once"
        )
    return symbols, positions_a


def _without_images(name: str, atoms: Atoms) -> Floats:
    """Return the coordinates with the cluster in one piece; refuse what repeats."""
    positions_a = np.array(atoms.positions, dtype=float)
    if not atoms.pbc.any():
        return positions_a
    cell_a = np.array(atoms.cell.array)
    if abs(np.linalg.det(cell_a)) < 1.0:
        raise InputError(f"{name}: it repeats in a cell without volume; take the cell out")
    reciprocal = np.linalg.inv(cell_a)
    fractional = positions_a @ reciprocal
    for axis in np.flatnonzero(atoms.pbc).tolist():
        height_a = 1.0 / np.linalg.norm(reciprocal[:, axis])
        along = np.sort(fractional[:, axis] % 1.0)
        empty = np.diff(np.append(along, along[0] + 1.0))
        widest = int(np.argmax(empty))
        if empty[widest] * height_a < LEAST_VACUUM_A:
            raise InputError(
                f"{name}: it repeats along {'abc'[axis]} with {empty[widest] * height_a:.1f} Å of "
                f"vacuum, less than the {LEAST_VACUUM_A:g} Å around a cluster; give a crystal as "
                "crystal: with a shape, or take the cell out of the file"
            )
        middle = along[widest] + 0.5 * empty[widest]
        fractional[:, axis] = (fractional[:, axis] - middle) % 1.0
    return np.asarray(fractional @ cell_a)


def _boxed(positions_a: Floats) -> tuple[Floats, Floats]:
    """Return the cell in Å of a box around a cluster, and its coordinates in units of that."""
    low = positions_a.min(axis=0)
    edge_a = float((positions_a - low).max()) + BOX_MARGIN_A
    return edge_a * np.eye(3), (positions_a - low) / edge_a
