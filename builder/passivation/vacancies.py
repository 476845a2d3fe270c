"""Vacant sites around a model: of its lattice, or where bonds are missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from epicarve.builder.crystal import is_molecule, signs_of

from .lattice import BulkBonds, bulk_potentials_v, rotation_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model

    Bonds = tuple[Ints, Ints, Floats]

OCCUPIED = 0.5
"""A site is occupied if an atom is nearer than this part of the shortest bond."""

LEAST_LEAN = 0.6
"""An ion leans to one side if its unit vectors of bonds sum up to more than this."""

FULL_SHELL = 6
"""Bonds in the full shell of an ion of which no other number is known."""


@dataclass(frozen=True)
class VacantSites:
    """Places at which an ion would be a neighbour of ions that miss one.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_vacant,)
        Element that stands there in bulk, or would suit.
    positions_a : ndarray of float, shape (n_vacant, 3)
        Where they are, in Å.
    charges : ndarray of int, shape (n_vacant,)
        Charge of that element in units of e.
    domains : ndarray of str, shape (n_vacant,)
        The domain that they would belong to.
    sites : ndarray of int, shape (n_vacant,)
        Site of the crystal, -1 where it is not known.
    bulk_coordination : ndarray of int, shape (n_vacant,)
        Neighbours there in bulk.
    ideal_v : ndarray of float, shape (n_vacant,)
        Potential there in bulk in V, NaN where it is not known.
    neighbours : tuple of ndarray of int
        The ions of the model next to each, by their places in `Model.ions`.
    """

    symbols: Strings
    positions_a: Floats
    charges: Ints
    domains: Strings
    sites: Ints
    bulk_coordination: Ints
    ideal_v: Floats
    neighbours: tuple[Ints, ...]

    def __len__(self) -> int:
        return len(self.symbols)


@dataclass(frozen=True)
class _Found:
    """Ends of missing bonds before those of one site are put together."""

    symbols: list[str]
    points_a: Floats
    charges: Ints
    sites: Ints
    bulk_coordination: Ints
    ideal_v: Floats
    ions: Ints
    domain: str


def vacant_sites(model: Model, crystals: Mapping[str, Crystal], bonds: Bonds) -> VacantSites:
    """Return the vacant sites next to the ions of a model.

    An ion of a known site has its neighbours of bulk, each where the lattice about this ion has it;
    of those that are not there the places are vacant. Other ions with fewer neighbours than in bulk
    have one vacant site: against the sum of their bonds, as far away as their neighbours are.

    Parameters
    ----------
    model : Model
        The model.
    crystals : mapping of str to Crystal
        Crystals of its domains, as far as they are known.
    bonds : tuple of ndarray
        Its bonds, as `BondRule.bonds` returns them.
    """
    ions = model.ions
    lengths_a = bonds[2]
    shortest_a = float(lengths_a.min()) if lengths_a.size else 2.0
    found = []
    for name in ions.domain_names:
        members = np.flatnonzero(ions.domains == name)
        crystal = crystals.get(name)
        known = members[ions.sites[members] >= 0]
        of_lattice = None if crystal is None else _of_lattice(ions, known, crystal, bonds, name)
        if of_lattice is not None:
            found.append(of_lattice)
            members = members[ions.sites[members] < 0]
        found.append(_of_directions(ions, members, bonds, name))
    return _put_together(model, ions, [each for each in found if len(each.symbols)], shortest_a)


def _of_lattice(
    ions: Model, members: Ints, crystal: Crystal, bonds: Bonds, name: str
) -> _Found | None:
    """Return where the neighbours of bulk would be; None if the crystal does not lie so."""
    cations, anions, _ = bonds
    inside = np.isin(cations, members) & np.isin(anions, members)
    bulk = BulkBonds.of(crystal)
    turn = rotation_of(
        bulk,
        ions.sites[cations[inside]],
        ions.sites[anions[inside]],
        ions.positions_a[anions[inside]] - ions.positions_a[cations[inside]],
    )
    if turn is None:
        return None
    first = np.searchsorted(bulk.start, np.arange(crystal.n_sites + 1))
    count = np.diff(first)[ions.sites[members]]
    owner = np.repeat(members, count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    ends = first[ions.sites[owner]] + within
    points_a = ions.positions_a[owner] + bulk.vectors_a[ends] @ turn.T
    sites = bulk.end[ends]
    potentials = bulk_potentials_v(crystal)
    return _Found(
        symbols=crystal.symbols[sites].tolist(),
        points_a=points_a,
        charges=crystal.oxidation_states[sites],
        sites=sites,
        bulk_coordination=crystal.coordination[sites],
        ideal_v=np.full(len(sites), np.nan) if potentials is None else potentials[sites],
        ions=owner,
        domain=name,
    )


def _of_directions(ions: Model, members: Ints, bonds: Bonds, name: str) -> _Found:
    """Return a place against the sum of the bonds of each ion that misses neighbours."""
    cations, anions, lengths_a = bonds
    signs = signs_of(ions.symbols, ions.charges)
    ends = np.concatenate([cations, anions])
    others = np.concatenate([anions, cations])
    vectors = ions.positions_a[others] - ions.positions_a[ends]
    lean = np.zeros((ions.n_atoms, 3))
    np.add.at(lean, ends, vectors / np.linalg.norm(vectors, axis=1)[:, None])
    number = np.bincount(ends, minlength=ions.n_atoms)
    total_a = np.bincount(ends, np.concatenate([lengths_a, lengths_a]), ions.n_atoms)
    size = np.linalg.norm(lean, axis=1)
    chosen = members[
        (number[members] < ions.bulk_coordination[members]) & (size[members] > LEAST_LEAN)
    ]
    kinds = {sign: _commonest(ions, members, signs, sign) for sign in (-1, 1)}
    chosen = chosen[[kinds[-int(sign)] is not None for sign in signs[chosen]]]
    told = [kinds[-int(sign)] or ("", 0) for sign in signs[chosen]]
    away = lean[chosen] / size[chosen, None]
    return _Found(
        symbols=[symbol for symbol, _ in told],
        points_a=ions.positions_a[chosen] - away * (total_a[chosen] / number[chosen])[:, None],
        charges=np.array([charge for _, charge in told], dtype=np.int64),
        sites=np.full(len(chosen), -1),
        bulk_coordination=np.array(
            [ions.bulk_coordination[ions.symbols == symbol].max() for symbol, _ in told], dtype=int
        ),
        ideal_v=np.full(len(chosen), np.nan),
        ions=chosen,
        domain=name,
    )


def _commonest(ions: Model, members: Ints, signs: Ints, sign: int) -> tuple[str, int] | None:
    """Return the commonest single ion of a sign, the first by symbol of as many; None if none."""
    mine = members[(signs[members] == sign) & (ions.charges[members] != 0)]
    counts = Counter(
        (symbol, charge)
        for symbol, charge in zip(
            ions.symbols[mine].tolist(), ions.charges[mine].tolist(), strict=True
        )
        if not is_molecule(symbol)
    )
    return min(counts, key=lambda kind: (-counts[kind], kind), default=None)


def _put_together(model: Model, ions: Model, found: list[_Found], shortest_a: float) -> VacantSites:
    """Return the vacant ones of all ends of bonds, those of one site as one."""
    if not found:
        none = np.zeros(0, dtype=int)
        return VacantSites(
            none.astype(str), np.zeros((0, 3)), none, none.astype(str), none, none, none * 1.0, ()
        )
    points = np.concatenate([each.points_a for each in found])
    symbols = np.array([symbol for each in found for symbol in each.symbols])
    charges = np.concatenate([each.charges for each in found])
    domains = np.repeat([each.domain for each in found], [len(each.symbols) for each in found])
    sites = np.concatenate([each.sites for each in found])
    bulk = np.concatenate([each.bulk_coordination for each in found])
    ideal_v = np.concatenate([each.ideal_v for each in found])
    owner = np.concatenate([each.ions for each in found])
    reach_a = OCCUPIED * shortest_a
    is_free = cKDTree(model.positions_a).query(points)[0] > reach_a
    is_free &= cKDTree(ions.positions_a).query(points)[0] > reach_a
    is_free &= ~np.array([is_molecule(symbol) for symbol in symbols.tolist()], dtype=bool)
    free = np.flatnonzero(is_free)
    near = cKDTree(points[free]).query_pairs(reach_a, output_type="ndarray")
    near = near[symbols[free[near[:, 0]]] == symbols[free[near[:, 1]]]]
    graph = coo_array((np.ones(len(near)), near.T), shape=(len(free),) * 2)
    _, group = connected_components(graph, directed=False)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    groups = np.split(free[order], starts[1:]) if len(free) else []
    first = np.array([members[0] for members in groups], dtype=int)
    return VacantSites(
        symbols=symbols[first],
        positions_a=np.array([points[each].mean(axis=0) for each in groups]).reshape(-1, 3),
        charges=charges[first],
        domains=domains[first],
        sites=sites[first],
        bulk_coordination=bulk[first],
        ideal_v=ideal_v[first],
        neighbours=tuple(np.unique(owner[each]) for each in groups),
    )
