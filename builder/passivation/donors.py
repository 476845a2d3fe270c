"""A neutral ligand put on an ion, in the direction of its missing bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from epicarve.builder.crystal import length_of_bond_a
from epicarve.builder.ligands import CONTACT, near_anchor, near_pairs

from .change import AddedLigand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats
    from epicarve.builder.ligands import Ligand

    from .surroundings import Surroundings

TURNS = 24
"""Rotations about the bond that are tried for each conformer."""

LOOKED_AT = 1.5
"""Distances beyond this share of the sum of two radii are room enough."""


def ligand_on(
    around: Surroundings, ion: int, ligand: Ligand, others: Sequence[AddedLigand] = ()
) -> AddedLigand | None:
    """Return a ligand as it binds to a cation, where it has the most room; None if it has none.

    It binds along the direction of a vacant site next to the ion, or of all of them together, by
    the length of a bond of as much valence as the ion shares out to each of its full shell. What a
    contact is, is the same as where particles are carved with ligands.

    Parameters
    ----------
    around : Surroundings
        The model.
    ion : int
        The cation, by its place in `Model.ions`.
    ligand : Ligand
        What binds, by its first anchor.
    others : sequence of AddedLigand, optional
        Ligands that are put on with it.
    """
    model, ions = around.model, around.model.ions
    directions = _directions(around, ion)
    if not directions:
        return None
    anchor = str(ligand.symbols[ligand.anchors[0]])
    valence = float(ions.charges[ion]) / max(1, int(around.shells[ion]))
    length_a = length_of_bond_a(str(ions.symbols[ion]), anchor, valence)
    angles = 2.0 * np.pi * np.arange(TURNS) / TURNS
    spins = Rotation.from_rotvec(angles[:, None] * [0.0, 0.0, 1.0]).as_matrix()
    turned = np.concatenate([each @ spins.transpose(0, 2, 1) for each in ligand.conformers_a])
    places_a = np.concatenate(
        [
            turned @ _upright(along).T + ions.positions_a[ion] + length_a * along
            for along in directions
        ]
    )
    atom, other, share = near_pairs(
        places_a.reshape(-1, 3),
        np.tile(ligand.vdw_radii_a, len(places_a)),
        np.concatenate([model.positions_a, *(each.positions_a for each in others)]),
        np.concatenate([around.radii_a, *(each.ligand.vdw_radii_a for each in others)]),
        LOOKED_AT,
    )
    pose, atom = np.divmod(atom, ligand.n_atoms)
    owner = np.r_[model.ion_of, np.full(sum(each.ligand.n_atoms for each in others), -1)]
    counts = ~(near_anchor(ligand)[atom] & (owner[other] == ion))
    room = np.full(len(places_a), LOOKED_AT)
    np.minimum.at(room, pose[counts], share[counts])
    best = int(np.argmax(np.round(room, 9)))
    return AddedLigand(ligand, places_a[best], ion) if room[best] >= CONTACT else None


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
