"""The best edits of a cut: relax, round, level the dipole, and prove how good they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from .cp_sat import Effort
from .dual_bounds import CUTS_COLUMNS, GAP_LIMIT, PART_NODES, POOL_COLUMNS, PRICED_NODES, DualBounds
from .highs import FEW_COLUMNS, FEW_NODES, WHOLE, Highs, Relaxed
from .progress import report
from .search_by_cost import (
    TANGENT_ROUNDS,
    by_cuts,
    domains_separately,
    tightened,
    with_fewest_steps,
)
from .surface_region import STEP_A

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from epicarve.arrays import Floats

    from .program import Program

    Improve = Callable[[DualBounds, Floats, float], tuple[Floats, float]]

FIRST_REACH = 2.0
"""How far in steps the reduced cost of an edit may lie for rounding to look at it."""

PART_ROUNDINGS = ((0, 1.0), (None, 1.5))
ROUNDINGS = ((0, 1.0), (0, 1.5), (1, 1.0), (1, 1.5), (2, 1.0), (2, 1.5), (None, 1.5))
"""Steps above the fewest, and factors on the price of the dipole, in the order of what is tried;
fewer in a turn of one domain of several."""

MAX_TURNS = 1
DIRECT_NODES, DIRECT_ROUNDS = 500, 3
BRANCH_NODES = 50

EFFORT, PART_EFFORT, ALONE_EFFORT = 12.0, 2.0, 4.0
"""What exact searches may cost: for a model in all, for a turn of one domain of several beside
the others, and for what all domains cost at least by themselves."""

FEW_STEPS_SHARE = 0.2
"""Share of the effort that is searched by numbers of steps before branch and cut."""

FEW_LEVELS = 3
"""Largest level of a dipole that branch and cut looks for in a turn of one domain: so its lattice
has few points."""

ANYHOW_GAP = 0.05


@dataclass(frozen=True)
class Solution:
    """A choice of edits and what is proven of it, in steps; whole ones that any has at least."""

    y: Floats
    value: float
    bound: float
    costs: Mapping[str, float]
    least: int


class Solver:
    """Search for the best edits of a program.

    Parameters
    ----------
    program : Program
        What is solved.
    steps : int
        Steps that the best edits may have; if they have more, the search is made again.
    least : int
        Steps that any edits have at least, as is known from a program with fewer rows.
    effort : Effort, optional
        What all exact searches together may cost.
    """

    def __init__(
        self, program: Program, steps: int = 0, least: int = 0, effort: Effort | None = None
    ) -> None:
        self.program = program
        self.least = least
        self.effort = Effort(EFFORT) if effort is None else effort
        self.highs = Highs(program, steps)

    def solve(self, *, thorough: bool = True) -> Solution | None:
        """Return the best edits found and what is proven of them; None if there are none.

        A search that is not thorough leaves the gap of hard programs open.
        """
        report(self.program.edits.n_columns, None, None)
        stages = self.stages()
        if stages is None:
            return None
        dual, costs = stages
        if not thorough:
            dual.nodes = PART_NODES
        several = len(self.program.charges) > 1
        found = self._first_by_domains(dual) if several else None
        for find in (_rounded, _any_feasible):
            if found is None:
                found = find(dual)
        if found is None:
            return None
        if several:
            share = Effort(min(ALONE_EFFORT, self.effort.left))
            self.effort.left -= share.left
            dual.alone = domains_separately(dual, found, effort=share)
            self.effort.left += share.left
            if dual.alone:
                self.highs.least = np.array([each.least for each in dual.alone])
            self.least = max(self.least, int(self.highs.least.sum()))
        bound = max(dual.relaxed.value, dual.of_steps(self.least, found))
        improvements: list[Improve] = [
            _keep,
            _lagrange,
            *self._by_cuts(several=several, thorough=thorough),
            partial(with_fewest_steps, effort=self.effort),
        ]
        if thorough:
            improvements += [_solve_exact, self._reoptimise_domains, _branched]
        for improve in improvements:
            found, bound = improve(dual, found, bound)
            bound = tightened(dual, found, bound)
            report(self.program.edits.n_columns, STEP_A * dual.value(found), STEP_A * bound)
            limit = GAP_LIMIT if improve is _solve_exact else dual.gap_limit
            limit = limit if thorough else GAP_LIMIT
            if dual.gap(found, bound) <= limit:
                break
        steps = self.program.steps(found)
        if steps > self.highs.steps_covered:  # bonds might outweigh a step
            return Solver(self.program, 2 * steps, self.least, self.effort).solve(thorough=thorough)
        value = dual.value(found)
        costs["whole ions"] = value - dual.relaxed.value
        proven = value if value - bound <= WHOLE else bound
        return Solution(found, value, proven, costs, dual.least_steps(bound, steps))

    def _by_cuts(self, *, several: bool, thorough: bool) -> list[Improve]:
        """Branch and cut for all domains at once and for turns of one, if these are not small."""
        if self.program.edits.n_columns <= CUTS_COLUMNS or not (several or not thorough):
            return []
        share, most_level = (1.0, np.inf) if thorough else (0.5, FEW_LEVELS)
        return [
            self._by_few_steps,
            partial(by_cuts, effort=self.effort, share=share, most_level=most_level),
        ]

    def _by_few_steps(self, dual: DualBounds, found: Floats, bound: float) -> tuple[Floats, float]:
        """Search by numbers of steps with a small share of the effort: many programs end here."""
        budget = Effort(FEW_STEPS_SHARE * self.effort.left)
        self.effort.left -= budget.left
        found, bound = with_fewest_steps(dual, found, bound, effort=budget)
        self.effort.left += budget.left
        return found, bound

    def _first_by_domains(self, dual: DualBounds) -> Floats | None:
        """Edits of each domain beside those that the relaxed program has of the others.

        So its dipole is made to fit theirs. If there are none, the first is solved by itself.
        """
        found = self._by_domains(dual.relaxed.y, are_known=True)
        if found is None:
            found = self._by_domains(np.zeros(len(dual.relaxed.y)), are_known=False)
        return found

    def _by_domains(self, y: Floats, *, are_known: bool) -> Floats | None:
        """Best edits of one domain after the other, each beside those of the others.

        The dipole of the whole counts where the edits of all others are known.
        """
        program, n_domains = self.program, len(self.program.charges)
        y = y.copy()
        for number in range(n_domains):
            whole = are_known or number == n_domains - 1
            share = min(PART_EFFORT, self.effort.left)
            part = Solver(program.part(number, y, whole=whole), effort=Effort(share))
            solution = part.solve(thorough=False)
            self.effort.left -= share - part.effort.left
            if solution is None:
                return None
            y[program.edits.domain == number] = solution.y
        return y if self._is_feasible(y) else None

    def _is_feasible(self, y: Floats) -> bool:
        """Whether whole edits satisfy all rows but those of the dipoles, which have a price."""
        program = self.program
        return bool(
            (program.charges @ y == program.charge_limit).all()
            and (program.ratio.matrix @ y <= program.ratio.limit + WHOLE).all()
            and (program.local.matrix @ y <= program.local.limit + WHOLE).all()
        )

    def relaxed_value(self) -> float:
        """Objective in steps of the relaxed program, infinite if nothing satisfies all rows."""
        stages = self.stages()
        return math.inf if stages is None else stages[0].relaxed.value

    def is_feasible(self) -> bool:
        """Whether some edits satisfy all rows."""
        stages = self.stages()
        return stages is not None and _any_feasible(stages[0]) is not None

    def stages(self) -> tuple[DualBounds, dict[str, float]] | None:
        """Return the program with its relaxation, and what each constraint adds to the objective.

        Constraints are added one after the other; None if nothing satisfies all.
        """
        program = self.program
        n = program.edits.n_columns
        no_force = np.zeros((len(program.dipoles), 3))
        relaxed = Relaxed(0.0, np.zeros(n), self.highs.cost.copy(), no_force)
        costs: dict[str, float] = {}
        groups = {"charge": False, "ratio": False, "dipole": False}
        for name in ("coordination", "charge", "ratio", "dipole"):
            before = relaxed.value
            if name in groups:
                groups[name] = True
            if not self._holds(name, relaxed.y):
                tighter = self.highs.relax(**groups)
                if tighter is None:
                    return None
                relaxed = tighter
            costs[name] = max(0.0, relaxed.value - before)
        return DualBounds(program, self.highs, relaxed), costs

    def _holds(self, name: str, y: Floats) -> bool:
        program = self.program
        if name == "charge":
            return bool((np.abs(program.charges @ y - program.charge_limit) < WHOLE).all())
        if name == "dipole":
            return all(np.linalg.norm(limit.after(y)) <= limit.free for limit in program.dipoles)
        rows = program.local if name == "coordination" else program.ratio
        return bool((rows.matrix @ y <= rows.limit + WHOLE).all())

    def _reoptimise_domains(
        self, dual: DualBounds, found: Floats, bound: float
    ) -> tuple[Floats, float]:
        """Look for better edits of each domain beside those that the others have now."""
        several = len(self.program.charges) > 1
        for _ in range(MAX_TURNS if several and self.effort.left > 0.0 else 0):
            better = self._by_domains(found, are_known=True)
            if better is None or dual.value(better) >= dual.value(found):
                break
            found = better
        return found, bound


def _rounded(dual: DualBounds) -> Floats | None:
    """Whole edits near the relaxed ones, with a price on the dipole, then balanced by swaps.

    First with as many steps as it takes, which also tells the fewest that any solution can
    have; then with just these, and so on.
    """
    columns, taken = dual.pool(FIRST_REACH)
    y, bound = dual.lagrange(columns, taken)
    if bound == np.inf:
        return None
    least = dual.least_steps(bound, bound + 2.0)
    best = dual.balance_dipole(y, columns[~taken])
    for more, factor in ROUNDINGS if dual.nodes == PRICED_NODES else PART_ROUNDINGS:
        if best is not None and dual.program.steps(best) <= least + (more or 0):
            break
        steps = None if more is None else least + more
        y, _, _ = dual.without_limits(columns, taken, factor, steps)
        y = dual.balance_dipole(y, columns[~taken])
        if y is not None and (best is None or dual.value(y) < dual.value(best)):
            best = y
    return best


def _keep(dual: DualBounds, found: Floats, bound: float) -> tuple[Floats, float]:
    """Take the bound of the relaxed program as it is."""
    return found, bound


def _lagrange(dual: DualBounds, found: Floats, bound: float) -> tuple[Floats, float]:
    """Take Lagrange's bound over all edits that a better solution can hold."""
    columns, taken = dual.pool(dual.value(found) - dual.relaxed.value)
    y, proven = dual.lagrange(columns, taken)
    dual.proven = max(dual.proven, proven)
    y = dual.balance_dipole(y, columns[~taken])
    if y is not None and dual.value(y) < dual.value(found):
        found = y
    return found, max(bound, proven)


def _solve_exact(dual: DualBounds, found: Floats, bound: float) -> tuple[Floats, float]:
    """Solve a small program as it stands, over all columns that a better solution can hold.

    A face is added and all is solved again as long as the dipole pokes through.
    """
    is_small = dual.program.edits.n_columns <= FEW_COLUMNS
    rounds = TANGENT_ROUNDS if is_small else DIRECT_ROUNDS
    for _ in range(rounds if dual.exact else 0):
        best = dual.value(found)
        columns, taken = dual.pool(best - dual.relaxed.value)
        y, proven, decided = dual.highs.whole(
            dual.highs.objective(columns),
            columns,
            taken,
            0.0,
            most_levels=dual.most_levels(best),
            nodes=FEW_NODES if is_small else DIRECT_NODES,
        )
        if y is None:
            return found, best if decided else bound
        bound = max(bound, min(proven, best))
        if dual.value(y) < best:
            found = y
        if dual.gap(found, bound) == 0.0 or not decided or dual.highs.is_tangent(y):
            break
    return found, bound


def _branched(dual: DualBounds, found: Floats, bound: float) -> tuple[Floats, float]:
    """Branch and bound over the pool with the dipole, up to `BRANCH_NODES` nodes."""
    columns, taken = dual.pool(dual.value(found) - dual.relaxed.value)
    y, proven, _ = dual.highs.whole(
        dual.highs.objective(columns),
        columns,
        taken,
        dual.gap_limit,
        most_levels=dual.most_levels(dual.value(found)),
        nodes=BRANCH_NODES,
    )
    if y is not None and dual.value(y) < dual.value(found):
        found = y
    return found, max(bound, min(proven, dual.beyond(columns[~taken])))


def _any_feasible(dual: DualBounds) -> Floats | None:
    """Any whole edits that satisfy all rows, or None if there are none."""
    for reach in (8.0, np.inf):
        columns, taken = dual.pool(reach, whole=True)
        y, _, _ = dual.highs.whole(
            dual.highs.objective(columns), columns, taken, ANYHOW_GAP, most_levels=None
        )
        if y is not None:
            return dual.balance_dipole(y, columns[~taken][:POOL_COLUMNS])
    return None
