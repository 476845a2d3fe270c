"""Edits of a program that change pair by pair, so that the energy of the formal charges falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array, csr_array
from scipy.spatial.distance import cdist

from .connection import Contracted
from .edit_energy import EditEnergy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epicarve.arrays import Bools, Floats, Ints

    from .program import Program

LEAST_GAIN_EV = 1.0
"""A move must lower the energy by this much."""

MOST_BLOCK = 40_000
BEST_EDITS = 48
"""Pairs of edits that are all looked at; of more, only those of the best edits with all others."""

MOST_COUPLED = 1_000
"""Moves that are looked at two by two, those that cost least."""

MOST_BY_TWO = 2_000
"""With more edits than these, no moves are looked at two by two."""

MOST_TRIES = 400
"""Moves that are tried before all are looked at anew, the best first."""

SWEPT_SHARE = 0.8
"""Moves that pay this share of the best one are made before all are looked at anew."""

GRAIN_EV = 1e-6
"""Costs that differ by less tie, and the order of the edits decides."""

SLACK = 1e-7


@dataclass(frozen=True)
class Moves:
    """Edits after ions were moved.

    Parameters
    ----------
    y : ndarray of float, shape (n_columns,)
        The edits.
    n_moved : int
        Number of ions moved from where the edits before had them.
    gained_ev : float
        What they lower the energy of the formal charges by, in eV.
    """

    y: Floats
    n_moved: int
    gained_ev: float


class Descent:
    """Edits that change pair by pair: one is done or undone, and one that makes up for it.

    Both together leave the number of ions of each element and charge in each domain as it is.

    Parameters
    ----------
    program : Program
        The program, whose rows are kept.
    y : ndarray of float, shape (n_columns,)
        Edits that satisfy it.
    """

    def __init__(self, program: Program, y: Floats) -> None:
        edits = program.edits
        self.first, self.domain = np.rint(y), edits.domain
        self.n_ions = np.asarray(edits.members.sum(axis=0))
        most = [each.options.relocations for each in program.shell.ions.domains]
        self.most = np.array([np.inf if each is None else each for each in most])
        self.sign = 1.0 - 2.0 * self.first
        self.energy = EditEnergy(program, y)
        self.gained_ev, self.price_ev = 0.0, 0.0
        self.limits = np.full(len(program.dipoles), np.inf)
        self.rows = csc_array(program.local.matrix)
        self.entries = self.rows.tocoo()
        self.slack = program.local.limit - self.rows @ self.first
        free = np.repeat([dipole.free for dipole in program.dipoles], 3)
        self.moments = np.vstack([each.moments for each in program.dipoles]) / free[:, None]
        self.dipole = np.concatenate([each.after(self.first) for each in program.dipoles]) / free
        self.piece = Contracted(program, self.first)
        domains = np.arange(len(program.charges))[:, None]
        counts = [np.where(edits.domain == domains, each, 0) for each in edits.counts]
        ratio = program.ratio.matrix.toarray().round(9)
        changes = np.vstack([program.charges, edits.halides, ratio, *counts]).T
        both = np.unique(np.vstack([changes, -changes]), axis=0, return_inverse=True)[1].ravel()
        self.kinds = both.reshape(2, -1)

    def moves(self) -> Moves:
        """Return the edits as they are now."""
        return Moves(0.5 - 0.5 * self.sign, int(self._n_moved().sum()), self.gained_ev)

    def lengths(self) -> Floats:
        """Length of each dipole, in units of the free one."""
        return np.asarray(np.linalg.norm(self.dipole.reshape(-1, 3), axis=1))

    def descend(self, *, price_ev: float, limits: Floats | None = None) -> None:
        """Make the moves that pay best, again and again, until none pays.

        Parameters
        ----------
        price_ev : float
            What is added to the energy for the square of the dipoles.
        limits : ndarray of float, shape (n_dipoles,), optional
            Largest length of each dipole.
        """
        self.price_ev = price_ev
        self.limits = np.full(len(self.limits), np.inf) if limits is None else limits
        while self._sweep():
            pass

    def descend_by_two(self, limits: Floats) -> None:
        """Make moves that pay, and where none does two at once, with dipoles within limits.

        What one of them does to the dipoles the other may undo.
        """
        self.descend(price_ev=0.0, limits=limits)
        while len(self.sign) <= MOST_BY_TWO and self._two_moves():
            self.descend(price_ev=0.0, limits=limits)

    def _sweep(self) -> bool:
        """Make the best move, and those after it that pay nearly as much when their turn comes."""
        least_ev, is_done = LEAST_GAIN_EV, np.zeros(len(self.sign), dtype=bool)
        for first, second, pays_ev in self._pairs(self.limits, -LEAST_GAIN_EV, MOST_TRIES):
            pair = np.array([first, second])
            if pays_ev < least_ev:
                break
            if is_done[pair].any() or not self._is_short(pair):
                continue
            cost_ev = self._cost_ev(pair)
            if -cost_ev < least_ev or not self.allows(pair):
                continue
            if not is_done.any():
                least_ev = max(least_ev, -SWEPT_SHARE * cost_ev)
            self.change(pair)
            is_done[pair] = True
        return bool(is_done.any())

    def _two_moves(self) -> bool:
        """Make the two moves that pay best together, and tell whether any do."""
        found = self._pairs(np.full(len(self.limits), np.inf), np.inf, MOST_COUPLED)
        if not found:
            return False
        moves = np.array([pair[:2] for pair in found])
        pays_ev = np.array([pair[2] for pair in found])
        steps = (self.moments[:, moves] * self.sign[moves]).sum(axis=2)
        pays_ev = pays_ev[:, None] + pays_ev
        good = np.triu(pays_ev > LEAST_GAIN_EV, 1)
        for number, limit in enumerate(self.limits):
            own = slice(3 * number, 3 * number + 3)
            good &= cdist(-self.dipole[own] - steps[own].T, steps[own].T) <= limit + SLACK
        one, other = np.nonzero(good)
        best = np.argsort(np.rint(-pays_ev[one, other] / GRAIN_EV), kind="stable")[:MOST_TRIES]
        for four in np.hstack([moves[one[best]], moves[other[best]]]):
            if len(set(four.tolist())) < len(four) or self._cost_ev(four) > -LEAST_GAIN_EV:
                continue
            if self.allows(four):
                self.change(four)
                return True
        return False

    def _n_moved(self) -> Ints:
        """Count the ions that moves bring from the first edits to those now, by domain."""
        changed = self.first != 0.5 - 0.5 * self.sign
        n_ions = np.bincount(self.domain, self.n_ions * changed, minlength=len(self.most))
        return np.asarray((n_ions + 1) // 2)

    def _pairs(self, limits: Floats, most_ev: float, most: int) -> list[tuple[int, int, float]]:
        """Return pairs of edits and what doing both pays, the best pairs first.

        They cost less than is told, leave dipoles within limits, and are not more than asked for.
        """
        single = np.where(self.sign > 0, self.energy.of_each, self.energy.undone)
        steps = self.sign * self.moments
        single = single + self.price_ev * (2.0 * self.dipole @ steps + (steps**2).sum(axis=0))
        breaks, mends = self._broken()
        kind, partner = np.where(self.sign > 0, self.kinds, self.kinds[::-1])
        found = [np.zeros((3, 0))]
        for one in np.unique(kind):
            firsts = np.flatnonzero(kind == one)
            seconds = np.flatnonzero(kind == partner[firsts[0]])
            if len(seconds) == 0 or one >= partner[firsts[0]]:
                continue
            for some, others in _blocks(firsts, seconds, single, breaks):
                cost = self.energy.between(some, others)
                cost *= self.sign[some, None] * self.sign[others]
                cost += single[some, None] + single[others]
                cost += 2.0 * self.price_ev * steps[:, some].T @ steps[:, others]
                good = cost < most_ev
                good &= ~breaks[some, None] | mends[np.ix_(some, others)]
                good &= ~breaks[others] | mends[np.ix_(others, some)].T
                i, j = np.nonzero(good)
                if np.isfinite(limits).any():
                    dipoles = self.dipole[:, None] + steps[:, some[i]] + steps[:, others[j]]
                    lengths = np.linalg.norm(dipoles.reshape(len(limits), 3, len(i)), axis=1)
                    short = (lengths <= limits[:, None] + SLACK).all(axis=0)
                    i, j = i[short], j[short]
                found.append(np.stack([np.rint(cost[i, j] / GRAIN_EV), some[i], others[j]]))
        pays, a, b = np.concatenate(found, axis=1)
        best = np.argsort(pays, kind="stable")[:most]
        best = best[np.lexsort((b[best], a[best], pays[best]))]
        return list(
            zip(
                a[best].astype(int).tolist(),
                b[best].astype(int).tolist(),
                (-GRAIN_EV * pays[best]).tolist(),
                strict=True,
            )
        )

    def _cost_ev(self, columns: Ints) -> float:
        """Return what edits add to the energy and to the price of the dipoles."""
        dipole = self.dipole + self.moments[:, columns] @ self.sign[columns]
        priced = self.price_ev * float(dipole @ dipole - self.dipole @ self.dipole)
        return self._energy_ev(columns) + priced

    def _energy_ev(self, columns: Ints) -> float:
        """Return what edits add to the energy."""
        signs = self.sign[columns]
        between = np.triu(self.energy.between(columns, columns), 1)
        alone = [self.energy.of(*each) for each in zip(columns.tolist(), signs, strict=True)]
        return float(sum(alone) + signs @ between @ signs)

    def _is_short(self, columns: Ints) -> bool:
        """Whether the dipoles stay within their limits."""
        dipoles = (self.dipole + self.moments[:, columns] @ self.sign[columns]).reshape(-1, 3)
        return bool((np.linalg.norm(dipoles, axis=1) <= self.limits + SLACK).all())

    def _broken(self) -> tuple[Bools, Bools]:
        """Which edits break rows, and which others mend all the rows that each breaks."""
        row, column = self.entries.coords
        step = self.entries.data * self.sign[column]
        is_broken = step > self.slack[row] + SLACK
        n_rows, n_columns = self.rows.shape
        ones = np.ones(len(row), dtype=np.int32)
        broken = csr_array(
            (ones[is_broken], (column[is_broken], row[is_broken])), shape=(n_columns, n_rows)
        )
        eased = csr_array(
            (ones[step < 0], (row[step < 0], column[step < 0])), shape=self.rows.shape
        )
        n_broken = np.diff(broken.indptr)
        both = (broken @ eased).tocoo()
        all_of_them = both.data == n_broken[both.coords[0]]
        mends = np.zeros((n_columns, n_columns), dtype=bool)
        mends[both.coords[0][all_of_them], both.coords[1][all_of_them]] = True
        return n_broken > 0, mends

    def allows(self, columns: Ints) -> bool:
        """Whether edits together break no row, leave one piece, and are not too many."""
        after = self.slack - self.rows[:, columns] @ self.sign[columns]
        if (after < np.minimum(self.slack, 0.0) - SLACK).any():
            return False
        self.sign[columns] *= -1.0
        n_moved = self._n_moved()
        self.sign[columns] *= -1.0
        is_few = bool((n_moved <= self.most).all())
        return is_few and self.piece.is_one(columns, self.sign[columns])

    def change(self, columns: Ints) -> None:
        """Do edits that are not done, and undo those that are."""
        self.gained_ev -= self._energy_ev(columns)
        self.slack -= self.rows[:, columns] @ self.sign[columns]
        self.dipole += self.moments[:, columns] @ self.sign[columns]
        self.piece.apply(columns, self.sign[columns])
        for column in columns.tolist():
            self.energy.apply(column, self.sign[column])
        self.sign[columns] *= -1.0


def _blocks(
    firsts: Ints,
    seconds: Ints,
    single: Floats,
    breaks: Bools,
) -> Iterator[tuple[Ints, Ints]]:
    """Yield columns to pair: all, or of many the best of each side with all of the other."""
    if len(firsts) * len(seconds) <= MOST_BLOCK:
        yield firsts, seconds
        return
    for some, others in ((firsts, seconds), (seconds, firsts)):
        order = some[np.argsort(single[some], kind="stable")]
        best = [order[breaks[order] == broken][:BEST_EDITS] for broken in (False, True)]
        yield np.concatenate(best), others
