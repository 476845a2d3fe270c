"""Minimum coordination and strong bonds as rows of the program, as tight as they can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from .rows import Rows

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Ints

    from .edits import Edits
    from .surface_region import Need, Shell


def coordination_rows(shell: Shell, edits: Edits, need: Need) -> Rows:
    """For each ion that may lack neighbours: enough of them are there if it is there.

    With c neighbours in the base, m needed, R of them removed and A added, R - A <= c - m holds
    if the ion is kept; an edit of the ion itself lifts that by as much as it takes and not more.
    Two kinds of rows follow from these in whole numbers, and tighten them without:
    if c < m, the added ones make up for m - c whatever else is removed; if c = m, whichever
    neighbour goes, the ion goes or another neighbour comes.

    Parameters
    ----------
    shell : Shell
        The ions.
    edits : Edits
        The columns.
    need : Need
        Which neighbours count, and how many of them each ion needs.
    """
    bonds = _FreeBonds(shell, need)
    (general, of_general), (short, of_short), (tight, of_tight) = (
        _general(bonds),
        _short(bonds),
        _tight(bonds),
    )
    rows = general + short + tight
    matrix = csr_array(rows.matrix @ edits.occupancy)
    poses = shell.ions.poses
    if poses is not None:  # anchors of ligands are neighbours that may be added
        anchors = csr_array(poses.anchored[:, bonds.ions[np.r_[of_general, of_short, of_tight]]].T)
        blank = csr_array((anchors.shape[0], edits.n_columns - poses.n_poses))
        matrix = csr_array(matrix - hstack([blank, anchors], format="csr"))
    return Rows(matrix, rows.limit)


class _FreeBonds:
    """Bonds of free ions, seen from every ion that has one or lacks neighbours.

    Attributes
    ----------
    ions : ndarray of int, shape (n_rows,)
        The ions from which bonds are seen.
    row, column : ndarray of int, shape (n_bonds,)
        The ion, counted with the free ones first, and its free neighbour.
    is_removable : ndarray of bool, shape (n_bonds,)
        Whether that neighbour is there unless removed.
    slack : ndarray of int, shape (n_rows,)
        Neighbours in the base beyond those needed, c - m.
    n_removable : ndarray of int, shape (n_rows,)
        Neighbours that may be removed.
    is_inside, is_outside : ndarray of bool, shape (n_rows,)
        Free ions that are there unless removed; that are there if added.
    """

    def __init__(self, shell: Shell, need: Need) -> None:
        free = shell.free
        self.n_free = len(free)
        concerns = need.held < need.minimum
        concerns[shell.adjacency[free].indices] = True
        ions = np.concatenate([free, shell.ordered(np.flatnonzero(concerns & shell.fixed))])
        position = np.full(shell.ions.n_ions, -1)
        position[free] = np.arange(self.n_free)
        neighbours = need.neighbours[ions].tocoo()
        row, column = neighbours.coords[0], position[neighbours.coords[1]]
        row, column = row[column >= 0], column[column >= 0]
        order = np.lexsort((column, row))
        self.row, self.column = row[order], column[order]
        self.ions, self.n_rows = ions, len(ions)
        self.is_removable = shell.inside[free][self.column]
        self.slack = (need.held - need.minimum)[ions]
        self.n_removable = np.bincount(self.row[self.is_removable], minlength=self.n_rows)
        is_free = np.arange(self.n_rows) < self.n_free
        self.is_inside = is_free & shell.inside[ions]
        self.is_outside = is_free & ~shell.inside[ions]

    def rows(self, chosen: Bools, bonds: Bools, own: Ints) -> csr_array:
        """Return removed minus added neighbours of each chosen ion, plus its own coefficient."""
        number = np.cumsum(chosen) - 1
        of_row = chosen[self.row] & bonds
        itself = np.flatnonzero(chosen & (self.is_inside | self.is_outside))
        row = np.concatenate([number[self.row[of_row]], number[itself]])
        column = np.concatenate([self.column[of_row], itself])
        sign = np.where(self.is_removable[of_row], 1, -1)
        data = np.concatenate([sign, own[itself]]).astype(float)
        return csr_array((data, (row, column)), shape=(int(chosen.sum()), self.n_free))


def _general(bonds: _FreeBonds) -> tuple[Rows, Ints]:
    lift = bonds.n_removable - bonds.slack
    chosen = lift > 0
    own = np.where(bonds.is_inside, -lift, lift)
    limit = np.where(bonds.is_outside, bonds.n_removable, bonds.slack)
    everything = np.ones(len(bonds.row), dtype=bool)
    rows = Rows(bonds.rows(chosen, everything, own), limit[chosen].astype(float))
    return rows, np.flatnonzero(chosen)


def _short(bonds: _FreeBonds) -> tuple[Rows, Ints]:
    is_free = bonds.is_inside | bonds.is_outside
    chosen = is_free & (bonds.slack < 0) & (bonds.n_removable > 0)
    own = np.where(bonds.is_inside, bonds.slack, -bonds.slack)
    limit = np.where(bonds.is_inside, bonds.slack, 0)
    rows = Rows(bonds.rows(chosen, ~bonds.is_removable, own), limit[chosen].astype(float))
    return rows, np.flatnonzero(chosen)


def _tight(bonds: _FreeBonds) -> tuple[Rows, Ints]:
    is_free = bonds.is_inside | bonds.is_outside
    chosen = is_free & (bonds.slack == 0) & (bonds.n_removable > 1)
    pairs = np.flatnonzero(chosen[bonds.row] & bonds.is_removable)
    owner = bonds.row[pairs]
    added = np.flatnonzero(chosen[bonds.row] & ~bonds.is_removable)
    first = np.searchsorted(owner, bonds.row[added])
    repeat = np.searchsorted(owner, bonds.row[added], side="right") - first
    ramps = np.arange(int(repeat.sum())) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    number = np.arange(len(pairs))
    row = np.concatenate([number, number, np.repeat(first, repeat) + ramps])
    column = np.concatenate([bonds.column[pairs], owner, np.repeat(bonds.column[added], repeat)])
    data = np.concatenate(
        [
            np.ones(len(pairs)),
            np.where(bonds.is_inside[owner], -1.0, 1.0),
            -np.ones(len(ramps)),
        ]
    )
    matrix = csr_array((data, (row, column)), shape=(len(pairs), bonds.n_free))
    return Rows(matrix, np.where(bonds.is_outside[owner], 1.0, 0.0)), owner
