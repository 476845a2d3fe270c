"""A program whose relaxation is known: bounds, near edits, and what a price on the dipole gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint

from .highs import WHOLE
from .swaps import balance_dipole

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints

    from .highs import Highs, Relaxed
    from .program import Program

GAP_LIMIT = 5e-4
"""Proven relative gap at which the search stops, if there are more than `EXACT_COLUMNS` edits."""

EXACT_COLUMNS = 250
"""Programs of up to this many edits are solved until the gap is 0."""

POOL_COLUMNS = 600
"""Edits that the integer search looks at in a program that is not solved to gap 0."""

CUTS_COLUMNS = 200
"""Joined programs of more edits, and turns of their domains, are searched by branch and cut."""

POOL_OF_CHARGE = 24
PRICED_NODES, PART_NODES = 300, 60
"""Nodes of a search with a price on the dipoles, for a model and for one domain of several."""


class DualBounds:
    """A program with the prices of its relaxation.

    Parameters
    ----------
    program : Program
        The program.
    highs : Highs
        The same, as HiGHS takes it.
    relaxed : Relaxed
        Its optimum without whole numbers, with reduced costs and the price of each dipole.

    Attributes
    ----------
    proven : float
        The best bound that holds with a price on the dipoles in place of their limits.
    nodes : int
        Nodes of a search with a price on the dipoles.
    alone : tuple of Alone
        Each domain by itself, if there are several and these have been looked at.
    """

    def __init__(self, program: Program, highs: Highs, relaxed: Relaxed) -> None:
        self.program = program
        self.highs = highs
        self.relaxed = relaxed
        self.exact = program.edits.n_columns <= EXACT_COLUMNS
        self.proven = relaxed.value
        self.alone: tuple[Alone, ...] = ()
        self.nodes = PRICED_NODES

    def value(self, y: Floats) -> float:
        """Objective of whole edits in steps."""
        return float(self.program.steps(y) + self.program.bonds(y) / self.highs.weight)

    @property
    def gap_limit(self) -> float:
        """Proven relative gap at which the search stops."""
        return 0.0 if self.exact else GAP_LIMIT

    @property
    def enough(self) -> float:
        """Objective at which nothing better needs to be looked for."""
        return self.relaxed.value + self.gap_limit * abs(self.relaxed.value) + 1e-9

    def gap(self, y: Floats, bound: float) -> float:
        """Relative gap between whole edits and a bound."""
        value = self.value(y)
        return (value - bound) / max(abs(value), 1.0) if value - bound > WHOLE else 0.0

    def pool(self, reach: float, *, whole: bool = False) -> tuple[Ints, Bools]:
        """Columns that an objective within reach may change, and those that it must contain.

        Only the nearest `POOL_COLUMNS`, and the nearest of each charge, unless the whole is asked
        for; of equals such as lie spread over the particle.
        """
        n = len(self.relaxed.y)
        scattered = np.arange(n) * 2654435761 % 2**32
        order = np.lexsort((scattered, np.round(self.relaxed.reduced, 9)))
        is_open = np.zeros(n, dtype=bool)
        near = order[self.relaxed.reduced[order] <= reach]
        if whole or self.exact:
            is_open[near] = True
        else:
            is_open[near[:POOL_COLUMNS]] = True
            edits = self.program.edits
            kinds = np.stack([edits.domain, edits.charges])[:, order]
            for kind in np.unique(kinds, axis=1).T:
                is_open[order[(kind == kinds.T).all(axis=1)][:POOL_OF_CHARGE]] = True
        is_open |= (self.relaxed.y > WHOLE) & (self.relaxed.y < 1.0 - WHOLE)
        columns = np.flatnonzero(is_open | (self.relaxed.y >= 1.0 - WHOLE))
        return columns, ~is_open[columns]

    def pool_of_steps(self, steps: int, bonds: float) -> tuple[Ints, Bools, Floats]:
        """Columns that edits of so many steps may change, those they contain, and their levels.

        Each domain has the steps that all others leave it, whatever they do.

        Parameters
        ----------
        steps : int
            Steps of all edits and dipoles.
        bonds : float
            What their bonds may weigh, in steps.
        """
        columns, taken = self.pool(steps + bonds - self.relaxed.value, whole=True)
        levels = self.most_levels(steps + bonds)
        spare = steps - sum(each.least for each in self.alone)
        if not self.alone or spare < 0:
            return columns, taken, levels
        state = np.full(len(self.relaxed.y), -1)
        state[columns] = np.where(taken, 2, 1)
        for each in self.alone:
            undone, done = each.settled(each.least + spare)
            state[undone[state[undone] == 1]] = -1
            state[done[state[done] == 1]] = 2
        most = [each.most_level(each.least + spare) for each in self.alone]
        columns = np.flatnonzero(state > 0)
        return columns, state[columns] == 2, np.minimum(levels, [*most, float(spare)])

    def least_steps(self, bound: float, steps: float) -> int:
        """Fewest steps of any solution of at most so many, given a bound: bonds weigh little."""
        return int(np.ceil(bound - self.highs.most_bonds * steps / self.highs.weight - WHOLE))

    def of_steps(self, steps: int, found: Floats) -> float:
        """Bound of the objective of all edits of at least so many steps and no more than found."""
        bonds = self.highs.most_bonds * self.program.steps(found)
        return float(steps - bonds / self.highs.weight)

    def balance_dipole(self, y: Floats | None, columns: Ints) -> Floats | None:
        """Level the dipole of edits, if there are any."""
        if y is None:
            return None
        return balance_dipole(self.program, y, columns, self.highs.cost, self.enough)

    def lagrange(self, columns: Ints, taken: Bools) -> tuple[Floats | None, float]:
        """Whole edits whose dipole has a price and no limit, which by Lagrange's theorem bounds.

        The bound is infinite if there are no edits at all.
        """
        y, proven, _ = self.without_limits(columns, taken, 1.0, None)
        for force, limit in zip(self.relaxed.force, self.program.dipoles, strict=True):
            if float(np.linalg.norm(force)) * limit.free > limit.level_steps:
                proven = self.relaxed.value
        return y, max(self.relaxed.value, min(proven, self.beyond(columns[~taken])))

    def without_limits(
        self,
        columns: Ints,
        taken: Bools,
        factor: float,
        steps: int | None,
    ) -> tuple[Floats | None, float, bool]:
        """Solve in whole numbers with a price on the dipole in place of its limit."""
        dipoles, m = self.program.dipoles, len(columns)
        objective = self.highs.objective(columns)
        for number, limit in enumerate(dipoles):
            force = factor * self.relaxed.force[number]
            objective[:m] -= force @ limit.moments[:, columns]
            pull = float(np.linalg.norm(force)) * limit.free
            objective[m + 3 * len(dipoles) + number] = -float(force @ limit.start) - pull
        extra = None
        if steps is not None:
            row = np.r_[self.program.edits.steps[columns], np.zeros(len(objective) - m)][None]
            extra = LinearConstraint(row.astype(float), steps, steps)
        return self.highs.whole(
            objective, columns, taken, GAP_LIMIT, most_levels=None, extra=extra, nodes=self.nodes
        )

    def beyond(self, pool: Ints) -> float:
        """Bound of all solutions that differ from the relaxed one outside a pool."""
        outside = np.ones(len(self.relaxed.y), dtype=bool)
        outside[pool] = False
        return self.relaxed.value + float(self.relaxed.reduced[outside].min(initial=np.inf))

    def most_levels(self, value: float) -> Floats:
        """Largest level of each dipole in a solution of at most this objective.

        A dipole of level n lies at most n free ones beyond its limit, which at its price λ lowers
        Lagrange's bound by n·|λ|·free, while it costs n·K.
        """
        most = []
        for force, limit in zip(self.relaxed.force, self.program.dipoles, strict=True):
            dearer = limit.level_steps - float(np.linalg.norm(force)) * limit.free
            room = value - self.proven
            most.append(np.floor(room / dearer + WHOLE) if dearer > WHOLE else np.inf)
        return np.array(most)


@dataclass(frozen=True)
class Alone:
    """One domain by itself, over its own edits and those of others that touch it.

    Without the rows of the others' charges, ratios and dipoles, and with their edits free of cost,
    the program of one domain is small and its fewest steps are proven soon. The whole has as many
    at least as all domains together, and a solution of so many leaves each domain its own and the
    spare ones.

    Parameters
    ----------
    dual : DualBounds
        Its program with the prices of its relaxation.
    columns : ndarray of int
        Its columns in the program of the whole.
    is_own : ndarray of bool, shape (n_own_columns,)
        Which of them are edits of the domain itself.
    least : int
        Steps that its edits and its dipole have at least.
    """

    dual: DualBounds
    columns: Ints
    is_own: Bools
    least: int

    def settled(self, steps: int) -> tuple[Ints, Ints]:
        """Own edits left undone and done, as columns of the whole, where there are so many steps.

        Parameters
        ----------
        steps : int
            Most steps of the edits and the dipole of the domain.
        """
        relaxed = self.dual.relaxed
        room = steps + self.dual.highs.most_bonds * steps / self.dual.highs.weight
        is_settled = self.is_own & (relaxed.reduced > room - relaxed.value)
        is_done = relaxed.y > 0.5
        return self.columns[is_settled & ~is_done], self.columns[is_settled & is_done]

    def most_level(self, steps: int) -> float:
        """Largest level of its dipole where the domain has so many steps."""
        room = steps + self.dual.highs.most_bonds * steps / self.dual.highs.weight
        return float(self.dual.most_levels(room)[0])
