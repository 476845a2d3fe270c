"""epicarve study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .terminal import AsJson, console, print_json, progress


def study(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="Folder with the models that the group published."),
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OUT", help="Folder for the page and its figures."),
    ] = None,
    results: Annotated[
        list[str] | None,
        typer.Option(
            "--results",
            metavar="NAME=FOLDER",
            help="Analysed run of a model; may be given several times.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold the study's claims against its published models and ours, on one page."""
    with progress("study") as tell:
        from epicarve.workflow.tasks.study import study as study_of

        page = study_of(folder, out, _named(results or []), tell=tell)
    if as_json:
        print_json(page.as_dict())
        return
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for title in ("claim", "published", "ours"):
        table.add_column(title)
    for claim in page.claims:
        table.add_row(claim.title, *claim.judgements)
    console().print(table)
    console().print("judged as: agrees, is near, differs", style="dim")
    if out is not None:
        console().print(f"page, figures and numbers in {out}", soft_wrap=True)


def _named(results: list[str]) -> dict[str, Path]:
    """Return folders of results by the name of their model."""
    from epicarve.errors import InputError

    found: dict[str, Path] = {}
    for one in results:
        name, equals, folder = one.partition("=")
        if not (name and equals and folder):
            raise InputError(f"--results {one}: write it as NAME=FOLDER")
        if name in found:
            raise InputError(f"--results: {name} is given twice; leave one of them out")
        found[name] = Path(folder)
    return found
