"""epicarve report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .figure_options import figure_options
from .terminal import console, progress


@figure_options("formats", "title", broadening_ev="--broadening")
def report(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="Analysed folders, or runs; the first on top."),
    ],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="Page to write, .html.")],
    labels: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Names of the runs in the page.")
    ] = None,
    figures: dict[str, Any],
) -> None:
    """Put the reports of several runs into one page, with a switch and a comparison."""
    with progress("report") as tell:
        from epicarve.workflow.tasks.report import report as collected

        names = None if labels is None else [name.strip() for name in labels.split(",")]
        collected(folders, out, labels=names, figures=figures, tell=tell)
    console().print(f"report in {out}", soft_wrap=True)
