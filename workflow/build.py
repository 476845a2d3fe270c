"""Building a model from a recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve import __version__
from epicarve.builder.cif import read_cif
from epicarve.builder.coreshell import matching_sites, refuse_large_core, with_core
from epicarve.builder.half import Half
from epicarve.builder.join import join
from epicarve.builder.library import bundled_crystal
from epicarve.builder.orderings import Ordering, read_orderings
from epicarve.builder.particle import carve_particle
from epicarve.builder.planes import termination
from epicarve.builder.replace import replaced
from epicarve.builder.shapes.sphere import HemisphereSpec
from epicarve.builder.summary import derived_notes, summarise
from epicarve.builder.write import write_model
from epicarve.errors import InputError

from .recipe import CoreSpec, CrystalSpec, Recipe, read_recipe

if TYPE_CHECKING:
    from epicarve.builder.balance import BalanceOptions
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model
    from epicarve.builder.shapes.spec import ShapeSpec


@dataclass(frozen=True)
class Built:
    """A model, and what must be said of it.

    Parameters
    ----------
    model : Model
        The model.
    summary : dict
        Content of model.json.
    notes : tuple of str
        Sentences that must stand wherever the model is shown (derived crystals).
    """

    model: Model
    summary: dict[str, Any]
    notes: tuple[str, ...]


def build(recipe: Recipe | Path | str, out: Path | str | None = None) -> Built:
    """Carve or join the model of a recipe.

    Parameters
    ----------
    recipe : Recipe, Path or str
        The recipe, or the path of its YAML file.
    out : Path or str, optional
        Folder for model.extxyz, model.cif, model.json and preview.png; nothing is written
        without it.

    Returns
    -------
    Built
        The model, the content of model.json, and notes.

    Raises
    ------
    InputError
        If the recipe is wrong or no neutral model satisfies it.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(Path(recipe))
    if recipe.series is not None:
        raise InputError("the recipe holds a series; use epicarve series, or take series: out")
    if recipe.crystal is not None and recipe.shape is not None:
        model, crystals = _particle(recipe)
    else:
        model, crystals = _heterostructure(recipe)
    provenance = {"version": __version__, "recipe": recipe.as_dict()}
    built = Built(model, summarise(model, crystals, provenance), derived_notes(crystals))
    if out is not None:
        write_model(Path(out), model, built.summary, built.notes)
    return built


def load_crystal(spec: CrystalSpec) -> Crystal:
    """Return the bundled crystal or the one in the CIF file, ordered and replaced as asked."""
    if spec.orderings is not None:
        crystal = load_orderings(spec)[spec.orderings.rank - 1].crystal
    elif spec.file is not None:
        crystal = read_cif(spec.file, spec.oxidation_states)
    else:
        crystal = bundled_crystal(spec.name or "")
    return replaced(crystal, spec.replace) if spec.replace else crystal


def load_orderings(spec: CrystalSpec) -> tuple[Ordering, ...]:
    """Return the ordered variants of a CIF with shared sites; none of another crystal."""
    if spec.orderings is None or spec.file is None:
        return ()
    found = read_orderings(spec.file, spec.oxidation_states, spec.orderings)
    if spec.orderings.rank > len(found):
        raise InputError(
            f"{spec.file}: orderings.rank {spec.orderings.rank} asked for, but there are "
            f"{len(found)}"
        )
    return found


def _particle(recipe: Recipe) -> tuple[Model, list[Crystal]]:
    if recipe.crystal is None or recipe.shape is None:
        raise InputError("the recipe has no crystal and shape")
    if recipe.core is not None:
        return _core_shell(recipe, recipe.core, recipe.shape)
    crystal = load_crystal(recipe.crystal)
    model = _carved(crystal, recipe.shape, recipe.balance)
    variants = [ordering.as_dict() for ordering in load_orderings(recipe.crystal)]
    if variants:
        model = replace(model, report={**model.report, "orderings": variants})
    return model, [crystal]


def _carved(crystal: Crystal, shape: ShapeSpec, options: BalanceOptions) -> Model:
    if not isinstance(shape, HemisphereSpec):
        return carve_particle(crystal, shape, options).model
    half = _half(crystal, shape, options)
    return half.model.transformed(half.rotation(half.shortest_direction, outward_z=-1.0))


def _core_shell(recipe: Recipe, spec: CoreSpec, shape: ShapeSpec) -> tuple[Model, list[Crystal]]:
    if recipe.crystal is None:
        raise InputError("the recipe has no crystal for the shell")
    core, shell = load_crystal(spec.crystal), load_crystal(recipe.crystal)
    lattice = core if spec.lattice == "core" else shell
    matching_sites(lattice, shell if lattice is core else core)  # before the long work
    particle = carve_particle(lattice, shape, recipe.balance)
    region = spec.shape.shape(lattice, particle.centre)
    whole = shape.shape(lattice, particle.centre, particle.scale)
    refuse_large_core(lattice, region, whole, particle.centre)
    model = with_core(
        particle.model, core, shell, region=region, centre=particle.centre, lattice=lattice
    )
    return model, [core, shell]


def _heterostructure(recipe: Recipe) -> tuple[Model, list[Crystal]]:
    if recipe.film is None or recipe.substrate is None or recipe.interface is None:
        raise InputError("the recipe has no film, substrate and interface")
    film, substrate = (
        _half(load_crystal(domain.crystal), domain.shape, domain.balance)
        for domain in (recipe.film, recipe.substrate)
    )
    if film.crystal.name == substrate.crystal.name:
        raise InputError(
            f"film and substrate are both {film.crystal.name}; give two different crystals"
        )
    directions = recipe.interface
    model = join(film, substrate, directions.film_directions, directions.substrate_directions)
    return model, [film.crystal, substrate.crystal]


def _half(crystal: Crystal, shape: HemisphereSpec, options: BalanceOptions) -> Half:
    particle = carve_particle(crystal, shape, options)
    face = termination(crystal, shape.hkl, shape.termination)
    return Half(crystal=crystal, model=particle.model, face=face, centre=particle.centre)
