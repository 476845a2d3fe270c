"""What is drawn of a model besides its atoms: bonds and orbitals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers, covalent_radii
from scipy.spatial import cKDTree

from epicarve.analysis.figures import SIGNS
from epicarve.builder.geometry import BondRule
from epicarve.errors import InputError
from epicarve.page import encoded
from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from epicarve.analysis.states import Analysis, OrbitalPicture
    from epicarve.arrays import Floats, Ints

LONGEST_BOND = 1.2
"""Atoms of different elements that are nearer than this many sums of their covalent radii are drawn
as bonded, where no rule of their crystal is known."""

MOST_POINTS = 1_000_000
"""Most points of the grid of an orbital in the report, a byte each."""

LEVEL = 32
"""Value that stands for the isovalue in the grid of an orbital; 127 is the largest."""


def drawn_bonds(analysis: Analysis) -> Ints:
    """Return the atoms at both ends of each bond that is drawn, shape (n_bonds, 2).

    They are the bonds by which coordination is counted, if the model has the rule of its crystals.
    """
    model, positions_a = analysis.model, analysis.positions_a
    if model is not None:
        try:
            cations, anions, _ = BondRule.of(model).bonds(model)
        except InputError:
            pass
        else:
            return np.stack([cations, anions], axis=1)
    return _bonds_by_radii(analysis.states.symbols, positions_a)


def _bonds_by_radii(symbols: tuple[str, ...], positions_a: Floats | None) -> Ints:
    """Return atoms of different elements that are as near as covalent radii tell."""
    if positions_a is None:
        return np.empty((0, 2), dtype=np.int64)
    numbers = np.array([atomic_numbers[symbol] for symbol in symbols])
    radii_a = covalent_radii[numbers]
    longest_a = 2.0 * LONGEST_BOND * float(radii_a.max())
    pairs = cKDTree(positions_a).query_pairs(longest_a, output_type="ndarray")
    first, second = pairs.T
    lengths_a = np.linalg.norm(positions_a[first] - positions_a[second], axis=1)
    bonded = (numbers[first] != numbers[second]) & (
        lengths_a <= LONGEST_BOND * (radii_a[first] + radii_a[second])
    )
    kept = pairs[bonded]
    return np.asarray(kept[np.lexsort(kept.T[::-1])])


def orbital_data(picture: OrbitalPicture) -> dict[str, Any]:
    """Return an orbital as the page draws it: every n-th point, about the middle of the atoms.

    Parameters
    ----------
    picture : OrbitalPicture
        The orbital.

    Returns
    -------
    dict
        Values are whole numbers, `LEVEL` for the isovalue; larger than four times that are cut off.
    """
    grid = picture.grid
    every = 1
    while np.prod([-(-n // every) for n in grid.values.shape]) > MOST_POINTS:
        every += 1
    values = grid.values[::every, ::every, ::every]
    levels = np.clip(np.rint(values * (LEVEL / picture.isovalue)), -127, 127)
    middle_a = 0.5 * (picture.positions_a.max(axis=0) + picture.positions_a.min(axis=0))
    return {
        "origin_a": (grid.origin_bohr * A_PER_BOHR - middle_a).round(6).tolist(),
        "step_a": round(grid.step_bohr * A_PER_BOHR * every, 9),
        "shape": list(values.shape),
        "level": LEVEL,
        "values": encoded(levels, "int8"),
        "colours": list(SIGNS.values()),
    }
