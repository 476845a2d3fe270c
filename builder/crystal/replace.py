"""Crystals with one element put in the place of another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .oxidation_guess import is_usual, state_shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .crystal import Crystal


def replaced(crystal: Crystal, elements: Mapping[str, str]) -> Crystal:
    """Return the crystal with elements replaced; cell, sites and charges stay.

    Parameters
    ----------
    crystal : Crystal
        The crystal.
    elements : mapping of str to str
        The new element for each old one, for instance ``{"Br": "Cl"}``; a molecule by its name,
        ``{"CH3NH3": "Cs"}``.

    Returns
    -------
    Crystal
        A derived crystal, named after its formula and the crystal that it was made from.

    Raises
    ------
    InputError
        If an element is not in the crystal, or the new one is not an element, there already, or
        not known with the charge of the old one.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> iodide = replaced(bundled_crystal("CsPbBr3"), {"Br": "I"})
    >>> iodide.name, iodide.status
    ('CsPbI3-as-CsPbBr3', 'derived')
    """
    from ase.data import atomic_numbers  # noqa: PLC0415  (costs 0.2 s)

    for old, new in elements.items():
        if old not in crystal.charge_of:
            raise InputError(
                f"{crystal.name}: replace names {old}, which is not in the crystal; it holds "
                f"{', '.join(crystal.charge_of)}"
            )
        if not atomic_numbers.get(new):
            raise InputError(f"{crystal.name}: replace puts {new!r}, which is not an element")
        if new in crystal.charge_of:
            raise InputError(
                f"{crystal.name}: replace puts {new}, which is in the crystal already; choose "
                "another element"
            )
    symbols = np.array([elements.get(symbol, symbol) for symbol in crystal.symbols.tolist()])
    kept = {site: ion for site, ion in crystal.molecules.items() if ion.name not in elements}
    changed = replace(crystal, symbols=symbols, molecules=kept)
    for old, new in elements.items():
        if unusual := [charge for charge in crystal.charges_of[old] if not is_usual(new, charge)]:
            shares = state_shares(new)
            likeliest = max(shares, key=lambda charge: shares[charge])
            raise InputError(
                f"{crystal.name}: replace puts {new} in the place of {old} {unusual[0]:+d}, a "
                f"charge that ions of {new} don't have (mostly {likeliest:+d}); choose an element "
                "with the same charge"
            )
    return as_replaced(changed, elements)


def as_replaced(crystal: Crystal, elements: Mapping[str, str]) -> Crystal:
    """Return a crystal in which elements were replaced, named and derived accordingly."""
    told = ", ".join(f"{new} for {old}" for old, new in elements.items())
    said = f"{told} in {crystal.name}; cell and coordinates not relaxed."
    return replace(
        crystal,
        name=f"{crystal.formula}-as-{crystal.name}",
        status="derived",
        derivation=" ".join([*([crystal.derivation] if crystal.derivation else []), said]),
    )
