"""Which amount of ligands can't be met, and how much of it the surface takes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .edits import possible_edits
from .highs import WHOLE, Highs
from .program import Program
from .surface_region import Shell

if TYPE_CHECKING:
    from .candidates import Candidates
    from .poses import Amount, Poses


def uncoverable(ions: Candidates) -> str:
    """Say which amount of ligands stands in the way; nothing if there is no model in any case.

    Parameters
    ----------
    ions : Candidates
        What could be chosen, with poses of ligands, and what cannot be satisfied.
    """
    poses = ions.poses
    assert poses is not None  # it is not called without
    pairs = tuple(each for each in poses.amounts if each.holds_pairs)
    asked = [each for each in poses.amounts if each.fewest > 0.0]
    if not asked or _most(ions, poses, pairs, asked[0]) is None:
        return ""
    for amount in asked:
        most = _most(ions, poses, pairs, amount)
        if most is not None and most < amount.fewest - WHOLE:
            return (
                f"{ions.name}: {amount.told} asks for {math.ceil(amount.fewest - WHOLE)} at least, "
                f"and {most:g} can be placed with what balance asks for; lower it, or name another "
                "ligand that balances the charge"
            )
    told = " and ".join(amount.told for amount in poses.amounts if not amount.holds_pairs)
    return (
        f"{ions.name}: {told} can't be met together with what balance asks for, though each can; "
        "widen the bounds of one"
    )


def _most(
    ions: Candidates, poses: Poses, pairs: tuple[Amount, ...], amount: Amount
) -> float | None:
    """Return the largest amount that was found beside no bounds of others; None for no model."""
    free = replace(ions, poses=replace(poses, amounts=pairs))
    shell = Shell(free)
    edits = possible_edits(shell)
    program = Program(shell, edits)
    objective = np.zeros(edits.n_columns + 4 * len(program.dipoles))
    first = edits.n_columns - poses.n_poses
    objective[first : edits.n_columns] = -amount.weights[poses.kind]
    every, none = np.arange(edits.n_columns), np.zeros(edits.n_columns, dtype=bool)
    y, _, _ = Highs(program, 0).whole(objective, every, none, 0.0, most_levels=None)
    return None if y is None else round(-float(objective[: len(y)] @ y), 6)
