"""Size, charges, surface and coordination of a particle whose domains are known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.dimensions import largest_distance_nm
from epicarve.record import Record
from epicarve.units import A_PER_NM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.arrays import Bools, Floats, Strings
    from epicarve.builder.crystal import Crystal

    from .domain import Domain
    from .molecular_charges import Molecule


@dataclass(frozen=True)
class Diameters(Record):
    """Size of a particle in nm.

    Parameters
    ----------
    largest : float
        Largest distance between two atoms.
    gyration : float
        Diameter of the even sphere with the same radius of gyration, 2 √(5/3) R.
    equal_volume : float or None
        Diameter of the sphere with the volume that the ions have in the cores of their domains;
        None without a domain.
    """

    largest: float
    gyration: float
    equal_volume: float | None


@dataclass(frozen=True)
class CoordinationFigures(Record):
    """Opposite ions around those of an element, within the bonds of the crystals.

    Parameters
    ----------
    mean : float
        Their mean number.
    numbers : dict of str to int
        Ions by their number of neighbours.
    """

    mean: float
    numbers: dict[str, int]


def diameters(positions_a: Floats, volume_a3: float | None) -> Diameters:
    """Return the size of a particle; the volume in Å³ if it is known."""
    away = positions_a - positions_a.mean(axis=0)
    gyration = 2.0 * np.sqrt(5.0 / 3.0 * (away**2).sum(axis=1).mean())
    sphere = None if volume_a3 is None else 2.0 * (3.0 * volume_a3 / (4.0 * np.pi)) ** (1.0 / 3.0)
    return Diameters(
        largest=round(largest_distance_nm(positions_a), 4),
        gyration=round(float(gyration) / A_PER_NM, 4),
        equal_volume=None if sphere is None else round(float(sphere) / A_PER_NM, 4),
    )


def formal_charges(
    symbols: Strings,
    charges: Mapping[str, int],
    domains: Sequence[Domain],
    molecules: Sequence[Molecule],
) -> tuple[Floats, list[str]]:
    """Return the formal charge of each atom in e, shape (n_atoms,), and what has none.

    Ions of elements with several charges have those of their sites; the charge of a molecular ion
    is spread over its bearers.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    charges : mapping of str to int
        Formal charge of each element that has only one.
    domains : sequence of Domain
        The domains.
    molecules : sequence of Molecule
        The molecules.
    """
    known = [charges.get(symbol) for symbol in symbols.tolist()]
    found = np.array([np.nan if one is None else float(one) for one in known])
    for domain in domains:
        own = domain.crystal.symbols[np.maximum(domain.sites, 0)] == symbols
        on_site = np.flatnonzero(domain.members & own & np.isnan(found))
        found[on_site] = domain.crystal.oxidation_states[domain.sites[on_site]]
    names = symbols.astype(object)
    for molecule in molecules:
        found[molecule.atoms] = np.nan if molecule.charge is None else 0.0
        names[molecule.atoms] = molecule.formula
        if molecule.charge is not None:
            found[molecule.bearers] += molecule.charge / len(molecule.bearers)
    return found, sorted(set(names[np.isnan(found)].tolist()))


def coordination(
    symbols: Strings, positions_a: Floats, crystals: Sequence[Crystal], which: Bools
) -> dict[str, CoordinationFigures]:
    """Return how many opposite ions lie around those of each element, by the crystals' bonds.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å.
    crystals : sequence of Crystal
        Crystals with the bonds.
    which : ndarray of bool, shape (n_atoms,)
        Ions whose neighbours are counted.
    """
    limits: dict[tuple[str, str], float] = {}
    for crystal in crystals:
        for pair, limit in crystal.bond_rule.items():
            limits[pair] = max(limit, limits.get(pair, 0.0))
    counts = np.zeros(len(symbols), dtype=np.int64)
    for (cation, anion), limit_a in sorted(limits.items()):
        first, second = np.flatnonzero(symbols == cation), np.flatnonzero(symbols == anion)
        if len(first) and len(second):
            near = cKDTree(positions_a[first]).sparse_distance_matrix(
                cKDTree(positions_a[second]), limit_a, output_type="ndarray"
            )
            counts += np.bincount(first[near["i"]], minlength=len(symbols))
            counts += np.bincount(second[near["j"]], minlength=len(symbols))
    found = {}
    for symbol in dict.fromkeys(symbol for pair in limits for symbol in pair):
        mine = counts[which & (symbols == symbol)]
        if len(mine):
            numbers = {str(n): count for n, count in sorted(Counter(mine.tolist()).items())}
            found[symbol] = CoordinationFigures(round(float(mine.mean()), 3), numbers)
    return found
