"""Series: particles of several sizes, shapes, crystals or halides from one recipe."""

from __future__ import annotations

import csv
import io
import re
from copy import deepcopy
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
"""The columns of series.csv and the keys of each row."""


def series(
    recipe: Recipe | Mapping[str, Any] | Path | str,
    out: Path | str | None = None,
    tell: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
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
    list of dict
        A row for each particle, with the keys `COLUMNS`. One that can't be built has its reason
        under ``error`` and None for what is not known; the others are built all the same.

    Raises
    ------
    InputError
        If the recipe has no series, two members have one name, or none can be built.
    """
    recipe = as_recipe(recipe)
    rows = []
    for name, member in members(recipe):
        if tell is not None:
            tell(f"series: {name}")
        try:
            built = build(member, Path(out) / name if out is not None else None, tell)
            rows.append(_row(name, member, built))
        except InputError as error:
            rows.append({**dict.fromkeys(COLUMNS), "name": name, "error": str(error)})
    if all(row["error"] for row in rows):
        raise InputError(f"no particle of the series can be built; {rows[0]['error']}")
    if out is not None:
        write_text(Path(out) / "series.csv", csv_text(rows))
        write_json(Path(out) / "series.json", {"series": rows})
    return rows


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


def csv_text(rows: list[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
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


def _row(name: str, member: Recipe, built: BuiltModel) -> dict[str, Any]:
    model, report = built.model, built.model.report
    stoichiometry, optimum = report.stoichiometry, report.optimum
    assert stoichiometry is not None and optimum is not None  # every model that is built has them
    removed = sum(edit.action == "removed" for edit in model.edits)
    return {
        "name": name,
        "crystal": " / ".join(model.domain_names),
        "shape": member.shape.kind if isinstance(member, ParticleRecipe) else None,
        "formula": model.formula,
        "n_atoms": model.n_atoms,
        "net_charge": model.net_charge,
        "diameter_nm": round(model.diameter_nm, 4),
        "deviation": stoichiometry.deviation,
        "removed": removed,
        "added": len(model.edits) - removed,
        "objective": round(optimum.objective, 4),
        "gap": round(optimum.gap, 6),
        "dipole_debye": round(model.dipole_debye, 3),
        "error": None,
    }
