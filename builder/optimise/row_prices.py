"""Prices of broken rows as single edits change and as two change at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

ROWS_AT_ONCE = 64
"""Rows whose pairs of entries are looked for at once."""

MOST_ENTRIES = 100
"""Rows with more entries, such as that some ion must stay, have no price: all pairs of entries are
held in memory."""


@dataclass(frozen=True)
class _Entries:
    """Entries of some rows, and pairs of them that stand in one row.

    Parameters
    ----------
    rows : ndarray of int
        The rows.
    row, column, value : ndarray, shape (n_entries,)
        The entries.
    first, second : ndarray of int, shape (n_pairs,)
        Places of the entries of each pair.
    """

    rows: Ints
    row: Ints
    column: Ints
    value: Floats
    first: Ints
    second: Ints


class RowPrices:
    """What it costs in broken rows to change edits, one alone or two at once.

    Parameters
    ----------
    rows : sparse array, shape (n_rows, n_columns)
        Coefficients.
    slack : ndarray of float, shape (n_rows,)
        How much each row can still take; rows that are broken count as those that hold barely.
    sign : ndarray of float, shape (n_columns,)
        1 for an edit that is not done, -1 for one that is. It is changed here, by `change`.
    pairs : ndarray of float, shape (n_columns, n_columns)
        What is added, for two changes at once, to what both cost alone. It is kept up to date.
    price : float
        Price of a row that is broken by one.

    Attributes
    ----------
    of_each : ndarray of float, shape (n_columns,)
        What each change costs alone.
    broken : float
        By how much rows that have a price are broken, all together.
    """

    def __init__(
        self, rows: csr_array, slack: Floats, sign: Floats, pairs: Floats, price: float
    ) -> None:
        self._rows, self._columns = csr_array(rows), rows.tocsc()
        self._slack = np.maximum(slack, 0.0)
        self._sign, self._pairs, self._price = sign, pairs, price
        self.of_each, self.broken = np.zeros(len(sign)), 0.0
        self._known: dict[int, _Entries] = {}
        self._is_priced = np.diff(self._rows.indptr) <= MOST_ENTRIES
        priced = np.flatnonzero(self._is_priced)
        for start in range(0, len(priced), ROWS_AT_ONCE):
            self._count(self._entries(priced[start : start + ROWS_AT_ONCE]), 1.0)

    def leave_out(self, column: int) -> None:
        """Take away the prices of all rows of an edit that is about to change."""
        self._count(self._of(column), -1.0)

    def change(self, column: int) -> None:
        """Do an edit that is not done, or undo it, and add the prices of its rows again."""
        its = slice(*self._columns.indptr[column : column + 2])
        self._slack[self._columns.indices[its]] -= self._sign[column] * self._columns.data[its]
        self._sign[column] *= -1.0
        self._count(self._of(column), 1.0)

    def _of(self, column: int) -> _Entries:
        if column not in self._known:
            rows = self._columns.indices[slice(*self._columns.indptr[column : column + 2])]
            self._known[column] = self._entries(rows[self._is_priced[rows]])
        return self._known[column]

    def _entries(self, rows: Ints) -> _Entries:
        part = self._rows[rows].tocoo()
        place, column = part.coords
        together = (place[:, None] == place) & (column[:, None] != column)
        return _Entries(rows, rows[place], column, part.data, *np.nonzero(together))

    def _count(self, of: _Entries, weight: float) -> None:
        """Add the prices of rows, or take them away (weight -1)."""
        weight *= self._price
        step, slack = of.value * self._sign[of.column], self._slack[of.row]
        alone, before = _lacking(slack - step), _lacking(slack)
        np.add.at(self.of_each, of.column, weight * (alone - before))
        first, second = of.first, of.second
        both = _lacking(slack[first] - step[first] - step[second])
        added = both - alone[first] - alone[second] + before[first]
        places = of.column[first] * len(self._sign) + of.column[second]
        np.add.at(self._pairs.reshape(-1), places, weight * added)
        self.broken += weight / self._price * float(_lacking(self._slack[of.rows]).sum())


def _lacking(slack: Floats) -> Floats:
    return np.maximum(-slack, 0.0)
