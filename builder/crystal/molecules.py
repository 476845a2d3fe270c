"""Molecules in a crystal: atoms that covalent bonds hold together, which are not ions each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.errors import InputError

from .neighbour_list import covalent_radii_a, neighbours
from .periodic_graph import bonded_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints, Strings

BOND_TOLERANCE_A = 0.4
"""Atoms are bonded up to this, in Å, beyond the sum of their covalent radii, as in the Cambridge
Structural Database."""

LONE_REACH_A = 4.0
"""How far, in Å, an atom is looked for to which a lone one might be bonded."""

NEVER_ALONE = ("H", "C", "N", "O")
"""Elements that are no cations by themselves."""

PARTNERS = {
    "H": "H B C N O F Si P S Cl As Se Br Te I",
    "B": "B C F Cl Br I",
    "C": "C N O F P S Cl As Se Br I",
    "N": "N O F S Cl Se Br I",
    "O": "O F P S Cl As Se Br I",
    "F": "F P S Cl As Br I",
    "P": "P S Cl Se Br I",
    "S": "S Cl Br I",
    "Cl": "Cl Br I",
    "As": "As",
    "Se": "Se",
    "Br": "Br I",
    "Sb": "Sb",
    "Te": "Te",
    "I": "I",
}
"""Pairs of elements whose bonds are covalent in whatever crystal they stand: no oxide, nitride,
sulfide or halide of a metal, of silicon or of germanium, and no metal hydride."""

FINITE_PARTNERS = {"B": "N O S Se P", "N": "P", "As": "S"}
"""Pairs whose bonds are those of molecular ions, such as BO3, if they end; else those of a
network, such as that of BN, which is cut like any oxide."""

NEGATIVE_LAST = ["B", "As", "P", "Se", "S", "I", "Br", "Cl", "Te", "N", "Sb", "O", "F", "H"]
"""Order of elements in the formula of a unit without carbon."""


@dataclass(frozen=True)
class CovalentUnit:
    """Atoms of a unit cell that covalent bonds hold together.

    Parameters
    ----------
    sites : ndarray of int, shape (n_atoms,)
        The atoms, as sites of the cell.
    symbols : ndarray of str, shape (n_atoms,)
        Their elements.
    cells : ndarray of int, shape (n_atoms, 3)
        In which cell each lies when the unit is followed from bond to bond.
    bonds : ndarray of int, shape (n_bonds, 2)
        Atoms of the unit that are bonded, counted from 0.
    formula : str
        What it holds, with ``…`` behind if it has no end.
    """

    sites: Ints
    symbols: Strings
    cells: Ints
    bonds: Ints
    formula: str

    @property
    def is_endless(self) -> bool:
        """Whether it is a chain, layer or network."""
        return self.formula.endswith("…")


def covalent_units(
    cell_a: Floats, fractional: Floats, symbols: Strings
) -> tuple[CovalentUnit, ...]:
    """Return the molecules, and the chains, layers and networks without end, of a unit cell.

    Two atoms belong to one unit if they are non-metals of `PARTNERS` and no farther apart than
    the sum of their covalent radii and `BOND_TOLERANCE_A`.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates in [0, 1).
    symbols : ndarray of str, shape (n_sites,)
        Element of every site.

    Examples
    --------
    >>> cell = 3.88 * np.eye(3)
    >>> x = 0.15
    >>> tetrahedron = [[x, x, x], [x, 1 - x, 1 - x], [1 - x, x, 1 - x], [1 - x, 1 - x, x]]
    >>> places = np.array([[0, 0, 0], *tetrahedron, [0.5, 0.5, 0.5]])
    >>> unit, = covalent_units(cell, places, np.array(["N", "H", "H", "H", "H", "Cl"]))
    >>> unit.formula, unit.sites.tolist(), unit.cells[2].tolist()
    ('NH4', [0, 1, 2, 3, 4], [0, -1, -1])
    """
    always, finite = _pairs(PARTNERS), _pairs(FINITE_PARTNERS)
    members = {element for pair in always | finite for element in pair}
    chosen = np.flatnonzero([symbol in members for symbol in symbols.tolist()])
    present = set(symbols[chosen].tolist())
    if len(chosen) == 0 or not any(set(pair) <= present for pair in always | finite):
        return ()
    symbols = symbols[chosen]
    radii = covalent_radii_a(symbols)
    reach = 2.0 * float(radii.max()) + BOND_TOLERANCE_A
    i, j, shifts, distances = neighbours(cell_a, fractional[chosen], reach)
    near = distances <= radii[i] + radii[j] + BOND_TOLERANCE_A
    i, j, shifts = i[near], j[near], shifts[near]
    found: list[CovalentUnit] = []
    covalent = np.zeros(len(chosen), dtype=bool)
    for pairs, only_finite in ((always | finite, True), (always, False)):
        kept = [
            tuple(sorted(pair)) in pairs
            for pair in zip(symbols[i].tolist(), symbols[j].tolist(), strict=True)
        ]
        first, second = i[kept], j[kept]
        units, cells, periods = bonded_units(len(chosen), first, second, shifts[kept])
        endless = np.zeros(int(units.max()) + 1, dtype=bool)
        endless[units[first[periods.any(axis=1)]]] = True
        for unit in range(len(endless)):
            sites = np.flatnonzero(units == unit)
            if len(sites) == 1 and not endless[unit]:
                continue
            if covalent[sites].any() or (only_finite and endless[unit]):
                continue
            covalent[sites] = True
            within = (units[first] == unit) & (first < second)
            bonds = np.searchsorted(sites, np.column_stack([first[within], second[within]]))
            formula = unit_formula(symbols[sites]) + ("…" if endless[unit] else "")
            found.append(CovalentUnit(chosen[sites], symbols[sites], cells[sites], bonds, formula))
    return tuple(found)


def refuse_covalent_units(name: str, units: Sequence[CovalentUnit]) -> None:
    """Raise an InputError that names units that can't be carried as ions, if there are any."""
    if not units:
        return
    counts = Counter(unit.formula for unit in units)
    told = ", ".join(f"{count} {formula}" for formula, count in counts.items())
    if all(unit.is_endless for unit in units):
        raise InputError(
            f"{name}: covalent units in the cell ({told}: chains, layers or networks without end), "
            "which would be cut into single atoms; only single ions and molecules are carved: cut "
            "this crystal with a tool that cuts covalent bonds"
        )
    raise InputError(
        f"{name}: covalent units in the cell ({told}), which would be cut into single atoms; read "
        "the crystal by epicarve.Crystal.from_file or from_ase, which carry molecules as ions"
    )


def refuse_lone_cations(
    name: str, cell_a: Floats, fractional: Floats, symbols: Strings, charges: Ints
) -> None:
    """Raise an InputError if H, C, N or O of positive charge is bonded to no atom.

    It is part of a molecule of which other atoms are not listed, or lie too far from it, and would
    be carried as another ion.

    Parameters
    ----------
    name : str
        Names the crystal.
    cell_a, fractional, symbols
        As those of `covalent_units`: all atoms.
    charges : ndarray of int, shape (n_sites,)
        Charge of each that is an ion by itself, 0 of the atoms of molecules.
    """
    lone = np.flatnonzero(np.isin(symbols, NEVER_ALONE) & (charges > 0))
    if not len(lone):
        return
    symbol, charge = symbols[lone[0]], int(charges[lone[0]])
    i, j, _, distances = neighbours(cell_a, fractional, LONE_REACH_A)
    of_first = np.flatnonzero((i == lone[0]) & (symbols[j] != symbol))
    near = ""
    if len(of_first):
        nearest = of_first[np.argmin(distances[of_first])]
        near = f", {distances[nearest]:.2f} Å from the nearest {symbols[j[nearest]]}"
    raise InputError(
        f"{name}: {symbol} of charge {charge:+d} is bonded to no atom (the first lies at "
        f"{' '.join(f'{x:.4f}' for x in fractional[lone[0]])}{near}), so it is part of a molecule "
        "whose other atoms are not listed or lie elsewhere; add or mend them, its hydrogen too, or "
        "put a single ion there in the file"
    )


def _pairs(partners: dict[str, str]) -> frozenset[tuple[str, ...]]:
    return frozenset(
        tuple(sorted((first, second)))
        for first, seconds in partners.items()
        for second in seconds.split()
    )


def unit_formula(symbols: Strings) -> str:
    """Return the formula of a unit: carbon and hydrogen first, else the least negative first."""
    counts = Counter(symbols.tolist())
    if dict(counts) == {"H": 2, "O": 1}:
        return "H2O"
    if "C" in counts:
        order = ["C", "H", *sorted(set(counts) - {"C", "H"})]
    else:
        order = [*NEGATIVE_LAST, *sorted(set(counts) - set(NEGATIVE_LAST))]
    return "".join(f"{e}{counts[e] if counts[e] > 1 else ''}" for e in order if counts[e])


def covalent_bonds(symbols: Strings, positions_a: Floats) -> Ints:
    """Return the covalent bonds among atoms in vacuum, by the rule of `covalent_units`.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å.

    Returns
    -------
    ndarray of int, shape (n_bonds, 2)
        Atoms of each bond, the first of them ascending, the smaller number first.

    Examples
    --------
    >>> places = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0], [2.5, 0.0, 0.0]])
    >>> covalent_bonds(np.array(["O", "H", "H", "Pb"]), places).tolist()
    [[0, 1], [0, 2]]
    """
    allowed = _pairs(PARTNERS)
    radii = covalent_radii_a(symbols)
    reach = 2.0 * float(radii.max(initial=0.0)) + BOND_TOLERANCE_A
    near = cKDTree(positions_a).query_pairs(reach, output_type="ndarray")
    lengths = np.linalg.norm(positions_a[near[:, 0]] - positions_a[near[:, 1]], axis=1)
    near = near[lengths <= radii[near].sum(axis=1) + BOND_TOLERANCE_A]
    bonds = near[[tuple(sorted(pair)) in allowed for pair in symbols[near].tolist()]]
    return np.asarray(bonds[np.lexsort((bonds[:, 1], bonds[:, 0]))])


def molecules_among(symbols: Strings, positions_a: Floats) -> tuple[Ints, ...]:
    """Return the atoms of each molecule among atoms in vacuum, by the rule of `covalent_units`.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å.

    Returns
    -------
    tuple of ndarray of int
        Molecules of two atoms or more; single atoms, such as the ions of a crystal, are none.

    Examples
    --------
    >>> places = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0], [9.0, 0.0, 0.0]])
    >>> [unit.tolist() for unit in molecules_among(np.array(["O", "H", "H", "Pb"]), places)]
    [[0, 1, 2]]
    """
    bonds = covalent_bonds(symbols, positions_a)
    unit, _, _ = bonded_units(
        len(symbols), bonds[:, 0], bonds[:, 1], np.zeros((len(bonds), 3), dtype=np.int64)
    )
    members = np.argsort(unit, kind="stable")
    groups = np.split(members, np.cumsum(np.bincount(unit))[:-1])
    return tuple(group for group in groups if len(group) > 1)
