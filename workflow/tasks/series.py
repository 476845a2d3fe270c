"""Series: particles of several sizes, shapes, crystals or halides from one recipe."""

from __future__ import annotations

import csv
import io
import re
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.errors import InputError
from epicarve.files import write_json, write_text
from epicarve.workflow.recipes import (
    SIZES,
    ParticleRecipe,
    Recipe,
    SeriesRecipe,
    SeriesSpec,
    as_recipe,
    parse_recipe,
)

from .build import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .build import BuiltModel

COLUMNS = (
    "name",
    "crystal",
    "shape",
    "formula",
    "n_atoms",
    "net_charge",
    "diameter_nm",
    "deviation",
    "removed",
    "added",
    "objective",
    "gap",
    "dipole_debye",
    "error",
)
"""The columns of series.csv and the keys of each member in series.json."""


@dataclass(frozen=True)
class SeriesMember:
    """One particle of a series.

    Parameters
    ----------
    name : str
        Its name in the series, and that of its folder.
    recipe : Recipe
        What was asked for.
    built : BuiltModel or None
        The model with its files, None if it can't be built.
    error : str or None
        Why it can't be built.
    """

    name: str
    recipe: Recipe
    built: BuiltModel | None
    error: str | None = None

    @property
    def n_removed(self) -> int:
        """Ions of the plain cut that are not in the model."""
        edits = self.built.model.edits if self.built is not None else ()
        return sum(edit.action == "removed" for edit in edits)

    @property
    def n_added(self) -> int:
        """Edits of the plain cut that add or replace an ion."""
        return len(self.built.model.edits) - self.n_removed if self.built is not None else 0

    def as_dict(self) -> dict[str, Any]:
        """Return the row of the member, keys as in `COLUMNS`, None for what is not known."""
        known: dict[str, Any] = {"name": self.name, "error": self.error}
        if self.built is not None:
            model, report = self.built.model, self.built.model.report
            stoichiometry, optimum = report.stoichiometry, report.optimum
            assert stoichiometry is not None and optimum is not None  # all that are built have them
            asked = self.recipe
            known |= {
                "crystal": " / ".join(model.domain_names),
                "shape": asked.shape.kind if isinstance(asked, ParticleRecipe) else None,
                "formula": model.formula,
                "n_atoms": model.n_atoms,
                "net_charge": model.net_charge,
                "diameter_nm": round(model.diameter_nm, 4),
                "deviation": stoichiometry.deviation,
                "removed": self.n_removed,
                "added": self.n_added,
                "objective": round(optimum.objective, 4),
                "gap": round(optimum.gap, 6),
                "dipole_debye": round(model.dipole_debye, 3),
            }
        return {column: known.get(column) for column in COLUMNS}


def series(
    recipe: Recipe | Mapping[str, Any] | Path | str,
    out: Path | str | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[SeriesMember]:
    """Build every particle of a recipe with a series.

    Parameters
    ----------
    recipe : Recipe, mapping, Path or str
        The recipe, its keys as plain data, or the path of its YAML file.
    out : Path or str, optional
        Folder for one folder a particle, as `build` leaves it, and series.csv and series.json;
        nothing is written without it.
    tell : callable, optional
        Is told the name of each particle before it is built, and what its search has come to.

    Returns
    -------
    list of SeriesMember
        One for each particle. One that can't be built has its reason under ``error``; the others
        are built all the same.

    Raises
    ------
    InputError
        If the recipe has no series, two members have one name, or none can be built.
    """
    recipe = as_recipe(recipe)
    found = []
    for name, member in members(recipe):
        if tell is not None:
            tell(f"series: {name}")
        try:
            built = build(member, Path(out) / name if out is not None else None, tell)
            found.append(SeriesMember(name, member, built))
        except InputError as error:
            found.append(SeriesMember(name, member, None, str(error)))
    if all(member.error for member in found):
        raise InputError(f"no particle of the series can be built; {found[0].error}")
    if out is not None:
        rows = [member.as_dict() for member in found]
        write_text(Path(out) / "series.csv", csv_text(rows, COLUMNS))
        write_json(Path(out) / "series.json", {"series": rows})
    return found


def members(recipe: Recipe) -> list[tuple[str, Recipe]]:
    """Return the recipe of each particle of a series with a name, in the order of the lists.

    Examples
    --------
    >>> asked = {"crystal": {"name": "PbS"}, "shape": {"kind": "sphere", "diameter_nm": 2},
    ...          "series": {"diameter_nm": [2, 3]}}
    >>> [name for name, _ in members(parse_recipe(asked))]
    ['2nm', '3nm']
    """
    if not isinstance(recipe, SeriesRecipe) or recipe.series is None:
        raise InputError("the recipe holds no series; add series:, or use epicarve build")
    found: dict[str, Recipe] = {}
    for changes in product(*_axes(recipe.series)):
        data = recipe.model_dump(exclude_unset=True, exclude={"series"})
        for _, change in changes:
            change(data)
        name = "-".join(label for label, _ in changes)
        if name in found:
            raise InputError(f"two particles of the series are called {name}; leave one out")
        found[name] = parse_recipe(data, f"series, {name}")
    return list(found.items())


def csv_text(rows: list[dict[str, Any]], columns: Sequence[str]) -> str:
    """Return the rows as CSV with a line of headings; what is not known is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _axes(asked: SeriesSpec) -> Iterator[list[tuple[str, Callable[[dict[str, Any]], None]]]]:
    """For each list of the series: the name of each value, and what it changes in a recipe."""
    if asked.crystal:
        yield [(name, _setter("crystal", {"name": name})) for name in asked.crystal]
    if asked.replace:
        yield [
            (
                "-".join(f"{old}-to-{new}" for old, new in elements.items()) or "unchanged",
                _replacer(elements),
            )
            for elements in asked.replace
        ]
    if asked.ordering:
        yield [
            (f"ordering-{rank}", _setter("crystal.orderings.rank", rank)) for rank in asked.ordering
        ]
    if asked.shape:
        kinds = [shape.kind for shape in asked.shape]
        yield [
            (
                shape.kind if kinds.count(shape.kind) == 1 else f"{shape.kind}-{number}",
                _setter("shape", shape.model_dump(exclude_unset=True)),
            )
            for number, shape in enumerate(asked.shape, start=1)
        ]
    for key, unit in zip(SIZES, ("nm", "-atoms", "-units"), strict=True):
        if values := getattr(asked, key):
            yield [(f"{value:g}{unit}", _setter(f"shape.{key}", value)) for value in values]


def _setter(place: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return what puts a value in its place in a recipe; one size takes out the others."""

    def change(data: dict[str, Any]) -> None:
        *blocks, key = place.split(".")
        for block in blocks:
            data = data.setdefault(block, {})
        if key in SIZES:
            for other in SIZES:
                data.pop(other, None)
        data[key] = deepcopy(value)

    return change


def _replacer(elements: Mapping[str, str]) -> Callable[[dict[str, Any]], None]:
    """Return what replaces elements in the crystal, and in all that the recipe says of them."""

    def renamed(text: str) -> str:
        return re.sub("[A-Z][a-z]?", lambda found: elements.get(found[0], found[0]), text)

    def follow(block: dict[str, Any]) -> None:
        for key, value in block.items():
            if key in ("centre", "termination") and isinstance(value, str):
                block[key] = renamed(value)
            elif key == "min_coordination":
                block[key] = {renamed(element): least for element, least in value.items()}
            for below in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(below, dict):
                    follow(below)

    def change(data: dict[str, Any]) -> None:
        data["crystal"]["replace"] = dict(elements)
        for key in ("shape", "balance"):
            follow(data.get(key, {}))

    return change
