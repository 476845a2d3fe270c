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

FIRST_REACH = 2.0
"""How far in steps the reduced cost of an edit may lie for rounding to look at it."""

POOL_OF_CHARGE = 24
ROUNDINGS = ((0, 1.0), (0, 1.5), (1, 1.0), (1, 1.5), (2, 1.0), (2, 1.5), (None, 1.5))
"""Steps above the fewest, and factors on the price of the dipole, in the order of what is tried."""

TANGENT_ROUNDS = 20
MAX_TURNS = 4
BRANCH_NODES = 200
QUICK_NODES = 300
"""Nodes of a search for any edits of a number of steps, before one for the best of them."""

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
        self.priced_bound = -np.inf

    def solve(self, *, thorough: bool = True) -> Solution | None:
        """Return the best edits found and what is proven of them; None if there are none.

        A search that is not thorough leaves the gap of hard programs open.
        """
        stages = self._stages()
        if stages is None:
            return None
        relaxed, costs = stages
        several = len(self.program.charges) > 1
        found = self._by_domains(None) if several else None
        for find in (self._rounded, self._anyhow):
            if found is None:
                found = find(relaxed)
        if found is None:
            return None
        bound = self.priced_bound = relaxed.value
        improvements = [self._keep, self._priced, self._searched]
        if thorough:
            improvements += [self._again, self._branched]
        for improve in improvements:
            found, bound = improve(relaxed, found, bound)
            bound = self._raised(relaxed, found, bound)
            if self._gap(found, bound) <= self._gap_limit:
                break
        steps = self.program.steps(found)
        if steps > self.highs.steps_covered:  # bonds might outweigh a step
            return Solver(self.program, 2 * steps).solve(thorough=thorough)
        value = self.value(found)
        costs["whole ions"] = value - relaxed.value
        return Solution(found, value, min(bound, value), costs)

    def _by_domains(self, found: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        """Best edits of one domain after the other, each beside those of the others.

        The first is solved by itself; with the last one, the dipole of the whole counts too.
        """
        program, n_domains = self.program, len(self.program.charges)
        y = np.zeros(program.edits.n_columns) if found is None else found.copy()
        for number in range(n_domains):
            whole = found is not None or number == n_domains - 1
            solution = Solver(program.part(number, y, whole=whole)).solve(thorough=False)
            if solution is None:
                return found
            y[program.edits.domain == number] = solution.y
        is_better = found is None or self.value(y) < self.value(found)
        return y if is_better and self._is_feasible(y) else found

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

        First with as many steps as it takes, which also tells the fewest that any solution can
        have; then with just these, and so on.
        """
        columns, taken = self._pool(relaxed, FIRST_REACH)
        y, bound = self._lagrange(relaxed, columns, taken)
        if bound == np.inf:
            return None
        least = self._least_steps(bound, bound + 2.0)
        best = self._levelled(relaxed, y, columns[~taken])
        for more, factor in ROUNDINGS:
            if best is not None and self.program.steps(best) <= least + (more or 0):
                break
            steps = None if more is None else least + more
            y, _, _ = self._priced_whole(relaxed, columns, taken, factor, steps)
            y = self._levelled(relaxed, y, columns[~taken])
            if y is not None and (best is None or self.value(y) < self.value(best)):
                best = y
        return best

    def _levelled(
        self, relaxed: Relaxed, y: NDArray[np.float64] | None, columns: NDArray[np.int64]
    ) -> NDArray[np.float64] | None:
        """Level the dipole of edits, if there are any."""
        if y is None:
            return None
        return levelled(self.program, y, columns, self.highs.cost, self._enough(relaxed))

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
        return self.highs.whole(objective, columns, taken, GAP_LIMIT, most_levels=None, extra=extra)

    def _keep(
        self, relaxed: Relaxed, found: NDArray[np.float64], bound: float
    ) -> tuple[NDArray[np.float64], float]:
        """Take the bound of the relaxed program as it is."""
        return found, bound

    def _priced(
        self, relaxed: Relaxed, found: NDArray[np.float64], bound: float
    ) -> tuple[NDArray[np.float64], float]:
        """Take Lagrange's bound over all edits that a better solution can hold."""
        columns, taken = self._pool(relaxed, self.value(found) - relaxed.value)
        y, proven = self._lagrange(relaxed, columns, taken)
        self.priced_bound = max(self.priced_bound, proven)
        y = self._levelled(relaxed, y, columns[~taken])
        if y is not None and self.value(y) < self.value(found):
            found = y
        return found, max(bound, proven)

    def _lagrange(
        self, relaxed: Relaxed, columns: NDArray[np.int64], taken: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64] | None, float]:
        """Whole edits whose dipole has a price and no limit, which by Lagrange's theorem bounds.

        The bound is infinite if there are no edits at all.
        """
        y, proven, _ = self._priced_whole(relaxed, columns, taken, 1.0, None)
        for force, limit in zip(relaxed.force, self.program.dipoles, strict=True):
            if float(np.linalg.norm(force)) * limit.free > limit.level_steps:
                proven = relaxed.value
        return y, max(relaxed.value, min(proven, self._beyond(relaxed, columns[~taken])))

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
        """Look for any edits with the fewest steps, then with one step more, and so on.

        That no solution has so few steps is proven over the columns that one could hold. Of the
        first ones found, those that save most bonds are looked for if the gap is still too wide.
        """
        best = self.program.steps(found)
        for target in range(self._least_steps(bound, best), best + 1):
            bonds = self.highs.most_bonds * best / self.highs.weight
            bound = max(bound, target - bonds)
            columns, taken = self._pool(relaxed, target + bonds - relaxed.value, whole=True)
            if len(columns) > POOL_COLUMNS:
                break
            levels = self._most_levels(relaxed, target + bonds)
            if target < best:
                y, decided = self._any_with_steps(columns, taken, target, levels)
                if y is None and decided:
                    continue
                y = self._levelled(relaxed, y, columns[~taken])
                if y is None:
                    break
                found = y
            bound = self._raised(relaxed, found, bound)
            if self._gap(found, bound) > self._gap_limit:
                y, proven, _ = self._with_steps(columns, taken, target, levels, save_bonds=True)
                bound = max(bound, proven) if y is not None else bound
                if y is not None and self.value(y) < self.value(found):
                    found = y
            break
        return found, bound

    def _most_levels(self, relaxed: Relaxed, value: float) -> NDArray[np.float64]:
        """Largest level of each dipole in a solution of at most this objective.

        A dipole of level n lies at most n free ones beyond its limit, which at its price λ lowers
        Lagrange's bound by n·|λ|·free, while it costs n·K.
        """
        most = []
        for force, limit in zip(relaxed.force, self.program.dipoles, strict=True):
            dearer = limit.level_steps - float(np.linalg.norm(force)) * limit.free
            room = value - self.priced_bound
            most.append(np.floor(room / dearer + WHOLE) if dearer > WHOLE else np.inf)
        return np.array(most)

    def _any_with_steps(
        self,
        columns: NDArray[np.int64],
        taken: NDArray[np.bool_],
        steps: int,
        levels: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64] | None, bool]:
        """Edits of at most so many steps, and whether the answer is final.

        Without an objective a search is often sooner at its end, but not always.
        """
        for save_bonds in (False, True):
            y, _, decided = self._with_steps(columns, taken, steps, levels, save_bonds=save_bonds)
            if y is not None or decided:
                break
        return y, decided

    def _with_steps(
        self,
        columns: NDArray[np.int64],
        taken: NDArray[np.bool_],
        steps: int,
        levels: NDArray[np.float64],
        *,
        save_bonds: bool,
    ) -> tuple[NDArray[np.float64] | None, float, bool]:
        """Edits of at most so many steps, any or the best, their bound, and if that is final."""
        row = np.r_[self.program.edits.steps[columns], self.highs.beyond]
        limit = LinearConstraint(row[None].astype(float), -np.inf, steps)
        objective = self.highs.objective(columns) * save_bonds
        for _ in range(TANGENT_ROUNDS):
            y, proven, decided = self.highs.whole(
                objective,
                columns,
                taken,
                self._gap_limit,
                most_levels=levels,
                extra=limit,
                nodes=None if save_bonds else QUICK_NODES,
            )
            if y is None:
                return None, proven, decided
            fits = self.program.steps(y) <= steps
            if fits and (not save_bonds or self._gap(y, proven) <= self._gap_limit):
                return y, proven, decided
            if self.highs.is_tangent(y):
                return (y if fits else None), proven, fits and decided
        return None, -np.inf, False

    def _again(
        self, relaxed: Relaxed, found: NDArray[np.float64], bound: float
    ) -> tuple[NDArray[np.float64], float]:
        """Look for better edits of each domain beside those that the others have now."""
        for _ in range(MAX_TURNS if len(self.program.charges) > 1 else 0):
            better = self._by_domains(found)
            if better is found or better is None:
                break
            found = better
        return found, bound

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
            most_levels=self._most_levels(relaxed, self.value(found)),
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
                self.highs.objective(columns), columns, taken, ANYHOW_GAP, most_levels=None
            )
            if y is not None:
                some = columns[~taken][:POOL_COLUMNS]
                return levelled(self.program, y, some, self.highs.cost, self._enough(relaxed))
        return None
