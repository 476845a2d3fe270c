"""The space group of a crystal with charges: operations, orbits, inequivalent planes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import spglib
from scipy.spatial import cKDTree

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints


SYMMETRY_TOLERANCE_A = 0.01
"""How far, in Å, an operation may miss a site; CIF files give coordinates to 4 or 5 digits."""

SAME_POINT_A = 0.02
"""Two points closer than this, in Å, after an operation are equivalent."""


@dataclass(frozen=True)
class SpaceGroup:
    """Operations x → W x + w on fractional coordinates, and what they make equal.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    rotations : ndarray of int, shape (n, 3, 3)
        The matrices W; they act on column vectors.
    translations : ndarray of float, shape (n, 3)
        The vectors w.
    orbits : ndarray of int, shape (n_sites,)
        First site of the orbit to which each site belongs.
    symbol : str
        International symbol.
    """

    cell_a: Floats
    rotations: Ints
    translations: Floats
    orbits: Ints
    symbol: str

    @cached_property
    def point_group(self) -> Ints:
        """The distinct rotations, in lexicographic order, shape (n, 3, 3)."""
        flat = np.unique(self.rotations.reshape(-1, 9), axis=0)
        return np.asarray(flat.reshape(-1, 3, 3))

    def equivalent_planes(self, hkl: tuple[int, int, int]) -> tuple[tuple[int, int, int], ...]:
        """Return all planes that the point group makes equal to (hkl), highest indices first.

        A plane h·x = d turns into h W⁻¹; the group holds W⁻¹ beside W.
        """
        found = {tuple(plane) for plane in (np.array(hkl) @ self.point_group).tolist()}
        return tuple((plane[0], plane[1], plane[2]) for plane in sorted(found, reverse=True))

    def images(self, points: Floats) -> Floats:
        """Return the points under all operations, shape (n_operations, n_points, 3)."""
        turned = np.einsum("oij,pj->opi", self.rotations, points)
        return np.asarray(turned + self.translations[:, None, :])

    def are_equivalent(self, first: Sequence[float], second: Sequence[float]) -> bool:
        """Whether an operation and a lattice vector take one fractional point to the other."""
        away = self.images(np.atleast_2d(np.asarray(first, dtype=float)))[:, 0] - second
        away -= np.rint(away)
        return bool((np.linalg.norm(away @ self.cell_a, axis=1) < SAME_POINT_A).any())

    def site_permutations(self, fractional: Floats) -> Ints:
        """Return the site to which each operation takes each site, shape (n, n_sites)."""
        tree = cKDTree(_wrapped(fractional), boxsize=1.0)
        images = _wrapped(self.images(fractional).reshape(-1, 3))
        return np.asarray(tree.query(images)[1]).reshape(len(self.rotations), -1)

    def of_sites(self, fractional: Floats) -> SpaceGroup:
        """Return the group with the orbits of other sites, which its operations permute."""
        return replace(self, orbits=self.site_permutations(fractional).min(axis=0))


def _wrapped(fractional: Floats) -> Floats:
    """Return coordinates in [0, 1); a tiny negative one would become 1 itself."""
    wrapped = fractional % 1.0
    wrapped[wrapped >= 1.0] = 0.0
    return wrapped


def space_group(
    cell_a: Floats,
    fractional: Floats,
    kinds: Ints,
    name: str,
) -> SpaceGroup:
    """Return the space group of sites of several kinds, found by spglib.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates.
    kinds : ndarray of int, shape (n_sites,)
        Sites of one kind may be taken to each other.
    name : str
        Names the crystal in the message of an error.

    Raises
    ------
    InputError
        If spglib finds no symmetry, not even the identity.
    """
    cell = (cell_a.tolist(), fractional.tolist(), kinds.tolist())
    with warnings.catch_warnings():  # spglib 2.7 warns that it will raise instead one day
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.get_symmetry_dataset(cell, symprec=SYMMETRY_TOLERANCE_A)
    if found is None:
        raise InputError(f"{name}: its symmetry can't be found; check for sites that overlap")
    return SpaceGroup(
        cell_a=cell_a,
        rotations=np.asarray(found.rotations, dtype=np.int64),
        translations=np.asarray(found.translations, dtype=float),
        orbits=np.asarray(found.equivalent_atoms, dtype=np.int64),
        symbol=str(found.international),
    )
