"""Building a model from a recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve import __version__
from epicarve.builder.carve import carve
from epicarve.builder.cif import read_cif
from epicarve.builder.half import Half, carve_half
from epicarve.builder.join import join
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.builder.summary import derived_notes, summarise
from epicarve.builder.surface import surface_of
from epicarve.builder.write import write_model
from epicarve.errors import InputError
from epicarve.units import A_PER_NM

from .recipe import CrystalSpec, HemisphereSpec, Recipe, read_recipe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from epicarve.builder.balance import BalanceOptions
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model

    Rotations = dict[str, NDArray[np.float64]]


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
    if recipe.crystal is not None and recipe.shape is not None:
        model, crystals, rotations = _particle(recipe)
    else:
        model, crystals, rotations = _heterostructure(recipe)
    surface = surface_of(model, crystals, rotations)
    model = replace(model, report={**model.report, "surface": surface.summary()})
    provenance = {"version": __version__, "recipe": recipe.as_dict()}
    built = Built(model, summarise(model, crystals, provenance), derived_notes(crystals))
    if out is not None:
        write_model(Path(out), model, built.summary, built.notes, surface.columns)
    return built


def load_crystal(spec: CrystalSpec) -> Crystal:
    """Return the bundled crystal or the one in the CIF file."""
    if spec.file is not None:
        return read_cif(spec.file, spec.oxidation_states)
    return bundled_crystal(spec.name or "")


def _particle(recipe: Recipe) -> tuple[Model, list[Crystal], Rotations]:
    """Return a particle of one crystal, and how it was turned."""
    if recipe.crystal is None or recipe.shape is None:
        raise InputError("the recipe has no crystal and shape")
    crystal = load_crystal(recipe.crystal)
    shape = recipe.shape
    if isinstance(shape, HemisphereSpec):
        half = _half(crystal, shape, recipe.balance)
        upright = half.rotation(half.shortest_direction, outward_z=-1.0)
        return half.model.transformed(upright), [crystal], {crystal.name: upright}
    sphere = Sphere(0.5 * A_PER_NM * shape.diameter_nm)
    return carve(crystal, sphere, shape.centre, recipe.balance), [crystal], {}


def _heterostructure(recipe: Recipe) -> tuple[Model, list[Crystal], Rotations]:
    """Return two joined halves, and how each was turned."""
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
    rotations = {
        film.crystal.name: film.rotation(directions.film_directions[0], outward_z=-1.0),
        substrate.crystal.name: substrate.rotation(
            directions.substrate_directions[0], outward_z=1.0
        ),
    }
    return model, [film.crystal, substrate.crystal], rotations


def _half(crystal: Crystal, shape: HemisphereSpec, options: BalanceOptions) -> Half:
    return carve_half(
        crystal,
        0.5 * A_PER_NM * shape.diameter_nm,
        shape.hkl,
        shape.termination,
        centre=shape.centre,
        options=options,
    )
