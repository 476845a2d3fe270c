"""epicarve crate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .terminal import AsJson, print_json


def crate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of results.")],
    *,
    author: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who made it: a name, or an ORCID.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(metavar="URL", help="Address of the licence of the data.")
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="Day of publication; that of the results if not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a folder of results an RO-Crate, to archive: ro-crate-metadata.json."""
    from epicarve.workflow.tasks.crate import METADATA
    from epicarve.workflow.tasks.crate import crate as make_crate

    content = make_crate(folder, author=author, licence=licence, date=date)
    if as_json:
        print_json(content)
    else:
        typer.echo(f"wrote {folder / METADATA}; the folder can be archived as it is")
