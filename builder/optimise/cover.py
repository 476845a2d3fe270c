"""Ions and ligands chosen together: first the fewest steps, then the most missing bonds filled.

Poses of ligands cost nothing, so of the choices of the fewest steps there are many. Each of the two
programs is solved over all columns by HiGHS, with a face more as long as a dipole pokes through.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .highs import WHOLE, Highs
from .progress import report
from .solver import Solution, Solver
from .surface_region import STEP_A

if TYPE_CHECKING:
    from scipy.optimize import LinearConstraint

    from epicarve.arrays import Floats, Ints

    from .program import Program

STEP_NODES, BOND_NODES = 500, 100
"""Nodes of a search for the fewest steps, and of one for the most bonds."""

TANGENT_ROUNDS = 20

MOST_LEVELS = 50.0


@dataclass(frozen=True)
class Cover:
    """The ligands that are placed, and how good they are.

    Parameters
    ----------
    poses : ndarray of int
        The poses that are taken.
    filled : int
        Missing bonds that they fill, less those that the edits of ions break.
    most : int
        As many as any choice of as few steps can have, as far as it is proven.
    """

    poses: Ints
    filled: int
    most: int


def covered(program: Program) -> tuple[Solution, Cover] | None:
    """Choose ions and ligands; None if there are none that satisfy all rows.

    Parameters
    ----------
    program : Program
        The program, with poses among its columns.

    Returns
    -------
    Solution, Cover
        Edits and poses of the fewest steps that fill most of the missing bonds, with what is
        proven of the steps, and of the bonds.
    """
    poses, edits = program.shell.ions.poses, program.edits
    assert poses is not None  # it is not called without
    stages = Solver(program).stages()
    if stages is None:
        return None
    dual, costs = stages
    highs = Highs(program, 0)
    levels = np.full(len(program.dipoles), MOST_LEVELS)
    price = np.r_[edits.steps.astype(float), highs.beyond]
    first = _searched(highs, price, levels, STEP_NODES)
    if first is None:
        return None
    y, proven = first
    steps = program.steps(y)
    least = min(steps, max(math.ceil(proven - WHOLE), dual.least_steps(dual.relaxed.value, steps)))
    report(edits.n_columns, STEP_A * steps, STEP_A * least)
    gain = -edits.bonds.astype(float)
    gain[edits.n_columns - poses.n_poses :] += poses.filled
    levels = np.array([float(steps // limit.level_steps) for limit in program.dipoles])
    within = highs.shares(np.arange(edits.n_columns), steps)
    loss = np.r_[-gain, np.zeros(len(highs.beyond))]
    better = _searched(highs, loss, levels, BOND_NODES, within)
    most = math.inf
    if better is not None:
        most = math.floor(-better[1] + WHOLE)
        if program.steps(better[0]) <= steps and gain @ better[0] > gain @ y:
            y = better[0]
    filled = round(float(gain @ y))
    costs["whole ions"] = max(0.0, steps - dual.relaxed.value)
    cover = Cover(program.poses(y), filled, filled if most == math.inf else max(filled, int(most)))
    return Solution(y, float(steps), float(least), costs, least), cover


def _searched(
    highs: Highs,
    objective: Floats,
    levels: Floats,
    nodes: int,
    within: LinearConstraint | None = None,
) -> tuple[Floats, float] | None:
    """Return the best whole edits and poses, and the bound of their objective.

    Of several rounds, each with the faces of the one before, the best bound counts.
    """
    program, n = highs.program, highs.program.edits.n_columns
    bound, best, value = -math.inf, None, math.inf
    for _ in range(TANGENT_ROUNDS):
        y, proven, _ = highs.whole(
            objective / highs.weight,
            np.arange(n),
            np.zeros(n, dtype=bool),
            0.0,
            most_levels=levels,
            extra=within,
            nodes=nodes,
        )
        if y is None:
            break
        bound = max(bound, proven * highs.weight)
        true = np.array([float(limit.level(y)) for limit in program.dipoles])
        total = float(objective[:n] @ y + objective[len(objective) - len(true) :] @ true)
        if (true <= levels).all() and total < value:
            best, value = y, total
        if value <= bound + 1.0 - WHOLE or highs.is_tangent(y):
            break
    return None if best is None else (best, bound)
