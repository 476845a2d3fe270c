"""epicarve cube."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .terminal import AsJson, console, print_json, progress

COARSE, NARROW = 1.01, 0.97
"""Norms on the grid above and below which something must be wrong with it."""


def cube(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with a .wfn file.")],
    state: Annotated[
        str, typer.Argument(help="Number of the state as in states.csv, or homo, lumo+1, ...")
    ],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The cube file.")],
    spin: Annotated[Literal["alpha", "beta"], typer.Option(help="Which spin.")] = "alpha",
    step: Annotated[float, typer.Option(help="Distance between points, in Å.")] = 0.25,
    margin: Annotated[float, typer.Option(help="Box beyond the outermost atoms, in Å.")] = 4.0,
    project: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Project of CP2K, where DIR holds several."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write one orbital of a .wfn file as a cube file, for a viewer."""
    with progress("cube"):
        from epicarve.workflow.tasks.cube import cube as write

        grid = write(folder, state, out, spin=spin, step_a=step, margin_a=margin, project=project)
    shape = list(grid.values.shape)
    if as_json:
        print_json({"file": str(out), "points": shape, "norm": grid.norm})
        return
    points = " × ".join(map(str, shape))
    console().print(f"{out}: {points} points, holding {grid.norm:.2%} of the orbital")
    if grid.norm > COARSE:
        console().print("[yellow]note[/] the grid is too coarse; make --step smaller")
    elif grid.norm < NARROW:
        console().print(
            "[yellow]note[/] part of it is not held; make --margin larger or --step smaller"
        )
