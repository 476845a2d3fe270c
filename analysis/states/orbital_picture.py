"""An orbital on a grid, as figures and report show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.dft.cube import OrbitalGrid


@dataclass(frozen=True)
class OrbitalPicture:
    """One orbital to be drawn.

    Parameters
    ----------
    title : str
        What stands over it.
    grid : OrbitalGrid
        Its values.
    share : float
        Part of its density that the surface holds.
    isovalue : float
        Its size on the surface, in bohr^(-3/2).
    symbols : tuple of str
        Elements of the atoms.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Their places in Å.
    """

    title: str
    grid: OrbitalGrid
    share: float
    isovalue: float
    symbols: tuple[str, ...]
    positions_a: Floats
