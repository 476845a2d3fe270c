"""A model with its CP2K inputs and job scripts, as a folder to copy to a cluster."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.builder.crystal import is_layered
from epicarve.builder.report import Provenance, asked_recipe
from epicarve.dft.bulk_displacement import known_displacements
from epicarve.dft.run import is_complete
from epicarve.dft.write import join_files, planned_stages, write_cp2k, write_stages
from epicarve.files import write_text
from epicarve.workflow.recipes import (
    BulkRecipe,
    CrystalSpec,
    HeterostructureRecipe,
    ParticleRecipe,
    Recipe,
    StructureRecipe,
    as_recipe,
    write_recipe,
)

from .build import BuiltModel, build, load_crystal
from .bulk import Bulk, write_bulk
from .steps import half_recipe, halves, step_graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from epicarve.builder.crystal import Crystal
    from epicarve.dft.settings import Cp2kSettings, Stage


MODULE_VERSION = re.compile(r"cp2k[/-]v?(20\d\d\.\d+)(?!\d)", re.IGNORECASE)
"""The version of CP2K in the name of a module."""


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
    if built is not None:
        planned_stages(built.model, recipe.cp2k, recipe.machine)  # refuses what does not fit
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


def notes_of_level(recipe: Recipe | Mapping[str, Any] | Path | str) -> tuple[str, ...]:
    """Return what must be said of a recipe's settings for CP2K, given its crystals.

    Parameters
    ----------
    recipe : Recipe, mapping, Path or str
        The recipe, its keys as plain data, or the path of its YAML file.

    Returns
    -------
    tuple of str
        How far the pre-relaxation moves ions that are at rest, where dispersion is missing, and
        which module loads another version.
    """
    recipe = as_recipe(recipe)
    specs: list[CrystalSpec] = []
    if isinstance(recipe, HeterostructureRecipe):
        specs = [recipe.film.crystal, recipe.substrate.crystal]
    elif isinstance(recipe, ParticleRecipe | BulkRecipe):
        specs = [recipe.crystal]
    elif isinstance(recipe, StructureRecipe):
        specs = list(recipe.structure.crystals)
    crystals = [load_crystal(spec) for spec in specs]
    notes: list[str] = []
    if isinstance(recipe, StructureRecipe) and (recipe.cp2k.prerelax or recipe.cp2k.relax):
        notes.append(
            f"{recipe.structure.file.name} is relaxed before its states are computed; prerelax: "
            "null and relax: null under cp2k keep its geometry"
        )
    if not isinstance(recipe, BulkRecipe):
        notes += _notes_of_prerelaxation(recipe.cp2k, crystals)
    if recipe.cp2k.dispersion is None:
        notes += [
            f"{crystal.name} is layered and dispersion is off: layers come out too far apart; set "
            "dispersion: D3(BJ) for its cell and for relaxations across layers"
            for crystal in crystals
            if is_layered(crystal)
        ]
    notes += _notes_of_modules(recipe)
    return tuple(dict.fromkeys(notes))


def _notes_of_modules(recipe: Recipe) -> Iterator[str]:
    """Yield which modules load another version of CP2K than the inputs are written for."""
    machine, version = recipe.machine, recipe.cp2k.version
    for block in (machine, *machine.stages.values()):
        for module in block.modules:
            found = MODULE_VERSION.search(module)
            if found and found[1] != version:
                yield (
                    f"modules: {module} is another version than the {version} that the inputs are "
                    f'for; set version: "{found[1]}" under cp2k, or load that module'
                )


def _notes_of_prerelaxation(settings: Cp2kSettings, crystals: list[Crystal]) -> Iterator[str]:
    """Yield how far GFN1-xTB moves the ions of each crystal, and how far it may here."""
    if settings.prerelax is None:
        return
    limit_a = settings.prerelax.max_rmsd_a
    taken = "its last geometry is taken however far it is"
    if limit_a is not None:
        taken = f"its last geometry within {limit_a:g} Å rms of the cut is taken"
    for crystal in crystals:
        measured = known_displacements().get(crystal.name)
        if measured is None:
            yield (
                f"pre-relaxation: how far GFN1-xTB moves the ions of bulk {crystal.name} was not "
                f"measured; {taken}"
            )
        else:
            told = f"pre-relaxation: {measured.sentence}; {taken}"
            if limit_a is not None and measured.rms_a > limit_a:
                told += ", which the crystal itself would leave: better without (prerelax: null)"
            yield told


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
    asked = asked_recipe(recipe.as_dict())
    made_by = replace(model.report.provenance or Provenance(), **asked)
    return BuiltModel(replace(model, report=replace(model.report, provenance=made_by)))
