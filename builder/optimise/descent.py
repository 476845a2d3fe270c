"""Edits of a program that change pair by pair, so that the energy of the formal charges falls."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array, csr_array

from .connection import Contracted
from .edit_energy import EditEnergy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .program import Program

LEAST_GAIN_EV = 1.0
"""A move must lower the energy by this much."""

MOST_BLOCK = 40_000
BEST_EDITS = 48
"""Pairs of edits that are all looked at; of more, only those of the best edits with all others."""

MOST_TRIES = 400
"""Moves that are tried before a descent ends, the best first."""

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
        Number of moves from the edits before.
    gained_ev : float
        What they lower the energy of the formal charges by, in eV.
    """

    y: NDArray[np.float64]
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

    def __init__(self, program: Program, y: NDArray[np.float64]) -> None:
        edits = program.edits
        self.first, self.domain = np.rint(y), edits.domain
        most = [each.options.relocations for each in program.shell.ions.domains]
        self.most = np.array([np.inf if each is None else each for each in most])
        self.sign = 1.0 - 2.0 * self.first
        self.energy = EditEnergy(program, y)
        self.gained_ev = 0.0
        self.rows = csc_array(program.local.matrix)
        self.slack = program.local.limit - self.rows @ self.first
        free = np.repeat([dipole.free for dipole in program.dipoles], 3)
        self.moments = np.vstack([each.moments for each in program.dipoles]) / free[:, None]
        self.dipole = np.concatenate([each.after(self.first) for each in program.dipoles]) / free
        self.piece = Contracted(program, self.first)
        domains = np.arange(len(program.charges))[:, None]
        counts = [np.where(edits.domain == domains, each, 0) for each in edits.counts]
        changes = np.vstack([program.charges, *counts]).T
        both = np.unique(np.vstack([changes, -changes]), axis=0, return_inverse=True)[1].ravel()
        self.kinds = both.reshape(2, -1)

    def moves(self) -> Moves:
        """Return the edits as they are now."""
        return Moves(0.5 - 0.5 * self.sign, int(self._n_moved().sum()), self.gained_ev)

    def lengths(self) -> NDArray[np.float64]:
        """Length of each dipole, in units of the free one."""
        return np.asarray(np.linalg.norm(self.dipole.reshape(-1, 3), axis=1))

    def descend(self, *, price_ev: float, limits: NDArray[np.float64] | None = None) -> None:
        """Make the move that pays best, again and again, until none pays.

        Parameters
        ----------
        price_ev : float
            What is added to the energy for the square of the dipoles.
        limits : ndarray of float, shape (n_dipoles,), optional
            Largest length of each dipole.
        """
        while self._move(price_ev, limits):
            pass

    def _move(self, price_ev: float, limits: NDArray[np.float64] | None) -> bool:
        for first, second, gain_ev in islice(self._pairs(price_ev, limits), MOST_TRIES):
            if self._is_allowed(first, second):
                self._apply(first, second, gain_ev)
                return True
        return False

    def _n_moved(self) -> NDArray[np.int64]:
        """Count the moves that lead from the first edits to those now, by domain."""
        changed = self.domain[self.first != 0.5 - 0.5 * self.sign]
        return np.asarray((np.bincount(changed, minlength=len(self.most)) + 1) // 2)

    def _pairs(
        self, price_ev: float, limits: NDArray[np.float64] | None
    ) -> Iterator[tuple[int, int, float]]:
        """Yield pairs of edits and what they lower the energy by, the best pairs first."""
        single = np.where(self.sign > 0, self.energy.of_each, self.energy.undone)
        steps = self.sign * self.moments
        single = single + price_ev * (2.0 * self.dipole @ steps + (steps**2).sum(axis=0))
        breaks, mends = self._broken()
        kind, partner = np.where(self.sign > 0, self.kinds, self.kinds[::-1])
        found = []
        for one in np.unique(kind):
            firsts = np.flatnonzero(kind == one)
            seconds = np.flatnonzero(kind == partner[firsts[0]])
            if len(seconds) == 0 or one >= partner[firsts[0]]:
                continue
            for some, others in _blocks(firsts, seconds, single, breaks):
                cross = self.sign[some, None] * self.sign[others]
                cost = cross * self.energy.between(some, others)
                cost += single[some, None] + single[others]
                beside = 2.0 * steps[:, some].T @ steps[:, others]
                cost += price_ev * beside
                good = cost < -LEAST_GAIN_EV
                good &= ~breaks[some, None] | (mends[some][:, others].toarray() > 0)
                good &= ~breaks[others] | (mends[others][:, some].toarray().T > 0)
                i, j = np.nonzero(good)
                a, b = some[i], others[j]
                dipoles = self.dipole[:, None] + steps[:, a] + steps[:, b]
                pays = cost[i, j]
                gain = -(pays - price_ev * ((dipoles**2).sum(axis=0) - (self.dipole**2).sum()))
                if limits is not None:
                    lengths = np.linalg.norm(dipoles.reshape(len(limits), 3, len(a)), axis=1)
                    short = (lengths <= limits[:, None] + SLACK).all(axis=0)
                    a, b, pays, gain = a[short], b[short], pays[short], gain[short]
                found.append(np.stack([pays, a, b, gain]))
        if not found:
            return
        pays, a, b, gain = np.concatenate(found, axis=1)
        for n in np.lexsort((b, a, np.rint(pays / GRAIN_EV))).tolist():
            yield int(a[n]), int(b[n]), float(gain[n])

    def _broken(self) -> tuple[NDArray[np.bool_], csr_array]:
        """Which edits break rows, and which others mend all the rows that each breaks."""
        rows = self.rows.tocoo()
        row, column = rows.coords
        step = rows.data * self.sign[column]
        is_broken = step > self.slack[row] + SLACK
        shape = self.rows.shape[::-1]
        ones = np.ones(len(row), dtype=np.int32)
        broken = csr_array((ones[is_broken], (column[is_broken], row[is_broken])), shape=shape)
        eased = csr_array((ones[step < 0], (row[step < 0], column[step < 0])), shape=shape[::-1])
        n_broken = np.diff(broken.indptr)
        mends = (broken @ eased).tocoo()
        all_of_them = mends.data == n_broken[mends.coords[0]]
        kept = tuple(each[all_of_them] for each in mends.coords)
        return n_broken > 0, csr_array((mends.data[all_of_them], kept), shape=mends.shape)

    def _is_allowed(self, first: int, second: int) -> bool:
        """Whether two edits together break no row, leave one piece, and are not too many."""
        pair = np.array([first, second])
        after = self.slack - self.rows[:, pair] @ self.sign[pair]
        if (after < np.minimum(self.slack, 0.0) - SLACK).any():
            return False
        self.sign[pair] *= -1.0
        n_moved = self._n_moved()
        self.sign[pair] *= -1.0
        return bool((n_moved <= self.most).all()) and self.piece.is_one(pair, self.sign[pair])

    def _apply(self, first: int, second: int, gain_ev: float) -> None:
        pair = np.array([first, second])
        self.slack -= self.rows[:, pair] @ self.sign[pair]
        self.dipole += self.moments[:, pair] @ self.sign[pair]
        self.piece.apply(pair, self.sign[pair])
        for column in pair.tolist():
            self.energy.apply(column, self.sign[column])
        self.sign[pair] *= -1.0
        self.gained_ev += gain_ev


def _blocks(
    firsts: NDArray[np.int64],
    seconds: NDArray[np.int64],
    single: NDArray[np.float64],
    breaks: NDArray[np.bool_],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield columns to pair: all, or of many the best of each side with all of the other."""
    if len(firsts) * len(seconds) <= MOST_BLOCK:
        yield firsts, seconds
        return
    for some, others in ((firsts, seconds), (seconds, firsts)):
        order = some[np.argsort(single[some], kind="stable")]
        best = [order[breaks[order] == broken][:BEST_EDITS] for broken in (False, True)]
        yield np.concatenate(best), others
