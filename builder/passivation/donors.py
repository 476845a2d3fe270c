"""A neutral ligand put on an ion, in the direction of its missing bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from epicarve.builder.crystal import length_of_bond_a
from epicarve.builder.ligands import vdw_radii_a

from .change import AddedLigand

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.builder.ligands import Ligand

    from .surroundings import Surroundings

TURNS = 24
"""Rotations about the bond that are tried for each conformer."""

CONTACT = 0.8
"""No contact may be shorter than this part of the sum of the van der Waals radii (Alvarez 2013)."""

RANGE_A = 5.0
"""Atoms farther away are no contacts."""


def ligand_on(
    around: Surroundings, ion: int, ligand: Ligand, avoid_a: Floats | None = None
) -> AddedLigand | None:
    """Return a ligand as it binds to a cation, where it has the most room; None if it has none.

    It binds along the direction of a vacant site next to the ion, or of all of them together, by
    the length of a bond of as much valence as the ion shares out to each of its full shell.

    Parameters
    ----------
    around : Surroundings
        The model.
    ion : int
        The cation, by its place in `Model.ions`.
    ligand : Ligand
        What binds, by its first anchor.
    avoid_a : ndarray of float, shape (n, 3), optional
        Atoms of other ligands, which count as hydrogen.
    """
    model, ions = around.model, around.model.ions
    place = ions.positions_a[ion]
    directions = _directions(around, ion)
    anchor = str(ligand.symbols[ligand.anchors[0]])
    valence = float(ions.charges[ion]) / max(1, int(around.shells[ion]))
    length_a = length_of_bond_a(str(ions.symbols[ion]), anchor, valence)
    others = np.flatnonzero(
        (model.ion_of != ion) & (np.linalg.norm(model.positions_a - place, axis=1) < 4.0 * RANGE_A)
    )
    points = model.positions_a[others]
    radii = vdw_radii_a(model.symbols[others])
    if avoid_a is not None and len(avoid_a):
        points = np.concatenate([points, avoid_a])
        radii = np.concatenate([radii, vdw_radii_a(np.full(len(avoid_a), "H"))])
    tree = cKDTree(points) if len(points) else None
    best, room = None, CONTACT
    for direction in directions:
        upright = _upright(direction)
        for conformer in ligand.conformers_a:
            for turn in range(TURNS):
                spin = Rotation.from_rotvec([0.0, 0.0, 2.0 * np.pi * turn / TURNS]).as_matrix()
                placed = conformer @ spin.T @ upright.T + place + length_a * direction
                share = _room(placed, ligand.vdw_radii_a, tree, points, radii)
                if share > room + 1e-9:
                    best, room = placed, share
    return None if best is None else AddedLigand(ligand, best, ion)


def _directions(around: Surroundings, ion: int) -> list[Floats]:
    """Return unit vectors of missing bonds: all together first, then each."""
    vacant = around.vacant
    beside = [index for index, near in enumerate(vacant.neighbours) if ion in near]
    steps = vacant.positions_a[beside] - around.model.ions.positions_a[ion]
    if not len(steps):
        return []
    steps = steps / np.linalg.norm(steps, axis=1)[:, None]
    together = steps.sum(axis=0)
    size = float(np.linalg.norm(together))
    return [*([together / size] if size > 0.5 else []), *steps]


def _upright(direction: Floats) -> Floats:
    """Return the rotation that takes +z to a direction."""
    found, _ = Rotation.align_vectors([direction], [[0.0, 0.0, 1.0]])
    return np.asarray(found.as_matrix())


def _room(
    placed: Floats, own: Floats, tree: cKDTree | None, points: Floats, radii: Floats
) -> float:
    """Return the shortest contact as a part of the sum of both van der Waals radii."""
    if tree is None:
        return np.inf
    room = np.inf
    for atom, near in enumerate(tree.query_ball_point(placed, RANGE_A)):
        if near:
            apart = np.linalg.norm(points[near] - placed[atom], axis=1)
            room = min(room, float((apart / (radii[near] + own[atom])).min()))
    return room
