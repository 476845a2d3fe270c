"""Where the surface of a cut has room for ligands: open bonds of cations, and sites of ions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import ConvexHull, QhullError, cKDTree

from epicarve.builder.crystal import bond_valences
from epicarve.builder.ligands import ion_radii_a
from epicarve.builder.optimise import SURFACE_A, Shell, strong_in_bulk
from epicarve.units import A_PER_NM

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.optimise import Candidates

NORMAL_REACH = 2.25
"""Ions within this many mean ion spacings tell the local normal."""

LEAST_OUTWARD = 0.3
"""Cosine of the angle to the local normal that an open bond must have: 73° from it at most."""

ROUNDING = 1e-6


class SurfaceSites:
    """Cations that can hold ligands, their open bonds, and the sites that ligands can take.

    Parameters
    ----------
    ions : Candidates
        Ions of one crystal, with the empty sites beyond the surface.

    Attributes
    ----------
    shell : Shell
        What may be edited.
    there : ndarray of bool, shape (n_ions,)
        Ions that are there or may be.
    radii_a : ndarray of float, shape (n_ions,)
        Radius of each ion for contacts, in Å.
    normals : ndarray of float, shape (n_ions, 3)
        Unit vector away from the ions of the plain cut; zero deep inside.
    cations, sites : ndarray of int, shape (n_open,)
        Open bonds: the cation of each and the anion site, empty or at the surface, it leads to.
    weak : csr_array of int, shape (n_ions, n_ions)
        1 for each cation that has only a weak bond to the anion site in the row.
    """

    def __init__(self, ions: Candidates) -> None:
        self.ions, self.shell = ions, Shell(ions)
        crystal, shell = ions.domains[0].ions.crystal, self.shell
        self.crystal = crystal
        self.there = shell.fixed.copy()
        self.there[shell.free] = True
        self.radii_a = crystal_radii_a(crystal)[ions.sites]
        inside = shell.inside.astype(np.int32)
        self.held = np.asarray(ions.adjacency @ inside)
        self.on_surface = self.held < ions.bulk_coordination
        self.normals = self._normals()
        near = ions.adjacency.tocoo()
        cation, site = near.coords
        chosen = (ions.charges[cation] > 0) & self.there[cation] & ~shell.fixed[site]
        chosen &= ~shell.inside[site] | self.on_surface[site]
        cation, site = cation[chosen], site[chosen]
        vectors = ions.positions_a[site] - ions.positions_a[cation]
        lengths_a = np.linalg.norm(vectors, axis=1)
        outward = (vectors / lengths_a[:, None] * self.normals[site]).sum(axis=1)
        _, least = strong_in_bulk(crystal)
        valence = bond_valences(ions.symbols[cation], ions.symbols[site], lengths_a)
        weakest = np.maximum(least[ions.sites[cation]], least[ions.sites[site]])
        is_weak = valence < weakest - ROUNDING
        ones = np.ones(int(is_weak.sum()), dtype=np.int64)
        weak = site[is_weak], cation[is_weak]
        self.weak = csr_array((ones, weak), shape=(ions.n_ions, ions.n_ions))
        is_open = (outward > LEAST_OUTWARD) & ~is_weak
        order = np.lexsort((site[is_open], cation[is_open]))
        self.cations, self.sites = cation[is_open][order], site[is_open][order]

    @property
    def positions_a(self) -> Floats:
        """Coordinates in Å of all ions and sites, shape (n_ions, 3)."""
        return self.ions.positions_a

    @cached_property
    def cation_sites(self) -> Ints:
        """Sites of the cations of lowest charge, at the surface, which may be empty."""
        ions, free = self.ions, self.shell.free
        charges = ions.charges[ions.charges > 0]
        is_cation = ions.charges[free] == charges.min(initial=10**6)
        has_normal = np.linalg.norm(self.normals[free], axis=1) > 0.5
        return np.sort(free[is_cation & self.on_surface[free] & has_normal])

    @cached_property
    def anion_sites(self) -> Ints:
        """Sites of anions that open bonds lead to."""
        return np.unique(self.sites)

    @cached_property
    def valence_of_bond(self) -> Floats:
        """Valence in e of a mean strong bond of each ion in bulk, shape (n_ions,)."""
        crystal = self.crystal
        number, _ = strong_in_bulk(crystal)
        share = np.abs(crystal.oxidation_states) / np.maximum(number, 1)
        return np.asarray(share[self.ions.sites])

    @cached_property
    def open_of(self) -> tuple[Ints, Ints]:
        """First open bond of each ion and the number of them, each (n_ions,)."""
        every = np.arange(self.ions.n_ions)
        first = np.searchsorted(self.cations, every)
        return first, np.searchsorted(self.cations, every, side="right") - first

    @cached_property
    def area_nm2(self) -> float:
        """Area in nm² of the convex hull of the ions of the plain cut."""
        try:
            hull = ConvexHull(self.positions_a[self.shell.inside])
        except (QhullError, ValueError):
            return 0.0
        return float(hull.area) / A_PER_NM**2

    def nearest_open(self, cation: Ints, points_a: Floats) -> tuple[Ints, Floats]:
        """Return the site of the open bond of each cation nearest in direction to a point.

        Parameters
        ----------
        cation : ndarray of int, shape (n,)
            Cations that have open bonds.
        points_a : ndarray of float, shape (n, 3)
            Points in Å.

        Returns
        -------
        ndarray of int, ndarray of float
            The site, and the cosine of the angle to it, each (n,).
        """
        first, number = self.open_of
        away = _unit(points_a - self.positions_a[cation])
        best, site = np.full(len(cation), -2.0), np.full(len(cation), -1)
        for k in range(int(number[cation].max(initial=0))):
            bond = np.minimum(first[cation] + k, len(self.sites) - 1)
            vector = _unit(self.positions_a[self.sites[bond]] - self.positions_a[cation])
            cosine = np.where(k < number[cation], (vector * away).sum(axis=1), -2.0)
            better = cosine > best + ROUNDING
            best, site = np.where(better, cosine, best), np.where(better, self.sites[bond], site)
        return site, best

    def _normals(self) -> Floats:
        ions = self.ions
        reach_a = NORMAL_REACH * (self.crystal.volume_a3 / self.crystal.n_sites) ** (1.0 / 3.0)
        near_surface = np.flatnonzero(ions.trim_distance_a > -ions.depth_a - reach_a)
        inside = ions.positions_a[self.shell.inside]
        pairs = cKDTree(ions.positions_a[near_surface]).sparse_distance_matrix(
            cKDTree(inside), reach_a, output_type="ndarray"
        )
        pairs = pairs[pairs["v"] > SURFACE_A]
        away = ions.positions_a[near_surface[pairs["i"]]] - inside[pairs["j"]]
        away /= pairs["v"][:, None]
        total: Floats = np.stack(
            [
                np.bincount(pairs["i"], away[:, axis], len(near_surface)).astype(float)
                for axis in range(3)
            ],
            axis=1,
        )
        total[np.linalg.norm(total, axis=1) < 1.0] = 0.0
        normals = np.zeros((ions.n_ions, 3))
        normals[near_surface] = _unit(total)
        return normals


def crystal_radii_a(crystal: Crystal) -> Floats:
    """Return the radius in Å of each site of a crystal for contacts, shape (n_sites,)."""
    bonds = crystal.bonds
    return ion_radii_a(
        crystal.symbols, crystal.oxidation_states, bonds.cations, bonds.anions, bonds.lengths_a
    )


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0.0, lengths, 1.0))
