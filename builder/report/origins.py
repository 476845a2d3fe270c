"""Where a model is from."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from epicarve.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping


BETWEEN = " | "
"""What stands between several crystals or sources in one text."""

IN_ASCII = str.maketrans({'"': "'", "×": "x", "−": "-", "–": "-", "²": "^2", "³": "^3"})
"""Signs that have no letter to fall back on."""


@dataclass(frozen=True)
class Origin(Record):
    """Where a crystal is from, and what was read of it.

    Parameters
    ----------
    status : str
        Measured, computed, derived or given.
    source, derivation : str
        Where it is from, and how it was made from that; the latter empty if it was not.
    space_group : str
        Symbol of the space group.
    cell : tuple of float
        Lengths in Å and angles in degrees.
    oxidation_states : dict of str to int or list of int
        Charge of each element, several where it has several.
    longest_bonds_a : dict of str to float, optional
        Longest bond in Å of each pair of cation and anion, such as ``"Pb-S"``.
    notes : tuple of str
        What was assumed when it was read.
    """

    status: str
    source: str
    derivation: str
    space_group: str
    cell: tuple[float, ...]
    oxidation_states: dict[str, int | list[int]]
    longest_bonds_a: dict[str, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def bond_rule(self) -> dict[tuple[str, str], float] | None:
        """Longest bond in Å of each cation with each anion; None if it is not told."""
        return None if self.longest_bonds_a is None else bond_rule_of(self.longest_bonds_a)


@dataclass(frozen=True)
class GivenStructure(Record):
    """The coordinates that a model was given as, and what was taken to be true of its ions.

    Parameters
    ----------
    source : str
        Where the coordinates are from.
    longest_bonds_a : dict of str to dict of str to float
        For each domain, the longest bond in Å of each pair of cation and anion.
    bulk_coordination : dict of str to dict of str to list of int
        For each domain and element, the numbers of opposite neighbours that count as bulk.
    oxidation_states : dict of str to list of int
        Charges of the ions of each element.
    notes : tuple of str
        What was guessed, or taken from the structure itself.
    """

    source: str
    longest_bonds_a: dict[str, dict[str, float]]
    bulk_coordination: dict[str, dict[str, list[int]]]
    oxidation_states: dict[str, list[int]]
    notes: tuple[str, ...] = ()

    @property
    def bond_rules(self) -> dict[str, dict[tuple[str, str], float]]:
        """Longest bond in Å of each cation with each anion, by domain."""
        return {name: bond_rule_of(told) for name, told in self.longest_bonds_a.items()}


@dataclass(frozen=True)
class Provenance(Record):
    """What a model was made of.

    Parameters
    ----------
    version : str, optional
        Version of epicarve.
    recipe : dict, optional
        The recipe, as plain data.
    recipe_sha256 : str, optional
        Its SHA-256, by which files of coordinates name it; see `asked_recipe`.
    shape, balance, treatment, ligands, slab : dict, optional
        What was asked for without a recipe, as plain data.
    structure : GivenStructure, optional
        The coordinates it was given as, if it was not carved.
    crystal : dict of str to Origin
        Where each crystal is from, by name.
    sources : tuple of str
        All sources.
    """

    version: str | None = None
    recipe: dict[str, Any] | None = None
    recipe_sha256: str | None = None
    shape: dict[str, Any] | None = None
    balance: dict[str, Any] | None = None
    treatment: dict[str, Any] | None = None
    ligands: dict[str, Any] | None = None
    slab: dict[str, Any] | None = None
    structure: GivenStructure | None = None
    crystal: dict[str, Origin] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    @property
    def statements(self) -> dict[str, str]:
        """What files of coordinates say of it, by key; texts in ASCII, without quotes.

        The keys are ``made_by`` (program and version), ``recipe_sha256``, ``crystals`` (with their
        status), ``sources`` and ``derivations``, each only if there is something to say.

        Examples
        --------
        >>> Provenance(version="1.0", sources=("Rock salt; a = 5.94 Å",)).statements
        {'made_by': 'epicarve 1.0', 'sources': 'Rock salt; a = 5.94 A'}
        """
        sources = self.sources if self.structure is None else (self.structure.source, *self.sources)
        told = {
            "made_by": f"epicarve {self.version}" if self.version else "",
            "recipe_sha256": self.recipe_sha256 or "",
            "crystals": BETWEEN.join(f"{k} ({one.status})" for k, one in self.crystal.items()),
            "sources": BETWEEN.join(sources),
            "derivations": BETWEEN.join(
                f"{name}: {one.derivation}" for name, one in self.crystal.items() if one.derivation
            ),
        }
        return {key: _plain_text(text) for key, text in told.items() if text}

    @classmethod
    def of_statements(cls, told: Mapping[str, Any]) -> Provenance | None:
        """Return what is left of it in `statements`; None if they do not name the program.

        Examples
        --------
        >>> Provenance.of_statements({"made_by": "epicarve 1.0", "sources": "one | other"}).sources
        ('one', 'other')
        """
        program, _, version = str(told.get("made_by", "")).partition(" ")
        if program != "epicarve":
            return None
        sources = str(told.get("sources", ""))
        return cls(
            version=version,
            recipe_sha256=str(told["recipe_sha256"]) if "recipe_sha256" in told else None,
            sources=tuple(sources.split(BETWEEN)) if sources else (),
        )


def asked_recipe(recipe: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe as plain data, and the SHA-256 of its JSON without blanks, keys sorted.

    Examples
    --------
    >>> asked_recipe({"shape": {}})["recipe_sha256"][:12]
    'e3de7d6717b8'
    """
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {"recipe": recipe, "recipe_sha256": hashlib.sha256(text.encode()).hexdigest()}


def _plain_text(text: str) -> str:
    """Return a text in ASCII on one line, without quotes, for files that hold no other."""
    plain = unicodedata.normalize("NFKD", text.translate(IN_ASCII))
    return " ".join(plain.encode("ascii", "ignore").decode().split())


def told_bonds(rule: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Return a rule of bonds as files tell it, lengths to 1e-6 Å.

    Examples
    --------
    >>> told_bonds({("Pb", "S"): 3.5}), bond_rule_of({"Pb-S": 3.5})
    ({'Pb-S': 3.5}, {('Pb', 'S'): 3.5})
    """
    return {f"{cation}-{anion}": round(limit, 6) for (cation, anion), limit in rule.items()}


def bond_rule_of(told: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """Return the rule of bonds that `told_bonds` tells."""
    limits = {}
    for pair, limit_a in told.items():
        cation, _, anion = pair.partition("-")
        limits[cation, anion] = limit_a
    return limits
