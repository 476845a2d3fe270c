"""Electrons and states of a system: how many there are, and how many empty ones to compute."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.dft.settings import BasisElement, LevelSettings

    from .system import System


def n_valence_electrons(
    system: System, elements: Mapping[str, BasisElement], settings: LevelSettings
) -> int:
    """Return how many electrons are calculated, the charge taken off."""
    charge = system.charge if settings.charge is None else settings.charge
    return sum(elements[symbol].electrons for symbol in system.symbols) - charge


def n_added_mos(
    n_electrons: int, n_functions: int, asked: int | None, multiplicity: int = 1
) -> int:
    """Return how many empty states to calculate.

    Parameters
    ----------
    n_electrons, n_functions : int
        Valence electrons and basis functions of the model.
    asked : int or None
        The number wanted; None takes a quarter of the occupied states, at least 10.
    multiplicity : int
        Spin multiplicity; the states above those of the more frequent spin are counted.

    Raises
    ------
    InputError
        If the basis set has fewer empty states than asked for.

    Examples
    --------
    >>> n_added_mos(114, 273, None), n_added_mos(8, 20, None)
    (15, 10)
    """
    available = n_functions - math.ceil((n_electrons + multiplicity - 1) / 2)
    if asked is None:
        return min(max(10, math.ceil(n_electrons / 8)), available)
    if asked > available:
        raise InputError(
            f"added_mos: {asked} empty states are asked for, but the basis set has only "
            f"{available} for this model; ask for at most that many"
        )
    return asked


def refuse_odd_electrons(n_electrons: int, settings: LevelSettings) -> None:
    """Refuse electrons that do not fit the multiplicity, or that leave one unpaired without one.

    Raises
    ------
    InputError
        If they do not.
    """
    multiplicity = settings.multiplicity
    if multiplicity is None:
        if n_electrons % 2:
            raise InputError(
                f"the model has {n_electrons} valence electrons, an odd number, and its states "
                "would not be doubly occupied; add or remove an ion of odd charge, or set charge "
                "or multiplicity under cp2k"
            )
    elif (n_electrons + multiplicity) % 2 == 0 or multiplicity > n_electrons + 1:
        raise InputError(
            f"multiplicity: {multiplicity} is impossible with {n_electrons} valence electrons; "
            f"give an {'even' if n_electrons % 2 else 'odd'} number up to {n_electrons + 1}"
        )
