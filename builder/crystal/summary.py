"""What is said of a bulk crystal: cell, density, bond lengths, coordination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .crystal import Crystal

SAME_LENGTH_A = 0.005
"""Bonds that differ by less than this, in Å, are told once."""


def structure_of(crystal: Crystal) -> dict[str, Any]:
    """Return cell, density, bond lengths, shortest contacts and coordination as plain data.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> told = structure_of(bundled_crystal("PbS"))
    >>> told["bonds_a"], told["coordination"]
    ({'Pb-S': [2.968]}, {'Pb': [6], 'S': [6]})
    """
    return {
        "cell": [round(value, 5) for value in crystal.cell_parameters],
        "density_g_cm3": round(crystal.density_g_cm3, 3),
        "bonds_a": {f"{c}-{a}": bond_lengths_a(crystal, c, a) for c, a in crystal.bond_rule},
        "contacts_a": {
            "-".join(sorted(pair) if len(pair) == 2 else [*pair] * 2): round(distance_a, 3)
            for pair, distance_a in crystal.contacts_a.items()
        },
        "coordination": coordination_of(crystal),
    }


def bond_lengths_a(crystal: Crystal, cation: str, anion: str) -> list[float]:
    """Return the lengths in Å of the bonds of two elements, in rising order, like ones once."""
    bonds = crystal.bonds
    of_pair = (crystal.symbols[bonds.cations] == cation) & (crystal.symbols[bonds.anions] == anion)
    lengths_a = np.sort(bonds.lengths_a[of_pair])
    steps_a = np.diff(lengths_a, prepend=-np.inf)
    return [round(each, 3) for each in lengths_a[steps_a > SAME_LENGTH_A].tolist()]


def coordination_of(crystal: Crystal) -> dict[str, list[int]]:
    """Return the numbers of opposite neighbours that the sites of each element have.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> coordination_of(bundled_crystal("CsPbCl3"))
    {'Cs': [12], 'Pb': [6], 'Cl': [6]}
    """
    return {
        symbol: sorted(set(crystal.coordination[crystal.symbols == symbol].tolist()))
        for symbol in crystal.charge_of
    }
