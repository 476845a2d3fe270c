"""Elements of a calculation: basis sets, potentials, numbers of electrons and functions."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from epicarve.errors import InputError

from .data_choice import DataChoice, choice_of
from .data_entries import ALL, POTENTIAL_FILES, DataEntry, basis_options, potential_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .data_entries import BasisOption, PotentialOption
    from .level_settings import LevelSettings


class Family(NamedTuple):
    """A family of basis sets that is known without CP2K's data, and its potentials."""

    basis_file: str
    potential: str
    potential_file: str
    table: str


UZH_FILE = "POTENTIAL_UZH"
"""CP2K's file of the potentials that the basis sets of BASIS_MOLOPT_UZH are made for."""

FAMILIES = {
    name: Family("BASIS_MOLOPT", "GTH-PBE", "GTH_POTENTIALS", name)
    for name in ("DZVP-MOLOPT-SR-GTH", "SZV-MOLOPT-SR-GTH")
} | {
    f"{size}-MOLOPT-{word}-GTH": Family(
        "BASIS_MOLOPT_UZH", f"GTH-{word}", UZH_FILE, f"{size}-MOLOPT-PBE-GTH"
    )
    for size in ("DZVP", "TZVP", "TZV2P")
    for word in ("PBE", "GGA")  # two names of the same
}
"""Families of basis sets in templates/cp2k/basis-sets.csv, and what CP2K's files call them."""

DEFAULT_BASIS = "DZVP-MOLOPT-SR-GTH"
"""Basis sets that are taken if none are named."""

AUXILIARY = "admm-dzp"
"""Family of basis sets in which exact exchange is computed."""

AUXILIARY_FILE = "BASIS_ADMM_UZH"
"""CP2K's file of that family."""

UZH = re.compile(r"-MOLOPT-(PBE|GGA|SCAN|MGGA|PBE0|HYB)-GTH\b", re.IGNORECASE)
"""Basis sets of BASIS_MOLOPT_UZH, by the functional that they are made for."""

OF_POTENTIAL = re.compile(r"GTH-(PADE|LDA|BLYP|PBE|BP|OLYP|HCTH120)\b", re.IGNORECASE)
"""Basis sets that name the potential they go with."""


@dataclass(frozen=True)
class BasisElement:
    """One element with its basis set and its potential.

    Parameters
    ----------
    symbol : str
        Chemical symbol.
    electrons : int
        Electrons that are computed: the q of a pseudopotential.
    functions : int
        Basis functions of one atom.
    largest_exponent : float
        The largest exponent of its Gaussians in 1/bohr².
    largest_momentum : int
        The largest angular momentum of its shells, 0 for s.
    basis, potential : DataEntry
        Their names and files.
    auxiliary : DataEntry or None
        Basis set in which exact exchange is computed, None without one.
    """

    symbol: str
    electrons: int
    functions: int
    largest_exponent: float
    largest_momentum: int
    basis: DataEntry
    potential: DataEntry
    auxiliary: DataEntry | None = None


class _Row(NamedTuple):
    electrons: int
    functions: int
    largest_exponent: float
    largest_momentum: int


def basis_elements(symbols: Iterable[str], settings: LevelSettings) -> dict[str, BasisElement]:
    """Look up each different element of a model in the files of basis sets and potentials.

    Parameters
    ----------
    symbols : iterable of str
        Chemical symbols, repeated or not.
    settings : LevelSettings
        Which basis sets and potentials are taken. Those of `FAMILIES` are known here; others are
        read from CP2K's data, or from files of one's own.

    Returns
    -------
    dict of str to BasisElement
        In order of first appearance.

    Raises
    ------
    InputError
        If an element has no such basis set or potential, or CP2K's data are needed and not here.

    Examples
    --------
    >>> from epicarve.dft.settings import Cp2kSettings
    >>> lead = basis_elements(["Pb", "S", "Pb"], Cp2kSettings())["Pb"]
    >>> lead.electrons, lead.functions, lead.basis.name, lead.potential.name
    (4, 13, 'DZVP-MOLOPT-SR-GTH-q4', 'GTH-PBE-q4')
    """
    return {symbol: _element(symbol, settings) for symbol in dict.fromkeys(symbols)}


def covered_elements(family: str) -> tuple[str, ...]:
    """Return every element that a family of `FAMILIES` covers, or that of `AUXILIARY`."""
    table = FAMILIES[family].table if family in FAMILIES else family
    return tuple(symbol for basis, symbol in _bundled() if basis == table)


def _element(symbol: str, settings: LevelSettings) -> BasisElement:
    basis = choice_of(settings.basis, symbol) or DataChoice(DEFAULT_BASIS)
    potential = choice_of(settings.potential, symbol)
    element = _known(symbol, basis, potential) or _read(symbol, basis, potential)
    if not settings.uses_auxiliary_basis:
        return element
    auxiliary = choice_of(settings.auxiliary_basis, symbol) or DataChoice(AUXILIARY)
    return _with_auxiliary(element, auxiliary)


def _known(symbol: str, basis: DataChoice, potential: DataChoice | None) -> BasisElement | None:
    """Return an element that is known without CP2K's data, None if it is not."""
    family = FAMILIES.get(basis.name)
    if family is None or basis.file is not None:
        return None
    row = _bundled().get((family.table, symbol))
    if row is None:
        return None
    named = f"{family.potential}-q{row.electrons}"
    if potential not in (None, DataChoice(family.potential), DataChoice(named)):
        return None
    return BasisElement(
        symbol,
        *row,
        DataEntry(f"{basis.name}-q{row.electrons}", family.basis_file),
        DataEntry(named, family.potential_file),
    )


def _read(symbol: str, basis: DataChoice, potential: DataChoice | None) -> BasisElement:
    """Return an element as it stands in CP2K's data, or in files of one's own."""
    bases = basis_options(symbol, basis)
    searched: tuple[str, ...] = POTENTIAL_FILES
    if UZH.search(basis.name):  # made for those, and some names stand in other files too
        searched = (UZH_FILE, *POTENTIAL_FILES)
    potentials = potential_options(symbol, potential or _potential_of(symbol, basis), searched)
    fitting = [(each, its) for each in bases for its in potentials if _fit(each, its)]
    if len(fitting) > 1:  # the potential of that very name is meant
        fitting = [pair for pair in fitting if pair[1].is_plain] or fitting
    if not fitting:
        told = ", ".join(its.entry.name for its in potentials)
        raise InputError(
            f"cp2k.potential: {symbol}: none of {told} has the electrons of the basis set "
            f"{' or '.join(each.entry.name for each in bases)}; name one with the same q under "
            "potential"
        )
    chosen, its = fitting[0]
    if len({pair[1].electrons for pair in fitting}) > 1:
        raise InputError(
            f"cp2k.potential: {basis.name} of {symbol} goes with "
            f"{' and '.join(pair[1].entry.name for pair in fitting)}; name one of them"
        )
    found = chosen.found
    return BasisElement(
        symbol,
        its.electrons,
        found.functions,
        found.max_exponent,
        found.max_momentum,
        chosen.entry,
        its.entry,
    )


def _potential_of(symbol: str, basis: DataChoice) -> DataChoice:
    """Return the potential that the name of a basis set asks for."""
    if found := UZH.search(basis.name):
        return DataChoice(f"GTH-{found[1].upper()}")
    if found := OF_POTENTIAL.search(basis.name):
        return DataChoice(f"GTH-{found[1].upper()}")
    if "GTH" in basis.name.upper().split("-"):
        return DataChoice("GTH-PBE")
    raise InputError(
        f"cp2k.potential: the basis set {basis.name} of {symbol} does not tell its potential; name "
        f"it, {ALL} with method: gapw if it is one for all electrons"
    )


def _fit(basis: BasisOption, potential: PotentialOption) -> bool:
    """Whether a basis set is made for as many electrons as a potential has, as far as it tells."""
    return basis.electrons in (None, potential.electrons)


def _with_auxiliary(element: BasisElement, choice: DataChoice) -> BasisElement:
    named = f"{choice.name}-q{element.electrons}"
    row = _bundled().get((AUXILIARY, element.symbol))
    if choice == DataChoice(AUXILIARY) and row is not None and row.electrons == element.electrons:
        return replace(element, auxiliary=DataEntry(named, AUXILIARY_FILE))
    options = basis_options(element.symbol, choice, auxiliary=True)
    fitting = [each for each in options if each.electrons in (None, element.electrons)]
    if not fitting:
        raise InputError(
            f"cp2k.auxiliary_basis: {element.symbol} has no {choice.name} for {element.electrons} "
            f"electrons, but {', '.join(each.entry.name for each in options)}; take a basis set "
            "and a potential with these, or auxiliary_basis: none"
        )
    return replace(element, auxiliary=fitting[0].entry)


@cache
def _bundled() -> Mapping[tuple[str, str], _Row]:
    """Return what is known without CP2K's data, by basis set and element."""
    text = (files("epicarve.templates") / "cp2k" / "basis-sets.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        (row["basis"], row["element"]): _Row(
            int(row["electrons"]),
            int(row["functions"]),
            float(row["largest_exponent"]),
            int(row["largest_momentum"]),
        )
        for row in rows
    }
