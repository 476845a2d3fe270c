"""How many edits of each kind there are, searched before which ones they are.

Edits of one kind cost as many steps and change charge and composition alike. So net charge, ratio
and fidelity depend on the numbers of each kind alone, and of these few satisfy all three. To
branch on them first settles in some hundred small programs what branching on single edits does not
settle in thousands: there, any edit left out is made up for by another of its kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, vstack

from .cp_sat import Answer
from .dipole_lattice import DipoleLattice

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints

    from .cp_sat import Effort
    from .dipole import DipoleLimit
    from .highs import Highs

MAX_WORK = 25_000
"""Edits times boxes of one search; in a box the numbers are whole and the edits are not."""

BOX_NODES = 500
FIRST_NODES, LAST_NODES = 200, 3000
"""Nodes of a search for the edits of given numbers; all have the first before any has the last."""

LAST_SEARCHES = 2

EFFORT_OF_NODE = 1.2e-4
"""Effort of a node of these searches, times the variables; measured, about s of a processor."""


def search_numbers(
    highs: Highs,
    columns: Ints,
    taken: Bools,
    steps: int,
    most_levels: Floats,
    *,
    effort: Effort,
) -> Answer:
    """Look for any edits of a number of steps whose dipoles cost nothing, by numbers of each kind.

    Parameters
    ----------
    highs : Highs
        The program; no solution has fewer steps.
    columns : ndarray of int
        Edits that may be done; others are left undone.
    taken : ndarray of bool, shape (len(columns),)
        Those that are done.
    steps : int
        Steps of all edits.
    most_levels : ndarray of float, shape (n_dipoles,)
        Largest level of each dipole. Where one beyond the free dipole allows more, nothing is
        proven by a search without it.
    effort : Effort
        What the search may cost; it is taken off.
    """
    if len(columns) == 0 or effort.left <= 0.0:
        return Answer(None, decided=False)
    most = np.minimum(most_levels, steps).astype(int)
    if any(
        _allows_more(limit, columns, last)
        for limit, last in zip(highs.program.dipoles, most, strict=True)
    ):
        return Answer(None, decided=False)
    return Numbers(highs, columns, taken, steps, effort).search()


def _allows_more(limit: DipoleLimit, columns: Ints, last: int) -> bool:
    """Whether levels up to the last allow dipoles that are not free."""
    if last == 0:
        return False
    lattice = DipoleLattice.of(limit, columns, last)
    return lattice is None or bool((lattice.levels > 0).any())


class Numbers:
    """The program of a number of steps, over a selection of edits and their number of each kind.

    Parameters
    ----------
    highs : Highs
        The program.
    columns : ndarray of int
        Edits that may be done; others are left undone.
    taken : ndarray of bool, shape (len(columns),)
        Those that are done.
    steps : int
        Steps of all edits; dipoles are free.
    effort : Effort
        What a search may cost; it is taken off.
    """

    def __init__(
        self,
        highs: Highs,
        columns: Ints,
        taken: Bools,
        steps: int,
        effort: Effort,
    ) -> None:
        self.highs, self.columns, self.steps, self.effort = highs, columns, steps, effort
        found = [DipoleLattice.of(limit, columns) for limit in highs.program.dipoles]
        self.lattices = [lattice for lattice in found if lattice is not None]
        edits = highs.program.edits
        told = np.vstack([edits.domain, edits.steps, edits.charges, edits.counts])[:, columns]
        halves = [lattice.odd()[0] for lattice in self.lattices]
        _, kind = np.unique(np.vstack([told, *halves]), axis=1, return_inverse=True)
        kind = kind.reshape(-1)
        self.most = np.bincount(kind).astype(float)
        m, k = len(columns), len(self.most)
        self.n_further = 4 * len(highs.program.dipoles)
        counted = csr_array((np.ones(m), (kind, np.arange(m))), shape=(k, m + self.n_further))
        self.counted = csr_array(hstack([counted, -csr_array(np.eye(k))]))
        self.low, self.high = highs.integer_bounds(taken, np.zeros(len(highs.program.dipoles)))
        whole = np.zeros(m + self.n_further)
        whole[:m] = 1.0
        self.whole = whole
        self.n_halves = 0

    def search(self) -> Answer:
        """Look for any edits, one box of numbers after the other.

        A box is empty, or holds numbers with which fractions of edits satisfy all rows. Edits are
        then looked for that have just these; if there are none, the box is parted around them.
        """
        if any(len(lattice.allowed) == 0 for lattice in self.lattices):
            return Answer(None, decided=True)
        k = len(self.most)
        boxes = [(np.zeros(k), self.most)]
        hard: list[Floats] = []
        rows = self._rows()
        undecided = False
        for _ in range(MAX_WORK // len(self.columns)):
            if not boxes or self.effort.left <= 0.0:
                break
            low, high = boxes.pop()
            x, empty = self._solved(rows, low, high, 0.0 * self.whole, BOX_NODES)
            if x is None:
                undecided |= not empty
                continue
            numbers = np.rint(x[len(self.whole) :][:k])
            y, empty, rows = self._edits(rows, numbers, FIRST_NODES)
            if y is not None:
                return Answer(y, decided=True)
            if not empty:
                hard.append(numbers)
            boxes += _around(low, high, numbers)
        undecided |= bool(boxes) or len(hard) > LAST_SEARCHES
        for numbers in hard[:LAST_SEARCHES]:
            if self.effort.left <= 0.0:
                return Answer(None, decided=False)
            y, empty, rows = self._edits(rows, numbers, LAST_NODES)
            if y is not None:
                return Answer(y, decided=True)
            if not empty:
                return Answer(None, decided=False)
        return Answer(None, decided=not undecided)

    def _edits(
        self, rows: LinearConstraint, numbers: Floats, nodes: int
    ) -> tuple[Floats | None, bool, LinearConstraint]:
        """Edits of given numbers of each kind, whether there are none, and the rows by then.

        A face is added as long as a dipole pokes through.
        """
        program = self.highs.program
        while True:
            x, empty = self._solved(rows, numbers, numbers, self.whole, nodes)
            if x is None:
                return None, empty, rows
            y = np.zeros(program.edits.n_columns)
            y[self.columns] = np.rint(x[: len(self.columns)])
            if program.steps(y) <= self.steps:
                return y, False, rows
            if self.highs.is_tangent(y):
                return None, False, rows
            rows = self._rows()

    def _rows(self) -> LinearConstraint:
        """All rows, those that count the edits of each kind last."""
        highs = self.highs
        beyond = np.r_[highs.program.edits.steps[self.columns], highs.beyond]
        steps = LinearConstraint(csr_array(beyond[None].astype(float)), self.steps, self.steps)
        parts = [*highs.integer_rows(self.columns), *highs.faces_of(self.columns), steps]
        for lattice in self.lattices:
            sums, least, largest = lattice.rows()
            blank = csr_array((len(sums), self.n_further))
            parts.append(LinearConstraint(hstack([csr_array(sums), blank]), least, largest))
        odd = [lattice.odd() for lattice in self.lattices]
        self.n_halves = sum(len(is_odd) for _, is_odd in odd)
        blocks = [hstack([part.A, csr_array((part.A.shape[0], len(self.most)))]) for part in parts]
        matrix = vstack([*blocks, self.counted])
        low = [np.broadcast_to(part.lb, part.A.shape[0]) for part in parts]
        high = [np.broadcast_to(part.ub, part.A.shape[0]) for part in parts]
        equal = np.zeros(len(self.most))
        if self.n_halves:
            sums = np.concatenate([rows for rows, _ in odd])
            others = csr_array((self.n_halves, matrix.shape[1] - sums.shape[1]))
            twice = csr_array(-2.0 * np.eye(self.n_halves))
            halves = hstack([csr_array(sums), others, twice])
            matrix = hstack([matrix, csr_array((matrix.shape[0], self.n_halves))])
            matrix = vstack([matrix, halves])
            equal = np.concatenate([equal, *(is_odd for _, is_odd in odd)])
        return LinearConstraint(
            csr_array(matrix), np.concatenate([*low, equal]), np.concatenate([*high, equal])
        )

    def _solved(
        self,
        rows: LinearConstraint,
        low: Floats,
        high: Floats,
        whole: Floats,
        nodes: int,
    ) -> tuple[Floats | None, bool]:
        """Any solution with numbers in a box, and whether it is proven that there is none."""
        none, half = np.zeros(self.n_halves), np.full(self.n_halves, float(len(self.columns)))
        found = milp(
            np.zeros(len(whole) + len(low) + self.n_halves),
            integrality=np.r_[whole, np.ones(len(low)), none + 1.0],
            bounds=Bounds(np.r_[self.low, low, none], np.r_[self.high, high, half]),
            constraints=[rows],
            options={"node_limit": nodes},
        )
        nodes = 1 + (found.mip_node_count or 0)
        self.effort.left -= EFFORT_OF_NODE * nodes * (len(whole) + len(low) + self.n_halves)
        return found.x, bool(found.status == 2)


def _around(low: Floats, high: Floats, numbers: Floats) -> list[tuple[Floats, Floats]]:
    """Boxes that together hold all numbers of a box but the given ones, each of them once."""
    boxes = []
    low, high = low.copy(), high.copy()
    for kind, number in enumerate(numbers):
        if number > low[kind]:
            fewer = high.copy()
            fewer[kind] = number - 1.0
            boxes.append((low.copy(), fewer))
        if number < high[kind]:
            more = low.copy()
            more[kind] = number + 1.0
            boxes.append((more, high.copy()))
        low[kind] = high[kind] = number
    return boxes
