"""Molecular ions of a crystal: their atoms, their charges, and where their points lie."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .known_ions import KnownIon, hydrogen_lacks, known_ion
from .molecules import refuse_covalent_units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.arrays import Bools, Floats, Ints, Strings

    from .molecules import CovalentUnit

SAME_DISTANCE_A = 0.05
"""Atoms whose distances from the centroid differ by less, in Å, are as near."""

ELEMENT = re.compile("[A-Z][a-z]?")
"""Symbols of elements; those of molecules are longer, or all in capitals."""


@dataclass(frozen=True)
class MolecularIon:
    """A molecule that is carried as one ion, as it lies on a site of a crystal.

    Parameters
    ----------
    name : str
        What it is called, such as ``CH3NH3``; the symbol of its site.
    symbols : ndarray of str, shape (n_atoms,)
        Elements of its atoms.
    offsets_a : ndarray of float, shape (n_atoms, 3)
        Where they lie, in Å from the point of the site.
    charges : ndarray of int, shape (n_atoms,)
        Their formal charges in units of e.
    """

    name: str
    symbols: Strings
    offsets_a: Floats
    charges: Ints

    @property
    def charge(self) -> int:
        """Its charge in units of e, 0 of a neutral molecule."""
        return int(self.charges.sum())

    @property
    def n_atoms(self) -> int:
        """Number of its atoms."""
        return len(self.symbols)

    @property
    def bearers_a(self) -> Floats:
        """Offsets in Å of the atoms that bear its charge; that of its point if none does."""
        bearers = self.offsets_a[self.charges != 0]
        return bearers if len(bearers) else np.zeros((1, 3))


@dataclass(frozen=True)
class CrystalAtoms:
    """The atoms of a unit cell, those of molecules one by one.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    fractional : ndarray of float, shape (n_atoms, 3)
        Fractional coordinates in [0, 1).
    charges : ndarray of int, shape (n_atoms,)
        Formal charges in units of e.
    sites : ndarray of int, shape (n_atoms,)
        The site of the crystal to which each belongs.
    """

    symbols: Strings
    fractional: Floats
    charges: Ints
    sites: Ints


@dataclass(frozen=True)
class IonSites:
    """The sites of a unit cell when each of its molecules is one.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_sites,)
        Element, or name of the molecular ion.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates in [0, 1).
    molecules : dict of int to MolecularIon
        The molecular ions by their sites.
    """

    symbols: Strings
    fractional: Floats
    molecules: dict[int, MolecularIon]

    @property
    def is_single(self) -> Bools:
        """Whether a site is that of a single ion, shape (n_sites,)."""
        single = np.ones(len(self.symbols), dtype=bool)
        single[list(self.molecules)] = False
        return single


def ion_sites(
    name: str,
    cell_a: Floats,
    fractional: Floats,
    symbols: Strings,
    units: Sequence[CovalentUnit],
    *,
    given: Mapping[str, int] | None = None,
    stated: Sequence[int | None] = (),
) -> IonSites:
    """Return the sites of a cell in which each covalent unit is one ion.

    Its charge is the one that is given for its name or its formula; else that of the known ion
    with its bonds; else the sum of the charges that are stated for all of its atoms.

    Parameters
    ----------
    name : str
        Names the crystal in messages.
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    fractional : ndarray of float, shape (n_atoms, 3)
        Fractional coordinates of all atoms in [0, 1).
    symbols : ndarray of str, shape (n_atoms,)
        Their elements.
    units : sequence of CovalentUnit
        The molecules among them.
    given : mapping of str to int, optional
        Charges by name or formula of a molecule.
    stated : sequence of int or None, length n_atoms
        The charge that the source states of each atom.

    Raises
    ------
    InputError
        If a unit has no end, or its charge is not known.
    """
    refuse_covalent_units(name, [unit for unit in units if unit.is_endless])
    points = np.array(fractional, dtype=float)
    names = [str(symbol) for symbol in symbols.tolist()]
    is_first = np.ones(len(symbols), dtype=bool)
    molecules: dict[int, MolecularIon] = {}
    for unit in units:
        places_a = (fractional[unit.sites] + unit.cells) @ cell_a
        found = _identified(name, unit, places_a, given or {}, stated)
        charges = formal_charges(unit.symbols, unit.bonds, places_a, found.charge)
        point_a = point_of(unit.symbols, charges, places_a)
        first = int(unit.sites[0])
        molecules[first] = MolecularIon(found.name, unit.symbols, places_a - point_a, charges)
        names[first] = found.name
        points[first] = point_a @ np.linalg.inv(cell_a) % 1.0 % 1.0
        is_first[unit.sites[1:]] = False
    atoms = np.flatnonzero(is_first)
    site_of = np.cumsum(is_first) - 1
    return IonSites(
        symbols=np.array(names)[atoms],
        fractional=points[atoms],
        molecules={int(site_of[atom]): molecule for atom, molecule in molecules.items()},
    )


def formal_charges(symbols: Strings, bonds: Ints, places_a: Floats, charge: int) -> Ints:
    """Return the formal charge of each atom of a molecule, in units of e.

    Each N with four bonds has +1, if that makes up the charge. Else the atom nearest to the
    centroid of all but hydrogen bears it, such as the S of a sulfate; of several as near, such as
    those of S2, all the same if that gives whole charges, else the first by element.

    Examples
    --------
    >>> places_a = np.array([[0.0, 0, 0], [1.4, 0, 0], [-1.4, 0, 0]])
    >>> bonds = np.array([[0, 1], [0, 2]])
    >>> formal_charges(np.array(["N", "N", "N"]), bonds, places_a, -1).tolist()
    [-1, 0, 0]
    """
    charges = np.zeros(len(symbols), dtype=np.int64)
    number = np.bincount(np.ravel(bonds), minlength=len(symbols))
    charges[(symbols == "N") & (number == 4)] = 1
    if int(charges.sum()) == charge:
        return charges
    charges[:] = 0
    nearest = _nearest_to_centroid(symbols, places_a)
    share, rest = divmod(charge, len(nearest))
    if rest == 0:
        charges[nearest] = share
    else:
        charges[nearest[0]] = charge
    return charges


def point_of(symbols: Strings, charges: Ints, places_a: Floats) -> Floats:
    """Return the point of a molecule, in Å: the centre of the formal charges of its atoms.

    That of a molecule whose atoms have none is the atom nearest to the centroid of all but
    hydrogen.
    """
    weights = np.abs(charges)
    if not weights.any():
        return np.asarray(places_a[_nearest_to_centroid(symbols, places_a)[0]])
    return np.asarray(weights @ places_a / weights.sum())


def is_molecule(symbol: str) -> bool:
    """Whether the symbol of a site is that of a molecule, and not of an element.

    Examples
    --------
    >>> is_molecule("OH"), is_molecule("S2"), is_molecule("Os")
    (True, True, False)
    """
    return ELEMENT.fullmatch(symbol) is None


def signs_of(symbols: Strings, charges: Ints) -> Ints:
    """Return the sign of the charge of each ion; -1 for neutral molecules, which bind cations.

    Examples
    --------
    >>> signs_of(np.array(["Ca", "SO4", "H2O"]), np.array([2, -2, 0])).tolist()
    [1, -1, -1]
    """
    signs = np.sign(charges)
    for ion in np.flatnonzero(signs == 0).tolist():
        signs[ion] = -1 if is_molecule(str(symbols[ion])) else 0
    return signs


def atoms_of(
    cell_a: Floats,
    symbols: Strings,
    fractional: Floats,
    charges: Ints,
    molecules: Mapping[int, MolecularIon],
) -> CrystalAtoms:
    """Return the atoms of the sites of a unit cell, those of a molecule in the place of its site.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    symbols, fractional, charges : ndarray
        Of the sites, as those of a `Crystal`.
    molecules : mapping of int to MolecularIon
        The molecules by their sites.
    """
    if not molecules:
        return CrystalAtoms(symbols, fractional, charges, np.arange(len(symbols)))
    to_fractional = np.linalg.inv(cell_a)
    elements: list[str] = []
    points, borne, sites = [], [], []
    for site, symbol in enumerate(symbols.tolist()):
        molecule, point = molecules.get(site), fractional[site]
        if molecule is None:
            elements.append(symbol)
            points.append(point[None, :])
            borne.append(charges[site : site + 1])
        else:
            elements += molecule.symbols.tolist()
            points.append((point + molecule.offsets_a @ to_fractional) % 1.0 % 1.0)
            borne.append(molecule.charges)
        sites += [site] * len(points[-1])
    return CrystalAtoms(
        symbols=np.array(elements),
        fractional=np.concatenate(points),
        charges=np.concatenate(borne),
        sites=np.array(sites),
    )


def formula_of(counts: Mapping[str, int]) -> str:
    """Return numbers of ions as a formula, in their order; molecules in brackets if several.

    Examples
    --------
    >>> formula_of({"CH3NH3": 2, "Pb": 1, "I": 4})
    '(CH3NH3)2PbI4'
    """
    return "".join(
        symbol if n == 1 else f"({symbol}){n}" if is_molecule(symbol) else f"{symbol}{n}"
        for symbol, n in counts.items()
    )


def _nearest_to_centroid(symbols: Strings, places_a: Floats) -> Ints:
    """Return the atoms nearest to the centroid of all but hydrogen, first by element."""
    heavy = np.flatnonzero(symbols != "H") if (symbols != "H").any() else np.arange(len(symbols))
    away_a = np.linalg.norm(places_a[heavy] - places_a[heavy].mean(axis=0), axis=1)
    near = heavy[away_a <= away_a.min() + SAME_DISTANCE_A]
    return np.asarray(near[np.argsort(symbols[near], kind="stable")])


def _identified(
    name: str,
    unit: CovalentUnit,
    places_a: Floats,
    given: Mapping[str, int],
    stated: Sequence[int | None],
) -> KnownIon:
    """Return name and charge of a unit."""
    symbols, ends_a = unit.symbols, places_a[unit.bonds]
    lengths_a = np.linalg.norm(ends_a[:, 0] - ends_a[:, 1], axis=1)
    known = known_ion(symbols, unit.bonds, lengths_a)
    called = unit.formula if known is None else known.name
    for key in (called, unit.formula):
        if key in given:
            return KnownIon(called, int(given[key]))
    if known is not None:
        return known
    told = [stated[site] for site in unit.sites.tolist()] if len(stated) else [None]
    if all(charge is not None for charge in told):
        return KnownIon(called, sum(charge for charge in told if charge is not None))
    why = ""
    if hydrogen_lacks(symbols, unit.bonds):
        bonds = Counter(np.ravel(unit.bonds).tolist())
        atom = min(
            (atom for atom, symbol in enumerate(symbols.tolist()) if symbol in {"C", "N"}),
            key=lambda atom: bonds[atom],
        )
        why = (
            f", and {symbols[atom]} has {bonds[atom]} bond{'s' if bonds[atom] != 1 else ''}, so "
            "hydrogen seems not to be listed: add its sites, or, if all is there,"
        )
    raise InputError(
        f"{name}: the molecule {called} is no ion whose charge is known{why or ';'} give its "
        f"charge by oxidation_states, such as {{{called}: 1}}"
    )
