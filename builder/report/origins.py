"""Where a model is from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from epicarve.record import Record


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
        if self.longest_bonds_a is None:
            return None
        limits = {}
        for pair, limit_a in self.longest_bonds_a.items():
            cation, _, anion = pair.partition("-")
            limits[cation, anion] = limit_a
        return limits


@dataclass(frozen=True)
class Provenance(Record):
    """What a model was made of.

    Parameters
    ----------
    version : str, optional
        Version of epicarve.
    recipe, shape, balance, treatment, slab : dict, optional
        What was asked for, as plain data.
    crystal : dict of str to Origin
        Where each crystal is from, by name.
    sources : tuple of str
        All sources.
    """

    version: str | None = None
    recipe: dict[str, Any] | None = None
    shape: dict[str, Any] | None = None
    balance: dict[str, Any] | None = None
    treatment: dict[str, Any] | None = None
    slab: dict[str, Any] | None = None
    crystal: dict[str, Origin] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
