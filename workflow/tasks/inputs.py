"""A model with its CP2K inputs and job scripts, as a folder to copy to a cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.builder.report import Provenance
from epicarve.dft.run import is_complete
from epicarve.dft.write import join_files, write_cp2k, write_stages
from epicarve.files import write_text
from epicarve.workflow.recipes import BulkRecipe, Recipe, as_recipe, write_recipe

from .build import BuiltModel, build
from .bulk import Bulk, write_bulk
from .steps import half_recipe, halves, step_graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.dft.settings import Stage


def inputs(
    recipe: Recipe | Mapping[str, Any] | Path | str, out: Path | str
) -> tuple[BuiltModel | Bulk, tuple[Stage, ...]]:
    """Build the model of a recipe and write the CP2K chain for it, or for a bulk crystal.

    The halves of a heterostructure that are to be relaxed first get chains of their own, in the
    folders film and substrate, and a job joins them. As long as they are not relaxed the inputs of
    the whole are those of the unrelaxed halves; called again when they are, this function joins
    them and writes the inputs anew.

    Parameters
    ----------
    recipe : Recipe, mapping, Path or str
        The recipe, its keys as plain data, or the path of its YAML file.
    out : Path or str
        Folder for the files of `epicarve.build`, one folder for each stage with input,
        coordinates and job script, and submit.sh and run.sh for the whole chain.

    Returns
    -------
    built : Built or Bulk
        The model and what must be said of it, or the crystal.
    stages : tuple of Stage
        The stages of the whole in the order in which they run.

    Raises
    ------
    InputError
        If the recipe is wrong, no neutral model satisfies it, or an element has no basis set.
    """
    recipe = as_recipe(recipe)
    out = Path(out)
    if isinstance(recipe, BulkRecipe):
        return write_bulk(recipe, out)
    graph = step_graph(recipe, "cp2k")
    steps = [graph.nodes[name]["step"] for name in graph]
    chains = {
        half: tuple(step.stage for step in steps if step.part == half)
        for half in halves(recipe, "cp2k")
    }
    unrelaxed = {half: build(half_recipe(recipe, half)) for half in chains}
    began = all((out / half / chain[-1].output).is_file() for half, chain in chains.items())
    built = None if chains and began else build(recipe)  # before anything is written
    for half, half_built in unrelaxed.items():
        write_stages(half_built.model, recipe.cp2k, recipe.machine, out / half, only_relax=True)
        half_built.write(out / half)
    if built is None:
        relaxed = all(is_complete(out / half, chain[-1]) for half, chain in chains.items())
        built = build_joined(recipe, out, tuple(chains)) if relaxed else build(recipe)
    stages = write_cp2k(built.model, recipe.cp2k, out, recipe.machine)
    if chains:
        write_recipe(recipe, out)
        for path, text in join_files(chains, stages, recipe.machine).items():
            write_text(out / path, text)
    return built, stages


def build_joined(recipe: Recipe, out: Path, relaxed: tuple[str, ...]) -> BuiltModel:
    """Build a heterostructure from halves that were relaxed in the folders of a run.

    Parameters
    ----------
    recipe : Recipe
        The recipe of the whole.
    out : Path
        Folder of the run.
    relaxed : tuple of str
        Which halves lie in it, ``"film"`` or ``"substrate"``.

    Raises
    ------
    InputError
        If a half is not relaxed, or the relaxed halves overlap.
    """
    found = {
        half: getattr(recipe, half).model_copy(update={"relaxed": out / half}) for half in relaxed
    }
    model = build(recipe.model_copy(update=found)).model
    # The recipe as it was asked for, without the folder of this very run.
    made_by = replace(model.report.provenance or Provenance(), recipe=recipe.as_dict())
    return BuiltModel(replace(model, report=replace(model.report, provenance=made_by)))
