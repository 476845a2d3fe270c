"""Moves that may cost energy for a while: a tabu search over pairs of edits.

Where no move pays, the cheapest is made all the same, and neither of its edits may change again for
some moves (Glover, ORSA J. Comput. 1989, 1, 190). So the search leaves each minimum by the lowest
way out. Rows and dipoles may be broken on the way: a broken row has a price, the square of the
dipoles one that rises while they are too long and falls while they are not (strategic oscillation).
Of all that is passed, the best that breaks nothing is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .descent import GRAIN_EV, LEAST_GAIN_EV, SLACK
from .row_prices import RowPrices

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints

    from .descent import Descent

MOST_EDITS = 2_000
"""With more edits than these, nothing is searched: all pairs are held in memory."""

MOVES_PER_EDIT, MOST_MOVES = 4, 2_000
"""Moves that are made for each edit, and at most."""

EDITS_AT_ONCE = 32
"""Edits whose pairs are looked at together: what they cost then stays in the processor's cache."""

TABU_MOVES = 15
"""Moves for which an edit that has changed stays as it is."""

ROW_PRICE_EV = 3.0
"""Price of a row that is broken by one."""

LEAST_PRICE_EV, PRICE_STEP = 1e-3, 1.3
"""Least price of the square of the dipoles, in units of the free ones; factor at each move."""


def better_edits(descent: Descent, limits: Floats) -> tuple[Ints, Ints]:
    """Return edits to do or undo so that the energy falls, none where nothing better is found.

    Each ion that differs from where the optimum has it must pay `LEAST_GAIN_EV`.

    Parameters
    ----------
    descent : Descent
        The edits as they are; they are not changed.
    limits : ndarray of float, shape (n_dipoles,)
        Largest length of each dipole, in units of the free one.

    Returns
    -------
    ndarray of int, ndarray of int
        Columns. Those of the first, all together, break no row, leave one piece and keep the
        dipoles short; those of the second are the best seen, whatever the dipoles.
    """
    n_columns = len(descent.sign)
    best = {is_held: (0.0, np.zeros(0, dtype=np.int64)) for is_held in (True, False)}
    if n_columns <= MOST_EDITS:
        search, price_ev = _Search(descent), LEAST_PRICE_EV
        free_from = np.zeros(n_columns, dtype=np.int64)
        for move in range(min(MOVES_PER_EDIT * n_columns, MOST_MOVES)):
            pair = search.cheapest_pair(price_ev, free_from <= move)
            if pair is None:
                continue
            for column in pair:
                search.change(column)
                free_from[column] = move + 1 + TABU_MOVES
            is_short = bool((search.lengths() <= limits + SLACK).all())
            factor = 1.0 / PRICE_STEP if is_short else PRICE_STEP
            price_ev = max(LEAST_PRICE_EV, factor * price_ev)
            better = [
                is_held
                for is_held, (cost_ev, _) in best.items()
                if search.cost_ev < cost_ev - GRAIN_EV and (is_short or not is_held)
            ]
            if better and search.rows.broken < SLACK:
                changed = np.flatnonzero(search.sign != descent.sign)
                if descent.allows(changed):
                    best |= dict.fromkeys(better, (search.cost_ev, changed))
    return best[True][1], best[False][1]


class _Search:
    """Edits as a search has them, and what each change and each pair of changes costs.

    Parameters
    ----------
    descent : Descent
        The edits at first.

    Attributes
    ----------
    sign : ndarray of float, shape (n_columns,)
        1 for an edit that is not done, -1 for one that is.
    cost_ev : float
        Energy and price of moved ions, over those at first.
    rows : RowPrices
        What broken rows cost.
    """

    def __init__(self, descent: Descent) -> None:
        energy, every = descent.energy, np.arange(len(descent.sign))
        self.sign, self.cost_ev = descent.sign.copy(), 0.0
        self._kinds, self._moments, self._dipole = descent.kinds, descent.moments, descent.dipole
        kinds = zip(self._kinds.ravel().tolist(), self._kinds[::-1].ravel().tolist(), strict=True)
        self._kind_pairs = sorted({pair for pair in kinds if pair[0] < pair[1]})
        is_undone = self.sign > 0
        self._alone = np.where(is_undone, energy.of_each, energy.undone)
        self._there_and_back = energy.of_each + energy.undone
        n_moved = np.where(self.sign == 1.0 - 2.0 * descent.first, 0.5, -0.5) * descent.n_ions
        self._price_of_move = LEAST_GAIN_EV * n_moved
        self._pairs = energy.between(every, every) * (self.sign[:, None] * self.sign)
        np.fill_diagonal(self._pairs, 0.0)
        self.rows = RowPrices(descent.rows, descent.slack, self.sign, self._pairs, ROW_PRICE_EV)

    def lengths(self) -> Floats:
        """Length of each dipole, in units of the free one."""
        return np.asarray(np.linalg.norm(self._dipole.reshape(-1, 3), axis=1))

    def cheapest_pair(self, price_ev: float, may_change: Bools) -> tuple[int, int] | None:
        """Return the two edits that make up for each other and cost least to change, if any.

        Parameters
        ----------
        price_ev : float
            Price of the square of the dipoles.
        may_change : ndarray of bool, shape (n_columns,)
            Edits that are looked at.
        """
        steps = self.sign * self._moments
        alone = self._alone + self._price_of_move + self.rows.of_each
        alone += price_ev * (2.0 * self._dipole @ steps + (steps**2).sum(axis=0))
        # one product of matrices adds what both cost alone to the dipoles of each pair
        ones = np.ones_like(alone)
        left = np.vstack([2.0 * price_ev * steps, alone, ones]).T
        right = np.vstack([steps, ones, alone])
        kind = np.where(may_change, np.where(self.sign > 0, *self._kinds), -1)
        best, best_ev = None, np.inf
        for one, partner in self._kind_pairs:
            every, seconds = np.flatnonzero(kind == one), np.flatnonzero(kind == partner)
            if len(seconds) == 0:
                continue
            of_seconds = right[:, seconds]
            for start in range(0, len(every), EDITS_AT_ONCE):
                firsts = every[start : start + EDITS_AT_ONCE]
                cost = self._pairs[firsts].take(seconds, axis=1)
                cost += left[firsts] @ of_seconds
                least_ev = float(cost.min())
                if least_ev < best_ev - GRAIN_EV:
                    place = divmod(int((cost <= least_ev + GRAIN_EV).argmax()), len(seconds))
                    best, best_ev = (int(firsts[place[0]]), int(seconds[place[1]])), least_ev
        return best

    def change(self, column: int) -> None:
        """Do an edit that is not done, or undo it."""
        self.cost_ev += float(self._alone[column] + self._price_of_move[column])
        self.rows.leave_out(column)
        self._alone += self._pairs[column]
        self._alone[column] = self._there_and_back[column] - self._alone[column]
        self._pairs[column] *= -1.0
        self._pairs[:, column] *= -1.0
        self._dipole = self._dipole + self.sign[column] * self._moments[:, column]
        self._price_of_move[column] *= -1.0
        self.rows.change(column)
