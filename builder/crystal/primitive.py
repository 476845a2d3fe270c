"""The primitive cell of a crystal, and the way back from it to the crystal's own cell."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import spglib

from .lattice_basis import primitive_vectors
from .single_ions import refuse_molecules
from .spacegroup import SYMMETRY_TOLERANCE_A

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings

    from .crystal import Crystal
    from .spacegroup import SpaceGroup


@dataclass(frozen=True)
class PrimitiveCell:
    """The smallest cell that repeats a crystal.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows, the first along x, the second in the xy plane.
    symbols : ndarray of str, shape (n_primitive,)
        Element of each site.
    fractional : ndarray of float, shape (n_primitive, 3)
        Fractional coordinates in [0, 1).
    multiples : ndarray of int, shape (3, 3)
        The vectors of the crystal's own cell in units of those of this one, as rows.
    site_of : ndarray of int, shape (n_sites,)
        Site of this cell that each site of the crystal repeats.
    shift_of : ndarray of int, shape (n_sites, 3)
        The lattice vector, in units of this cell, from the one to the other.
    """

    cell_a: Floats
    symbols: Strings
    fractional: Floats
    multiples: Ints
    site_of: Ints
    shift_of: Ints

    def rotations(self, group: SpaceGroup) -> Ints:
        """Return the point group of the crystal, to act on fractional coordinates of this cell.

        Parameters
        ----------
        group : SpaceGroup
            The crystal's own space group.

        Returns
        -------
        ndarray of int, shape (n_rotations, 3, 3)
            Matrices that act on column vectors.
        """
        there = self.multiples.T
        turned = there @ group.point_group @ np.linalg.inv(there)
        return np.rint(turned).astype(np.int64)

    def unfolded(self, cell_a: Floats, fractional: Floats) -> tuple[Floats, Floats]:
        """Carry a changed primitive cell over to the crystal's own cell.

        Parameters
        ----------
        cell_a : ndarray of float, shape (3, 3)
            The changed vectors in Å as rows.
        fractional : ndarray of float, shape (n_primitive, 3)
            The changed coordinates, in units of these vectors; not wrapped into the cell.

        Returns
        -------
        cell_a : ndarray of float, shape (3, 3)
            Vectors of the crystal's own cell.
        fractional : ndarray of float, shape (n_sites, 3)
            Coordinates of its sites, in their order; not wrapped into the cell.
        """
        back = np.linalg.inv(self.multiples)
        return self.multiples @ cell_a, (fractional[self.site_of] + self.shift_of) @ back


def primitive_cell(crystal: Crystal) -> PrimitiveCell:
    """Find the primitive cell of a crystal, reduced after Niggli.

    A crystal whose cell is primitive already keeps it.

    Raises
    ------
    InputError
        If the crystal holds molecules.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> primitive = primitive_cell(bundled_crystal("PbS"))
    >>> primitive.symbols.tolist(), primitive.multiples.tolist()
    (['Pb', 'S'], [[-1, 1, -1], [-1, -1, 1], [-1, 1, 1]])
    """
    refuse_molecules(crystal, "bulk calculations and searches for interfaces")
    cell_a, vectors = crystal.cell_a, primitive_vectors(crystal)
    if round(float(np.linalg.det(vectors)), 3) < 1.0:
        with warnings.catch_warnings():  # spglib 2.7 warns that it will raise instead one day
            warnings.simplefilter("ignore", DeprecationWarning)
            reduced = spglib.niggli_reduce(vectors @ crystal.cell_a)
        cell_a = np.asarray(reduced, dtype=float)
    multiples = np.rint(crystal.cell_a @ np.linalg.inv(cell_a)).astype(np.int64)
    if np.linalg.det(multiples) < 0:
        cell_a, multiples = -cell_a, -multiples
    cell_a = np.asarray(np.linalg.solve(multiples, crystal.cell_a))
    points = crystal.fractional @ multiples
    away = points[:, None, :] - points[None, :, :]
    off_a = np.linalg.norm((away - np.rint(away)) @ cell_a, axis=2)
    same = (off_a < SYMMETRY_TOLERANCE_A) & (crystal.symbols[:, None] == crystal.symbols)
    first, site_of = np.unique(same.argmax(axis=1), return_inverse=True)
    fractional = points[first] % 1.0
    return PrimitiveCell(
        cell_a=standard_orientation(cell_a),
        symbols=crystal.symbols[first],
        fractional=fractional,
        multiples=multiples,
        site_of=np.asarray(site_of),
        shift_of=np.rint(points - fractional[site_of]).astype(np.int64),
    )


def standard_orientation(cell_a: Floats) -> Floats:
    """Turn right-handed vectors: the first along x, the second into the xy plane.

    Examples
    --------
    >>> standard_orientation(np.array([[0.0, 3.0, 0.0], [0.0, 0.0, 4.0], [5.0, 0.0, 0.0]])).round(9)
    array([[3., 0., 0.],
           [0., 4., 0.],
           [0., 0., 5.]])
    """
    return np.asarray(np.linalg.cholesky(cell_a @ cell_a.T), dtype=float)
