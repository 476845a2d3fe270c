"""Solutions that symmetry maps onto each other, of which one is enough to look for.

A cut that is symmetric about its centre has up to 48 solutions for each that is not symmetric
itself, and a proof that there are none would have to refute them all. So cases are told apart:
of the columns of an orbit the first is done, or none is (orbital branching: J. Ostrowski,
J. Linderoth, F. Rossi, S. Smriglio, Math. Program. 126, 147, 2011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from .symmetry import images, operations

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints

    from .program import Program
    from .rows import Rows

FEWEST_OPERATIONS = 6
"""Smaller groups have so many orbits that the cases cost more than they save."""

CLOSE_E_A = 1e-3
"""How far in e Å a moment may lie from that of its image; coordinates are rounded."""


class Alike:
    """Permutations of the columns of a program that map solutions onto solutions.

    Parameters
    ----------
    program : Program
        The program; its columns are edits of single ions, or else it counts as not symmetric.

    Attributes
    ----------
    images : ndarray of int, shape (n_operations, n_columns)
        Column onto which each falls, the identity first.
    play_e_a : float
        By how much in e Å the lengths of dipoles of alike solutions may differ.
    """

    def __init__(self, program: Program) -> None:
        n = program.edits.n_columns
        self.steps = program.edits.steps
        identity = np.arange(n)
        found, self.play_e_a = [identity], 0.0
        single = program.edits.members.tocsc()
        if (np.diff(single.indptr) == 1).all() and n:
            edit = single.indices
            rows = _describe(program.local, identity), _describe(program.ratio, identity)
            for operation in operations(program.shell)[1:]:
                image = _image(program, operation, edit)
                if image is None:
                    continue
                play_e_a = _play_e_a(program, operation, image)
                kept = _describe(program.local, image), _describe(program.ratio, image)
                if play_e_a is not None and kept == rows:
                    found.append(image)
                    self.play_e_a = max(self.play_e_a, play_e_a)
        self.images = np.array(found)

    def cases(self, columns: Ints, taken: Bools) -> list[tuple[Ints, Bools]]:
        """Return cases that hold a solution, of all that are alike, of each that there is.

        In each case one more orbit is left undone, and of the next the first column is done; the
        last case is that none is. Orbits of the dearest edits come first, as few of these fit.

        Parameters
        ----------
        columns : ndarray of int
            Columns that may be done: all of every solution.
        taken : ndarray of bool, shape (len(columns),)
            Those that are done in all solutions.

        Returns
        -------
        list of (ndarray of int, ndarray of bool)
            Columns that may be done in each case, and those of them that are.
        """
        if len(self.images) < FEWEST_OPERATIONS:
            return [(columns, taken)]
        orbit = self.images.min(axis=0)[columns]
        names, start, count = np.unique(orbit, return_index=True, return_counts=True)
        split = (count > 1) & ~np.isin(names, orbit[taken])
        order = np.lexsort((names, -count, -self.steps[columns[start]]))
        cases = []
        is_open = np.full(len(columns), True)
        for number in order[split[order]].tolist():
            done = taken.copy()
            done[start[number]] = True
            cases.append((columns[is_open], done[is_open]))
            is_open = is_open & (orbit != names[number])
        return [*cases, (columns[is_open], taken[is_open])]


def _image(program: Program, operation: Floats, edit: Ints) -> Ints | None:
    """Column onto which an operation maps each, or None if it is none of the program."""
    edits, shell = program.edits, program.shell
    to = images(shell, operation)
    if to is None:
        return None
    of_ion = np.full(shell.ions.n_ions, -1)
    of_ion[shell.free] = shell.free[to]
    columns = (edits.ion, edits.symbol, edits.is_halide, edits.is_replaced)
    told = list(zip(*(each[edit].tolist() for each in columns), strict=True))
    number = {each: column for column, each in enumerate(told)}
    found = np.array([number.get((int(of_ion[ion]), *kind), -1) for ion, *kind in told])
    same = np.vstack([edits.domain, edits.steps, edits.bonds, program.charges, edits.counts])
    if (found < 0).any() or (same[:, found] != same).any():
        return None
    return found


def _play_e_a(program: Program, operation: Floats, image: Ints) -> float | None:
    """By how much dipoles differ from those of the images, None if they are not alike."""
    axes = program.shell.axes
    turn = axes @ operation @ axes.T
    play_e_a = 0.0
    for limit in program.dipoles:
        off = np.linalg.norm(turn @ limit.moments - limit.moments[:, image], axis=0)
        start = float(np.linalg.norm(turn @ limit.start - limit.start))
        if max(off.max(initial=0.0), start) > CLOSE_E_A:
            return None
        play_e_a = max(play_e_a, float(off.sum()) + start)
    return play_e_a


def _describe(rows: Rows, image: Ints) -> list[tuple[float, bytes, bytes]]:
    """Rows with each column under the name of its image, in an order of their own."""
    matrix = csr_array(rows.matrix)
    of_image = image[matrix.indices]
    told = csr_array((matrix.data, of_image, matrix.indptr), shape=matrix.shape, copy=True)
    told.eliminate_zeros()
    told.sort_indices()
    return sorted(
        (limit, told.indices[start:stop].tobytes(), told.data[start:stop].tobytes())
        for start, stop, limit in zip(
            told.indptr[:-1], told.indptr[1:], rows.limit.tolist(), strict=True
        )
    )
