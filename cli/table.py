"""epicarve table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .terminal import AsJson, print_json, progress


def table(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Analysed folders, or runs.")
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="CSV file; standard output if not given."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Names of the runs.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print edges, gaps, traps and groups of analysed runs as one table, CSV or JSON."""
    with progress("table") as tell:
        from epicarve.analysis.export import rows_csv
        from epicarve.workflow.tasks.table import table as collected

        names = None if labels is None else [name.strip() for name in labels.split(",")]
        rows = collected(folders, out, labels=names, tell=tell)
    if as_json:
        print_json({"table": rows})
    elif out is None:
        typer.echo(rows_csv(rows), nl=False)
