"""Crystals of single ions alone, for what takes no molecules yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.errors import InputError

if TYPE_CHECKING:
    from .crystal import Crystal

STAND_INS = {
    "CH3NH3": "Cs in place of CH3NH3",
    "CH(NH2)2": "Cs in place of CH(NH2)2",
    "NH4": "K or Rb in place of NH4",
}
"""Single ions that take the place of a molecular one."""


def refuse_molecules(crystal: Crystal, what: str) -> None:
    """Raise an InputError if a crystal holds molecules, which something does not work with yet.

    Parameters
    ----------
    crystal : Crystal
        The crystal.
    what : str
        What does not, as a plural: ``"interfaces"``.
    """
    names = dict.fromkeys(molecule.name for molecule in crystal.molecules.values())
    if not names:
        return
    instead = ", ".join(STAND_INS[name] for name in names if name in STAND_INS)
    raise InputError(
        f"{crystal.name}: {what} don't take crystals with molecules ({', '.join(names)}) yet; "
        "carve a nanocrystal of it, or put a single ion in the place of each molecule"
        f"{f' ({instead})' if instead else ''}"
    )
