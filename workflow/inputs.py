"""A model with its CP2K inputs and job scripts, as a folder to copy to a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from epicarve.dft.inputs import write_stages

from .build import Built, build
from .recipe import Recipe, read_recipe

if TYPE_CHECKING:
    from epicarve.dft.stages import Stage


def inputs(recipe: Recipe | Path | str, out: Path | str) -> tuple[Built, tuple[Stage, ...]]:
    """Build the model of a recipe and write the CP2K chain for it.

    Parameters
    ----------
    recipe : Recipe, Path or str
        The recipe, or the path of its YAML file.
    out : Path or str
        Folder for the files of `epicarve.build`, one folder for each stage with input,
        coordinates and job script, and submit.sh and run.sh for the whole chain.

    Returns
    -------
    built : Built
        The model and what must be said of it.
    stages : tuple of Stage
        The stages in the order in which they run.

    Raises
    ------
    InputError
        If the recipe is wrong, no neutral model satisfies it, or an element has no basis set.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(Path(recipe))
    built = build(recipe)
    stages = write_stages(built.model, recipe.cp2k, recipe.machine, Path(out))
    built.write(Path(out))
    return built, stages
