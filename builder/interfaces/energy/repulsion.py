"""Short-range repulsion of ions: Born's law in balance with the bulk crystals' Coulomb energy.

Ions i and j at the distance r repel each other with

    U(r) = (e²/4πε₀) |q_i q_j| c_ab / rⁿ,    c_ab = β σ_ab^(n−1) / n,

a, b being their elements and σ_ab the shortest distance of the two in the bulk. This is Born and
Landé's law (Verh. Dtsch. Phys. Ges. 1918, 20, 210): with β = 1 a lone pair of opposite charges
would rest at σ. β of a crystal is the one number that keeps it at its own volume: under a
uniform strain the virials balance, E_Coulomb + n E_repulsion = 0. Cations do not repel each
other but by their charge: anions are the larger ions, they touch each other and the cations, and
cations do not touch (Landé, Z. Phys. 1920, 1, 191).

For the pairs of an interface, c_ab is that of the crystal that holds the pair, the geometric mean
if both do; if neither does, σ_ab is that of `contact_limits_a` and β the geometric mean. So
two halves of one crystal repel each other as its ions do, and no number is fitted or looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.arrays import whole_points
from epicarve.builder.crystal import neighbours
from epicarve.builder.interfaces import contact_limits_a
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A

from .ewald_split import ENDS, long_range_transform, short_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal

BORN_EXPONENT = 10
"""n: Pauling's exponents are 9 for ions like argon, 10 like krypton, 12 like xenon."""

REACH_A = 12.0
"""Pairs of ions of a bulk crystal are summed up to this distance in Å."""


@dataclass(frozen=True)
class Repulsion:
    """Short-range repulsion between the elements of two crystals.

    Parameters
    ----------
    exponent : int
        n of U = e²/4πε₀ ``|q q'|`` c / rⁿ; an even number.
    contacts_a : mapping of frozenset of str to float
        Shortest bulk contact in Å of each pair of elements.
    coefficients : mapping of frozenset of str to float
        c of each pair of elements, in Å^(n−1). Two cations do not use theirs.
    """

    exponent: int
    contacts_a: Mapping[frozenset[str], float]
    coefficients: Mapping[frozenset[str], float]


def born_repulsion(film: Crystal, substrate: Crystal, exponent: int = BORN_EXPONENT) -> Repulsion:
    """Return the repulsion across an interface of two crystals; see the module for the rule.

    Parameters
    ----------
    film, substrate : Crystal
        The two crystals, in their own bulk geometry.
    exponent : int
        Born's exponent, an even number from 6.

    Raises
    ------
    InputError
        If the exponent is odd or below 6, or a crystal's formal charges do not hold it together.

    Examples
    --------
    In rock salt each of six neighbours would bear Madelung's constant over six, 0.29; anions that
    repel each other bear a part of it:

    >>> from epicarve.builder.library import bundled_crystal
    >>> galena = bundled_crystal("PbS")
    >>> pair = frozenset({"Pb", "S"})
    >>> born = born_repulsion(galena, galena)
    >>> beta = 10 * born.coefficients[pair] / born.contacts_a[pair] ** 9
    >>> round(beta, 3)
    0.168
    """
    if exponent < 6 or exponent % 2:
        raise InputError(f"Born's exponent {exponent} is not an even number from 6; 10 is usual")
    contacts = contact_limits_a(film, substrate)
    strengths = [balanced_strength(crystal, exponent) for crystal in (film, substrate)]
    found: dict[frozenset[str], list[float]] = {pair: [] for pair in contacts}
    for crystal, beta in zip((film, substrate), strengths, strict=True):
        for pair, contact in crystal.contacts_a.items():
            found[pair].append(beta * contact ** (exponent - 1) / exponent)
    for pair, contact in contacts.items():
        if not found[pair]:
            found[pair] = [beta * contact ** (exponent - 1) / exponent for beta in strengths]
    means = {pair: float(np.exp(np.log(each).mean())) for pair, each in found.items()}
    return Repulsion(exponent=exponent, contacts_a=contacts, coefficients=means)


def balanced_strength(crystal: Crystal, exponent: int) -> float:
    """Return β, with which Born's repulsion holds a crystal's charges at its own volume.

    Raises
    ------
    InputError
        If the charges repel each other on the whole.
    """
    pairs = neighbours(crystal.cell_a, crystal.fractional, REACH_A)
    i, j, _, distances = pairs
    q = crystal.oxidation_states
    touching = (q[i] < 0) | (q[j] < 0)
    i, j, distances = i[touching], j[touching], distances[touching]
    contacts = np.zeros(len(i))
    for pair, contact in crystal.contacts_a.items():
        first, second = min(pair), max(pair)
        contacts[
            ((crystal.symbols[i] == first) & (crystal.symbols[j] == second))
            | ((crystal.symbols[i] == second) & (crystal.symbols[j] == first))
        ] = contact
    terms = np.abs(q[i] * q[j]) * contacts ** (exponent - 1) / distances**exponent
    coulomb_ev = _ewald_sum_ev(crystal, pairs)
    if coulomb_ev >= 0.0:
        raise InputError(
            f"{crystal.name}: formal charges repel each other by {coulomb_ev:.1f} eV per cell, so "
            "no repulsion can hold it; check oxidation_states"
        )
    return float(-coulomb_ev / (0.5 * COULOMB_V_A * terms.sum()))


def _ewald_sum_ev(crystal: Crystal, pairs: tuple[NDArray[Any], ...]) -> float:
    """Ewald's sum in eV per cell, given all pairs of sites within `REACH_A`."""
    split = ENDS / REACH_A
    q = crystal.oxidation_states.astype(float)
    i, j, _, distances = pairs
    near = 0.5 * (q[i] * q[j]) @ short_range(1, distances**2, split)
    own = -split / np.sqrt(np.pi) * (q @ q)
    reciprocal = 2.0 * np.pi * np.linalg.inv(crystal.cell_a).T
    largest = 2.0 * split * ENDS
    reach = np.floor(largest * np.linalg.norm(crystal.cell_a, axis=1) / 2.0 / np.pi).astype(int)
    waves = whole_points(-reach, reach + 1)
    squared = ((waves @ reciprocal) ** 2).sum(axis=1)
    kept = (squared > 0.0) & (squared < largest**2)
    factors = np.exp(2j * np.pi * (waves[kept] @ crystal.fractional.T)) @ q
    far = np.abs(factors) ** 2 @ long_range_transform(1, squared[kept], split)
    return float(COULOMB_V_A * (near + own + 0.5 * far / crystal.volume_a3))
