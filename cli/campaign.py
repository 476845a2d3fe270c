"""epicarve campaign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .terminal import AsJson, OutFolder, console, print_json, progress

if TYPE_CHECKING:
    from epicarve.workflow.tasks.campaign_table import CampaignTable

NUMBERS = {
    "n_atoms": ("ions", 0),
    "homo_lumo_gap_ev": ("gap, eV", 3),
    "filtered_gap_ev": ("without traps, eV", 3),
    "above_lowest_ev": ("above the lowest, eV per formula unit", 3),
    "density_g_cm3": ("g/cm³", 2),
    "max_force_ev_a": ("largest force, eV/Å", 3),
    "pressure_gpa": ("pressure, GPa", 2),
}
"""Columns of numbers: heading and digits. Those that no row has are left out."""


def campaign(  # noqa: PLR0917  (arguments and options of the command line)
    source: Annotated[
        Path, typer.Argument(metavar="RECIPES", help="A recipe with a series, or a folder of them.")
    ],
    out: OutFolder,
    engine: Annotated[
        Literal["cp2k", "xtb"] | None,
        typer.Option(help="Instead of the recipes': CP2K, or GFN1-xTB for trying."),
    ] = None,
    on: Annotated[
        Literal["local", "slurm", "parsl"],
        typer.Option(
            help="Run the members on this machine, as an array of SLURM jobs, or in Parsl's blocks."
        ),
    ] = "local",
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Parsl's configuration, Python; else for SLURM."),
    ] = None,
    n_jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="Members at once on this machine.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run many recipes as one, with one table; run it again to go on where it stopped."""
    with progress("campaign") as tell:
        from epicarve.workflow.tasks.campaign import campaign as run_campaign

        table = run_campaign(
            source, out, engine=engine, on=on, config=config, n_jobs=n_jobs, on_progress=tell
        )
    if as_json:
        print_json({"campaign": table.rows()})
    else:
        _print_table(table)
        console().print(f"one folder each, campaign.csv and campaign.json in {out}", soft_wrap=True)
    if any(member.state != "done" for member in table.members):
        raise typer.Exit(1)


def _print_table(found: CampaignTable) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("name", "state", "formula"):
        table.add_column(heading, no_wrap=True)
    shown = {key: told for key, told in NUMBERS.items() if key in found.columns}
    for heading, _ in shown.values():
        table.add_column(heading, justify="right")
    for member in found.members:
        values = [(getattr(member, key), digits) for key, (_, digits) in shown.items()]
        numbers = ["" if value is None else f"{value:.{digits}f}" for value, digits in values]
        table.add_row(member.name, member.state, member.formula or "", *numbers)
    console().print(table)
    for member in found.members:
        if member.state != "done":
            console().print(f"[yellow]{member.name}[/]: {member.told or ''}", soft_wrap=True)
