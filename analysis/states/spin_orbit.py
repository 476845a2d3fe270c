"""Spin-orbit coupling: whose edges it moves, as none of the states here have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .unfiltered_gap import Check

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAVY = frozenset(
    [
        *("In", "Sn", "Sb", "Te", "I", "Xe"),
        *("Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn"),
    ]
)
"""Elements whose valence p or d shells are split by tenths of an eV or more: the p block of the
fifth period, and the sixth from the 5d elements on."""


def spin_orbit_checks(symbols: Iterable[str]) -> list[Check]:
    """Name spin-orbit coupling as a limit, of compounds with heavy elements.

    Parameters
    ----------
    symbols : iterable of str
        Chemical symbols of the atoms.

    Returns
    -------
    list of Check
        One, not ok, or none.

    Examples
    --------
    >>> [check.name for check in spin_orbit_checks(["Pb", "S"])], spin_orbit_checks(["Ca", "F"])
    (['spin_orbit'], [])
    """
    heavy = [symbol for symbol in dict.fromkeys(symbols) if symbol in HEAVY]
    if not heavy:
        return []
    return [
        Check(
            "spin_orbit",
            False,
            "spin-orbit coupling is not computed, by neither CP2K's chain nor the embedded engine; "
            f"it moves the edges of compounds of {', '.join(heavy)} by tenths of an eV to an eV "
            "(bulk with PBE: CsPbCl3 from 1.77 to 0.87 eV, PbS from 0.25 to −0.04 eV)",
        )
    ]
