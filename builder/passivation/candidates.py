"""Neutral changes around an ion that misses neighbours, of each kind, before they are judged."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.builder.crystal import is_molecule

from .change import AddedIon, Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epicarve.arrays import Floats, Ints

    from .surroundings import Surroundings

KINDS = ("move", "exchange", "add pair", "add Z-type", "remove")
"""What can be done."""

BESIDE = 6
"""Vacant sites next to an ion that are tried, those with the most neighbours first."""

PARTNERS = 12
"""Vacant sites, or ions, that are tried as the rest of a change, the best by potential first."""

MOST_ANIONS = 3
"""Anions of a unit at most."""


class Halide(NamedTuple):
    """The anion of one charge that is added.

    Parameters
    ----------
    symbol : str
        Its element.
    charge : int
        Its charge, -1.
    """

    symbol: str
    charge: int = -1


def changes_for(around: Surroundings, ion: int, kind: str, halide: Halide) -> Iterator[Change]:
    """Yield changes of one of `KINDS` that may help an ion, all of them neutral.

    Parameters
    ----------
    around : Surroundings
        The model.
    ion : int
        The ion, by its place in `Model.ions`; a single ion.
    kind : str
        What is to be done.
    halide : Halide
        Which anion of one charge is added.
    """
    if is_molecule(str(around.model.ions.symbols[ion])):
        return
    makers = {
        "move": _moves(around, ion),
        "exchange": _exchanges(around, ion, halide),
        "add pair": _units(around, ion, None),
        "add Z-type": _units(around, ion, halide),
        "remove": _removals(around, ion),
    }
    yield from makers[kind]


def _beside(around: Surroundings, ion: int) -> list[int]:
    """Return the vacant sites next to an ion, those with the most neighbours first."""
    vacant = around.vacant
    mine = [
        site
        for site, near in enumerate(vacant.neighbours)
        if ion in near and vacant.charges[site] * around.signs[ion] < 0
    ]
    return sorted(mine, key=lambda site: (-len(vacant.neighbours[site]), site))[:BESIDE]


def _put(around: Surroundings, site: int, symbol: str, charge: int) -> AddedIon:
    """Return an ion on a vacant site."""
    vacant = around.vacant
    x, y, z = vacant.positions_a[site].tolist()
    return AddedIon(
        symbol=symbol,
        charge=charge,
        position_a=(x, y, z),
        domain=str(vacant.domains[site]),
        site=int(vacant.sites[site]),
        bulk_coordination=int(vacant.bulk_coordination[site]),
        potential_v=float(around.vacant_v[site]),
        ideal_v=float(vacant.ideal_v[site]),
        charge_there=int(vacant.charges[site]),
    )


def _in_place_of(around: Surroundings, ion: int, symbol: str, charge: int) -> AddedIon:
    """Return an ion in the place of another."""
    ions = around.model.ions
    x, y, z = ions.positions_a[ion].tolist()
    return AddedIon(
        symbol=symbol,
        charge=charge,
        position_a=(x, y, z),
        domain=str(ions.domains[ion]),
        site=int(ions.sites[ion]),
        bulk_coordination=int(around.shells[ion]),
        potential_v=float(around.potentials_v[ion]),
        ideal_v=float(around.ideal_v[ion]),
        charge_there=int(ions.charges[ion]),
    )


def _wanting(around: Surroundings, sign: int, near_a: Floats) -> list[int]:
    """Return vacant sites of a sign: half of them the best by potential, half the nearest."""
    vacant = around.vacant
    mine = np.flatnonzero(np.sign(vacant.charges) == sign)
    apart = np.linalg.norm(vacant.positions_a[mine] - near_a, axis=1)
    by_potential = mine[np.argsort((sign * around.vacant_v[mine]).round(6), kind="stable")]
    by_distance = mine[np.argsort(apart.round(6), kind="stable")]
    chosen = [*by_distance[: PARTNERS // 2].tolist(), *by_potential.tolist()]
    return list(dict.fromkeys(chosen))[:PARTNERS]


def _loose(around: Surroundings, mask: Ints) -> list[int]:
    """Return single ions among some that have the smallest part of their shell, loosest first."""
    ions = around.model.ions
    single = [i for i in mask.tolist() if not is_molecule(str(ions.symbols[i]))]

    def looseness(ion: int) -> tuple[float, float]:
        hold = float(ions.charges[ion] * around.potentials_v[ion])
        return round(around.filled(ion), 6), -round(hold, 6)

    return sorted(single, key=looseness)[:PARTNERS]


def _moves(around: Surroundings, ion: int) -> Iterator[Change]:
    """Yield an ion of the other sign brought beside it, and the ion itself brought elsewhere."""
    ions, vacant = around.model.ions, around.vacant

    def moved(mover: int, site: int) -> Change:
        put = _put(around, site, str(ions.symbols[mover]), int(ions.charges[mover]))
        return Change("move", (mover,), (put,))

    for site in _beside(around, ion):
        alike = (ions.symbols == vacant.symbols[site]) & (ions.charges == vacant.charges[site])
        for mover in _loose(around, np.flatnonzero(alike)):
            if mover not in around.neighbours[ion]:
                yield moved(mover, site)
    alike = (vacant.symbols == ions.symbols[ion]) & (vacant.charges == ions.charges[ion])
    own = np.flatnonzero(alike)
    fuller = sorted(own.tolist(), key=lambda site: (-len(vacant.neighbours[site]), site))
    for site in fuller[:PARTNERS]:
        if len(vacant.neighbours[site]) > len(around.neighbours[ion]):
            yield moved(ion, site)


def _exchanges(around: Surroundings, ion: int, halide: Halide) -> Iterator[Change]:
    """Yield an anion of two charges that gives way to two halides, one on a vacant site."""
    ions = around.model.ions
    if around.signs[ion] < 0:
        if ions.charges[ion] == 2 * halide.charge:
            for site in _wanting(around, -1, ions.positions_a[ion]):
                yield _exchange(around, ion, site, halide)
        return
    doubly = np.flatnonzero(ions.charges == 2 * halide.charge)
    apart = np.linalg.norm(ions.positions_a[doubly] - ions.positions_a[ion], axis=1)
    nearest = doubly[np.argsort(apart.round(6), kind="stable")][:PARTNERS]
    for site in _beside(around, ion):
        for anion in nearest.tolist():
            if not is_molecule(str(ions.symbols[anion])):
                yield _exchange(around, anion, site, halide)


def _exchange(around: Surroundings, anion: int, site: int, halide: Halide) -> Change:
    here = _in_place_of(around, anion, halide.symbol, halide.charge)
    there = _put(around, site, halide.symbol, halide.charge)
    return Change("exchange", (anion,), (here, there))


def _units(around: Surroundings, ion: int, halide: Halide | None) -> Iterator[Change]:
    """Yield a cation with halides, or with an anion of the crystal, one of which is beside the ion.

    That is a Z-type unit such as PbCl2, or, where no halide is given, a pair such as PbS.
    """
    vacant = around.vacant
    near_a = around.model.ions.positions_a[ion]
    for site in _beside(around, ion):
        if vacant.charges[site] > 0:
            anions = [each for each in _wanting(around, -1, near_a) if each != site]
            yield from _unit(around, site, (), anions, halide)
            continue
        for cation in _wanting(around, 1, near_a):
            anions = [each for each in _wanting(around, -1, near_a) if each != site]
            yield from _unit(around, cation, (site,), anions, halide)


def _unit(
    around: Surroundings,
    site: int,
    stated: tuple[int, ...],
    anions: list[int],
    halide: Halide | None,
) -> Iterator[Change]:
    """Yield the cation of a vacant site with anions on stated sites, and on as many as it needs."""
    vacant = around.vacant
    charge = int(vacant.charges[site])
    cation = _put(around, site, str(vacant.symbols[site]), charge)
    if halide is None:
        for anion in stated or anions:
            if vacant.charges[anion] == -charge:
                native = _put(around, anion, str(vacant.symbols[anion]), -charge)
                yield Change("add pair", (), (cation, native))
        return
    needed, rest = divmod(charge, -halide.charge)
    if rest == 0 and 1 < needed <= MOST_ANIONS:
        for chosen in combinations(anions, needed - len(stated)):
            put = [_put(around, each, *halide) for each in (*stated, *chosen)]
            yield Change("add Z-type", (), (cation, *put))


def _removals(around: Surroundings, ion: int) -> Iterator[Change]:
    """Yield the ion taken away with loosely bound ions of the other sign that make it neutral."""
    ions = around.model.ions
    charge, sign = int(ions.charges[ion]), int(around.signs[ion])
    others = _loose(around, np.flatnonzero(np.sign(ions.charges) == -sign))
    for other in others:
        if ions.charges[other] == -charge:
            yield Change("remove", (ion, other))
    half = [other for other in others if 2 * ions.charges[other] == -charge]
    for pair in combinations(half, 2):
        yield Change("remove", (ion, *pair))
    for other in others:
        if ions.charges[other] == -2 * charge:
            alike = np.flatnonzero((ions.charges == charge) & (np.arange(ions.n_atoms) != ion))
            for second in _loose(around, alike):
                yield Change("remove", (ion, second, other))
