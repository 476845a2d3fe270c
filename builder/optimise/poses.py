"""Ligands that may be placed: each pose is a column of the program beside the edits of ions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from epicarve.arrays import Bools, Floats, Ints, Strings


@dataclass(frozen=True)
class Amount:
    """How many ligands there must be: fewest <= weights · numbers of each kind <= most.

    Parameters
    ----------
    weights : ndarray of float, shape (n_kinds,)
        How much a ligand of each kind counts.
    fewest, most : float
        Bounds of the sum.
    told : str
        What the user asked for, for messages.
    """

    weights: Floats
    fewest: float
    most: float
    told: str

    @property
    def holds_pairs(self) -> bool:
        """Whether it only holds ions of a neutral unit together."""
        return self.fewest == self.most == 0.0


@dataclass(frozen=True)
class Poses:
    """Ligands of several kinds in the places and positions that they may take.

    Parameters
    ----------
    kind : ndarray of int, shape (n_poses,)
        Kind of ligand, a number.
    charge : ndarray of int, shape (n_poses,)
        Charge in units of e.
    moments : ndarray of float, shape (n_poses, 3)
        Dipole of its formal charges in e Å about the origin of the model.
    filled : ndarray of int, shape (n_poses,)
        Missing bonds of cations that it fills.
    anchored : csr_array of int, shape (n_poses, n_ions)
        How many neighbours it is to each ion.
    held_by : csr_array of int, shape (n_poses, n_ions)
        Cations that it is bonded to, which must all be there.
    sites : csr_array of int, shape (n_poses, n_ions)
        Sites of ions that it takes: empty ones, of which each takes one ligand at most.
    excludes : csr_array of int, shape (n_poses, n_ions)
        Ions that it leaves no room for.
    is_ion : ndarray of bool, shape (n_poses,)
        Whether it stands on a site as the ion of the crystal would, and needs as many neighbours.
    counted : csr_array of float, shape (n_poses, n_ions)
        Share of an ion of the crystal that it counts as in the ratio.
    exclusive : csr_array of int, shape (n_rows, n_poses)
        Sets of poses of which there can be one at most.
    amounts : tuple of Amount
        How many there must be.
    """

    kind: Ints
    charge: Ints
    moments: Floats
    filled: Ints
    anchored: csr_array
    held_by: csr_array
    sites: csr_array
    excludes: csr_array
    is_ion: Bools
    counted: csr_array
    exclusive: csr_array
    amounts: tuple[Amount, ...] = ()

    @property
    def n_poses(self) -> int:
        """Number of poses."""
        return len(self.kind)

    def counts(self, symbols: Strings, elements: tuple[str, ...]) -> Floats:
        """Return what each counts as of each element in the ratio, shape (n_elements, n_poses)."""
        return np.array([self.counted @ (symbols == element) for element in elements], dtype=float)
