"""A particle as it is given: atoms in vacuum, from a file, from ASE, or a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.extxyz import read_atoms
from epicarve.builder.model import Model
from epicarve.errors import InputError, wrong_kind

if TYPE_CHECKING:
    from ase import Atoms

    from epicarve.arrays import Floats, Strings

TOUCHING_A = 4.0
"""A particle that comes as near to its own image as this, in Å, is none in vacuum."""


class GivenParticle(NamedTuple):
    """Atoms in space.

    Parameters
    ----------
    name : str
        Name of the file, or the formula.
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å.
    """

    name: str
    symbols: Strings
    positions_a: Floats


def given_particle(particle: Path | str | Atoms | Model) -> GivenParticle:
    """Return the atoms of a particle; of a file the last geometry.

    Raises
    ------
    InputError
        If it is none of these, can't be read, or touches its own periodic image.
    """
    if isinstance(particle, Model):
        return GivenParticle(particle.formula, particle.symbols, particle.positions_a)
    if isinstance(particle, str | Path):
        path = Path(particle)
        if path.is_dir():
            path = path / "model.extxyz"
        return _of_atoms(path.name, read_atoms(path))
    from ase import Atoms  # noqa: PLC0415  (costs half a second)

    if not isinstance(particle, Atoms):
        remedy = "give a file of coordinates, ase.Atoms or a Model"
        raise wrong_kind(particle, "identify: the particle", remedy)
    if len(particle) == 0 or not np.isfinite(particle.positions).all():
        raise InputError("identify: the atoms are none, or lack coordinates; give a whole particle")
    return _of_atoms(str(particle.symbols), particle)


def _of_atoms(name: str, atoms: Atoms) -> GivenParticle:
    positions_a = np.array(atoms.positions, dtype=float)
    _refuse_touching(name, positions_a, np.array(atoms.cell), np.array(atoms.pbc))
    return GivenParticle(name, np.array(list(atoms.symbols), dtype=np.str_), positions_a)


def _refuse_touching(name: str, positions_a: Floats, cell_a: Floats, periodic: Floats) -> None:
    """Refuse a bulk crystal, a slab, and a particle that lies across the faces of its cell."""
    periodic = periodic & (np.linalg.norm(cell_a, axis=1) > 0.0)
    ranges = [np.array([-1, 0, 1]) if each else np.array([0]) for each in periodic.tolist()]
    steps = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    tree = cKDTree(positions_a)
    for step in steps[len(steps) // 2 + 1 :]:
        moved = positions_a + step @ cell_a
        if np.isfinite(tree.query(moved, distance_upper_bound=TOUCHING_A)[0]).any():
            raise InputError(
                f"{name}: its atoms lie within {TOUCHING_A:g} Å of their periodic images, as in a "
                "bulk crystal, a slab, or a particle that its cell cuts; give a particle in "
                "vacuum, whole in its cell"
            )
