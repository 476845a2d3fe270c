"""epicarve machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from .terminal import AsJson, print_json


def machine(
    file: Annotated[
        Path, typer.Argument(help="Profile, a YAML file; written if it is not there.")
    ] = Path("machine.yaml"),
    as_json: AsJson = False,
) -> None:
    """Write a profile of a machine to start from, or try one: the header of each stage's job."""
    from epicarve.workflow.tasks.machine import machine as try_machine

    tried = try_machine(file)
    if as_json:
        told = {"profile": str(tried.path), "written": tried.written, "headers": tried.headers}
        print_json(told | {"answers": tried.answers})
        return
    name = shlex.quote(str(file))
    if tried.written:
        typer.echo(f"wrote {file}; edit it, then try it: epicarve machine {name}")
        return
    typer.echo(f"jobs of {tried.sample}:")
    for stage, header in tried.headers.items():
        typer.echo(f"\n{stage}\n{header.rstrip()}")
        if stage in tried.answers:
            typer.echo(f"sbatch: {tried.answers[stage]}")
    typer.echo(f"\nin recipes: machine: {file}  (its path from the recipe)")
