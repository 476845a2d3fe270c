"""Bond valences of ions in a crystal, and how well they fit an oxidation state.

A bond of length d has the valence exp((R − d)/b). R follows from parameters of the elements, so
that no charge has to be known before; b is 0.37 Å, with which the sums of an ion's bonds come near
its charge. How the sums of each oxidation state are spread in known crystals is taken from
pymatgen, which found them with another b.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .bond_valence_parameters import ANION_FORMERS, PARAMETERS

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings

SOFTNESS_A = 0.37
"""How fast a bond's valence falls with its length, b in Å; that of the parameters."""

SPREAD_SOFTNESS_A = 0.31
"""The b in Å with which the spreads were found, and charges are guessed."""

REACH_A = 4.0
"""Distance in Å up to which bonds are summed; that with which the spreads were found."""

NARROWEST_SPREAD, WIDEST_SPREAD = 0.3, 1.0
"""Standard deviation of sums that is taken where fewer crystals are known than tell it."""


@cache
def unit_length_a(first: str, second: str) -> float | None:
    """Return the length in Å of a bond of valence 1 between two elements, None if unknown.

    Examples
    --------
    >>> round(unit_length_a("Pb", "S"), 2)
    2.53
    """
    pair = {first, second}
    if first == second or not pair & ANION_FORMERS or not pair <= PARAMETERS.keys():
        return None
    (r, c), (s, d) = PARAMETERS[first], PARAMETERS[second]
    return r + s - r * s * (math.sqrt(c) - math.sqrt(d)) ** 2 / (c * r + d * s)


def bond_valence(first: str, second: str, length_a: float) -> float | None:
    """Return the valence of a bond of a given length in Å, None if no parameters are known.

    Examples
    --------
    Six bonds of galena hold Pb²⁺:

    >>> round(6 * bond_valence("Pb", "S", 2.968), 2)
    1.85
    """
    unit = unit_length_a(first, second)
    return None if unit is None else math.exp((unit - length_a) / SOFTNESS_A)


def length_of_bond_a(first: str, second: str, valence: float) -> float:
    """Return the length in Å at which a bond of two elements has a valence.

    It is the sum of the covalent radii of Cordero et al. (2008) where no parameters are known.

    Examples
    --------
    >>> round(length_of_bond_a("Pb", "S", 2 / 6), 2)
    2.94
    """
    unit = unit_length_a(first, second)
    if unit is not None:
        return unit - SOFTNESS_A * math.log(valence)
    from ase.data import atomic_numbers, covalent_radii  # noqa: PLC0415  (costs half a second)

    return float(covalent_radii[[atomic_numbers[first], atomic_numbers[second]]].sum())


def bond_valences(first: Strings, second: Strings, lengths_a: Floats) -> Floats:
    """Return the valence of each bond of two elements, shape (n_bonds,).

    Parameters
    ----------
    first, second : ndarray of str, shape (n_bonds,)
        Elements that each bond joins.
    lengths_a : ndarray of float, shape (n_bonds,)
        Lengths in Å.

    Returns
    -------
    ndarray of float
        Not a number where no parameters of a pair are known.

    Examples
    --------
    >>> first, second = np.array(["Pb", "Pb"]), np.array(["S", "Pb"])
    >>> bond_valences(first, second, np.array([2.968, 3.5])).round(2)
    array([0.31,  nan])
    """
    elements, kind = np.unique(np.concatenate([first, second]), return_inverse=True)
    units = np.array(
        [[unit_length_a(one, other) for other in elements.tolist()] for one in elements.tolist()],
        dtype=float,
    ).reshape(len(elements), len(elements))
    unit = units[kind[: len(first)], kind[len(first) :]]
    return np.asarray(np.exp((unit - lengths_a) / SOFTNESS_A))


def valence_sums(
    first: Ints,
    second: Ints,
    lengths_a: Floats,
    symbols: Strings,
) -> Floats:
    """Return the sum of the bond valences of every site, positive for cations, shape (n_sites,).

    Of two elements the more electronegative one counts as the anion of their bond.

    Parameters
    ----------
    first, second : ndarray of int, shape (n_pairs,)
        Sites closer than `REACH_A`, each pair in both orders.
    lengths_a : ndarray of float, shape (n_pairs,)
        Their distances in Å.
    symbols : ndarray of str, shape (n_sites,)
        Elements.

    Examples
    --------
    >>> from epicarve.builder.crystal import neighbours
    >>> from epicarve.builder.library import bundled_crystal
    >>> galena = bundled_crystal("PbS")
    >>> i, j, _, lengths_a = neighbours(galena.cell_a, galena.fractional, REACH_A)
    >>> valence_sums(i, j, lengths_a, galena.symbols).round(1).tolist()[::4]
    [1.5, -1.5]
    """
    from pymatgen.core.periodic_table import Element  # noqa: PLC0415

    elements, kind = np.unique(symbols, return_inverse=True)
    size = len(elements)
    unit, sign = np.full((size, size), -np.inf), np.zeros((size, size))
    for a, one in enumerate(elements.tolist()):
        for b, other in enumerate(elements.tolist()):
            length = unit_length_a(one, other)
            if length is not None:
                unit[a, b] = length
                sign[a, b] = 1.0 if Element(one).X < Element(other).X else -1.0
    pair = kind[first], kind[second]
    valences = sign[pair] * np.exp((unit[pair] - lengths_a) / SPREAD_SOFTNESS_A)
    return np.asarray(np.bincount(first, valences, minlength=len(symbols)), dtype=float)


@cache
def spread(element: str) -> dict[int, tuple[float, float]]:
    """Return mean and standard deviation of the sums of each oxidation state of an element."""
    from pymatgen.analysis.bond_valence import ICSD_BV_DATA  # noqa: PLC0415

    return {
        int(kind.oxi_state): (data["mean"], data["std"])
        for kind, data in ICSD_BV_DATA.items()
        if kind.symbol == element and kind.oxi_state and data["std"] > 0
    }


def mean_log_likelihood(element: str, charge: int, sums: Floats) -> float:
    """Return the logarithm of the likelihood of sums, given the charge; their mean.

    A charge of which too few crystals are known has that of `WIDEST_SPREAD` about itself.
    """
    mean, deviation = spread(element).get(charge, (float(charge), WIDEST_SPREAD))
    deviation = max(deviation, NARROWEST_SPREAD)
    return float(np.mean(-0.5 * ((sums - mean) / deviation) ** 2 - np.log(deviation)))
