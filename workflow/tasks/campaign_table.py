"""The table of a campaign: how each member stands, and what it gave."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from epicarve.files import write_json, write_text
from epicarve.workflow.recipes import BulkRecipe

from .bulk import BULK_COLUMNS
from .series import csv_text
from .status import is_done, key_of, read_status, results_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from epicarve.workflow.recipes import Recipe

TABLE_SECONDS = 2.0
"""The table is not written more often than this while members run."""

COLUMNS = (
    "name",
    "state",
    "formula",
    "n_atoms",
    "homo_lumo_gap_ev",
    "filtered_gap_ev",
    "size_aware_gap_ev",
    "told",
)
"""The columns of campaign.csv for particles."""


@dataclass(frozen=True)
class CampaignMember:
    """One recipe of a campaign: how it stands, and what it gave. None is what is not known.

    Parameters
    ----------
    name : str
        Its name, and that of its folder.
    state : {"done", "failed", "running", "waiting"}
        How it stands.
    told : str or None
        Why it failed, or how far it is.
    formula : str or None
        Of the model, or of a formula unit of a bulk crystal.
    n_atoms : int or None
        Of the model.
    homo_lumo_gap_ev : float or None
        Gap of the model without a filter.
    filtered_gap_ev, size_aware_gap_ev : float or None
        Gap without the traps of the fixed, and of the size-aware threshold.
    space_group : str or None
        Of a bulk crystal that was relaxed; what follows, too.
    energy_ev_per_formula_unit : float or None
        Its energy.
    above_lowest_ev : float or None
        How far that is above the lowest of the same formula.
    density_g_cm3 : float or None
        Its density.
    max_force_ev_a : float or None
        Largest force on an ion.
    pressure_gpa : float or None
        Pressure on its cell.
    """

    name: str
    state: str
    told: str | None = None
    formula: str | None = None
    n_atoms: int | None = None
    homo_lumo_gap_ev: float | None = None
    filtered_gap_ev: float | None = None
    size_aware_gap_ev: float | None = None
    space_group: str | None = None
    energy_ev_per_formula_unit: float | None = None
    above_lowest_ev: float | None = None
    density_g_cm3: float | None = None
    max_force_ev_a: float | None = None
    pressure_gpa: float | None = None


@dataclass(frozen=True)
class CampaignTable:
    """All members of a campaign.

    Parameters
    ----------
    members : tuple of CampaignMember
        Bulk crystals of the lowest energy first.
    columns : tuple of str
        What the members can tell: `COLUMNS` for particles, `BULK_COLUMNS` for bulk crystals.
    """

    members: tuple[CampaignMember, ...]
    columns: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return each member as plain data, its keys the columns."""
        return [{key: getattr(member, key) for key in self.columns} for member in self.members]


@dataclass
class TableWriter:
    """Writes the table of a campaign, made from the files of its members, which alone count."""

    out: Path
    recipes: Mapping[str, Recipe]
    broken: Mapping[str, str]
    tell: Callable[[str], None]
    _written: float = field(default=-TABLE_SECONDS, init=False)
    _done: dict[str, CampaignMember] = field(default_factory=dict, init=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the members need: those of particles, of bulk crystals, or both."""
        kinds = {isinstance(recipe, BulkRecipe) for recipe in self.recipes.values()}
        if kinds == {True}:
            return BULK_COLUMNS
        both = (*COLUMNS, *BULK_COLUMNS) if True in kinds else COLUMNS
        return (*dict.fromkeys(column for column in both if column != "told"), "told")

    def is_done(self, name: str) -> bool:
        """Whether a member is through, with the recipe as it is now."""
        return is_done(self.out / name, self.recipes[name])

    def update(self, told: Mapping[str, str] | None = None) -> None:
        """Write the table, unless it was written a moment ago."""
        if time.monotonic() - self._written >= TABLE_SECONDS:
            self.write(told)

    def write(self, told: Mapping[str, str] | None = None) -> CampaignTable:
        """Write the table as it is now, and return it."""
        self._written = time.monotonic()
        members = [self._member(name, (told or {}).get(name)) for name in self.recipes]
        members += [CampaignMember(name, "failed", why) for name, why in self.broken.items()]
        if "above_lowest_ev" in self.columns:
            members = ranked(members)
        table = CampaignTable(tuple(members), self.columns)
        write_text(self.out / "campaign.csv", csv_text(table.rows(), table.columns))
        write_json(self.out / "campaign.json", {"campaign": table.rows()})
        states = [member.state for member in members]
        counts = [f"{states.count(s)} {s}" for s in ("done", "failed", "running", "waiting")]
        self.tell(f"campaign: {', '.join(counts)}")
        return table

    def _member(self, name: str, told: str | None) -> CampaignMember:
        if name in self._done:
            return self._done[name]
        folder = self.out / name
        status = read_status(folder)
        if self.is_done(name):
            results = _results(folder, self.recipes[name])
            self._done[name] = CampaignMember(name, "done", **results)
            return self._done[name]
        current = status is not None and status.key == key_of(self.recipes[name])
        if status is None or not current or status.state == "stopped":
            return CampaignMember(name, "waiting", told)
        return CampaignMember(name, status.state, told or status.told)


def ranked(members: Sequence[CampaignMember]) -> list[CampaignMember]:
    """Return members with energies above the lowest of the same formula, lowest first.

    Those without an energy keep their order, after the others.

    Examples
    --------
    >>> energies = {"a": -1.0, "b": None, "c": -1.5}
    >>> found = ranked([CampaignMember(name, "done", formula="PbS", energy_ev_per_formula_unit=e)
    ...                 for name, e in energies.items()])
    >>> [(member.name, member.above_lowest_ev) for member in found]
    [('c', 0.0), ('a', 0.5), ('b', None)]
    """
    lowest: dict[str | None, float] = {}
    for member in members:
        if (energy := member.energy_ev_per_formula_unit) is not None:
            lowest[member.formula] = min(energy, lowest.get(member.formula, energy))

    def place(member: CampaignMember) -> tuple[bool, str, float]:
        energy = member.energy_ev_per_formula_unit
        return energy is None, (member.formula or "") if energy is not None else "", energy or 0.0

    return [
        member
        if member.energy_ev_per_formula_unit is None
        else replace(
            member,
            above_lowest_ev=round(member.energy_ev_per_formula_unit - lowest[member.formula], 4),
        )
        for member in sorted(members, key=place)
    ]


def _results(folder: Path, recipe: Recipe) -> dict[str, Any]:
    """Results of a member that is done."""
    summary = json.loads((folder / results_name(recipe)).read_text(encoding="utf-8"))
    if isinstance(recipe, BulkRecipe):
        return {key: value for key, value in summary.items() if key in BULK_COLUMNS[2:]}
    model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return {
        "formula": model["formula"],
        "n_atoms": model["n_atoms"],
        "homo_lumo_gap_ev": summary["homo_lumo_gap_ev"],
        "filtered_gap_ev": summary["filtered"]["gap_ev"],
        "size_aware_gap_ev": summary["size_aware"]["gap_ev"],
    }
