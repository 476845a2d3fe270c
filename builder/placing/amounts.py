"""How many ligands of each kind there must be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.optimise import Amount
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats

    from .kinds import PlacedKind
    from .options import Bounds, LigandOptions

ROUNDING = 1e-9


def amounts_of(
    kinds: Sequence[PlacedKind], options: LigandOptions, area_nm2: float
) -> tuple[Amount, ...]:
    """Return the bounds of the numbers of ligands, and those that hold pairs together.

    Parameters
    ----------
    kinds : sequence of PlacedKind
        The ligands.
    options : LigandOptions
        What is asked for.
    area_nm2 : float
        Area of the surface.
    """
    n_kinds = len(kinds)
    amounts = []

    def bounded(weights: Floats, bounds: Bounds | None, whole: float, told: str) -> None:
        if bounds is not None:
            low, high = _in_numbers(bounds, whole)
            amounts.append(Amount(weights, low, high, told))

    for number, kind in enumerate(kinds):
        asked, one = kind.asked, np.eye(n_kinds)[number]
        if kind.pair is not None and kind.ligand.is_cation:
            anions = one * kind.pair.n_anions - np.eye(n_kinds)[number - 1] * kind.pair.n_cations
            amounts.append(Amount(anions, 0.0, 0.0, f"{kind.pair.name} in whole units"))
            continue
        name = kind.name
        bounded(one / kind.per_unit, asked.number, 1.0, f"number of {name}")
        bounded(one, asked.of_sites, kind.n_sites, f"of_sites of {name}")
        bounded(one, asked.per_nm2, area_nm2, f"per_nm2 of {name}")
        if asked.of_ligands is not None:
            low, high = asked.of_ligands
            slack = 0.5 if low == high else 0.0
            told = f"of_ligands of {name}"
            amounts.append(Amount(one - low, -slack, np.inf, told))
            amounts.append(Amount(one - high, -np.inf, slack, told))
        if kind.ligand.is_cation and not kind.is_bounded:
            raise InputError(
                f"{name} takes the places of cations and fills no missing bond of them, so say how "
                "many there shall be: number, of_sites, per_nm2 or of_ligands"
            )
    every = np.ones(n_kinds)
    n_sites = sum(kind.n_sites for kind in kinds)
    bounded(every, options.of_sites, n_sites, "of_sites of all ligands")
    bounded(every, options.per_nm2, area_nm2, "per_nm2 of all ligands")
    return tuple(amounts) or (Amount(every, 0.0, np.inf, "all ligands"),)


def _in_numbers(bounds: Bounds, whole: float) -> tuple[float, float]:
    """Return bounds in whole ligands: of one number, the nearest whole one."""
    low, high = (each * whole for each in bounds)
    if bounds[0] == bounds[1]:
        return float(round(low)), float(round(low))
    return math.ceil(low - ROUNDING), math.floor(high + ROUNDING)
