"""The energy of formal charges in vacuum as the edits of a program change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csc_array

from epicarve.builder.point_charges import inverse_distances, potentials_at_v
from epicarve.units import COULOMB_V_A

from .frame import GRAIN_A, in_grains

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

    from .program import Program


class EditEnergy:
    """What doing or undoing edits adds to the energy of all formal charges, ½ Σ q q'/(4πε₀r).

    Coordinates are those along the shell's own axes, in its grains, so that a crystal that is
    turned or shifted gives the same energies.

    Parameters
    ----------
    program : Program
        The ions and the edits.
    y : ndarray of float, shape (n_columns,)
        Edits that are done.

    Attributes
    ----------
    potentials_v : ndarray of float, shape (n_single,)
        Potential that all other ions cause at the ion of each single edit, column after column.
    """

    def __init__(self, program: Program, y: Floats) -> None:
        shell, edits, ions = program.shell, program.edits, program.shell.ions
        members = csc_array(edits.members)
        members.sort_indices()
        self._starts = members.indptr.astype(np.int64)
        single = members.indices
        ion = edits.ion[single]
        before = np.where(shell.inside[ion], ions.charges[ion], 0)
        self._change = (edits.new_charge[single] - before).astype(np.float64)
        kept, _, charges = program.applied(y)
        grains = in_grains(ions.positions_a @ shell.axes.T)
        points = np.asarray(grains * GRAIN_A, dtype=np.float64)
        self._points = points[ion]
        self.potentials_v = np.zeros(len(ion))
        self._add(points[kept], charges[kept].astype(np.float64))
        several = np.flatnonzero(np.diff(self._starts) > 1)
        self._within = np.zeros(edits.n_columns)
        self._within[several] = [0.5 * self.between(c, c)[0, 0] for c in several[:, None]]

    @property
    def of_each(self) -> Floats:
        """What each edit adds to the energy in eV if it is done alone, shape (n_columns,).

        Undoing one adds `undone` instead.
        """
        return self._linear + self._within

    @property
    def undone(self) -> Floats:
        """What undoing each edit adds to the energy in eV, shape (n_columns,)."""
        return self._within - self._linear

    @property
    def _linear(self) -> Floats:
        summed = np.add.reduceat(self._change * self.potentials_v, self._starts[:-1])
        return np.asarray(summed)

    def of(self, column: int, sign: float) -> float:
        """Return what doing an edit (sign 1) or undoing it (−1) adds to the energy in eV."""
        own = slice(self._starts[column], self._starts[column + 1])
        linear = float(self._change[own] @ self.potentials_v[own])
        return sign * linear + float(self._within[column])

    def between(self, first: Ints, second: Ints) -> Floats:
        """Return the energy in eV of the charges that edits change with each other's.

        Parameters
        ----------
        first, second : ndarray of int
            Columns.

        Returns
        -------
        ndarray of float, shape (len(first), len(second))
            Edits of one ion do not act on each other.
        """
        (rows, row_starts), (columns, column_starts) = self._singles(first), self._singles(second)
        terms = inverse_distances(self._points[rows], self._points[columns])
        terms *= COULOMB_V_A * self._change[rows, None] * self._change[columns]
        if len(rows) > len(first):
            terms = np.add.reduceat(terms, row_starts, axis=0)
        if len(columns) > len(second):
            terms = np.add.reduceat(terms, column_starts, axis=1)
        return np.asarray(terms)

    def apply(self, column: int, sign: float) -> None:
        """Do an edit (sign 1) or undo it (−1)."""
        singles = slice(self._starts[column], self._starts[column + 1])
        self._add(self._points[singles], sign * self._change[singles])

    def _add(self, points: Floats, charges: Floats) -> None:
        """Add charges to the potentials."""
        self.potentials_v += potentials_at_v(self._points, points, charges)

    def _singles(self, columns: Ints) -> tuple[Ints, Ints]:
        """Return the single edits of columns, and where those of each begin."""
        sizes = self._starts[columns + 1] - self._starts[columns]
        begins = np.cumsum(sizes) - sizes
        ramp = np.arange(int(sizes.sum())) - np.repeat(begins, sizes)
        return np.repeat(self._starts[columns], sizes) + ramp, begins
