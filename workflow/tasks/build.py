"""Building a model from a recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve import __version__
from epicarve.builder.carve import (
    carve_particle,
    matching_sites,
    refuse_large_core,
    treat,
    with_core,
)
from epicarve.builder.cif import read_cif
from epicarve.builder.crystal import refuse_same, replaced, told_apart
from epicarve.builder.geometry import surface_of
from epicarve.builder.hetero import (
    Half,
    Janus,
    half_of,
    interface_of,
    join,
    join_relaxed,
    layers_that_attract,
    told_face,
)
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import watched
from epicarve.builder.orderings import Ordering, read_orderings
from epicarve.builder.output import derived_notes, summarise, write_model
from epicarve.builder.shapes import HemisphereSpec
from epicarve.errors import InputError
from epicarve.workflow.recipes import (
    CoreSpec,
    CrystalSpec,
    DomainSpec,
    InterfaceSpec,
    Recipe,
    read_recipe,
    relaxed_geometry,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model
    from epicarve.builder.shapes import ShapeSpec

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
    columns : dict of str to ndarray of str
        Further columns of model.extxyz: class and plane of each ion of the surface.
    """

    model: Model
    summary: dict[str, Any]
    notes: tuple[str, ...]
    columns: dict[str, NDArray[np.str_]]

    def write(self, folder: Path) -> None:
        """Write model.extxyz, model.cif, model.json and preview.png: all of them, or none."""
        write_model(folder, self.model, self.summary, self.notes, self.columns)


def build(
    recipe: Recipe | Path | str,
    out: Path | str | None = None,
    tell: Callable[[str], None] | None = None,
) -> Built:
    """Carve or join the model of a recipe.

    Parameters
    ----------
    recipe : Recipe, Path or str
        The recipe, or the path of its YAML file.
    out : Path or str, optional
        Folder for model.extxyz, model.cif, model.json and preview.png; nothing is written
        without it.
    tell : callable, optional
        Is told what the search for the best ions has come to.

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
    if recipe.bulk is not None:
        raise InputError("bulk: makes no model; use epicarve run or inputs, or give a shape")
    with watched(tell):
        if recipe.crystal is not None and recipe.shape is not None:
            model, crystals, rotations = _particle(recipe)
        else:
            model, crystals, rotations = _heterostructure(recipe)
    surface = surface_of(model, crystals, rotations)
    model = replace(model, report={**model.report, "surface": surface.summary()})
    provenance = {"version": __version__, "recipe": recipe.as_dict()}
    built = Built(
        model, summarise(model, crystals, provenance), derived_notes(crystals), surface.columns
    )
    if out is not None:
        built.write(Path(out))
    return built


def load_crystal(spec: CrystalSpec) -> Crystal:
    """Return the bundled crystal or the one in the CIF file, ordered and replaced as asked."""
    if spec.file is not None and spec.orderings is None:
        return read_cif(
            spec.file,
            spec.oxidation_states,
            block=spec.block,
            full_occupancy=spec.full_occupancy,
            replace_elements=spec.replace,
        )
    if spec.orderings is not None:
        crystal = load_orderings(spec)[spec.orderings.rank - 1].crystal
    else:
        crystal = bundled_crystal(spec.name or "")
    return replaced(crystal, spec.replace) if spec.replace else crystal


def load_orderings(spec: CrystalSpec) -> tuple[Ordering, ...]:
    """Return the ordered variants of a CIF with shared sites; none of another crystal."""
    if spec.orderings is None or spec.file is None:
        return ()
    found = read_orderings(
        spec.file,
        spec.oxidation_states,
        spec.orderings,
        block=spec.block,
        full_occupancy=spec.full_occupancy,
    )
    if spec.orderings.rank > len(found):
        raise InputError(
            f"{spec.file}: orderings.rank {spec.orderings.rank} asked for, but there are "
            f"{len(found)}"
        )
    return found


def _particle(recipe: Recipe) -> tuple[Model, list[Crystal], Rotations]:
    """Return a particle of one crystal, and how it was turned."""
    if recipe.crystal is None or recipe.shape is None:
        raise InputError("the recipe has no crystal and shape")
    if recipe.core is not None:
        return _core_shell(recipe, recipe.core, recipe.shape)
    crystal = load_crystal(recipe.crystal)
    particle = carve_particle(crystal, recipe.shape, recipe.balance)
    model = particle.model
    if recipe.treatment is not None:
        region = recipe.shape.shape(crystal, particle.centre, particle.scale)
        model = treat(
            model,
            crystal,
            region,
            recipe.treatment,
            centre=particle.centre,
            balance=recipe.balance,
        )
    variants = [ordering.as_dict() for ordering in load_orderings(recipe.crystal)]
    if variants:
        model = replace(model, report={**model.report, "orderings": variants})
    if not isinstance(recipe.shape, HemisphereSpec):
        return model, [crystal], {}
    half = half_of(crystal, recipe.shape, options=recipe.balance, particle=particle)
    upright = half.rotation(half.shortest_direction, outward_z=-1.0)
    return model.transformed(upright), [crystal], {crystal.name: upright}


def _core_shell(
    recipe: Recipe, spec: CoreSpec, shape: ShapeSpec
) -> tuple[Model, list[Crystal], Rotations]:
    if recipe.crystal is None:
        raise InputError("the recipe has no crystal for the shell")
    core, shell = told_apart((load_crystal(spec.crystal), load_crystal(recipe.crystal)))
    lattice = core if spec.lattice == "core" else shell
    matching_sites(lattice, shell if lattice is core else core)  # before the long work
    particle = carve_particle(lattice, shape, recipe.balance)
    region = spec.shape.shape(lattice, particle.centre)
    whole = shape.shape(lattice, particle.centre, particle.scale)
    refuse_large_core(lattice, region, whole, particle.centre)
    model = with_core(
        particle.model, core, shell, region=region, centre=particle.centre, lattice=lattice
    )
    return model, [core, shell], {}


def _heterostructure(recipe: Recipe) -> tuple[Model, list[Crystal], Rotations]:
    """Return two joined halves, or one of them, and how each was turned."""
    if recipe.film is None or recipe.substrate is None or recipe.interface is None:
        raise InputError("the recipe has no film, substrate and interface")
    spec = recipe.interface
    film, substrate, janus, rotations = _joined(
        recipe.film.model_dump_json(exclude={"relaxed"}, exclude_unset=True),
        recipe.substrate.model_dump_json(exclude={"relaxed"}, exclude_unset=True),
        spec.model_dump_json(exclude_unset=True),
        tuple(
            domain.crystal.file.stat().st_mtime_ns
            for domain in (recipe.film, recipe.substrate)
            if domain.crystal.file is not None and domain.crystal.file.is_file()
        ),
    )
    crystals = {"film": film.crystal, "substrate": substrate.crystal}
    if recipe.only is not None:
        alone = {"film": janus.film, "substrate": janus.substrate}[recipe.only]
        return alone, [crystals[recipe.only]], rotations
    relaxed = {
        key: relaxed_geometry(domain.relaxed)
        for key, domain in (("film", recipe.film), ("substrate", recipe.substrate))
        if domain.relaxed is not None
    }
    model = join_relaxed(janus, film.crystal, substrate.crystal, **relaxed)
    return model, list(crystals.values()), rotations


@lru_cache(maxsize=1)
def _joined(
    film_json: str,
    substrate_json: str,
    interface_json: str,
    ages_of_files: tuple[int, ...],
) -> tuple[Half, Half, Janus, Rotations]:
    """Join two halves; a run builds each of them and the whole, from one and the same solution."""
    spec = InterfaceSpec.model_validate_json(interface_json)
    domains = [DomainSpec.model_validate_json(text) for text in (film_json, substrate_json)]
    crystals = told_apart([load_crystal(domain.crystal) for domain in domains])
    refuse_same(crystals[0], crystals[1], ("film", "substrate"))
    asked = (
        (spec.film_hkl, spec.film_termination),
        (spec.substrate_hkl, spec.substrate_termination),
    )
    faces = [
        (crystal, *told_face(crystal, domain.shape, *face))
        for crystal, domain, face in zip(crystals, domains, asked, strict=True)
    ]
    film, substrate = (
        half_of(crystal, domain.shape, hkl, layer, domain.balance)
        for (crystal, hkl, _), layer, domain in zip(
            faces, layers_that_attract(faces), domains, strict=True
        )
    )
    directions = None
    if spec.film_directions is not None and spec.substrate_directions is not None:
        directions = spec.film_directions, spec.substrate_directions
    interface = interface_of(film, substrate, directions, spec.registry_a)
    janus = join(film, substrate, interface, gap_a=spec.gap_a)
    rotations = {
        film.crystal.name: film.rotation(interface.film_directions[0], outward_z=-1.0),
        substrate.crystal.name: substrate.rotation(
            interface.substrate_directions[0], outward_z=1.0
        ),
    }
    return film, substrate, janus, rotations
