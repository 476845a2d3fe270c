"""Spin-orbit coupling: whose edges it moves, and what the gaps are without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .unfiltered_gap import Check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .gap import Gap

HEAVY = frozenset(
    [
        *("In", "Sn", "Sb", "Te", "I", "Xe"),
        *("Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn"),
    ]
)
"""Elements whose valence p or d shells are split by tenths of an eV or more: the p block of the
fifth period, and the sixth from the 5d elements on."""


def spin_orbit_checks(symbols: Iterable[str], uncoupled: Gap | None = None) -> list[Check]:
    """Tell the gaps without spin-orbit coupling, or name it as a limit of heavy elements.

    Parameters
    ----------
    symbols : iterable of str
        Chemical symbols of the atoms.
    uncoupled : Gap, optional
        Gaps without it, of states that have it.

    Returns
    -------
    list of Check
        One, which is ok if the states have it, or none.

    Examples
    --------
    >>> [check.name for check in spin_orbit_checks(["Pb", "S"])], spin_orbit_checks(["Ca", "F"])
    (['spin_orbit'], [])
    """
    if uncoupled is not None:
        filtered = uncoupled.filtered
        told = [
            f"{what} {'does not exist' if gap_ev is None else f'is {gap_ev:.3f} eV'}"
            for what, gap_ev in (
                ("the HOMO-LUMO gap", uncoupled.homo_lumo_gap_ev),
                (f"the gap at IPR ≤ {filtered.limit:g}", filtered.gap_ev),
            )
        ]
        message = f"these states have spin-orbit coupling; without it {' and '.join(told)}"
        return [Check("spin_orbit", True, message)]
    heavy = [symbol for symbol in dict.fromkeys(symbols) if symbol in HEAVY]
    if not heavy:
        return []
    return [
        Check(
            "spin_orbit",
            False,
            "these states have no spin-orbit coupling (--spin-orbit adds it to orbitals of CP2K); "
            f"it moves the edges of compounds of {', '.join(heavy)} by tenths of an eV to an eV "
            "(bulk with PBE: CsPbCl3 from 1.77 to 0.87 eV, PbS from 0.25 to −0.04 eV)",
        )
    ]
