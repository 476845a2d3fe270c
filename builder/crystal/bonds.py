"""Bonds of a bulk crystal, and the connectivity that makes it one piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from epicarve.errors import InputError

from .bond_valence import bond_valences
from .first_shell import shell_limits_a
from .neighbour_list import neighbours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Floats, Ints, Strings

    from .molecular_ion import MolecularIon

CONTACT_RANGE_A = 9.0
"""How far, in Å, neighbours are looked for when the first coordination shell is derived."""

TORUS_CELLS = 6
"""Cells along each axis of the block, closed on itself, in which the bulk's pieces are told."""

LIKE_CONTACT = 1.02
"""Contacts longer than the shortest by less than this factor join pieces along with it."""


class BondedSites(Protocol):
    """What is known of a crystal when its bonds are looked for, see `Crystal`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def n_sites(self) -> int: ...  # noqa: D102
    @property
    def cell_a(self) -> Floats: ...  # noqa: D102
    @property
    def fractional(self) -> Floats: ...  # noqa: D102
    @property
    def symbols(self) -> Strings: ...  # noqa: D102
    @property
    def molecules(self) -> Mapping[int, MolecularIon]: ...  # noqa: D102
    @property
    def oxidation_states(self) -> Ints: ...  # noqa: D102
    @property
    def signs(self) -> Ints: ...  # noqa: D102
    @property
    def charge_of(self) -> dict[str, int]: ...  # noqa: D102
    @property
    def bond_rule(self) -> dict[tuple[str, str], float]: ...  # noqa: D102
    @property
    def bonds(self) -> Bonds: ...  # noqa: D102


@dataclass(frozen=True)
class Bonds:
    """The cation-anion bonds of one unit cell, each counted once from its cation.

    Parameters
    ----------
    cations, anions : ndarray of int, shape (n_bonds,)
        Sites of the unit cell that are bonded.
    shifts : ndarray of int, shape (n_bonds, 3)
        Unit cell in which the anion lies when the cation lies in cell (0, 0, 0).
    lengths_a : ndarray of float, shape (n_bonds,)
        Bond lengths in Å.
    """

    cations: Ints
    anions: Ints
    shifts: Ints
    lengths_a: Floats


def ion_neighbours(crystal: BondedSites, radius_a: float) -> tuple[Ints, Ints, Ints, Floats]:
    """Return all ordered pairs of ions that are closer than a radius; see `neighbours`.

    The distance of a molecule is that of the nearest of its atoms that bear charge, such as both N
    of a diammonium.
    """
    if not crystal.molecules:
        return neighbours(crystal.cell_a, crystal.fractional, radius_a)
    points, owners = [], []
    for site, point in enumerate(crystal.fractional):
        molecule = crystal.molecules.get(site)
        if molecule is None:
            points.append(point[None, :])
        else:
            points.append(point + molecule.bearers_a @ np.linalg.inv(crystal.cell_a))
        owners += [site] * len(points[-1])
    owner, bearers = np.array(owners), np.concatenate(points)
    cells = np.floor(bearers).astype(np.int64)
    i, j, shifts, distances = neighbours(crystal.cell_a, bearers - cells, radius_a)
    pairs = np.column_stack([owner[i], owner[j], shifts + cells[i] - cells[j]])
    order = np.lexsort((distances, *pairs.T[::-1]))
    order = order[(pairs[order, 0] != pairs[order, 1]) | pairs[order, 2:].any(axis=1)]
    first = np.unique(pairs[order], axis=0, return_index=True)[1]
    pairs, distances = pairs[order][first], distances[order][first]
    return pairs[:, 0], pairs[:, 1], pairs[:, 2:], distances


def shortest_contacts_a(crystal: BondedSites) -> dict[frozenset[str], float]:
    """Return the shortest distance in Å of every pair of elements, bonded or not."""
    i, j, _, distances = ion_neighbours(crystal, CONTACT_RANGE_A)
    shortest: dict[frozenset[str], float] = {}
    for first in crystal.charge_of:
        for second in crystal.charge_of:
            of_pair = (crystal.symbols[i] == first) & (crystal.symbols[j] == second)
            if of_pair.any():
                shortest[frozenset((first, second))] = float(distances[of_pair].min())
    return shortest


def longest_bonds_a(crystal: BondedSites) -> dict[tuple[str, str], float]:
    """Return the longest bond in Å of each (cation, anion) pair of elements that makes bonds.

    The limit stands in the middle of the widest gap, as a ratio, between the distances of the
    pair: the crystal's own first coordination shell, with no table of radii; see
    `shell_limits_a` for how strays in the gap are treated, and pairs that make no bonds.
    """
    i, j, _, distances = ion_neighbours(crystal, CONTACT_RANGE_A)
    opposite = (crystal.signs[i] > 0) & (crystal.signs[j] < 0)
    found = shell_limits_a(
        i[opposite], j[opposite], distances[opposite], crystal.symbols, crystal.signs
    )
    order = list(crystal.charge_of)
    return dict(sorted(found.items(), key=lambda item: [order.index(s) for s in item[0]]))


def bonds_of(crystal: BondedSites) -> Bonds:
    """Return all bonds of the unit cell by `bond_rule`, in a fixed order.

    Raises
    ------
    InputError
        If an ion has none.
    """
    reach_a = max(crystal.bond_rule.values(), default=0.0)
    i, j, shifts, distances = ion_neighbours(crystal, reach_a)
    limits = np.zeros(len(i))
    for (cation, anion), limit in crystal.bond_rule.items():
        limits[(crystal.symbols[i] == cation) & (crystal.symbols[j] == anion)] = limit
    opposite = (crystal.signs[i] > 0) & (crystal.signs[j] < 0)
    bonded = opposite & (distances <= limits)
    found = Bonds(i[bonded], j[bonded], shifts[bonded], distances[bonded])
    alone = np.setdiff1d(np.arange(crystal.n_sites), np.r_[found.cations, found.anions])
    if alone.size:
        raise InputError(_describe_isolation(crystal, int(alone[0]), len(alone)))
    return found


def bulk_valences(crystal: BondedSites) -> Floats:
    """Return the sum of the valences of all bonds of each site of a crystal, shape (n_sites,).

    Not a number where no parameters of a bond are known.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> bulk_valences(bundled_crystal("CsPbCl3")).round(2).tolist()
    [0.52, 2.44, 0.99, 0.99, 0.99]
    """
    bonds, symbols = crystal.bonds, crystal.symbols
    valences = bond_valences(symbols[bonds.cations], symbols[bonds.anions], bonds.lengths_a)
    ends = np.concatenate([bonds.cations, bonds.anions])
    sums = np.bincount(ends, np.tile(valences, 2), minlength=crystal.n_sites)
    return np.asarray(sums, dtype=float)


def _describe_isolation(crystal: BondedSites, site: int, n_alone: int) -> str:
    """Say how far an ion without a bond is from others."""
    i, j, _, distances = ion_neighbours(crystal, CONTACT_RANGE_A)
    signs = crystal.signs
    near = np.flatnonzero((i == site) & (signs[j] == -signs[site]))
    told = f"there is no ion of opposite charge within {CONTACT_RANGE_A:.0f} Å"
    if near.size:
        nearest = near[np.argmin(distances[near])]
        pair = sorted((site, int(j[nearest])), key=lambda ion: -signs[ion])
        cation, anion = crystal.symbols[pair].tolist()
        told = (
            f"its nearest {crystal.symbols[j[nearest]]} lies {distances[nearest]:.2f} Å away, and "
            f"{cation}-{anion} bonds of this crystal end at "
            f"{crystal.bond_rule.get((cation, anion), 0.0):.2f} Å"
        )
    others = f", nor have {n_alone - 1} others" if n_alone > 1 else ""
    return (
        f"{crystal.name}: site {site + 1} ({crystal.symbols[site]}) has no bond{others}: {told}; "
        "check cell and sites, or relax the crystal"
    )


def connectivity_of(crystal: BondedSites) -> Bonds:
    """Return the bonds and, where these leave the bulk in pieces, contacts between the pieces.

    Layers, chains and molecules of a crystal such as CdI2 or PbO are held together by the
    shortest contacts between them, of whatever charge: they count as connectivity when a model is
    asked to be one piece, but not as bonds. Each pair stands in it once, in either order.
    """
    connectivity = crystal.bonds
    while len(np.unique(pieces := _pieces(crystal, connectivity))) > 1:
        i, j, shifts, lengths = ion_neighbours(crystal, CONTACT_RANGE_A)
        wrapped = np.ravel_multi_index(tuple(shifts.T % TORUS_CELLS), (TORUS_CELLS,) * 3)
        apart = np.flatnonzero(pieces[0, i] != pieces[wrapped, j])
        if len(apart) == 0:
            break  # farther apart than contacts are looked for
        near = apart[lengths[apart] <= LIKE_CONTACT * lengths[apart].min()]
        connectivity = Bonds(
            np.concatenate([connectivity.cations, i[near]]),
            np.concatenate([connectivity.anions, j[near]]),
            np.concatenate([connectivity.shifts, shifts[near]]),
            np.concatenate([connectivity.lengths_a, lengths[near]]),
        )
    return connectivity


def _pieces(crystal: BondedSites, connectivity: Bonds) -> Ints:
    """Piece of each site of a block of cells closed on itself, shape (n_cells, n_sites)."""
    size = (TORUS_CELLS,) * 3
    cells = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"), axis=-1).reshape(-1, 3)
    there = np.ravel_multi_index(
        tuple(np.moveaxis((cells[:, None, :] + connectivity.shifts) % TORUS_CELLS, 2, 0)), size
    )
    first = np.arange(len(cells))[:, None] * crystal.n_sites + connectivity.cations
    second = there * crystal.n_sites + connectivity.anions
    n_nodes = len(cells) * crystal.n_sites
    ones = np.ones(first.size, dtype=np.int8)
    graph = coo_array((ones, (first.ravel(), second.ravel())), shape=(n_nodes, n_nodes))
    _, label = connected_components(graph, directed=False)
    return np.asarray(label, dtype=np.int64).reshape(len(cells), crystal.n_sites)
