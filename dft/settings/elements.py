"""Elements that a CP2K basis set covers: valence electrons and numbers of basis functions."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILES = {
    "SZV-MOLOPT-SR-GTH": ("BASIS_MOLOPT", "GTH_POTENTIALS"),
    "DZVP-MOLOPT-SR-GTH": ("BASIS_MOLOPT", "GTH_POTENTIALS"),
    "DZVP-MOLOPT-PBE-GTH": ("BASIS_MOLOPT_UZH", "POTENTIAL_UZH"),
    "TZVP-MOLOPT-PBE-GTH": ("BASIS_MOLOPT_UZH", "POTENTIAL_UZH"),
    "TZV2P-MOLOPT-PBE-GTH": ("BASIS_MOLOPT_UZH", "POTENTIAL_UZH"),
}
"""CP2K's files of each family of basis sets, and of the potentials it was made with."""

AUXILIARY = "admm-dzp"
"""Family of basis sets in which exact exchange is computed."""

AUXILIARY_FILE = "BASIS_ADMM_UZH"
"""CP2K's file of that family."""


@dataclass(frozen=True)
class BasisElement:
    """One element in one of CP2K's families of basis sets.

    Parameters
    ----------
    symbol : str
        Chemical symbol.
    electrons : int
        Valence electrons, the q of the potential.
    functions : int
        Basis functions of one atom.
    largest_exponent : float
        The largest exponent of its Gaussians in 1/bohr².
    basis : str
        Name of the basis set without the number of electrons.
    """

    symbol: str
    electrons: int
    functions: int
    largest_exponent: float
    basis: str

    @property
    def basis_name(self) -> str:
        """Name of the basis set in CP2K's file."""
        return f"{self.basis}-q{self.electrons}"

    @property
    def auxiliary_name(self) -> str:
        """Name of the basis set for exact exchange in CP2K's BASIS_ADMM_UZH."""
        return f"{AUXILIARY}-q{self.electrons}"

    @property
    def potential_name(self) -> str:
        """Name of the pseudopotential in CP2K's file."""
        return f"GTH-PBE-q{self.electrons}"


def basis_elements(symbols: Iterable[str], basis: str) -> dict[str, BasisElement]:
    """Look up each different element of a model in a basis set.

    Parameters
    ----------
    symbols : iterable of str
        Chemical symbols, repeated or not.
    basis : str
        Name of the basis set, for instance ``"DZVP-MOLOPT-SR-GTH"``.

    Returns
    -------
    dict of str to BasisElement
        In order of first appearance.

    Raises
    ------
    InputError
        If an element has no such basis set.

    Examples
    --------
    >>> lead = basis_elements(["Pb", "S", "Pb"], "DZVP-MOLOPT-SR-GTH")["Pb"]
    >>> lead.electrons, lead.functions, lead.basis_name, lead.potential_name
    (4, 13, 'DZVP-MOLOPT-SR-GTH-q4', 'GTH-PBE-q4')
    """
    table = covered_elements(basis)
    chosen = tuple(dict.fromkeys(symbols))
    for symbol in chosen:
        if symbol not in table:
            raise InputError(
                f"{symbol} has no basis set {basis} in CP2K's {FILES[basis][0]}; choose a crystal "
                "whose elements lie between H and Rn without the lanthanides, or replace this "
                "element"
            )
    return {symbol: table[symbol] for symbol in chosen}


@cache
def covered_elements(basis: str) -> Mapping[str, BasisElement]:
    """Return every element that a basis set covers, by symbol."""
    text = (files("epicarve.templates") / "cp2k" / "basis-sets.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        row["element"]: BasisElement(
            symbol=row["element"],
            electrons=int(row["electrons"]),
            functions=int(row["functions"]),
            largest_exponent=float(row["largest_exponent"]),
            basis=basis,
        )
        for row in rows
        if row["basis"] == basis
    }
