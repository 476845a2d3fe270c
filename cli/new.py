"""epicarve new."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from .terminal import AsJson, print_json


def new(
    name: Annotated[str, typer.Argument(help="Name of an example; a wrong one lists them.")],
    file: Annotated[
        Path | None, typer.Argument(help="File to write; NAME.yaml if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an example recipe to start from."""
    from epicarve.workflow.tasks.new import command_for
    from epicarve.workflow.tasks.new import new as write_example

    written = write_example(name, file)
    if as_json:
        print_json({"recipe": str(written)})
    else:
        command = ["epicarve", command_for(written), str(written), "-o", written.stem]
        typer.echo(f"wrote {written}; next: {shlex.join(command)}")
