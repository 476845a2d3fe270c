"""Where a ligand stands in each mode: its binding point, its axis, and the cations it binds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.crystal import length_of_bond_a

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.ligands import Ligand

    from .surface_sites import SurfaceSites

LEAST_HEIGHT = 0.3
"""A bridging anchor stands at least this share of its bond above the line of its two cations."""

SAME_AXIS = 0.94
"""Axes whose cosine is larger count as one: 20° from each other."""


@dataclass(frozen=True)
class Stands:
    """Where a ligand may stand in one mode, before it is turned about its axis.

    Parameters
    ----------
    mode : {"terminal", "chelating", "bridging"}
        How it binds.
    points_a : ndarray of float, shape (n_stands, 3)
        Where the binding point lies, in Å: of a terminal ligand its first anchor, else the centre
        of two.
    axes, sides : ndarray of float, shape (n_stands, 3)
        Unit vectors along which the body points, and along which its anchors lie before it is
        turned.
    cations : ndarray of int, shape (n_stands, n_bound)
        The cation of each anchor; of none if it stands on a site.
    group : ndarray of int, shape (n_stands,)
        Stands of one group differ in their axis alone.
    sites : ndarray of int, shape (n_stands,)
        The site that it is sure to take.
    is_ion : bool
        Whether it stands on a site of an ion.
    """

    mode: str
    points_a: Floats
    axes: Floats
    sides: Floats
    cations: Ints
    group: Ints
    sites: Ints
    is_ion: bool

    @property
    def n_stands(self) -> int:
        """Number of stands."""
        return len(self.points_a)


def stands_of(ligand: Ligand, modes: tuple[str, ...], surface: SurfaceSites) -> list[Stands]:
    """Return where a ligand may stand on a surface, a set for each mode.

    A cation of a ligand stands on sites of cations, a single anion on sites of anions; all others
    are bonded to cations by their anchors, along open bonds.
    """
    if ligand.is_cation:
        return [_on_sites(surface, surface.cation_sites)]
    if ligand.n_atoms == 1:
        return [_on_sites(surface, surface.anion_sites)]
    makers = {"terminal": _terminal, "chelating": _chelating, "bridging": _bridging}
    return [makers[mode](ligand, surface) for mode in modes]


def anchor_lengths_a(surface: SurfaceSites, cations: Ints, symbol: str) -> Floats:
    """Return the length in Å of the bond from each cation to an anchor of an element.

    It is the one at which the anchor carries the valence of a mean strong bond of the cation in
    bulk, by the parameters of O'Keeffe and Brese (1991); where they are not known, the sum of the
    covalent radii of Cordero et al. (2008).
    """
    symbols = surface.ions.symbols[cations].tolist()
    valences = surface.valence_of_bond[cations].tolist()
    return np.array(
        [length_of_bond_a(*each) for each in zip(symbols, repeat(symbol), valences)], dtype=float
    )


def _terminal(ligand: Ligand, surface: SurfaceSites) -> Stands:
    cations, sites = surface.cations, surface.sites
    anchor = _anchor_symbols(ligand)[0]
    along = _unit(surface.positions_a[sites] - surface.positions_a[cations])
    length_a = anchor_lengths_a(surface, cations, anchor)
    points_a = surface.positions_a[cations] + length_a[:, None] * along
    normals = surface.normals[sites]
    other = np.flatnonzero((along * normals).sum(axis=1) < SAME_AXIS)
    every = np.r_[np.arange(len(cations)), other]
    return Stands(
        mode="terminal",
        points_a=points_a[every],
        axes=np.vstack([along, normals[other]]),
        sides=_beside(np.vstack([along, normals[other]])),
        cations=cations[every][:, None],
        group=every,
        sites=sites[every],
        is_ion=False,
    )


def _chelating(ligand: Ligand, surface: SurfaceSites) -> Stands:
    cations, sites = surface.cations, surface.sites
    along = _unit(surface.positions_a[sites] - surface.positions_a[cations])
    normals = surface.normals[cations]
    firsts = np.flatnonzero(np.r_[True, cations[1:] != cations[:-1]][: len(cations)])
    other = firsts[(along[firsts] * normals[firsts]).sum(axis=1) < SAME_AXIS]
    other = other[np.linalg.norm(normals[other], axis=1) > 0.5]
    every = np.r_[np.arange(len(cations)), other]
    axes = np.vstack([along, normals[other]])
    length_a = anchor_lengths_a(surface, cations[every], _anchor_symbols(ligand)[0])
    height_a = np.sqrt(np.maximum(length_a**2 - (0.5 * _bite_a(ligand)) ** 2, 0.0))
    return Stands(
        mode="chelating",
        points_a=surface.positions_a[cations[every]] + height_a[:, None] * axes,
        axes=axes,
        sides=_beside(axes),
        cations=np.repeat(cations[every][:, None], 2, axis=1),
        group=np.r_[np.arange(len(cations)), len(cations) + other],
        sites=sites[every],
        is_ion=False,
    )


def _bridging(ligand: Ligand, surface: SurfaceSites) -> Stands:
    cations, anchors = np.unique(surface.cations), _anchor_symbols(ligand)
    length_a = anchor_lengths_a(surface, cations, anchors[0])
    longest = float(length_a.max(initial=0.0))
    bite_a = _bite_a(ligand)
    reach_a = bite_a + 2.0 * longest * np.sqrt(1.0 - LEAST_HEIGHT**2)
    pairs = cKDTree(surface.positions_a[cations]).query_pairs(reach_a, output_type="ndarray")
    pairs = pairs[np.lexsort(pairs.T[::-1])].reshape(-1, 2)
    ends = surface.positions_a[cations[pairs]]
    apart = ends[:, 1] - ends[:, 0]
    apart_a = np.linalg.norm(apart, axis=1)
    side = _unit(apart)
    normal = surface.normals[cations[pairs]].sum(axis=1)
    normal -= (normal * side).sum(axis=1)[:, None] * side
    bond_a = length_a[pairs].mean(axis=1)
    square = bond_a**2 - (0.5 * (apart_a - bite_a)) ** 2
    fits = (square > (LEAST_HEIGHT * bond_a) ** 2) & (np.linalg.norm(normal, axis=1) > 0.5)
    pairs, side, axes = pairs[fits], side[fits], _unit(normal[fits])
    points_a = ends[fits].mean(axis=1) + np.sqrt(square[fits])[:, None] * axes
    bound = cations[pairs]
    sites, _ = surface.nearest_open(bound[:, 0], points_a - 0.5 * bite_a * side)
    return Stands("bridging", points_a, axes, side, bound, np.arange(len(bound)), sites, False)


def _on_sites(surface: SurfaceSites, sites: Ints) -> Stands:
    axes = surface.normals[sites]
    return Stands(
        mode="terminal",
        points_a=surface.positions_a[sites],
        axes=axes,
        sides=_beside(axes),
        cations=np.empty((len(sites), 0), dtype=np.int64),
        group=np.arange(len(sites)),
        sites=sites,
        is_ion=True,
    )


def _anchor_symbols(ligand: Ligand) -> Strings:
    return ligand.symbols[list(ligand.anchors)]


def _bite_a(ligand: Ligand) -> float:
    """Distance in Å between the two anchors."""
    first, second = ligand.conformers_a[0][list(ligand.anchors[:2])]
    return float(np.linalg.norm(first - second))


def _beside(axes: Floats) -> Floats:
    """Return a unit vector across each axis, the same for parallel ones, shape (n, 3)."""
    smallest = np.argmin(np.abs(np.round(axes, 6)), axis=1)
    across = np.cross(axes, np.eye(3)[smallest])
    return _unit(across)


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0.0, lengths, 1.0))
