"""Ions of a crystal in and around a shape, and the bonds between them, by integer arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.arrays import whole_points
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.crystal import Bonds, Crystal

    from .shape import Shape

MAX_IONS = 3_000_000
"""Ions of the box around a shape above which it is refused, with the estimate."""

KB_PER_ION = 1.0
"""Memory in kB that building and writing a model takes at most for each ion looked at."""


@dataclass(frozen=True)
class LatticeIons:
    """Ions of a crystal, each named by unit cell and site.

    Parameters
    ----------
    crystal : Crystal
        Where they come from.
    cells : ndarray of int, shape (n_ions, 3)
        Unit cell of each ion.
    sites : ndarray of int, shape (n_ions,)
        Site of each ion in its cell.
    positions_a : ndarray of float, shape (n_ions, 3)
        Coordinates in Å in the frame of the shape.
    signed_distance_a : ndarray of float, shape (n_ions,)
        Distance in Å to the surface of the shape, negative inside.
    trim_distance_a : ndarray of float, shape (n_ions,)
        Distance in Å to the trimmable part of the surface, see `Shape.trim_distance_a`.
    """

    crystal: Crystal
    cells: Ints
    sites: Ints
    positions_a: Floats
    signed_distance_a: Floats
    trim_distance_a: Floats

    @property
    def n_ions(self) -> int:
        """Number of ions."""
        return len(self.sites)

    @property
    def n_atoms(self) -> int:
        """Number of atoms: of ions, and of molecules one by one."""
        return int(self.crystal.atoms_per_site[self.sites].sum())

    @property
    def symbols(self) -> Strings:
        """Element or molecule of each ion, shape (n_ions,)."""
        return self.crystal.symbols[self.sites]

    @property
    def charges(self) -> Ints:
        """Formal charge of each ion in units of e, shape (n_ions,)."""
        return self.crystal.oxidation_states[self.sites]

    @property
    def bulk_coordination(self) -> Ints:
        """Number of opposite neighbours of each ion in bulk, shape (n_ions,)."""
        return self.crystal.coordination[self.sites]

    def chosen(self, mask: Bools) -> LatticeIons:
        """Return the ions that a mask of shape (n_ions,) keeps."""
        return LatticeIons(
            crystal=self.crystal,
            cells=self.cells[mask],
            sites=self.sites[mask],
            positions_a=self.positions_a[mask],
            signed_distance_a=self.signed_distance_a[mask],
            trim_distance_a=self.trim_distance_a[mask],
        )

    def connectivity(self, adjacency: csr_array) -> csr_array:
        """Return the bonds and the contacts between pieces of the bulk, shape (n_ions, n_ions).

        The adjacency itself for a crystal whose bonds hold it together; see `Crystal.connectivity`.
        """
        crystal = self.crystal
        return (
            adjacency
            if crystal.connectivity is crystal.bonds
            else self.adjacency(crystal.connectivity)
        )

    def adjacency(self, between: Bonds | None = None) -> csr_array:
        """Return the bonds between the ions as a symmetric matrix, shape (n_ions, n_ions).

        Entries are 1 where ions are bonded; other pairs than the crystal's bonds can be given.

        Every bond of the unit cell is looked up at once for all its copies, through a table
        from (cell, site) to ion; the cost grows linearly with the number of ions.
        """
        low = self.cells.min(axis=0)
        size = self.cells.max(axis=0) - low + 1
        bonds = between or self.crystal.bonds
        n_sites = self.crystal.n_sites
        flat = np.ravel_multi_index(tuple((self.cells - low).T), tuple(size)) * n_sites + self.sites
        table = np.full(int(size.prod()) * n_sites, -1, dtype=np.int32)
        table[flat] = np.arange(self.n_ions, dtype=np.int32)
        by_site = np.argsort(self.sites, kind="stable")
        starts = np.searchsorted(self.sites[by_site], np.arange(n_sites + 1))
        cations, anions = [], []
        for cation, anion, shift in zip(bonds.cations, bonds.anions, bonds.shifts, strict=True):
            ions = by_site[starts[cation] : starts[cation + 1]]
            cells = self.cells[ions] - low + shift
            inside = ((cells >= 0) & (cells < size)).all(axis=1)
            ions, cells = ions[inside], cells[inside]
            partner = table[np.ravel_multi_index(tuple(cells.T), tuple(size)) * n_sites + anion]
            cations.append(ions[partner >= 0])
            anions.append(partner[partner >= 0])
        first = np.concatenate([*cations, *anions])
        second = np.concatenate([*anions, *cations])
        ones = np.ones(len(first), dtype=np.int32)
        return csr_array((ones, (first, second)), shape=(self.n_ions, self.n_ions))


def ions_near(crystal: Crystal, shape: Shape, centre: Floats, margin_a: float) -> LatticeIons:
    """Return all ions inside a shape or within a margin outside it.

    Parameters
    ----------
    crystal : Crystal
        The bulk crystal.
    shape : Shape
        The region, about the origin of its own frame.
    centre : ndarray of float, shape (3,)
        Fractional coordinates of the point of the crystal that lies at that origin.
    margin_a : float
        How far outside the shape ions are still returned, in Å.

    Returns
    -------
    LatticeIons
        The ions, ordered by cell and then by site.

    Raises
    ------
    InputError
        If the shape is so large that more than `MAX_IONS` ions would be enumerated.
    """
    low, high = shape.bounds_a
    corners = np.array(np.meshgrid(*np.stack([low - margin_a, high + margin_a], axis=1)))
    in_cells = corners.reshape(3, -1).T @ np.linalg.inv(crystal.cell_a) + centre
    first = np.floor(in_cells.min(axis=0)) - 1.0
    last = np.ceil(in_cells.max(axis=0)) + 1.0
    estimate = math.prod((last - first).tolist()) * crystal.n_sites
    if not estimate <= MAX_IONS:  # written so that it refuses what is not a number
        raise InputError(
            f"{crystal.name}: the shape asks for about {estimate:.1e} ions to be looked at; "
            f"the limit is {MAX_IONS:.0e}, some {MAX_IONS * KB_PER_ION / 1e6:.0f} GB of memory, "
            "so make it smaller"
        )
    cells = whole_points(first, last)
    reach_a = float(np.linalg.norm(np.abs(crystal.cell_a).sum(axis=0)))
    middles = (cells + 0.5 - centre) @ crystal.cell_a
    cells = cells[shape.signed_distance_a(middles) <= margin_a + reach_a]
    sites = np.tile(np.arange(crystal.n_sites), len(cells))
    cells = np.repeat(cells, crystal.n_sites, axis=0)
    positions = (cells + crystal.fractional[sites] - centre) @ crystal.cell_a
    distance = shape.signed_distance_a(positions)
    near = distance <= margin_a
    return LatticeIons(
        crystal=crystal,
        cells=cells[near],
        sites=sites[near],
        positions_a=positions[near],
        signed_distance_a=distance[near],
        trim_distance_a=shape.trim_distance_a(positions[near]),
    )
