"""The integer program of a cut: edits as columns, constraints as rows, costs as whole numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.units import COULOMB_V_A

from .coordination import coordination_rows
from .frame import GRAIN_A, in_grains
from .rows import Rows
from .shell import STEP_A

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .balance import BalanceOptions
    from .edits import Edits
    from .shell import Shell

DIPOLE_COST_A = 4.0
"""Cost in Å of moving one elementary charge by one radius beyond the free dipole."""


class Program:
    """Minimise W·(steps·y + K·level) + bonds·y over y in {0, 1} and whole levels of the dipole.

    Parameters
    ----------
    shell : Shell
        The ions that may be edited.
    edits : Edits
        The columns.
    options : BalanceOptions
        What the model must satisfy.

    Attributes
    ----------
    charge_row, charge_limit
        Charges of the edits, and what they must sum to.
    ratio : Rows
        Each element's count within the tolerance of its share of the whole.
    local : Rows
        Minimum coordination of each kept ion; one edit at most of each ion.
    dipole_start : ndarray of float, shape (3,)
        Dipole of the cut without edits in e Å, along the shell's own axes.
    free_dipole : float
        Length of the dipole in e Å that costs nothing.
    level_steps : int
        Cost in steps, K, of each further dipole of that length.
    """

    def __init__(self, shell: Shell, edits: Edits, options: BalanceOptions) -> None:
        self.shell = shell
        self.edits = edits
        self.options = options
        ions = shell.ions
        base = np.flatnonzero(shell.base)
        charges = ions.charges[base]
        self.charge_limit = options.net_charge - int(charges.sum())
        self.ratio = self._ratio_rows()
        self.local = coordination_rows(shell, edits) + _exclusive_rows(edits)
        if not shell.fixed.any():
            self.local += self._some_ion_row()
        start = (charges @ ions.positions_a[base]) @ shell.axes.T
        self.dipole_start = in_grains(start) * GRAIN_A
        inner = ions.positions_a[shell.inside]
        radius = np.sqrt((inner**2).sum(axis=1).max(keepdims=True))
        self.radius_a = float(in_grains(radius)[0] * GRAIN_A)
        self.free_dipole = options.free_dipole_v / COULOMB_V_A * self.radius_a**2
        step = DIPOLE_COST_A * self.free_dipole / self.radius_a / STEP_A
        self.level_steps = max(1, round(step))

    def _ratio_rows(self) -> Rows:
        """Return |total·count - share·all| <= tolerance·share·all in whole numbers."""
        edits = self.edits
        unit = self.shell.ions.crystal.formula_unit
        total = sum(unit.values())
        tolerance = Fraction(self.options.ratio_tolerance).limit_denominator(10**4)
        crystal = self.shell.ions.crystal
        of_site = np.bincount(self.shell.ions.sites[self.shell.base], minlength=crystal.n_sites)
        base = {symbol: int(of_site[crystal.symbols == symbol].sum()) for symbol in unit}
        n_base = sum(base.values())
        of = {symbol: edits.counts[edits.elements.index(symbol)] for symbol in unit}
        n_edit = sum(of.values())
        rows, limits = [], []
        for symbol, share in unit.items():
            for sign, bound in ((1, 1 + tolerance), (-1, 1 - tolerance)):
                own, all_ = bound.denominator * total, bound.numerator * share
                scale = np.gcd(own, all_)
                own, all_ = own // scale, all_ // scale
                rows.append(sign * (own * of[symbol] - all_ * n_edit) / own)
                limits.append(-sign * (own * base[symbol] - all_ * n_base) / own)
        return Rows(csr_array(np.array(rows, dtype=float)), np.array(limits, dtype=float))

    def _some_ion_row(self) -> Rows:
        """At least one ion is kept."""
        shell = self.shell
        sign = np.where(shell.inside[shell.free], 1.0, -1.0)
        row = csr_array((sign @ self.edits.occupancy)[None])
        return Rows(row, np.array([float(shell.base.sum()) - 1.0]))

    def applied(
        self, y: NDArray[np.float64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.str_], NDArray[np.int64]]:
        """Which ions the edits leave, and element and charge of every ion, each (n_ions,)."""
        edits, ions = self.edits, self.shell.ions
        done = np.flatnonzero(edits.members @ y > 0.5)
        ion, after = edits.ion[done], edits.symbol[done]
        kept = self.shell.base.copy()
        kept[ion] = after != ""
        stays = after != ""
        width = max(ions.symbols.dtype.itemsize, after.dtype.itemsize) // 4
        symbols, charges = ions.symbols.astype(f"<U{width}"), ions.charges.copy()
        symbols[ion[stays]] = after[stays]
        charges[ion[stays]] = edits.new_charge[done][stays]
        return kept, symbols, charges

    def dipole(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Dipole in e Å after edits, along the shell's own axes, shape (3,)."""
        return np.asarray(self.dipole_start + self.edits.moments @ y)

    def level(self, y: NDArray[np.float64]) -> int:
        """Whole number of times that the dipole exceeds the free one."""
        excess = float(np.linalg.norm(self.dipole(y))) / self.free_dipole - 1.0
        return max(0, int(np.ceil(excess - 1e-6)))

    def steps(self, y: NDArray[np.float64]) -> int:
        """Fidelity: steps of all edits and of the dipole's level."""
        return round(float(self.edits.steps @ y)) + self.level_steps * self.level(y)

    def bonds(self, y: NDArray[np.float64]) -> int:
        """Bonds broken by all edits, each counted against the base."""
        return round(float(self.edits.bonds @ y))


def _exclusive_rows(edits: Edits) -> Rows:
    """At most one edit of each ion that has a choice of several."""
    several = np.flatnonzero(edits.choices.sum(axis=1) > 1)
    return Rows(csr_array(edits.choices[several]), np.ones(len(several)))
