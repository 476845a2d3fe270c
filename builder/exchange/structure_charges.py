"""Formal charges of the ions of a structure: given, of the file, of its crystals, or guessed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.builder.cif import whole_charges
from epicarve.builder.crystal import (
    RARE_SHARE,
    describe_guesses,
    formula_of,
    likely_guesses,
    state_shares,
)
from epicarve.builder.model import MOLECULE
from epicarve.errors import InputError, near_name

from .crystals import CHARGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from epicarve.arrays import Bools, Ints, Strings
    from epicarve.builder.crystal import Crystal


def charges_of_structure(
    name: str,
    symbols: Strings,
    columns: Mapping[str, NDArray[Any]],
    *,
    given: Mapping[str, int] | None,
    crystals: Sequence[Crystal],
    charge: int | None,
) -> tuple[Ints, tuple[str, ...]]:
    """Return the charge of each ion in units of e, and a note where charges were guessed.

    Parameters
    ----------
    name : str
        What to name in messages.
    symbols : ndarray of str, shape (n_atoms,)
        Elements.
    columns : mapping of str to ndarray
        Columns of the file; ``formal_charge`` counts where no charges are given.
    given : mapping of str to int or None
        Charges by element; they stand above all else.
    crystals : sequence of Crystal
        The crystals, whose charges count where no others are known.
    charge : int or None
        What the charges have to sum to; 0 if not given.

    Raises
    ------
    InputError
        If charges are unclear, contradict each other, or do not sum to what they must.
    """
    stated = columns.get(CHARGE)
    if given is None and stated is not None:
        molecule = columns.get(MOLECULE)
        single = np.ones(len(symbols), dtype=bool) if molecule is None else molecule < 0
        charges = _whole(name, np.asarray(stated, dtype=float), single)
        if len(crystals) == 1:
            ions = zip(symbols[single].tolist(), charges[single].tolist(), strict=True)
            for symbol, charge_there in ions:
                _refuse_other(name, symbol, charge_there, crystals[0])
        _refuse_wrong_sum(name, symbols, charges, charge)
        return charges, ()
    counts = dict(sorted(Counter(symbols.tolist()).items()))
    known = _known(name, counts, given or {}, crystals)
    notes: tuple[str, ...] = ()
    if len(known) < len(counts):
        known, note = _guessed(name, counts, known, charge or 0)
        notes = (note,)
    charges = np.array([known[symbol] for symbol in symbols.tolist()], dtype=np.int64)
    _refuse_wrong_sum(name, symbols, charges, charge)
    return charges, notes


def _whole(name: str, stated: NDArray[np.float64], single: Bools) -> Ints:
    """Return the charges of a file as whole numbers; only atoms of molecules may have none."""
    broken = np.flatnonzero((stated != np.rint(stated)) | ((stated == 0) & single))
    if broken.size:
        raise InputError(
            f"{name}: atom {broken[0] + 1} has the formal_charge {stated[broken[0]]:g}, not that "
            "of an ion; give oxidation_states"
        )
    return stated.astype(np.int64)


def _known(
    name: str, counts: Mapping[str, int], given: Mapping[str, int], crystals: Sequence[Crystal]
) -> dict[str, int]:
    """Return the charges of elements that are given, or are those of the crystals."""
    known = whole_charges(name, given)
    for symbol in known:
        if symbol not in counts:
            raise InputError(
                f"{name}: oxidation_states gives {symbol}, which is not in it; "
                f"{near_name(symbol, list(counts))}"
            )
    for crystal in crystals:
        for symbol, several in crystal.charges_of.items():
            if symbol not in counts:
                continue
            if symbol in known:
                _refuse_other(name, symbol, known[symbol], crystal)
                continue
            if len(several) > 1:
                raise InputError(
                    f"{name}: {symbol} has several oxidation states in {crystal.name}; give those "
                    f"of the ions in a column {CHARGE} of an extended XYZ file"
                )
            known[symbol] = several[0]
    return known


def _refuse_other(name: str, symbol: str, charge: int, crystal: Crystal) -> None:
    """Refuse a charge that the element has nowhere in a crystal that holds it."""
    several = crystal.charges_of.get(symbol, (charge,))
    if charge not in several:
        told = "/".join(f"{q:+d}" for q in several)
        raise InputError(
            f"{name}: {symbol} would be {charge:+d}, but {told} in {crystal.name}; give the "
            "oxidation_states of that crystal, or do not name it"
        )


def _guessed(
    name: str, counts: Mapping[str, int], known: Mapping[str, int], charge: int
) -> tuple[dict[str, int], str]:
    """Return charges of all elements, those that are not known guessed so that they balance.

    A structure that carries a charge is not balanced by choice: the likeliest charges have to sum
    to what is stated.
    """
    likeliest = {
        symbol: known.get(symbol, max(state_shares(symbol).items(), key=lambda item: item[1])[0])
        for symbol in counts
    }
    total = sum(counts[symbol] * each for symbol, each in likeliest.items())
    if charge != 0 and total == charge:
        return likeliest, f"oxidation states guessed as the likeliest: {_told(likeliest)}"
    guesses = likely_guesses(counts, known) if charge == 0 else []
    sure = len(guesses) == 1 and all(
        symbol in known or state_shares(symbol)[each] >= RARE_SHARE
        for symbol, each in guesses[0].charges.items()
    )
    if sure:
        return dict(guesses[0].charges), describe_guesses(guesses, "composition", known)
    if len(guesses) > 1:
        told = "; or ".join(_told(guess.charges) for guess in guesses)
        raise InputError(f"{name}: oxidation states are unclear, {told}; give oxidation_states")
    raise InputError(
        f"{name}: no ordinary oxidation states give {formula_of(counts)} the charge {charge:+d} "
        f"(the likeliest, {_told(likeliest)}, sum to {total:+d} e); give oxidation_states, mend "
        f"the ions, or state charge: {total}"
    )


def _refuse_wrong_sum(name: str, symbols: Strings, charges: Ints, charge: int | None) -> None:
    """Refuse charges that do not sum to what is stated, or to 0."""
    total = int(charges.sum())
    if total == (charge or 0):
        return
    states = {
        symbol: "/".join(f"{q:+d}" for q in np.unique(charges[symbols == symbol]).tolist())
        for symbol in dict.fromkeys(symbols.tolist())
    }
    told = ", ".join(f"{symbol} {each}" for symbol, each in states.items())
    stated = "" if charge is None else f", but charge: {charge} is stated"
    raise InputError(
        f"{name}: its {len(symbols)} ions carry {total:+d} e with {told}{stated}; mend "
        f"oxidation_states, add or remove ions, or state charge: {total}"
    )


def _told(charges: Mapping[str, int]) -> str:
    return ", ".join(f"{symbol} {charge:+d}" for symbol, charge in charges.items())
