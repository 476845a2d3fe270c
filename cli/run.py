"""epicarve run."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from .terminal import AsJson, OutFolder, RecipeFile, console, print_json, progress


def run(
    recipe: RecipeFile,
    out: OutFolder,
    engine: Annotated[
        Literal["cp2k", "xtb"] | None,
        typer.Option(help="Instead of the recipe's: CP2K, or GFN1-xTB for trying."),
    ] = None,
    on: Annotated[
        Literal["local", "slurm", "pbs"],
        typer.Option(help="Run the stages on this machine, or as jobs of a scheduler."),
    ] = "local",
    as_json: AsJson = False,
) -> None:
    """Run the whole chain, here or as jobs; run it again to go on where it stopped."""
    with progress("build") as tell:
        from epicarve.workflow.recipes import as_recipe
        from epicarve.workflow.tasks.run import chosen, results_of_run, told_blas

        results = results_of_run(recipe, out, engine=engine, on=on, on_progress=tell)
    if as_json:
        print_json(results.summary())
    else:
        from .results import print_results

        print_results(results, out)
        if on == "local" and (told := told_blas(chosen(as_recipe(recipe), engine, on))):
            console().print(told, soft_wrap=True)
