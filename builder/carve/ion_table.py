"""Ions of one side of an interface, as far as registry and contacts need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.model import Model
    from epicarve.builder.shapes import LatticeIons


@dataclass(frozen=True)
class IonTable:
    """Elements, formal charges and coordinates in Å of some ions; the interface's normal is z."""

    symbols: Strings
    charges: Ints
    positions_a: Floats

    @classmethod
    def of(cls, ions: LatticeIons | Model) -> IonTable:
        """Return what tells the registry of ions of a lattice or of a model."""
        return cls(ions.symbols, ions.charges, ions.positions_a)

    def chosen(self, which: Bools | Ints) -> IonTable:
        """Return some of the ions."""
        return IonTable(self.symbols[which], self.charges[which], self.positions_a[which])

    def shifted(self, shift_a: Floats) -> IonTable:
        """Return the ions moved by (x, y, z) in Å."""
        return IonTable(self.symbols, self.charges, self.positions_a + shift_a)

    def face(self, side: float, depth_a: float) -> IonTable:
        """Return the outermost cations; side is the sign of the face's normal along z."""
        return self.chosen(self.face_cations(side, depth_a))

    def face_cations(self, side: float, depth_a: float) -> Ints:
        """Return the indices of the cations from the outermost one to some depth in Å, by depth."""
        cations = np.flatnonzero(self.charges > 0)
        heights = side * self.positions_a[cations, 2]
        order = np.argsort(-heights, kind="stable")
        return np.asarray(cations[order[heights[order] >= heights.max() - depth_a]])
