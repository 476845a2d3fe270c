"""Ions and ligands chosen together: first the fewest steps, then the most missing bonds filled.

Poses of ligands cost nothing, so of the choices of the fewest steps there are many. Each of the two
programs is solved over all columns by HiGHS, with a face more as long as a dipole pokes through.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .highs import WHOLE
from .progress import report
from .solver import Solution, Solver
from .surface_region import STEP_A
from .swaps import balance_dipole

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

    from .dual_bounds import DualBounds
    from .program import Program

NODES = 200

GAP = 0.01

FIRST_REACH = 5.0

TANGENT_ROUNDS = 5

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
    steps = np.r_[edits.steps.astype(float), dual.highs.beyond]
    found = _best(dual, steps, math.inf)
    if found is None:
        return None
    y, proven = found
    fewest = program.steps(y)
    least = max(math.ceil(proven - WHOLE), dual.least_steps(dual.relaxed.value, fewest))
    least = min(least, fewest)
    report(edits.n_columns, STEP_A * fewest, STEP_A * least)
    gain = -edits.bonds.astype(float)
    gain[edits.n_columns - poses.n_poses :] += poses.filled
    loss = np.r_[-gain, np.zeros(len(dual.highs.beyond))]
    better, most = _best(dual, loss, fewest) or (y, math.inf)
    if gain @ better > gain @ y:
        y = better
    filled = round(float(gain @ y))
    most = filled if most == math.inf else max(filled, math.floor(-most + WHOLE))
    costs["whole ions"] = max(0.0, fewest - dual.relaxed.value)
    solution = Solution(y, float(fewest), float(least), costs, least)
    return solution, Cover(program.poses(y), filled, most)


def _best(dual: DualBounds, objective: Floats, steps: float) -> tuple[Floats, float] | None:
    """Return whole edits and poses of at most so many steps, and the bound of their objective.

    Dipoles are first left out, and then made small by swaps. Only if that leaves them too long or
    too dear, the program is solved with them.
    """
    highs, program = dual.highs, dual.program
    n, dipoles = program.edits.n_columns, program.dipoles
    reach = math.inf if steps == math.inf else steps + 1.0 - dual.relaxed.value
    best: Floats | None = None
    value = bound = math.inf
    import time; t0=time.process_time()

    def total(y: Floats) -> float:
        levels = np.array([float(limit.level(y)) for limit in dipoles])
        return float(objective[:n] @ y + objective[len(objective) - len(levels) :] @ levels)

    for levels in (None, np.full(len(dipoles), MOST_LEVELS)):
        columns, taken = dual.pool(FIRST_REACH if steps == math.inf else reach, whole=True)
        chosen = np.r_[objective[columns], objective[n:]]
        within = None if steps == math.inf else highs.shares(columns, int(steps))
        for _ in range(TANGENT_ROUNDS):
            y, proven, _ = highs.whole(
                chosen / highs.weight, columns, taken, GAP, most_levels=levels, extra=within, nodes=NODES,
            )
            print("  ", levels is None, len(columns), round(time.process_time()-t0,2), proven*highs.weight, y is not None and (program.steps(y), program.level(y), objective[:n]@y))
            if y is None:
                break
            bound = proven * highs.weight
            z = balance_dipole(program, y, columns[~taken], objective[:n] + program.edits.steps, -math.inf)
            print("   bal", round(time.process_time()-t0,2), (program.steps(z), program.level(z), total(z)))
            for each in (y, z):
                if program.steps(each) <= steps and total(each) < value:
                    best, value = each, total(each)
            if levels is None or value <= bound + 1.0 - WHOLE or highs.is_tangent(y):
                break
        if best is not None and value < bound + max(1.0, GAP * abs(bound)) - WHOLE:
            break
    return None if best is None else (best, bound)
