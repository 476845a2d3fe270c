"""Swaps of equal edits that make dipoles small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints

    from .program import Program

MAX_SWAPS = 1500
"""Swaps that are combined in pairs; a larger number is thinned out evenly."""

MAX_ROUNDS = 30
DEARER = (1e-9, 0.05, 0.5)
"""By how many steps a swap may raise the cost, in the order of what is tried."""

TRIALS = 100
PARTNERS = 4


def balance_dipole(
    program: Program,
    y: Floats,
    columns: Ints,
    cost: Floats,
    enough: float,
) -> Floats:
    """Swap edits of the same charge until the dipoles cost nothing, then for fewer broken bonds.

    First only edits of the same cost are swapped, then dearer ones. What is found depends on the
    start and is not proven to be the best.

    Parameters
    ----------
    program : Program
        The program.
    y : ndarray of float, shape (n_columns,)
        Edits that satisfy all rows.
    columns : ndarray of int
        Columns that may be swapped.
    cost : ndarray of float, shape (n_columns,)
        Cost of each column.
    enough : float
        Cost of all edits at which no more bonds need be saved.

    Returns
    -------
    ndarray of float, shape (n_columns,)
        Edits that satisfy all rows, with dipoles that cost no more.
    """
    for dearer in DEARER:
        for _ in range(MAX_ROUNDS):
            if program.level(y) == 0:
                break
            swapped = _swapped(program, y, columns, cost, dearer)
            if swapped is None:
                break
            y = swapped
    for _ in range(MAX_ROUNDS if program.level(y) == 0 else 0):
        if cost @ y <= enough:
            break
        swapped = _swapped(program, y, columns, cost, -1e-9)
        if swapped is None:
            break
        y = swapped
    return y


def _swapped(
    program: Program,
    y: Floats,
    columns: Ints,
    cost: Floats,
    dearer: float,
) -> Floats | None:
    """Make the swap or the pair of swaps that leaves the smallest dipoles, the cheapest of equals.

    Dipoles that cost nothing are equal; of several, those of the domains and of the whole, the
    sum of their lengths counts. None if no swap makes costly dipoles smaller; with a negative
    `dearer`, if none makes the edits cheaper at dipoles that cost nothing.
    """
    edits = program.edits
    matrix = csc_array(program.local.matrix)
    slack = program.local.limit - program.local.matrix @ y
    done, undone = columns[y[columns] > 0.5], columns[y[columns] < 0.5]
    undone = undone[_fits(matrix, slack, undone, 1.0)]
    done = done[_fits(matrix, slack, done, -1.0)]
    kind = edits.charges + edits.domain * 2 * (np.abs(edits.charges).max(initial=0) + 1)
    out, into = np.nonzero(kind[done][:, None] == kind[undone])
    rise = cost[undone[into]] - cost[done[out]]
    cheap = np.flatnonzero(rise <= dearer)
    if len(cheap) == 0:
        return None
    cheap = cheap[:: -(-len(cheap) // MAX_SWAPS)]
    rise, out, into = rise[cheap], done[out[cheap]], undone[into[cheap]]
    moments = np.vstack([dipole.moments for dipole in program.dipoles])
    shifts = (moments[:, into] - moments[:, out]).T
    ratio = program.ratio.matrix.toarray()
    ratios = ratio[:, into] - ratio[:, out]
    spare = (program.ratio.limit - ratio @ y + 1e-6)[:, None]
    start = np.concatenate([dipole.after(y) for dipole in program.dipoles])
    free = np.array([dipole.free for dipole in program.dipoles])
    near = min(PARTNERS, len(shifts))
    partner = cKDTree(shifts).query(-(start + shifts), k=np.arange(1, near + 1))[1].reshape(-1)
    first = np.repeat(np.arange(len(shifts)), near)
    apart = (out[first] != out[partner]) & (into[first] != into[partner])
    apart &= (ratios[:, first] + ratios[:, partner] <= spare).all(axis=0)
    alone = np.flatnonzero((ratios <= spare).all(axis=0))
    first, second = first[apart], partner[apart]
    after = np.concatenate([start + shifts[alone], start + shifts[first] + shifts[second]])
    lengths = np.round(_summed(after, free), 6)
    total = np.concatenate([rise[alone], rise[first] + rise[second]])
    pairs: list[tuple[int, ...]] = [(swap,) for swap in alone.tolist()]
    pairs += zip(first.tolist(), second.tolist(), strict=True)
    limit = max(float(_summed(start[None], free)[0]) - 1e-6, float(free.sum()) + 1e-6)
    order = np.lexsort((np.round(total, 9), lengths))
    broken: set[int] = set()
    trials = 0
    for trial in order[lengths[order] < limit].tolist():
        if not broken.isdisjoint(pairs[trial]):
            continue
        swapped = y.copy()
        for swap in pairs[trial]:
            swapped[out[swap]] -= 1.0
            swapped[into[swap]] += 1.0
            if not _is_local(program, swapped):
                broken.add(swap)
                break
        else:
            return swapped
        trials += 1
        if trials == TRIALS:
            break
    return None


def _summed(dipoles: Floats, free: Floats) -> Floats:
    """Sum of the lengths of the dipoles in each row, none counted as less than what is free."""
    lengths = np.linalg.norm(dipoles.reshape(len(dipoles), len(free), 3), axis=2)
    return np.asarray(np.maximum(lengths, free).sum(axis=1))


def _fits(matrix: csc_array, slack: Floats, columns: Ints, sign: float) -> Bools:
    """Whether each column alone may change by sign without breaking a row."""
    chosen = matrix[:, columns]
    over = sign * chosen.data > slack[chosen.indices] + 1e-6
    owner = np.repeat(np.arange(len(columns)), np.diff(chosen.indptr))
    return np.asarray(np.bincount(owner[over], minlength=len(columns)) == 0)


def _is_local(program: Program, y: Floats) -> bool:
    """Whether whole edits break no row of coordination and are each done once at most."""
    over = (program.local.matrix @ y) > program.local.limit + 1e-6
    return bool(not over.any() and y.min() >= 0.0 and y.max() <= 1.0)
