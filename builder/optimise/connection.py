"""A model in one piece: which ions come loose, and rows that tie them to the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array, csr_array, vstack
from scipy.sparse.csgraph import connected_components

from .rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epicarve.arrays import Bools, Floats, Ints

    from .program import Program


def loose_fragments(connectivity: csr_array, kept: Bools) -> list[Ints]:
    """Return the pieces of the kept ions other than the largest one.

    Parameters
    ----------
    connectivity : csr_array, shape (n_ions, n_ions)
        What holds ions together.
    kept : ndarray of bool, shape (n_ions,)
        Ions of the model.

    Returns
    -------
    list of ndarray of int
        Ions of each piece.
    """
    chosen = np.flatnonzero(kept)
    n_pieces, label = connected_components(connectivity[chosen][:, chosen], directed=False)
    if n_pieces <= 1:
        return []
    largest = int(np.argmax(np.bincount(label)))
    return [chosen[label == piece] for piece in range(n_pieces) if piece != largest]


def connection_rows(program: Program, pieces: list[Ints], connectivity: csr_array) -> Rows:
    """Return rows that forbid loose pieces, and others that differ from them at their rim alone.

    A path from any kept ions to the inner ions of the model leaves them and their neighbours
    through a neighbour that has others beyond. So if all ions of a set are kept, one of these
    neighbours must be, and one of those beyond. That holds for the cations of a piece, and for
    these with the ions that could tie it to others; the latter is what the piece itself breaks.

    Parameters
    ----------
    program : Program
        The program that the rows are for.
    pieces : list of ndarray of int
        Ions of each loose piece.
    connectivity : csr_array, shape (n_ions, n_ions)
        What holds ions together.
    """
    shell, edits = program.shell, program.edits
    sign = np.where(shell.inside[shell.free], -1.0, 1.0)
    rows, limits = [], []
    for piece in pieces:
        for kept, needed in _needs(program, piece, connectivity):
            weight = np.zeros(shell.ions.n_ions)
            weight[needed] = 1.0
            weight[kept] = -1.0
            row = (weight[shell.free] * sign) @ edits.occupancy
            rows.append(csr_array(-row[None]))
            limits.append(float(weight[shell.base].sum()) - 1.0 + len(kept))
    return Rows(csr_array(vstack(rows, format="csr")), np.array(limits))


def _needs(program: Program, piece: Ints, connectivity: csr_array) -> Iterator[tuple[Ints, Ints]]:
    """Yield sets of ions, and ions of which one must be kept if all of the set are."""
    shell = program.shell
    possible = shell.fixed.copy()
    possible[shell.free] = True
    cations = piece[shell.ions.charges[piece] > 0]
    of_piece = connectivity[piece]
    ends = of_piece @ possible.astype(np.int32) == of_piece[:, piece].sum(axis=1)
    tied = piece[~ends | (shell.ions.charges[piece] > 0)]
    near, _ = _around(tied, possible, connectivity)
    if len(near) == 0 or np.isin(near, piece).any():
        tied, near = piece, np.setdiff1d(connectivity[piece].indices, piece)
    yield tied, near
    near, beyond = _around(cations, possible, connectivity)
    has_inner = np.setdiff1d(np.flatnonzero(shell.fixed), np.r_[cations, near]).size > 0
    if has_inner and 0 < len(cations) < len(piece):
        yield cations, near
        yield cations, beyond


def _around(kept: Ints, possible: Bools, connectivity: csr_array) -> tuple[Ints, Ints]:
    """Return the neighbours of a set through which it goes on, and those that lie beyond them."""
    closed = ~possible
    closed[kept] = closed[connectivity[kept].indices] = True
    near = np.setdiff1d(connectivity[kept].indices, kept)
    near = near[possible[near]]
    goes_on = connectivity[near] @ (~closed).astype(np.int32) > 0
    near = near[goes_on]
    beyond = np.unique(connectivity[near].indices)
    return near, beyond[~closed[beyond]]


class Contracted:
    """Connectivity of a model with the ions that stay drawn together, a node for each fragment.

    Parameters
    ----------
    program : Program
        The ions and the edits.
    y : ndarray of float, shape (n_columns,)
        Edits that are done.
    """

    def __init__(self, program: Program, y: Floats) -> None:
        shell, edits, connectivity = program.shell, program.edits, program.shell.ions.connectivity
        fixed = np.flatnonzero(shell.fixed)
        n_fixed, piece = connected_components(connectivity[fixed][:, fixed], directed=False)
        node = np.full(shell.ions.n_ions, -1)
        node[fixed] = piece
        node[shell.free] = n_fixed + np.arange(len(shell.free))
        near = connectivity[shell.free].tocoo()
        first, second = n_fixed + near.coords[0], node[near.coords[1]]
        self._edges = np.stack([first, second])[:, second >= 0]
        kept, _, _ = program.applied(y)
        self._kept = np.concatenate([np.ones(n_fixed, dtype=bool), kept[shell.free]])
        self._fills = csc_array(
            edits.occupancy.multiply(np.where(shell.inside[shell.free], -1, 1)[:, None])
        )
        self._n_fixed = n_fixed

    def is_one(self, columns: Ints, signs: Floats) -> bool:
        """Whether the model is one piece after edits are done (sign 1) or undone (−1)."""
        kept = self._after(columns, signs)
        edges = self._edges[:, kept[self._edges].all(axis=0)]
        ones = np.ones(edges.shape[1], dtype=np.int8)
        graph = csr_array((ones, (edges[0], edges[1])), shape=(len(kept), len(kept)))
        n_pieces, _ = connected_components(graph, directed=False)
        return bool(n_pieces - int((~kept).sum()) == 1)

    def apply(self, columns: Ints, signs: Floats) -> None:
        """Do or undo edits."""
        self._kept = self._after(columns, signs)

    def _after(self, columns: Ints, signs: Floats) -> Bools:
        filled = self._fills[:, columns] @ signs
        kept = self._kept.copy()
        kept[self._n_fixed :] = self._kept[self._n_fixed :] + filled > 0.5
        return kept
