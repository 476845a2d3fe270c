"""epicarve series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .terminal import AsJson, OutFolder, RecipeFile, console, print_json, progress

if TYPE_CHECKING:
    from epicarve.workflow.tasks.series import SeriesMember


def series(recipe: RecipeFile, out: OutFolder, as_json: AsJson = False) -> None:
    """Build the sizes, shapes or halides of a recipe's series, one folder each, and a table."""
    with progress("series") as tell:
        from epicarve.workflow.tasks.series import series as build_series

        members = build_series(recipe, out, tell)
    if as_json:
        print_json({"series": [member.as_dict() for member in members]})
        return
    _print_table(members)
    console().print(f"one folder each, series.csv and series.json in {out}", soft_wrap=True)


def _print_table(members: list[SeriesMember]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("name", overflow="fold")
    table.add_column("formula", overflow="fold")
    for heading in ("ions", "nm", "off, %", "edits", "cost, Å", "dipole"):
        table.add_column(heading, justify="right", no_wrap=True)
    for member in members:
        if member.built is None:
            continue
        row = member.as_dict()
        table.add_row(
            member.name,
            row["formula"],
            str(row["n_atoms"]),
            f"{row['diameter_nm']:.2f}",
            f"{100 * row['deviation']:.2f}",
            f"-{row['removed']} +{row['added']}",
            f"{row['objective']:.2f}",
            f"{row['dipole_debye']:.0f} D",
        )
    console().print(table)
    for member in members:
        if member.error:
            console().print(f"[yellow]{member.name}[/]: {member.error}", soft_wrap=True)
