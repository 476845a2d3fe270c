"""Building a model from a recipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from epicarve.builder.assemble import Carved, Core, carved_of, rotations_of
from epicarve.builder.cif import read_cif
from epicarve.builder.crystal import distinct_names, refuse_same, replaced
from epicarve.builder.exchange import model_of_structure
from epicarve.builder.hetero import (
    HalfParticle,
    Janus,
    half_of,
    interface_of,
    join,
    join_relaxed,
    layers_that_attract,
    stated_face,
)
from epicarve.builder.library import bundled_crystal
from epicarve.builder.optimise import watched
from epicarve.builder.orderings import Ordering, read_orderings
from epicarve.builder.output import described, notes_of_model, summary_of
from epicarve.builder.report import Provenance, asked_recipe
from epicarve.errors import InputError
from epicarve.version import __version__
from epicarve.workflow.recipes import (
    CrystalSpec,
    DomainSpec,
    HeterostructureRecipe,
    InterfaceSpec,
    ParticleRecipe,
    Recipe,
    StructureRecipe,
    as_recipe,
    relaxed_geometry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model

    Rotations = dict[str, Floats]


@dataclass(frozen=True)
class BuiltModel:
    """The model of a recipe, and what must be said of it.

    Parameters
    ----------
    model : Model
        The model.
    """

    model: Model

    def _repr_html_(self) -> str:
        """Return what notebooks show of the model."""
        return self.model._repr_html_()

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Content of model.json."""
        return summary_of(self.model)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that must stand wherever the model is shown (derived crystals)."""
        return notes_of_model(self.model)

    def write(self, folder: Path | str) -> None:
        """Write model.extxyz, model.cif, model.json and preview.png: all of them, or none."""
        self.model.write(folder)


def build(
    recipe: Recipe | Mapping[str, Any] | Path | str,
    out: Path | str | None = None,
    tell: Callable[[str], None] | None = None,
) -> BuiltModel:
    """Carve, join or read the model of a recipe.

    Parameters
    ----------
    recipe : Recipe, mapping, Path or str
        The recipe, its keys as plain data, or the path of its YAML file.
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
    recipe = as_recipe(recipe)
    with watched(tell):
        if isinstance(recipe, ParticleRecipe):
            model = _described(recipe, _particle(recipe))
        elif isinstance(recipe, HeterostructureRecipe):
            model = _described(recipe, _heterostructure(recipe))
        elif isinstance(recipe, StructureRecipe):
            model = _structure(recipe)
        else:
            raise InputError("bulk: makes no model; use epicarve run or inputs, or give a shape")
    built = BuiltModel(model)
    if out is not None:
        built.write(out)
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


def _described(recipe: Recipe, carved: Carved) -> Model:
    provenance = Provenance(version=__version__, **asked_recipe(recipe.as_dict()))
    return described(carved.model, carved.crystals, provenance, carved.rotations)


def _structure(recipe: StructureRecipe) -> Model:
    """Return the model of coordinates that are given."""
    asked = recipe.structure
    model = model_of_structure(
        asked.file,
        asked.oxidation_states,
        crystals=[load_crystal(spec) for spec in asked.crystals],
        charge=asked.charge,
    )
    made_by = model.report.provenance or Provenance()
    provenance = replace(made_by, **asked_recipe(recipe.as_dict()))
    return replace(model, report=replace(model.report, provenance=provenance))


def _particle(recipe: ParticleRecipe) -> Carved:
    """Return a particle of one crystal, or of core and shell, and how it was turned."""
    if recipe.series is not None:
        raise InputError("the recipe holds a series; use epicarve series, or take series: out")
    core = None
    if recipe.core is not None:
        spec = recipe.core
        core = Core(load_crystal(spec.crystal), spec.shape, spec.lattice)
    carved = carved_of(
        load_crystal(recipe.crystal),
        recipe.shape,
        recipe.balance,
        core=core,
        treatment=recipe.treatment,
        ligands=recipe.ligands,
    )
    variants = tuple(ordering.variant for ordering in load_orderings(recipe.crystal))
    if not variants or core is not None:
        return carved
    report = replace(carved.model.report, orderings=variants)
    return carved._replace(model=replace(carved.model, report=report))


def _heterostructure(recipe: HeterostructureRecipe) -> Carved:
    """Return two joined halves, or one of them, and how each was turned."""
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
        return Carved(alone, (crystals[recipe.only],), rotations)
    relaxed = {
        key: relaxed_geometry(domain.relaxed)
        for key, domain in (("film", recipe.film), ("substrate", recipe.substrate))
        if domain.relaxed is not None
    }
    model = join_relaxed(janus, film.crystal, substrate.crystal, **relaxed)
    return Carved(model, tuple(crystals.values()), rotations)


@lru_cache(maxsize=1)
def _joined(
    film_json: str,
    substrate_json: str,
    interface_json: str,
    ages_of_files: tuple[int, ...],
) -> tuple[HalfParticle, HalfParticle, Janus, Rotations]:
    """Join two halves; a run builds each of them and the whole, from one and the same solution."""
    spec = InterfaceSpec.model_validate_json(interface_json)
    domains = [DomainSpec.model_validate_json(text) for text in (film_json, substrate_json)]
    crystals = distinct_names([load_crystal(domain.crystal) for domain in domains])
    refuse_same(crystals[0], crystals[1], ("film", "substrate"))
    asked = (
        (spec.film_hkl, spec.film_termination),
        (spec.substrate_hkl, spec.substrate_termination),
    )
    faces = [
        (crystal, *stated_face(crystal, domain.shape, *face))
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
    return film, substrate, janus, rotations_of(film, substrate, interface)
