"""What holds the two sides of a joined particle together, and what keeps them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import bond_valences
from epicarve.builder.interfaces import limits_of_pairs, pairs_within
from epicarve.builder.interfaces.energy import born_repulsion, interface_energy, neutral_sides
from epicarve.builder.report import Adhesion, IonsAcross
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Floats, Ints
    from epicarve.builder.carve import IonTable
    from epicarve.builder.interfaces import Interface

REACH_A = 6.0
"""Pairs of ions are looked at up to this distance in Å; bonds of Cs with I end at 4.4 Å."""

FACING = 1.25
"""Ions face each other up to this multiple of their contact."""

LEAST_SHARE = 0.04
"""A cation and an anion are bonded if the valence of their contact is at least this share of the
cation's charge (Altermatt and Brown, Acta Cryst. B 1985, 41, 240)."""

MAX_ENERGY_AREA_A2 = 600.0
"""Cells of a larger area, in Å², get no energy: its time grows with the square of the area."""


def ions_across(
    film: IonTable, substrate: IonTable, limits: Mapping[frozenset[str], float]
) -> IonsAcross:
    """Return the bonds and contacts between the ions of two sides.

    Parameters
    ----------
    film, substrate : IonTable
        The ions of both.
    limits : mapping of frozenset of str to float
        Shortest contact in Å of each pair of elements, as of `contact_limits_a`.
    """
    pairs = pairs_within(film.positions_a, substrate.positions_a, REACH_A)
    symbols = film.symbols[pairs.first], substrate.symbols[pairs.second]
    charges = film.charges[pairs.first], substrate.charges[pairs.second]
    product = charges[0] * charges[1]
    opposite = product < 0
    valences = bond_valences(
        symbols[0][opposite], symbols[1][opposite], pairs.distances_a[opposite]
    )
    bonded = valences >= LEAST_SHARE * np.maximum(*charges)[opposite]
    is_known = not np.isnan(valences).any()
    meeting = pairs.distances_a <= FACING * limits_of_pairs(*symbols, limits)
    facing = [
        _nearest(ions[meeting], pairs.distances_a[meeting], product[meeting])
        for ions in (pairs.first, pairs.second)
    ]
    met = np.concatenate(facing)
    nearest_a = float(pairs.distances_a[opposite].min(initial=np.inf))
    return IonsAcross(
        n_bonds=int(bonded.sum()) if is_known else None,
        valence=round(float(valences[bonded].sum()), 4) if is_known else None,
        reason=None if is_known else "bond-valence parameters of an element are not known",
        nearest_opposite_a=round(nearest_a, 4) if np.isfinite(nearest_a) else None,
        n_facing=len(met),
        n_facing_like=int((met > 0).sum()),
    )


def _nearest(ions: Ints, distances_a: Floats, products: Ints) -> Ints:
    """Return, for each ion that stands in pairs, the product of charges of its closest pair."""
    order = np.lexsort((products, distances_a.round(6), ions))
    _, first = np.unique(ions[order], return_index=True)
    return np.asarray(products[order][first])


def adhesion(interface: Interface) -> Adhesion:
    """Return the energy of rigid ions at an interface, or why there is none."""
    area_a2 = interface.cell.area_a2
    if area_a2 > MAX_ENERGY_AREA_A2:
        reason = f"the cell of {area_a2:.0f} Å² is larger than {MAX_ENERGY_AREA_A2:.0f} Å²"
        return Adhesion(reason=reason)
    try:
        repulsion = born_repulsion(interface.film.crystal, interface.substrate.crystal)
        found = interface_energy(*neutral_sides(interface), repulsion)
    except InputError as error:
        return Adhesion(reason=str(error))
    if not found.is_bound:
        return Adhesion(reason="rigid ions do not bind the two sides")
    return Adhesion(
        work_j_m2=round(found.adhesion_j_m2, 6),
        registry_off_a=round(interface.registry_distance_a(found.shift_a), 4),
        is_polar=interface.polarity.is_polar,
    )
