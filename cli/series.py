"""epicarve series."""

from __future__ import annotations

from typing import Any

from .terminal import AsJson, OutFolder, RecipeFile, console, print_json, progress


def series(recipe: RecipeFile, out: OutFolder, as_json: AsJson = False) -> None:
    """Build the sizes, shapes or halides of a recipe's series, one folder each, and a table."""
    with progress("series") as tell:
        from epicarve.workflow.tasks.series import series as build_series

        rows = build_series(recipe, out, tell)
    if as_json:
        print_json({"series": rows})
        return
    _print_table(rows)
    console().print(f"one folder each, series.csv and series.json in {out}", soft_wrap=True)


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("name", overflow="fold")
    table.add_column("formula", overflow="fold")
    for heading in ("ions", "nm", "off, %", "edits", "cost, Å", "dipole"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        if row["error"]:
            continue
        table.add_row(
            row["name"],
            row["formula"],
            str(row["n_atoms"]),
            f"{row['diameter_nm']:.2f}",
            f"{100 * row['deviation']:.2f}",
            f"-{row['removed']} +{row['added']}",
            f"{row['objective']:.2f}",
            f"{row['dipole_debye']:.0f} D",
        )
    console().print(table)
    for row in rows:
        if row["error"]:
            console().print(f"[yellow]{row['name']}[/]: {row['error']}", soft_wrap=True)
