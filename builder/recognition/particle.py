"""A particle as it is given: atoms in vacuum, from a file, from ASE, or a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.builder.extxyz import read_atoms
from epicarve.builder.geometry import cluster_of_atoms
from epicarve.builder.model import Model
from epicarve.errors import InputError, wrong_kind

if TYPE_CHECKING:
    from ase import Atoms

    from epicarve.arrays import Floats, Strings


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
        If it is none of these, can't be read, or is no cluster in vacuum.
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
    return GivenParticle(name, *cluster_of_atoms(name, atoms))
