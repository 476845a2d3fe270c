"""A program whose relaxation is known: bounds, near edits, and what a price on the dipole gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint

from .highs import WHOLE
from .swaps import levelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .highs import Highs, Relaxed
    from .program import Program

GAP_LIMIT = 5e-4
"""Proven relative gap at which the search stops, if there are more than `EXACT_COLUMNS` edits."""

EXACT_COLUMNS = 250
"""Programs of up to this many edits are solved until the gap is 0."""

POOL_COLUMNS = 600
"""Edits that the integer search looks at in a program that is not solved to gap 0."""

POOL_OF_CHARGE = 24
PRICED_NODES = 300


class Priced:
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
    """

    def __init__(self, program: Program, highs: Highs, relaxed: Relaxed) -> None:
        self.program = program
        self.highs = highs
        self.relaxed = relaxed
        self.exact = program.edits.n_columns <= EXACT_COLUMNS
        self.proven = relaxed.value

    def value(self, y: NDArray[np.float64]) -> float:
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

    def gap(self, y: NDArray[np.float64], bound: float) -> float:
        """Relative gap between whole edits and a bound."""
        value = self.value(y)
        return (value - bound) / max(abs(value), 1.0) if value - bound > WHOLE else 0.0

    def pool(
        self, reach: float, *, whole: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
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

    def least_steps(self, bound: float, steps: float) -> int:
        """Fewest steps of any solution of at most so many, given a bound: bonds weigh little."""
        return int(np.ceil(bound - self.highs.most_bonds * steps / self.highs.weight - WHOLE))

    def of_steps(self, steps: int, found: NDArray[np.float64]) -> float:
        """Bound of the objective of all edits of at least so many steps and no more than found."""
        bonds = self.highs.most_bonds * self.program.steps(found)
        return float(steps - bonds / self.highs.weight)

    def levelled(
        self, y: NDArray[np.float64] | None, columns: NDArray[np.int64]
    ) -> NDArray[np.float64] | None:
        """Level the dipole of edits, if there are any."""
        if y is None:
            return None
        return levelled(self.program, y, columns, self.highs.cost, self.enough)

    def lagrange(
        self, columns: NDArray[np.int64], taken: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64] | None, float]:
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
        columns: NDArray[np.int64],
        taken: NDArray[np.bool_],
        factor: float,
        steps: int | None,
    ) -> tuple[NDArray[np.float64] | None, float, bool]:
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
            objective, columns, taken, GAP_LIMIT, most_levels=None, extra=extra, nodes=PRICED_NODES
        )

    def beyond(self, pool: NDArray[np.int64]) -> float:
        """Bound of all solutions that differ from the relaxed one outside a pool."""
        outside = np.ones(len(self.relaxed.y), dtype=bool)
        outside[pool] = False
        return self.relaxed.value + float(self.relaxed.reduced[outside].min(initial=np.inf))

    def most_levels(self, value: float) -> NDArray[np.float64]:
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
