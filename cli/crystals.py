"""epicarve crystals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .terminal import AsJson, console, facts_table, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from epicarve.builder.crystal import Crystal

COLOURS = {"derived": "yellow", "computed": "cyan"}
"""Colours of statuses that have to be seen."""

LISTED = ("name", "formula", "space group", "status", "g/cm³", "neighbours")
"""Headings of the list."""

FOLDED = ("formula", "neighbours")
"""Columns that take several lines where the terminal is narrow; the others are never cut short."""


def crystals(
    name: Annotated[str | None, typer.Argument(help="Show this one in full.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the bundled crystals, or show one with its source."""
    from epicarve.workflow.tasks.crystals import crystals_named, describe

    found = crystals_named(name)
    if as_json:
        print_json([describe(crystal) for crystal in found])
    elif name is not None:
        console().print(facts_table(name, _facts(found[0])))
    else:
        _print_list(found)


def _facts(crystal: Crystal) -> dict[str, object]:
    a, b, c, alpha, beta, gamma = crystal.cell_parameters
    facts: dict[str, object] = {
        "formula": crystal.formula,
        "space group": crystal.space_group,
        "status": crystal.status,
        "cell": f"{a:g}, {b:g}, {c:g} Å; {alpha:g}, {beta:g}, {gamma:g}°",
        "density": f"{crystal.density_g_cm3:.2f} g/cm³",
        "oxidation states": ", ".join(
            f"{symbol} {'/'.join(f'{charge:+d}' for charge in charges)}"
            for symbol, charges in crystal.charges_of.items()
        ),
        "bonds end at": ", ".join(
            f"{cation}-{anion} {limit_a:.2f} Å"
            for (cation, anion), limit_a in crystal.bond_rule.items()
        ),
        "coordination": _coordination(crystal, ", ", " "),
        "source": crystal.source,
    }
    if crystal.derivation:
        facts["derivation"] = crystal.derivation
    return facts


def _coordination(crystal: Crystal, between: str, after: str) -> str:
    """Return the numbers of neighbours of each element, with what stands between and after."""
    from epicarve.builder.crystal import coordination_of

    return between.join(
        f"{symbol}{after}{'/'.join(map(str, numbers))}"
        for symbol, numbers in coordination_of(crystal).items()
    )


def _print_list(found: Iterable[Crystal]) -> None:
    from rich import box
    from rich.table import Table

    rows = [
        (
            crystal.name,
            crystal.formula,
            crystal.space_group,
            crystal.status,
            f"{crystal.density_g_cm3:.2f}",
            _coordination(crystal, " ", ":"),
        )
        for crystal in found
    ]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, heading in enumerate(LISTED):
        if heading in FOLDED:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(
                heading,
                justify="right" if heading == "g/cm³" else "left",
                no_wrap=True,
                min_width=max(len(row[column]) for row in rows),
            )
    for name, formula, group, status, density, neighbours in rows:
        shown = f"[{colour}]{status}[/]" if (colour := COLOURS.get(status)) else status
        table.add_row(name, formula, group, shown, density, neighbours)
    console().print(table)
