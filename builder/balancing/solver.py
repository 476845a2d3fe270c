"""The best edits of a cut: relax, round, level the dipole, and prove how good they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint, linprog
from scipy.sparse import csr_array, vstack

from .dipole import levelled
from .highs import WHOLE, Highs, Relaxed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .program import Program

GAP_LIMIT = 5e-4
"""Proven relative gap at which the search stops, if there are more than `EXACT_COLUMNS` edits."""

EXACT_COLUMNS = 200
"""Programs of up to this many edits are solved until the gap is 0."""

POOL_COLUMNS = 600
"""Edits that the integer search looks at in a program that is not solved to gap 0."""

FIRST_REACH = 1.0
"""How far in steps the reduced cost of an edit may lie for rounding to look at it."""

POOL_OF_CHARGE = 24
ROUNDINGS = ((0, 1.0), (0, 1.5), (1, 1.0), (1, 1.5), (2, 1.0), (2, 1.5), (None, 1.0), (None, 1.5))
"""Steps above the fewest, and factors on the price of the dipole, in the order of what is tried."""

TANGENT_ROUNDS = 20
MAX_TURNS = 4
BRANCH_NODES = 200
ANYHOW_GAP = 0.05


@dataclass(frozen=True)
class Solution:
    """A choice of edits and what is proven of it, in steps."""

    y: NDArray[np.float64]
    value: float
    bound: float
    costs: Mapping[str, float]


class Solver:
    """Search for the best edits of a program.

    Parameters
    ----------
    program : Program
        What is solved.
    steps : int
        Steps that the best edits may have; if they have more, the search is made again.
    """

    def __init__(self, program: Program, steps: int = 0) -> None:
        self.program = program
        self.highs = Highs(program, steps)
        self.exact = program.edits.n_columns <= EXACT_COLUMNS

    def solve(self) -> Solution | None:
        """Return the best edits found and what is proven of them; None if there are none."""
        stages = self._stages()
        if stages is None:
            return None
        relaxed, costs = stages
        found = self._rounded(relaxed)
        if len(self.program.charges) > 1 and (found is None or self.program.level(found)):
            found = self._by_domains(found)
        if found is None:
            found = self._anyhow(relaxed)
        if found is None:
            return None
        bound = relaxed.value
        for improve in (self._keep, self._lagrange, self._searched, self._branched):
            found, bound = improve(relaxed, found, bound)
            bound = self._raised(relaxed, found, bound)
            if self._gap(found, bound) <= self._gap_limit:
                break
        steps = self.program.steps(found)
        if steps > self.highs.steps_covered:  # bonds might outweigh a step
            return Solver(self.program, 2 * steps).solve()
        value = self.value(found)
        costs["whole ions"] = value - relaxed.value
        return Solution(found, value, min(bound, value), costs)

    def _by_domains(self, found: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        """Whole edits of one domain after the other, each the best beside those of the others.

        First each domain by itself, then in turn with the dipole of the whole, as long as that
        makes the whole better.
        """
        program = self.program
        y = np.zeros(program.edits.n_columns)
        for turn in range(MAX_TURNS):
            before = y.copy()
            for number in range(len(program.charges)):
                solver = Solver(program.part(number, y, whole=turn > 0))
                stages = solver._stages()
                edits = None if stages is None else solver._rounded(stages[0])
                if edits is None:
                    return found
                y[program.edits.domain == number] = edits
            if self._is_feasible(y) and (found is None or self.value(y) < self.value(found)):
                found = y.copy()
            elif turn > 0 or (y == before).all():
                break
        return found

    def _is_feasible(self, y: NDArray[np.float64]) -> bool:
        """Whether whole edits satisfy all rows but those of the dipoles, which have a price."""
        program = self.program
        return bool(
            (program.charges @ y == program.charge_limit).all()
            and (program.ratio.matrix @ y <= program.ratio.limit + WHOLE).all()
            and (program.local.matrix @ y <= program.local.limit + WHOLE).all()
        )

    def is_feasible(self) -> bool:
        """Whether some edits satisfy all rows."""
        stages = self._stages()
        return stages is not None and self._anyhow(stages[0]) is not None

    def value(self, y: NDArray[np.float64]) -> float:
        """Objective of whole edits in steps."""
        return float(self.program.steps(y) + self.program.bonds(y) / self.highs.weight)

    @property
    def _gap_limit(self) -> float:
        return 0.0 if self.exact else GAP_LIMIT

    def _enough(self, relaxed: Relaxed) -> float:
        """Objective at which nothing better needs to be looked for."""
        return relaxed.value + self._gap_limit * abs(relaxed.value) + 1e-9

    def _gap(self, y: NDArray[np.float64], bound: float) -> float:
        value = self.value(y)
        return (value - bound) / max(abs(value), 1.0) if value - bound > WHOLE else 0.0

    def _stages(self) -> tuple[Relaxed, dict[str, float]] | None:
        """Relax with one constraint more at a time; what each adds to the objective."""
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
        return relaxed, costs

    def _holds(self, name: str, y: NDArray[np.float64]) -> bool:
        program = self.program
        if name == "charge":
            return bool((np.abs(program.charges @ y - program.charge_limit) < WHOLE).all())
        if name == "dipole":
            return all(np.linalg.norm(limit.after(y)) <= limit.free for limit in program.dipoles)
        rows = program.local if name == "coordination" else program.ratio
        return bool((rows.matrix @ y <= rows.limit + WHOLE).all())

    def _pool(
        self, relaxed: Relaxed, reach: float, *, whole: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Columns that an objective within reach may change, and those that it must contain.

        Only the nearest `POOL_COLUMNS`, and the nearest of each charge, unless the whole is asked
        for; of equals such as lie spread over the particle.
        """
        n = len(relaxed.y)
        scattered = np.arange(n) * 2654435761 % 2**32
        order = np.lexsort((scattered, np.round(relaxed.reduced, 9)))
        is_open = np.zeros(n, dtype=bool)
        near = order[relaxed.reduced[order] <= reach]
        if whole or self.exact:
            is_open[near] = True
        else:
            is_open[near[:POOL_COLUMNS]] = True
            edits = self.program.edits
            kinds = np.stack([edits.domain, edits.charges])[:, order]
            for kind in np.unique(kinds, axis=1).T:
                is_open[order[(kind == kinds.T).all(axis=1)][:POOL_OF_CHARGE]] = True
        is_open |= (relaxed.y > WHOLE) & (relaxed.y < 1.0 - WHOLE)
        columns = np.flatnonzero(is_open | (relaxed.y >= 1.0 - WHOLE))
        return columns, ~is_open[columns]

    def _least_steps(self, bound: float, steps: float) -> int:
        """Fewest steps of any solution of at most so many, given a bound: bonds weigh little."""
        return int(np.ceil(bound - self.highs.most_bonds * steps / self.highs.weight - WHOLE))

    def _rounded(self, relaxed: Relaxed) -> NDArray[np.float64] | None:
        """Whole edits near the relaxed ones, the dipole priced in and then levelled by swaps.

        First with just the fewest steps that any solution can have, then with as many as it
        takes.
        """
        program = self.program
        columns, taken = self._pool(relaxed, FIRST_REACH)
        least = self._least_steps(relaxed.value, relaxed.value + 2.0)
        best: NDArray[np.float64] | None = None
        for more, factor in ROUNDINGS:
            steps = None if more is None else least + more
            y, _, _ = self._priced_whole(relaxed, columns, taken, factor, steps)
            if y is not None:
                y = levelled(program, y, columns[~taken], self.highs.cost, self._enough(relaxed))
                if best is None or self.value(y) < self.value(best):
                    best = y
                if steps is not None and program.steps(best) <= steps:
                    break
        return best

    def _priced_whole(
        self,
        relaxed: Relaxed,
        columns: NDArray[np.int64],
        taken: NDArray[np.bool_],
        factor: float,
        steps: int | None,
    ) -> tuple[NDArray[np.float64] | None, float, bool]:
        """Solve in whole numbers with a price on the dipole in place of its limit."""
        dipoles, m = self.program.dipoles, len(columns)
        objective = self.highs.objective(columns)
        for number, limit in enumerate(dipoles):
            force = factor * relaxed.force[number]
            objective[:m] -= force @ limit.moments[:, columns]
            pull = float(np.linalg.norm(force)) * limit.free
            objective[m + 3 * len(dipoles) + number] = -float(force @ limit.start) - pull
        extra = None
        if steps is not None:
            row = np.r_[self.program.edits.steps[columns], np.zeros(len(objective) - m)][None]
            extra = LinearConstraint(row.astype(float), steps, steps)
        return self.highs.whole(objective, columns, taken, GAP_LIMIT, dipole=False, extra=extra)

    def _keep(
        self, relaxed: Relaxed, found: NDArray[np.float64], bound: float
    ) -> tuple[NDArray[np.float64], float]:
        """Take the bound of the relaxed program as it is."""
        return found, bound

    def _lagrange(
        self, relaxed: Relaxed, found: NDArray[np.float64], bound: float
    ) -> tuple[NDArray[np.float64], float]:
        """Bound by Lagrange's theorem: whole numbers, the dipole priced and not limited."""
        for force, limit in zip(relaxed.force, self.program.dipoles, strict=True):
            if float(np.linalg.norm(force)) * limit.free > limit.level_steps:
                return found, bound
        columns, taken = self._pool(relaxed, self.value(found) - relaxed.value)
        _, proven, _ = self._priced_whole(relaxed, columns, taken, 1.0, None)
        return found, max(bound, min(proven, self._beyond(relaxed, columns[~taken])))

    def _beyond(self, relaxed: Relaxed, pool: NDArray[np.int64]) -> float:
        """Bound of all solutions that differ from the relaxed one outside a pool."""
        outside = np.ones(len(relaxed.y), dtype=bool)
        outside[pool] = False
        return relaxed.value + float(relaxed.reduced[outside].min(initial=np.inf))

    def _raised(self, relaxed: Relaxed, found: NDArray[np.float64], bound: float) -> float:
        """Raise a bound that is not good enough by what follows from steps being whole."""
        steps = self.program.steps(found)
        if self._gap(found, bound) <= self._gap_limit or self._least_steps(bound, steps) < steps:
            return bound
        return max(bound, self._fewest_bonds(relaxed, steps))

    def _fewest_bonds(self, relaxed: Relaxed, steps: int) -> float:
        """Bound of the objective of all solutions with this many steps, the fewest there are."""
        program = self.program
        reach = steps + self.highs.most_bonds * steps / self.highs.weight - relaxed.value
        columns, taken = self._pool(relaxed, reach, whole=True)
        limit = np.r_[program.edits.steps[columns], self.highs.beyond]
        rows = self.highs.rows(columns, charge=True, ratio=True, dipole=True)
        low, high = self.highs.bounds(taken.astype(float))
        found = linprog(
            np.r_[program.edits.bonds[columns], np.zeros(len(low) - len(columns))],
            A_ub=vstack([rows.upper, csr_array(limit[None].astype(float))], format="csr"),
            b_ub=np.r_[rows.upper_limit, float(steps)],
            A_eq=rows.equal,
            b_eq=rows.equal_limit,
            bounds=np.column_stack([low, high]),
            method="highs-ds",
        )
        if found.x is None:
            return relaxed.value
        return float(steps + np.ceil(found.fun - WHOLE) / self.highs.weight)

    def _searched(
        self, relaxed: Relaxed, found: NDArray[np.float64], bound: float
    ) -> tuple[NDArray[np.float64], float]:
        """Look for better edits with the fewest steps, then with one step more, and so on.

        That no solution has so few steps is proven over the columns that one could hold.
        """
        steps = self.program.steps(found)
        target = self._least_steps(bound, steps)
        while target <= steps:
            reach = target + self.highs.most_bonds * steps / self.highs.weight - relaxed.value
            columns, taken = self._pool(relaxed, reach, whole=True)
            if len(columns) > POOL_COLUMNS:
                break
            y, proven, decided = self._with_steps(columns, taken, target)
            if y is not None and self.value(y) < self.value(found):
                found = y
            if y is not None:
                return found, max(bound, proven)
            if not decided:
                break
            target += 1
            bound = max(bound, target - self.highs.most_bonds * steps / self.highs.weight)
        return found, bound

    def _with_steps(
        self, columns: NDArray[np.int64], taken: NDArray[np.bool_], steps: int
    ) -> tuple[NDArray[np.float64] | None, float, bool]:
        """Best edits of at most so many steps, their bound, and whether the answer is final."""
        row = np.r_[self.program.edits.steps[columns], self.highs.beyond]
        limit = LinearConstraint(row[None].astype(float), -np.inf, steps)
        objective = self.highs.objective(columns)
        for _ in range(TANGENT_ROUNDS):
            y, proven, decided = self.highs.whole(
                objective, columns, taken, self._gap_limit, dipole=True, extra=limit
            )
            if y is None:
                return None, proven, decided
            fits = self.program.steps(y) <= steps
            if fits and self._gap(y, proven) <= self._gap_limit:
                return y, proven, decided
            if self.highs.is_tangent(y):
                return (y if fits else None), proven, fits and decided
        return None, -np.inf, False

    def _branched(
        self, relaxed: Relaxed, found: NDArray[np.float64], bound: float
    ) -> tuple[NDArray[np.float64], float]:
        """Branch and bound over the pool with the dipole, up to `BRANCH_NODES` nodes."""
        columns, taken = self._pool(relaxed, self.value(found) - relaxed.value)
        y, proven, _ = self.highs.whole(
            self.highs.objective(columns),
            columns,
            taken,
            self._gap_limit,
            dipole=True,
            nodes=BRANCH_NODES,
        )
        if y is not None and self.value(y) < self.value(found):
            found = y
        return found, max(bound, min(proven, self._beyond(relaxed, columns[~taken])))

    def _anyhow(self, relaxed: Relaxed) -> NDArray[np.float64] | None:
        """Any whole edits that satisfy all rows, or None if there are none."""
        for reach in (8.0, np.inf):
            columns, taken = self._pool(relaxed, reach, whole=True)
            y, _, _ = self.highs.whole(
                self.highs.objective(columns), columns, taken, ANYHOW_GAP, dipole=False
            )
            if y is not None:
                some = columns[~taken][:POOL_COLUMNS]
                return levelled(self.program, y, some, self.highs.cost, self._enough(relaxed))
        return None
