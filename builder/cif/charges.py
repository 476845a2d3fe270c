"""Oxidation states of the sites of a crystal: as given, as its file states them, or guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import (
    Sites,
    describe_guesses,
    guess_charges,
    likely_guesses,
    mean_charge,
)
from epicarve.errors import InputError, warn_of_guess

from .values import oxidation_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from epicarve.arrays import Ints, Strings

    from .cell import FilledCell
    from .file import CifBlock

GIVE = (
    "give oxidation_states by element or site label, such as {Fe1: 3, Fe2: 2, O: -2}, in the "
    "recipe or to epicarve.Crystal, or --film-charges and --substrate-charges to epicarve interface"
)
"""How charges can be given."""


LARGEST_CHARGE = 12
"""Charges beyond it, in units of e, are mistakes; atoms reach +9 (IrO4+)."""


def charges_of_sites(
    path: Path | str, sites: Sites, given: Mapping[str, int] | None
) -> tuple[Ints, tuple[str, ...]]:
    """Return the formal charge of every site of the cell, and notes on how it was found.

    Charges that are given hold; else those that the file states; else they are guessed, in
    accord with those that it states of some elements. A guess is a note, and a warning as well.

    Parameters
    ----------
    path : Path or str
        The file, or another name of the crystal, for messages.
    sites : Sites
        The sites of the unit cell, and what the file states of them.
    given : mapping of str to int, optional
        Charges by site label or by element; that of a label goes before that of its element.

    Raises
    ------
    InputError
        If the charges given are no whole numbers, lack sites or name others, if no guess balances
        or none is clear, or if it contradicts what the file states.
    """
    if given:
        return _given_charges(path, sites, given), ()
    if all(charge is not None for charge in sites.stated):
        return np.array(sites.stated, dtype=np.int64), ()
    try:
        found = guess_charges(sites)
    except InputError as error:  # an element without known states
        raise InputError(f"{path}: {error}") from error
    if found is None:
        raise InputError(_unguessed(path, sites))
    if any(charge not in {None, q} for charge, q in zip(sites.stated, found.charges, strict=True)):
        raise InputError(
            f"{path}: the charges that the file states of some sites don't balance with any of "
            f"the others; {GIVE}"
        )
    warn_of_guess(f"{path}: {found.note}")
    return found.charges, (found.note,)


def stated_charges(cif: CifBlock, cell: FilledCell) -> list[int | None]:
    """Return the charge that a CIF states of each site, None where it states none.

    Charges stand in the types of sites (``Fe3+``) or in ``_atom_type_oxidation_number``.

    Raises
    ------
    InputError
        If an oxidation number is no whole number, or contradicts the type of its site.
    """
    numbers: dict[str, int] = {}
    for symbol, text in cif.table(["_atom_type_symbol", "_atom_type_oxidation_number"]):
        try:
            number = oxidation_number(text)
        except ValueError as error:
            raise InputError(
                f"{cif.path}: _atom_type_oxidation_number of {symbol}: {error}; {GIVE}"
            ) from error
        if number is not None:
            numbers[symbol] = number
    for charge, kind in sorted(set(zip(cell.charges.tolist(), cell.kinds.tolist(), strict=True))):
        if charge and numbers.get(kind, charge) != charge:
            raise InputError(
                f"{cif.path}: site type {kind} has charge {charge:+d}, but its "
                f"_atom_type_oxidation_number is {numbers[kind]:+d}; correct the one that is wrong"
            )
    sites = zip(cell.charges.tolist(), cell.kinds.tolist(), cell.symbols.tolist(), strict=True)
    return [charge or numbers.get(kind, numbers.get(symbol)) for charge, kind, symbol in sites]


def charges_of_elements(
    path: Path, symbols: Strings, given: Mapping[str, int] | None
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return one charge for each element of a composition, as given or guessed, and notes.

    Raises
    ------
    InputError
        If the charges given are not whole or not those of the elements, or no guess balances.
    """
    elements, counts = np.unique(symbols, return_counts=True)
    if given:
        whole = whole_charges(str(path), given)
        if sorted(whole) != elements.tolist():
            raise InputError(
                f"{path}: oxidation_states names {', '.join(sorted(whole))}, but shared sites take "
                f"one charge for each element, {', '.join(elements.tolist())}, and none by label"
            )
        return whole, ()
    likely = likely_guesses(dict(zip(elements.tolist(), counts.tolist(), strict=True)), {})
    if not likely:
        raise InputError(
            f"{path}: no usual whole oxidation states balance {', '.join(elements.tolist())}; "
            "give oxidation_states in the recipe"
        )
    note = describe_guesses(likely, "composition", {})
    warn_of_guess(f"{path}: {note}")
    return likely[0].charges, (note,)


def whole_charges(name: str, given: Mapping[str, float]) -> dict[str, int]:
    """Return charges as whole numbers.

    Raises
    ------
    InputError
        If one is not, as a mean such as 2.67 is never rounded, or none that an ion can have.

    Examples
    --------
    >>> whole_charges("CaF2", {"Ca": 2.0, "F": -1})
    {'Ca': 2, 'F': -1}
    """
    for key, charge in given.items():
        if isinstance(charge, bool) or not float(charge).is_integer():
            raise InputError(
                f"{name}: oxidation_states gives {key} {charge}, not a whole number; give the "
                "charges of its ions by site label, such as {Fe1: 3, Fe2: 2, O: -2}"
            )
        if abs(charge) > LARGEST_CHARGE:
            raise InputError(
                f"{name}: oxidation_states gives {key} {charge:.3g}; no ion carries more than "
                f"{LARGEST_CHARGE} e, give its charge"
            )
    return {key: int(charge) for key, charge in given.items()}


def _given_charges(path: Path | str, sites: Sites, given: Mapping[str, int]) -> Ints:
    whole = whole_charges(str(path), given)
    elements = sorted(sites.counts)
    names = list(zip(sites.labels, sites.symbols.tolist(), strict=True))
    by_site = [
        whole.get(label if label not in elements else symbol, whole.get(symbol))
        for label, symbol in names
    ]
    lacking = [name for name, charge in zip(names, by_site, strict=True) if charge is None]
    foreign = [key for key in whole if key not in elements and key not in sites.labels]
    if foreign:
        raise InputError(
            f"{path}: oxidation_states names {', '.join(foreign)}, which is not in the crystal; "
            f"it holds {', '.join(elements)}, on the sites {_shortened(sites.labels)}"
        )
    if lacking:
        without = {symbol for _, symbol in names} - {
            symbol for (_, symbol), charge in zip(names, by_site, strict=True) if charge is not None
        }
        told = dict.fromkeys(symbol if symbol in without else label for label, symbol in lacking)
        raise InputError(f"{path}: oxidation_states lacks {', '.join(told)}; add it")
    return np.array(by_site, dtype=np.int64)


def _unguessed(path: Path | str, sites: Sites) -> str:
    """Say why no charges were guessed, and how to give them."""
    elements = ", ".join(sorted(sites.counts))
    several = mean_charge(sites)
    if several is None:
        stated = ", ".join(f"{element} {charge:+d}" for element, charge in sites.known.items())
        also = f" with {stated}, as the file states" if stated else ""
        if sites.total:
            also += f", with molecules that carry {-sites.total:+d} e in the cell"
        return f"{path}: no usual whole oxidation states balance {elements}{also}; {GIVE}"
    element, mean = several
    names = [
        label
        for label, symbol in zip(sites.labels, sites.symbols, strict=True)
        if symbol == element
    ]
    numbers = {name: names.count(name) for name in dict.fromkeys(names)}
    if len(numbers) == 1:
        return (
            f"{path}: {element} has {mean} e on average, but all of it is one site, {names[0]}; "
            "list its ions one by one, each with a label of its own, in a lower symmetry such as "
            f"P 1, and {GIVE}"
        )
    told = _shortened([f"{n} on {name}" for name, n in numbers.items()])
    return (
        f"{path}: {element} has {mean} e on average, and the bond valences of its sites don't "
        f"tell which carry which charge ({told}); {GIVE}; ions of one label that differ have to "
        "be listed one by one, in a lower symmetry such as P 1"
    )


def _shortened(parts: Sequence[str], most: int = 12) -> str:
    names = list(dict.fromkeys(parts))
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
