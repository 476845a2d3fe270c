"""Molecular ions in a crystal: atoms that covalent bonds hold together, which are not ions each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.errors import InputError

from .neighbour_list import covalent_radii_a, neighbours
from .periodic_graph import bonded_units

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints, Strings

BOND_TOLERANCE_A = 0.4
"""Atoms are bonded up to this, in Å, beyond the sum of their covalent radii, as in the Cambridge
Structural Database."""

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

EXAMPLES = {
    "CH6N": "Cs in place of CH3NH3",
    "CH5N2": "Cs in place of CH(NH2)2",
    "NH4": "K or Rb in place of NH4",
}
"""Single ions that take the place of a molecular one."""

NEGATIVE_LAST = ["B", "As", "P", "Se", "S", "I", "Br", "Cl", "Te", "N", "Sb", "O", "F", "H"]
"""Order of elements in the formula of a unit without carbon."""


def molecular_units(cell_a: Floats, fractional: Floats, symbols: Strings) -> dict[str, int]:
    """Return the formulas of the molecular ions in a unit cell, and how many of each there are.

    Two atoms belong to one unit if they are non-metals of `PARTNERS` and no farther apart than
    the sum of their covalent radii and `BOND_TOLERANCE_A`. Chains, layers and networks without end
    are told by what of them lies in one cell, with ``…`` behind.

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
    >>> molecular_units(cell, places, np.array(["N", "H", "H", "H", "H", "Cl"]))
    {'NH4': 1}
    """
    always, finite = _pairs(PARTNERS), _pairs(FINITE_PARTNERS)
    members = {element for pair in always | finite for element in pair}
    chosen = np.flatnonzero([symbol in members for symbol in symbols.tolist()])
    present = set(symbols[chosen].tolist())
    if len(chosen) == 0 or not any(set(pair) <= present for pair in always | finite):
        return {}
    symbols = symbols[chosen]
    radii = covalent_radii_a(symbols)
    reach = 2.0 * float(radii.max()) + BOND_TOLERANCE_A
    i, j, shifts, distances = neighbours(cell_a, fractional[chosen], reach)
    near = distances <= radii[i] + radii[j] + BOND_TOLERANCE_A
    i, j, shifts = i[near], j[near], shifts[near]
    found: Counter[str] = Counter()
    covalent = np.zeros(len(chosen), dtype=bool)
    for pairs, only_finite in ((always, False), (always | finite, True)):
        kept = [
            tuple(sorted(pair)) in pairs
            for pair in zip(symbols[i].tolist(), symbols[j].tolist(), strict=True)
        ]
        units, endless = _units(len(chosen), i[kept], j[kept], shifts[kept])
        for unit in range(int(units.max()) + 1):
            sites = np.flatnonzero(units == unit)
            if len(sites) == 1 and not endless[unit]:
                continue
            if covalent[sites].any() or (only_finite and endless[unit]):
                continue
            covalent[sites] = True
            found[unit_formula(symbols[sites]) + ("…" if endless[unit] else "")] += 1
    return dict(found)


def refuse_molecular_units(
    name: str,
    cell_a: Floats,
    fractional: Floats,
    symbols: Strings,
) -> None:
    """Raise an InputError that names the molecular ions of a crystal, if it has any."""
    units = molecular_units(cell_a, fractional, symbols)
    if not units:
        return
    told = ", ".join(f"{count} {formula}" for formula, count in units.items())
    if all(unit.endswith("…") for unit in units):
        raise InputError(
            f"{name}: covalent units in the cell ({told}: chains, layers or networks without end), "
            "which would be cut into single atoms; only crystals of single ions are carved: cut "
            "this crystal with a tool that cuts covalent bonds"
        )
    instead = next((EXAMPLES[unit] for unit in units if unit in EXAMPLES), "")
    raise InputError(
        f"{name}: covalent units in the cell ({told}), which would be cut into single atoms; only "
        "crystals of single ions are carved: put a single ion in the place of each unit"
        f"{f' ({instead})' if instead else ''}, or cut this crystal with a tool that keeps "
        "molecules whole"
    )


def _pairs(partners: dict[str, str]) -> frozenset[tuple[str, ...]]:
    return frozenset(
        tuple(sorted((first, second)))
        for first, seconds in partners.items()
        for second in seconds.split()
    )


def _units(n_sites: int, i: Ints, j: Ints, shifts: Ints) -> tuple[Ints, Bools]:
    """Return the unit of each site, and whether each unit goes on for ever."""
    unit, periods = bonded_units(n_sites, i, j, shifts)
    endless = np.zeros(int(unit.max(initial=-1)) + 1, dtype=bool)
    endless[unit[i[periods.any(axis=1)]]] = True
    return unit, endless


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


def molecules_among(symbols: Strings, positions_a: Floats) -> tuple[Ints, ...]:
    """Return the atoms of each molecule among atoms in vacuum, by the rule of `molecular_units`.

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
    allowed = _pairs(PARTNERS)
    radii = covalent_radii_a(symbols)
    reach = 2.0 * float(radii.max()) + BOND_TOLERANCE_A
    near = cKDTree(positions_a).query_pairs(reach, output_type="ndarray")
    lengths = np.linalg.norm(positions_a[near[:, 0]] - positions_a[near[:, 1]], axis=1)
    near = near[lengths <= radii[near].sum(axis=1) + BOND_TOLERANCE_A]
    pairs = symbols[near].tolist()
    bonds = near[[tuple(sorted(pair)) in allowed for pair in pairs]]
    unit, _ = bonded_units(
        len(symbols), bonds[:, 0], bonds[:, 1], np.zeros((len(bonds), 3), dtype=np.int64)
    )
    members = np.argsort(unit, kind="stable")
    groups = np.split(members, np.cumsum(np.bincount(unit))[:-1])
    return tuple(group for group in groups if len(group) > 1)
