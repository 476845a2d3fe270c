"""The program of a cut as HiGHS takes it, relaxed or in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, hstack, vstack

from .dipole import directions
from .symmetry_cases import Alike

if TYPE_CHECKING:
    from typing import Any

    from epicarve.arrays import Bools, Floats, Ints

    from .program import Program

FIRST_COLUMNS = 1500
"""Larger programs start from the edits nearest to the surface; others are priced in."""

FIRST_STEPS = 3
NODE_LIMIT = 2000
"""Nodes of one search in whole numbers; of several domains, a tenth, as more searches are made."""

FEW_COLUMNS = 40
FEW_NODES = 50_000
"""Nodes of one search over at most `FEW_COLUMNS` edits, which so comes to its end."""

DIPOLE_SLACK = 1e-9
"""By how many e Å a dipole may exceed its limit where whole edits are sought. Without that play,
HiGHS takes dipoles of lattice points for multiples of a length, and its presolve then calls
programs infeasible that are not (seen with the HiGHS of SciPy 1.17)."""

FACES = np.array(
    [axis for axis in product((-1.0, 0.0, 1.0), repeat=3) if 0 < np.count_nonzero(axis) < 3]
)
FACES /= np.linalg.norm(FACES, axis=1)[:, None]
"""Normals of the faces that first hold a dipole in whole numbers: a box with its edges cut off."""

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
    force : ndarray of float, shape (n_dipoles, 3)
        Price of each dipole in steps per e Å along the shell's axes.
    """

    value: float
    y: Floats
    reduced: Floats
    force: Floats


@dataclass(frozen=True)
class SelectedRows:
    """Rows of a selection of columns; `active` are the local ones among them."""

    active: Ints
    upper: csr_array
    upper_limit: Floats
    equal: csr_array
    equal_limit: Floats


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
        missing = int(np.abs(program.charge_limit).sum())
        short = int((program.local.limit < 0).sum())
        asked = program.edits.treatment
        halides = 0 if asked is None else asked.n_units * asked.per_unit
        self.steps_covered = max(steps, 64 + 4 * (missing + halides) + 8 * short)
        weight = self.most_bonds * (2 * self.steps_covered + 1) + 1
        self.weight = 2 ** int(np.ceil(np.log2(weight)))
        self.cost = edits.steps + edits.bonds / self.weight
        self.node_limit = NODE_LIMIT if len(program.charges) == 1 else NODE_LIMIT // 10
        if edits.n_columns <= FEW_COLUMNS:
            self.node_limit = FEW_NODES
        self.faces = [FACES for _ in program.dipoles]
        self.least = np.zeros(len(program.charges), dtype=np.int64)

    @cached_property
    def alike(self) -> Alike:
        """Which columns symmetry maps onto each other."""
        return Alike(self.program)

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
            low, high = self.bounds(np.zeros(m))
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
    ) -> tuple[Floats, Floats]:
        """Reduced cost of every column, in the program or not, and the price of the dipole."""
        program = self.program
        price, equal = found.ineqlin.marginals, found.eqlin.marginals
        dense = np.zeros(program.local.matrix.shape[0])
        dense[rows.active] = price[: len(rows.active)]
        reduced = self.cost - program.local.matrix.T @ dense
        if ratio:
            start = len(rows.active)
            stop = start + program.ratio.matrix.shape[0]
            reduced -= program.ratio.matrix.T @ price[start:stop]
        if charge:
            reduced -= equal[: len(program.charges)] @ program.charges
        force = np.zeros((len(program.dipoles), 3))
        if dipole:
            force = np.asarray(equal[-force.size :]).reshape(force.shape)
        for price_of_one, limit in zip(force, program.dipoles, strict=True):
            reduced = reduced - price_of_one @ limit.moments
        return reduced, force

    def rows(self, columns: Ints, *, charge: bool, ratio: bool, dipole: bool) -> SelectedRows:
        """Rows over a selection of edits, then the dipoles (3 each) and their levels (1 each)."""
        program = self.program
        further = 4 * len(program.dipoles)
        local = csr_array(program.local.matrix[:, columns])
        most = csr_array((np.maximum(local.data, 0.0), local.indices, local.indptr), local.shape)
        active = np.flatnonzero(np.asarray(most.sum(axis=1)) > program.local.limit + WHOLE)
        blocks = [local[active]]
        limits = [program.local.limit[active]]
        if ratio:
            blocks.append(program.ratio.matrix[:, columns])
            limits.append(program.ratio.limit)
        rows = [
            hstack([block, csr_array((block.shape[0], further))], format="csr") for block in blocks
        ]
        equal = [csr_array((0, len(columns) + further))]
        equal_limits: list[Floats] = [np.empty(0)]
        if charge:
            charges = program.charges[:, columns]
            equal.append(csr_array(np.hstack([charges, np.zeros((len(charges), further))])))
            equal_limits.append(program.charge_limit.astype(float))
        if dipole:
            tangents = self._tangents()
            blank = csr_array((tangents.shape[0], len(columns)))
            rows.append(hstack([blank, tangents], format="csr"))
            n_each = tangents.shape[0] // len(program.dipoles)
            limits += [np.full(n_each, limit.free) for limit in program.dipoles]
            moments = np.vstack([limit.moments[:, columns] for limit in program.dipoles])
            itself = -np.eye(len(moments), further)
            equal.append(csr_array(np.hstack([moments, itself])))
            equal_limits += [-limit.start for limit in program.dipoles]
        return SelectedRows(
            active,
            csr_array(vstack(rows, format="csr")),
            np.concatenate(limits),
            csr_array(vstack(equal, format="csr")),
            np.concatenate(equal_limits),
        )

    def _tangents(self) -> csr_array:
        """Planes that hold each dipole within its level, over the dipoles and the levels."""
        planes, count = directions(), len(self.program.dipoles)
        blocks = []
        for number, limit in enumerate(self.program.dipoles):
            block = np.zeros((len(planes), 4 * count))
            block[:, 3 * number : 3 * number + 3] = planes
            block[:, 3 * count + number] = -limit.free
            blocks.append(block)
        return csr_array(np.vstack(blocks))

    def integer_rows(self, columns: Ints) -> list[LinearConstraint]:
        """Rows over a selection of edits, without the dipoles."""
        rows = self.rows(columns, charge=True, ratio=True, dipole=False)
        return [
            LinearConstraint(rows.upper, -np.inf, rows.upper_limit),
            LinearConstraint(rows.equal, rows.equal_limit, rows.equal_limit),
        ]

    def integer_bounds(self, taken: Bools, most_levels: Floats | None) -> tuple[Floats, Floats]:
        """Lowest and highest values in whole numbers: dipoles are no variables of their own.

        `most_levels` is the largest level of each dipole, None if the dipoles are not limited.
        """
        m, n = len(taken), len(self.program.dipoles)
        low, high = self.bounds(taken.astype(float))
        low[m : m + 3 * n] = high[m : m + 3 * n] = 0.0
        if most_levels is None:
            low[m + 3 * n :] = high[m + 3 * n :] = 1.0
        else:
            high[m + 3 * n :] = most_levels
        return low, high

    def faces_of(self, columns: Ints) -> list[LinearConstraint]:
        """Hold each dipole, as a sum over the edits, within its faces, at first `FACES`.

        Few rows and no variables of their own: with the planes and variables of the relaxed
        program, searches in whole numbers take several times as long.
        """
        m, n = len(columns), len(self.program.dipoles)
        held = []
        for number, (faces, limit) in enumerate(zip(self.faces, self.program.dipoles, strict=True)):
            block = np.zeros((len(faces), m + 4 * n))
            block[:, :m] = faces @ limit.moments[:, columns]
            block[:, m + 3 * n + number] = -limit.free
            most = limit.free - faces @ limit.start + DIPOLE_SLACK
            held.append(LinearConstraint(csr_array(block), -np.inf, most))
        return held

    def shares(self, columns: Ints, steps: int) -> LinearConstraint:
        """Limit the steps of each domain, and at last those of all, where all have so many.

        Each has its least and leaves the others theirs; of a single one this is one row.
        """
        edits, dipoles = self.program.edits, self.program.dipoles
        prices = np.diag([float(dipole.level_steps) for dipole in dipoles])
        n_domains, blank = len(self.least), np.zeros((len(dipoles), 3 * len(dipoles)))
        own = edits.steps[columns] * (edits.domain[columns] == np.arange(n_domains)[:, None])
        domains = np.hstack([own, blank[:n_domains], prices[:n_domains]])
        whole = np.r_[edits.steps[columns], self.beyond][None]
        most = steps - self.least.sum() + self.least
        if n_domains == 1:
            return LinearConstraint(csr_array(whole.astype(float)), -np.inf, steps)
        return LinearConstraint(
            csr_array(np.vstack([domains, whole]).astype(float)),
            np.r_[self.least, -np.inf],
            np.r_[most, steps],
        )

    def objective(self, columns: Ints) -> Floats:
        """Objective in steps over a selection of edits, the dipoles and their levels."""
        return np.concatenate([self.cost[columns], self.beyond])

    @property
    def beyond(self) -> Floats:
        """Cost in steps of the dipoles (3 each, 0) and of their levels (1 each)."""
        dipoles = self.program.dipoles
        prices = [float(dipole.level_steps) for dipole in dipoles]
        return np.concatenate([np.zeros(3 * len(dipoles)), prices])

    def bounds(self, least: Floats) -> tuple[Floats, Floats]:
        """Lowest and highest values of edits, dipoles and levels, given those of the edits."""
        n = len(self.program.dipoles)
        low = np.r_[least, np.full(3 * n, -np.inf), np.zeros(n)]
        return low, np.r_[np.ones(len(least)), np.full(4 * n, np.inf)]

    def whole(
        self,
        objective: Floats,
        columns: Ints,
        taken: Bools,
        gap: float,
        *,
        most_levels: Floats | None,
        extra: LinearConstraint | None = None,
        nodes: int | None = None,
    ) -> tuple[Floats | None, float, bool]:
        """Solve in whole numbers; edits outside the columns stay undone, those taken are done.

        `most_levels` is the largest level of each dipole, None if the dipoles are not limited.
        Returns the edits, the proven bound, and whether the search came to its end.
        """
        m, n = len(columns), len(self.program.dipoles)
        low, high = self.integer_bounds(taken, most_levels)
        constraints = self.integer_rows(columns)
        if most_levels is not None:
            constraints += self.faces_of(columns)
        if extra is not None:
            constraints.append(extra)
        found = milp(
            self.weight * objective,
            integrality=np.r_[np.ones(m), np.zeros(3 * n), np.ones(n)],
            bounds=Bounds(low, high),
            constraints=constraints,
            options={"mip_rel_gap": gap, "node_limit": nodes or self.node_limit},
        )
        if found.x is None:
            is_infeasible = bool(found.status == 2)
            return None, np.inf if is_infeasible else -np.inf, is_infeasible
        y = np.zeros(self.program.edits.n_columns)
        y[columns] = np.rint(found.x[:m])
        return y, float(found.mip_dual_bound) / self.weight, bool(found.status == 0)

    def is_tangent(self, y: Floats) -> bool:
        """Add the faces that cut off dipoles too large for their levels, unless all are there."""
        are_there = True
        for number, limit in enumerate(self.program.dipoles):
            dipole = limit.after(y)
            length = float(np.linalg.norm(dipole))
            faces = self.faces[number]
            if length >= WHOLE and (faces @ dipole).max() < length * (1.0 - 1e-9):
                self.faces[number] = np.vstack([faces, dipole / length])
                are_there = False
        return are_there
