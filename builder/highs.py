"""The program of a cut as HiGHS takes it, relaxed or in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, hstack, vstack

from .dipole import directions

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from .program import Program

FIRST_COLUMNS = 1500
"""Larger programs start from the edits nearest to the surface; others are priced in."""

FIRST_STEPS = 3
NODE_LIMIT = 2000
WHOLE = 1e-6
"""How far a number may be from a whole one, or a row from its limit."""


@dataclass(frozen=True)
class Relaxed:
    """Optimum of the program without whole numbers.

    Parameters
    ----------
    value : float
        Its objective in steps; no choice is better.
    y : ndarray of float, shape (n_columns,)
        The edits, 0 to 1.
    reduced : ndarray of float, shape (n_columns,)
        By how much in steps, at least, an objective rises if the column takes the other value.
    force : ndarray of float, shape (3,)
        Price of the dipole in steps per e Å along the shell's axes.
    """

    value: float
    y: NDArray[np.float64]
    reduced: NDArray[np.float64]
    force: NDArray[np.float64]


@dataclass(frozen=True)
class SelectedRows:
    """Rows of a selection of columns; `active` are the local ones among them."""

    active: NDArray[np.int64]
    upper: csr_array
    upper_limit: NDArray[np.float64]
    equal: csr_array
    equal_limit: NDArray[np.float64]


class Highs:
    """A program and its objective, steps + bonds/W.

    W is so large that no number of bonds outweighs a step, see docs/optimisation.md.

    Parameters
    ----------
    program : Program
        What is solved.
    steps : int
        Steps of the best edits for which the order of the objectives must hold at least.
    """

    def __init__(self, program: Program, steps: int) -> None:
        self.program = program
        edits = program.edits
        self.most_bonds = int(np.abs(edits.bonds).max(initial=1))
        short = int((program.local.limit < 0).sum())
        self.steps_covered = max(steps, 64 + 4 * abs(program.charge_limit) + 8 * short)
        weight = self.most_bonds * (2 * self.steps_covered + 1) + 1
        self.weight = 2 ** int(np.ceil(np.log2(weight)))
        self.cost = edits.steps + edits.bonds / self.weight
        self.planes = directions()

    def relax(self, *, charge: bool, ratio: bool, dipole: bool) -> Relaxed | None:
        """Solve without whole numbers over all columns, or return None if there is no solution."""
        edits = self.program.edits
        n = edits.n_columns
        columns = np.arange(n)
        if n > FIRST_COLUMNS:
            columns = np.flatnonzero(edits.steps <= FIRST_STEPS)
        while True:
            rows = self.rows(columns, charge=charge, ratio=ratio, dipole=dipole)
            m = len(columns)
            low = np.r_[np.zeros(m), np.full(3, -np.inf), 0.0]
            high = np.r_[np.ones(m), np.full(4, np.inf)]
            found = linprog(
                self.objective(columns),
                A_ub=rows.upper,
                b_ub=rows.upper_limit,
                A_eq=rows.equal,
                b_eq=rows.equal_limit,
                bounds=np.column_stack([low, high]),
                method="highs-ds",
            )
            if found.x is None and m == n:
                return None
            if found.x is None:
                columns = np.arange(n)
                continue
            reduced, force = self._priced(rows, found, charge=charge, ratio=ratio, dipole=dipole)
            outside = np.ones(n, dtype=bool)
            outside[columns] = False
            missed = np.flatnonzero(outside & (reduced < -WHOLE))
            if len(missed) == 0:
                break
            columns = np.union1d(columns, missed)
        y = np.zeros(n)
        y[columns] = np.clip(found.x[:m], 0.0, 1.0)
        return Relaxed(float(found.fun), y, np.abs(reduced), force)

    def _priced(
        self, rows: SelectedRows, found: Any, *, charge: bool, ratio: bool, dipole: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Reduced cost of every column, in the program or not, and the price of the dipole."""
        program, edits = self.program, self.program.edits
        price, equal = found.ineqlin.marginals, found.eqlin.marginals
        dense = np.zeros(program.local.matrix.shape[0])
        dense[rows.active] = price[: len(rows.active)]
        reduced = self.cost - program.local.matrix.T @ dense
        if ratio:
            start = len(rows.active)
            stop = start + program.ratio.matrix.shape[0]
            reduced -= program.ratio.matrix.T @ price[start:stop]
        if charge:
            reduced -= equal[0] * edits.charges
        force = np.asarray(equal[-3:]) if dipole else np.zeros(3)
        return reduced - force @ edits.moments, force

    def rows(
        self, columns: NDArray[np.int64], *, charge: bool, ratio: bool, dipole: bool
    ) -> SelectedRows:
        """Rows over a selection of edits, then the dipole (3) and its level (1)."""
        program, edits = self.program, self.program.edits
        local = csr_array(program.local.matrix[:, columns])
        most = csr_array((np.maximum(local.data, 0.0), local.indices, local.indptr), local.shape)
        active = np.flatnonzero(np.asarray(most.sum(axis=1)) > program.local.limit + WHOLE)
        blocks = [local[active]]
        limits = [program.local.limit[active]]
        if ratio:
            blocks.append(program.ratio.matrix[:, columns])
            limits.append(program.ratio.limit)
        rows = [hstack([block, csr_array((block.shape[0], 4))], format="csr") for block in blocks]
        equal = [csr_array((0, len(columns) + 4))]
        equal_limits: list[NDArray[np.float64]] = [np.empty(0)]
        if charge:
            equal.append(csr_array(np.r_[edits.charges[columns], np.zeros(4)][None]))
            equal_limits.append(np.array([float(program.charge_limit)]))
        if dipole:
            level = np.full((len(self.planes), 1), -program.free_dipole)
            planes = csr_array(np.hstack([self.planes, level]))
            rows.append(hstack([csr_array((len(self.planes), len(columns))), planes], format="csr"))
            limits.append(program.free_dipole * np.ones(len(self.planes)))
            moments = np.hstack([edits.moments[:, columns], -np.eye(3), np.zeros((3, 1))])
            equal.append(csr_array(moments))
            equal_limits.append(np.asarray(-program.dipole_start, dtype=float))
        return SelectedRows(
            active,
            csr_array(vstack(rows, format="csr")),
            np.concatenate(limits),
            csr_array(vstack(equal, format="csr")),
            np.concatenate(equal_limits),
        )

    def objective(self, columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """Objective in steps over a selection of edits, the dipole (3) and its level (1)."""
        return np.concatenate([self.cost[columns], np.zeros(3), [self.program.level_steps]])

    def whole(
        self,
        objective: NDArray[np.float64],
        columns: NDArray[np.int64],
        taken: NDArray[np.bool_],
        gap: float,
        *,
        dipole: bool,
        extra: LinearConstraint | None = None,
        nodes: int = NODE_LIMIT,
    ) -> tuple[NDArray[np.float64] | None, float, bool]:
        """Solve in whole numbers; edits outside the columns stay undone, those taken are done.

        Returns the edits, the proven bound, and whether the search came to its end.
        """
        rows = self.rows(columns, charge=True, ratio=True, dipole=dipole)
        m = len(columns)
        low = np.r_[taken.astype(float), np.full(3, -np.inf), 0.0]
        high = np.r_[np.ones(m), np.full(4, np.inf)]
        if not dipole:
            low[m:], high[m:] = (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0)
        constraints = [
            LinearConstraint(rows.upper, -np.inf, rows.upper_limit),
            LinearConstraint(rows.equal, rows.equal_limit, rows.equal_limit),
        ]
        found = milp(
            self.weight * objective,
            integrality=np.r_[np.ones(m), np.zeros(3), 1.0],
            bounds=Bounds(low, high),
            constraints=[*constraints, extra] if extra is not None else constraints,
            options={"mip_rel_gap": gap, "node_limit": nodes},
        )
        if found.x is None:
            return None, np.inf, bool(found.status == 2)
        y = np.zeros(self.program.edits.n_columns)
        y[columns] = np.rint(found.x[:m])
        return y, float(found.mip_dual_bound) / self.weight, bool(found.status == 0)

    def is_tangent(self, y: NDArray[np.float64]) -> bool:
        """Add the plane that cuts off a dipole too large for its level, unless it is there."""
        dipole = self.program.dipole(y)
        length = float(np.linalg.norm(dipole))
        if length < WHOLE or (self.planes @ dipole).max() >= length * (1.0 - 1e-9):
            return True
        self.planes = np.vstack([self.planes, dipole / length])
        return False
