"""Oxidation states of the sites of a crystal: as given, as its file states them, or guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gemmi
import numpy as np

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def charges_of_sites(
    path: Path,
    block: gemmi.cif.Block,
    structure: gemmi.SmallStructure,
    symbols: NDArray[np.str_],
    given: Mapping[str, int] | None,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the formal charge of every site of the cell, and notes on how it was found."""
    elements = sorted(set(symbols.tolist()))
    if given:
        missing = [element for element in elements if element not in given]
        foreign = [element for element in given if element not in elements]
        if missing:
            raise InputError(f"{path}: oxidation_states lacks {', '.join(missing)}; add it")
        if foreign:
            raise InputError(
                f"{path}: oxidation_states names {', '.join(foreign)}, which is not in the "
                f"crystal; it holds {', '.join(elements)}"
            )
        return np.array([given[symbol] for symbol in symbols.tolist()]), ()
    sites = structure.get_all_unit_cell_sites()
    if all(site.charge != 0 for site in sites):
        return np.array([site.charge for site in sites]), ()
    table = block.find(["_atom_type_symbol", "_atom_type_oxidation_number"])
    stated = {gemmi.cif.as_string(row[0]): row[1] for row in table}
    if all(element in stated for element in elements):
        return np.array([round(float(stated[symbol])) for symbol in symbols.tolist()]), ()
    guessed = guess_oxidation_states(symbols)
    if guessed is None:
        raise InputError(
            f"{path}: no whole oxidation states balance {', '.join(elements)}; "
            "give oxidation_states in the recipe"
        )
    told = ", ".join(f"{symbol} {charge:+d}" for symbol, charge in guessed.items())
    return (
        np.array([guessed[symbol] for symbol in symbols.tolist()]),
        (f"oxidation states guessed from the composition: {told}",),
    )


def guess_oxidation_states(symbols: NDArray[np.str_]) -> dict[str, int] | None:
    """Return pymatgen's likeliest whole oxidation states of a composition, None if none balance.

    Examples
    --------
    >>> guess_oxidation_states(np.array(["Ca", "F", "F"]))
    {'Ca': 2, 'F': -1}
    """
    from pymatgen.core.composition import Composition  # noqa: PLC0415  (costs seconds)

    elements, counts = np.unique(symbols, return_counts=True)
    composition = Composition(dict(zip(elements.tolist(), counts.tolist(), strict=True)))
    for guess in composition.oxi_state_guesses():
        if guess and all(float(charge).is_integer() and charge for charge in guess.values()):
            return {str(symbol): int(charge) for symbol, charge in guess.items()}
    return None
