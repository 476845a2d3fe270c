"""A crystal after a relaxation, in the cell and setting of the one that it started from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .primitive import standard_orientation
from .summary import structure_of

if TYPE_CHECKING:
    from epicarve.arrays import Floats

    from .crystal import Crystal
    from .primitive import PrimitiveCell

NOISE_A = 0.05
"""How far, in Å, a relaxation without symmetry may miss that of its start and still be meant to
keep it: soft directions end some hundredths of Å off when the forces are converged."""


@dataclass(frozen=True)
class RelaxedCrystal:
    """A crystal and what its relaxation did to it.

    Parameters
    ----------
    crystal : Crystal
        The relaxed crystal, with status computed.
    start : Crystal
        The crystal before.
    kept_symmetry : bool
        Whether the space group of the start still holds within `NOISE_A`; cell and
        coordinates are then made to fulfil it exactly.
    symmetry_error_a : float
        How far the relaxation had left that space group: largest miss of a site or of a vector
        of the cell, in Å.
    rms_displacement_a, max_displacement_a : float
        How far the sites moved against each other in the relaxed cell, without their common
        shift, in Å.
    """

    crystal: Crystal
    start: Crystal
    kept_symmetry: bool
    symmetry_error_a: float
    rms_displacement_a: float
    max_displacement_a: float

    def as_dict(self) -> dict[str, Any]:
        """Return cell, symmetry, density, distances and coordination, before and after."""
        return {
            "space_group": self.crystal.symmetry.symbol,
            "kept_symmetry": self.kept_symmetry,
            "symmetry_error_a": round(self.symmetry_error_a, 5),
            "rms_displacement_a": round(self.rms_displacement_a, 4),
            "max_displacement_a": round(self.max_displacement_a, 4),
            **structure_of(self.crystal),
            "start": {
                "status": self.start.status,
                "space_group": self.start.symmetry.symbol,
                **structure_of(self.start),
            },
        }


def relaxed_crystal(
    start: Crystal,
    primitive: PrimitiveCell,
    cell_a: Floats,
    positions_a: Floats,
    derivation: str,
) -> RelaxedCrystal:
    """Carry a relaxed primitive cell back to the cell and the space group of the start.

    Parameters
    ----------
    start : Crystal
        The crystal before the relaxation.
    primitive : PrimitiveCell
        Its primitive cell, which was relaxed.
    cell_a : ndarray of float, shape (3, 3)
        Vectors of the relaxed primitive cell in Å as rows.
    positions_a : ndarray of float, shape (n_primitive, 3)
        Relaxed cartesian coordinates in Å, in the order of the primitive cell's sites; not
        wrapped into the cell.
    derivation : str
        How they were computed.
    """
    cell_a, fractional = primitive.unfolded(cell_a, positions_a @ np.linalg.inv(cell_a))
    cell_a = standard_orientation(cell_a)
    moved = fractional - start.fractional
    moved -= moved[0]
    moved -= np.rint(moved)
    fractional = start.fractional + moved - moved.mean(axis=0)  # the origin of the start
    symmetric_cell_a, symmetric, error_a = _with_symmetry(start, cell_a, fractional)
    kept = error_a <= NOISE_A
    if kept:
        cell_a, fractional = symmetric_cell_a, symmetric
    distances_a = np.linalg.norm((fractional - start.fractional) @ cell_a, axis=1)
    crystal = replace(
        start,
        cell_a=cell_a,
        fractional=fractional % 1.0,
        status="computed",
        derivation=derivation,
    )
    if not kept:
        crystal = replace(crystal, space_group=crystal.symmetry.symbol)
    return RelaxedCrystal(
        crystal=crystal,
        start=start,
        kept_symmetry=kept,
        symmetry_error_a=error_a,
        rms_displacement_a=float(np.sqrt((distances_a**2).mean())),
        max_displacement_a=float(distances_a.max()),
    )


def _with_symmetry(
    start: Crystal, cell_a: Floats, fractional: Floats
) -> tuple[Floats, Floats, float]:
    """Average cell and sites over the operations of the start, and tell how far they were off."""
    group = start.symmetry
    rotations = group.rotations.astype(float)
    metric = np.einsum("oji,jk,okl->il", rotations, cell_a @ cell_a.T, rotations) / len(rotations)
    symmetric_cell_a = np.linalg.cholesky(metric)
    places = group.site_permutations(start.fractional)
    off = group.images(fractional) - fractional[places]
    off -= np.rint(off)
    correction = np.zeros_like(fractional)
    np.add.at(correction, places, off / len(rotations))
    miss_a = np.linalg.norm(correction @ symmetric_cell_a, axis=1)
    errors_a = (miss_a.max(), np.abs(symmetric_cell_a - cell_a).max())
    return symmetric_cell_a, fractional + correction, float(max(errors_a))
