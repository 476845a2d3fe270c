"""How large dipoles may be, and directions to measure them along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.units import COULOMB_V_A

from .surface_region import STEP_A

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

DIPOLE_COST_A = 4.0
"""Cost in Å of moving one elementary charge by one radius beyond the free dipole."""


@dataclass(frozen=True)
class EditCharges:
    """Charges of the edits that make a dipole, whose sum is known.

    So the dipole about one point tells that about any other.

    Parameters
    ----------
    each : ndarray of int, shape (n_columns,)
        Change of the charge by each edit that counts for the dipole, 0 for all others.
    total : int
        What they sum to in every solution.
    origin : ndarray of float, shape (3,)
        Point in Å about which the dipole is reckoned, along the shell's own axes.
    """

    each: Ints
    total: int
    origin: Floats


@dataclass(frozen=True)
class DipoleLimit:
    """How large the dipole of a domain, or of the whole, may be.

    Parameters
    ----------
    moments : ndarray of float, shape (3, n_columns)
        Change of the dipole in e Å by each edit, along the shell's own axes.
    start : ndarray of float, shape (3,)
        Dipole without edits in e Å.
    free : float
        Length in e Å that costs nothing.
    level_steps : int
        Cost in steps, K, of each further dipole of that length.
    charges : EditCharges, optional
        Charges of the edits, if their sum is known.
    """

    moments: Floats
    start: Floats
    free: float
    level_steps: int
    charges: EditCharges | None = None

    @classmethod
    def of(
        cls,
        moments: Floats,
        start: Floats,
        free_v: float,
        radius_a: float,
        charges: EditCharges | None = None,
    ) -> DipoleLimit:
        """Return the limit for a particle of a radius in Å that may have a potential in V.

        The potential is that of its dipole at its surface, p/(4πε₀R²).
        """
        free = free_v / COULOMB_V_A * radius_a**2
        steps = max(1, round(DIPOLE_COST_A * free / radius_a / STEP_A))
        return cls(moments, start, free, steps, charges)

    def part(self, columns: Ints, start: Floats, total: int) -> DipoleLimit:
        """Return the limit over a selection of edits, beside others that are done or never are.

        Parameters
        ----------
        columns : ndarray of int
            The edits.
        start : ndarray of float, shape (3,)
            Dipole in e Å without them.
        total : int
            What their charges sum to.
        """
        charges = self.charges
        if charges is not None:
            charges = EditCharges(charges.each[columns], total, charges.origin)
        return replace(self, moments=self.moments[:, columns], start=start, charges=charges)

    def after(self, y: Floats) -> Floats:
        """Dipole in e Å after edits, shape (3,)."""
        return np.asarray(self.start + self.moments @ y)

    def level(self, y: Floats) -> int:
        """Whole number of times that the dipole exceeds the free one."""
        excess = float(np.linalg.norm(self.after(y))) / self.free - 1.0
        return max(0, int(np.ceil(excess - 1e-6)))


def directions() -> Floats:
    """Return 42 unit vectors: the corners and the middles of the edges of an icosahedron."""
    golden = 0.5 * (1.0 + np.sqrt(5.0))
    corners = np.array(
        [
            np.roll([0.0, one, other], turn)
            for turn in range(3)
            for one in (-1.0, 1.0)
            for other in (-golden, golden)
        ]
    )
    corners /= np.linalg.norm(corners[0])
    i, j = np.nonzero(np.triu(corners @ corners.T > 0.4, k=1))
    middles = corners[i] + corners[j]
    return np.vstack([corners, middles / np.linalg.norm(middles, axis=1)[:, None]])
