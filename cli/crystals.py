"""epicarve crystals."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .terminal import AsJson, console, facts_table, print_json

COLOURS = {"derived": "yellow", "computed": "cyan"}
"""Colours of statuses that have to be seen."""


def crystals(
    name: Annotated[str | None, typer.Argument(help="Show this one in full.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the bundled crystals, or show one with its source."""
    from epicarve.workflow.tasks.crystals import crystals as describe_all

    found = describe_all(name)
    if as_json:
        print_json(found)
    elif name is not None:
        console().print(facts_table(name, _facts(found[0])))
    else:
        _print_list(found)


def _facts(crystal: dict[str, Any]) -> dict[str, object]:
    a, b, c, alpha, beta, gamma = crystal["cell"]
    states = {
        symbol: charges if isinstance(charges, list) else [charges]
        for symbol, charges in crystal["oxidation_states"].items()
    }
    facts: dict[str, object] = {
        "formula": crystal["formula"],
        "space group": crystal["space_group"],
        "status": crystal["status"],
        "cell": f"{a:g}, {b:g}, {c:g} Å; {alpha:g}, {beta:g}, {gamma:g}°",
        "density": f"{crystal['density_g_cm3']:.2f} g/cm³",
        "oxidation states": ", ".join(
            f"{symbol} {'/'.join(f'{charge:+d}' for charge in charges)}"
            for symbol, charges in states.items()
        ),
        "bonds end at": ", ".join(f"{pair} {d:.2f} Å" for pair, d in crystal["bonds"].items()),
        "coordination": ", ".join(
            f"{s} {'/'.join(map(str, n))}" for s, n in crystal["coordination"].items()
        ),
        "source": crystal["source"],
    }
    if crystal["derivation"]:
        facts["derivation"] = crystal["derivation"]
    return facts


def _print_list(found: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("name", "formula", "space group", "status"):
        table.add_column(heading, no_wrap=True)
    table.add_column("g/cm³", justify="right", no_wrap=True)
    table.add_column("neighbours", no_wrap=True)
    for crystal in found:
        neighbours = " ".join(
            f"{s}:{'/'.join(map(str, n))}" for s, n in crystal["coordination"].items()
        )
        status = crystal["status"]
        table.add_row(
            crystal["name"],
            crystal["formula"],
            crystal["space_group"],
            f"[{colour}]{status}[/]" if (colour := COLOURS.get(status)) else status,
            f"{crystal['density_g_cm3']:.2f}",
            neighbours,
        )
    console().print(table)
