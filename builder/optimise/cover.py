"""Ions and ligands chosen together: first the fewest steps, then the fewest broken bonds.

Poses of ligands cost nothing by themselves, so of the choices of the fewest steps there are many.
Both programs hold all rows and the same columns. Dipoles are first left out and then made small by
swaps; where these leave them too long, the program is solved with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint
from scipy.sparse import csr_array

from .dual_bounds import EXACT_COLUMNS, GAP_LIMIT
from .highs import WHOLE
from .progress import report
from .solver import Solution, Solver
from .surface_region import STEP_A
from .swaps import balance_dipole

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

    from .dual_bounds import DualBounds
    from .program import Program

NODES, DIPOLE_NODES = 1000, 200
"""Nodes of one search in whole numbers, without limits of the dipoles and with them."""

BOND_GAP = 0.01
"""Proven relative gap of the broken bonds at which their search stops."""

REACHES = (5.0, math.inf)
"""How far in steps the reduced cost of a column may lie, in the order of what is tried."""

TANGENT_ROUNDS, MANY_ROUNDS = 5, 30
"""How often a face is added where a dipole pokes through, of many columns and of few."""

MOST_LEVELS = 50.0


@dataclass(frozen=True)
class Cover:
    """The ligands that are placed, and how good they are.

    Parameters
    ----------
    poses : ndarray of int
        The poses that are taken.
    filled : int
        Missing bonds of cations that they fill.
    broken : int
        Change of the number of broken bonds by edits of ions and by ligands.
    spare : int
        So many bonds more, at most, could be had with as few steps, as far as it is proven.
    """

    poses: Ints
    filled: int
    broken: int
    spare: int


@dataclass(frozen=True)
class _Goal:
    """What is made small: costs of the columns and of the levels of dipoles, within some steps."""

    costs: Floats
    level_costs: Floats
    gap: float
    most_steps: float

    def value(self, program: Program, y: Floats) -> float:
        levels = [float(limit.level(y)) for limit in program.dipoles]
        return float(self.costs @ y + self.level_costs @ levels)

    def is_near(self, value: float, bound: float) -> bool:
        """Whether a value is as good as the bound, to less than one."""
        return value <= bound + max(1.0 - WHOLE, self.gap * abs(bound))


def covered(program: Program) -> tuple[Solution, Cover] | None:
    """Choose ions and ligands; None if there are none that satisfy all rows.

    Parameters
    ----------
    program : Program
        The program, with poses among its columns.

    Returns
    -------
    Solution, Cover
        Edits and poses of the fewest steps, and of these of the fewest broken bonds, with what is
        proven of either.
    """
    poses, edits = program.shell.ions.poses, program.edits
    assert poses is not None  # it is not called without
    stages = Solver(program).stages()
    if stages is None:
        return None
    dual, costs = stages
    prices = np.array([float(limit.level_steps) for limit in program.dipoles])
    filled = np.r_[np.zeros(edits.n_columns - poses.n_poses), poses.filled]
    least = dual.least_steps(dual.relaxed.value, dual.relaxed.value)
    goal = _Goal(edits.bonds - filled, np.zeros(len(prices)), BOND_GAP, float(least))
    found = _best(dual, goal)
    if found is not None:  # with as few steps as the relaxed program has at least
        y, bound = found
        steps = least
    else:
        found = _best(dual, _Goal(edits.steps.astype(float), prices, GAP_LIMIT, math.inf))
        if found is None:
            return None
        y, bound = found
        steps = program.steps(y)
        least = min(steps, max(math.ceil(bound - WHOLE), least))
        goal = replace(goal, most_steps=float(steps))
        better, bound = _best(dual, goal) or (y, -math.inf)
        if goal.value(program, better) <= goal.value(program, y):
            y = better
    report(edits.n_columns, STEP_A * steps, STEP_A * least)
    broken = goal.value(program, y)
    spare = broken - math.ceil(bound - WHOLE) if bound > -math.inf else filled.sum()
    costs["whole ions"] = max(0.0, steps - dual.relaxed.value)
    n_filled = round(float(filled @ y))
    cover = Cover(program.poses(y), n_filled, round(broken), max(0, round(spare)))
    return Solution(y, float(steps), float(least), costs, least), cover


def _best(dual: DualBounds, goal: _Goal) -> tuple[Floats, float] | None:
    """Return the best whole edits and poses that were found, and the bound of their value."""
    best: Floats | None = None
    value, bound = math.inf, -math.inf
    reaches = REACHES if goal.most_steps == math.inf else (goal.most_steps + 1.0,)
    for reach in reaches:
        within = reach if goal.most_steps == math.inf else reach - dual.relaxed.value
        for is_limited in (False, True):
            known = bound if is_limited else -math.inf
            y, proven = _searched(dual, goal, within, known, is_limited=is_limited)
            is_empty = y is None and proven == math.inf
            if within < math.inf and goal.most_steps == math.inf:
                proven = min(proven, dual.relaxed.value + within)
            bound = max(bound, proven) if proven < math.inf else bound
            if y is not None and goal.value(dual.program, y) < value:
                best, value = y, goal.value(dual.program, y)
            if is_empty or (best is not None and goal.is_near(value, bound)):
                break
        is_held = bound >= dual.relaxed.value + within - WHOLE  # by the reach
        if best is not None and not (is_held and goal.most_steps == math.inf):
            break
    return None if best is None else (best, bound)


def _searched(
    dual: DualBounds, goal: _Goal, reach: float, known: float, *, is_limited: bool
) -> tuple[Floats | None, float]:
    """Search among the columns within reach, with limits of the dipoles or without.

    A bound that is known for these columns is a row, so a search ends where it is met.
    """
    highs, program = dual.highs, dual.program
    dipoles, n = program.dipoles, program.edits.n_columns
    columns, taken = dual.pool(reach, whole=True)
    costs = np.r_[goal.costs[columns], np.zeros(3 * len(dipoles)), goal.level_costs]
    levels = np.full(len(dipoles), MOST_LEVELS) if is_limited else None
    rows, lowest, highest = [costs], [known - WHOLE], [math.inf]
    if goal.most_steps < math.inf:
        spare = 0 if is_limited else sum(limit.level_steps for limit in dipoles)  # levels at one
        rows.append(np.r_[program.edits.steps[columns], highs.beyond])
        lowest.append(-math.inf)
        highest.append(goal.most_steps + spare)
    extra = LinearConstraint(csr_array(np.array(rows, dtype=float)), lowest, highest)
    best: Floats | None = None
    value, bound = math.inf, known
    rounds = MANY_ROUNDS if n <= EXACT_COLUMNS else TANGENT_ROUNDS
    for _ in range(rounds if is_limited else 1):
        y, proven, _ = highs.whole(
            costs / highs.weight,
            columns,
            taken,
            goal.gap if n > EXACT_COLUMNS else 0.0,
            most_levels=levels,
            extra=extra,
            nodes=DIPOLE_NODES if is_limited else NODES,
        )
        if y is None:
            return best, max(bound, proven)
        bound = max(bound, proven * highs.weight)
        if not is_limited:  # its levels stand at one
            bound -= float(goal.level_costs.sum())
        swap_costs = goal.costs + program.edits.steps / n
        swapped = balance_dipole(program, y, columns[~taken], swap_costs, -math.inf)
        for each in (y, swapped):
            if program.steps(each) <= goal.most_steps and goal.value(program, each) < value:
                best, value = each, goal.value(program, each)
        if goal.is_near(value, bound) or program.level(y) == 0 or highs.is_tangent(y):
            break
    return best, bound
