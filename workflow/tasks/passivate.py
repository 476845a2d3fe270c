"""Edits that answer the traps of a run, each as a recipe."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from epicarve.analysis.states import Analysis, TrapCause, cause_of
from epicarve.builder.crystal import distinct_names, refuse_molecules
from epicarve.builder.exchange import model_of_structure
from epicarve.builder.ligands import Ligand, ligand_of
from epicarve.builder.model import Model
from epicarve.builder.passivation import Halide, Proposal, Surroundings, edited, propose
from epicarve.builder.recognition import identify
from epicarve.errors import GuessWarning, InputError
from epicarve.workflow.recipes import (
    CrystalSpec,
    HeterostructureRecipe,
    ModelRecipe,
    ParticleRecipe,
    StructureRecipe,
    parse_recipe,
    with_files_beside,
)

from .analyse import analyse_folder
from .build import load_crystal
from .model_of_run import MODEL
from .passivation import AnsweredTrap, Passivation, RankedEdit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from epicarve.builder.crystal import Crystal

FOLDER = "passivate"
"""Name of the folder in that of the run, if no other is named."""

HALIDES = ("F", "Cl", "Br", "I")

BY_ATOMS = ("group_by", "groups", "overlap_populations")
"""Settings of the analysis that name atoms by number or column: those of an edited model differ."""

COPIED = ("engine", "cp2k", "xtb", "machine", "analysis")
"""Keys of the recipe of the run that those of the proposals have as well."""


def passivate(
    job: Path | str,
    out: Path | str | None = None,
    *,
    halide: str | None = None,
    ligand: str | None = "methylamine",
    most: int = 8,
    ipr_max: float | None = None,
    n_ipr_max: float | None = None,
    tell: Callable[[str], None] | None = None,
) -> Passivation:
    """Propose small neutral edits that give the ions of a run's traps what they lack.

    Parameters
    ----------
    job : Path or str
        The folder of a run that is through, with the model that epicarve wrote.
    out : Path or str, optional
        Folder for a recipe for each proposal, passivate.json and passivate.csv; nothing is written
        without it.
    halide : str, optional
        The anion of one charge that is added; that of the model if it has one, else Cl.
    ligand : str, optional
        The neutral ligand that is put on cations, as in `ligand_of`; none if None.
    most : int
        At most so many proposals, unless some trap would be left without any.
    ipr_max, n_ipr_max : float, optional
        Thresholds of the trap filters; those of the recipe if not given.
    tell : callable, optional
        Is told what is being done.

    Returns
    -------
    Passivation
        Traps with their causes, and the proposals by rank.

    Raises
    ------
    InputError
        If the folder has no model or no traps, or nothing can be proposed.
    """
    say = tell or (lambda _: None)
    job = Path(job)
    if most < 1:
        raise InputError(f"passivate: most {most} proposals asked for; give 1 or more")
    say("read")
    model = _model_of(job)
    found = analyse_folder(job, ipr_max=ipr_max, n_ipr_max=n_ipr_max)
    if not isinstance(found, Analysis):
        raise InputError(f"{job}: it holds weights of whole kinds of atoms, which tell no traps")
    if not found.traps.traps:
        why = "; ".join(found.traps.reasons.values()) or "each filter keeps the HOMO and the LUMO"
        raise InputError(f"{job}: it has no traps ({why}); give another threshold by --ipr-max")
    recipe = _recipe_of(model, job)
    specs, crystals = _crystals_of(recipe, model)
    for crystal in crystals.values():
        refuse_molecules(crystal, "edits that answer traps")
    binding = None if ligand is None else _donor(ligand)
    anion = _halide(halide, model)
    say("propose")
    model = _located(model, crystals)
    around = Surroundings.of(model, crystals)
    causes = [
        cause_of(trap, found.states.weights[:, trap.state], model, around.potentials_v)
        for trap in found.traps.traps
    ]
    sets = dict.fromkeys(cause.ions for cause in causes if cause.ions)
    proposals = [each for ions in sets for each in propose(around, ions, anion, binding)]
    ranked = _ranked(proposals, causes, model)
    builds = []
    for proposal in ranked:
        changed = _built(edited(model, proposal.change), tuple(crystals.values()))
        if changed is not None and changed.n_components <= model.n_components:
            builds.append((proposal, changed))
    chosen = _chosen([proposal for proposal, _ in builds], causes, most)
    if not chosen:
        told = ", ".join(f"{n} {kind}" for kind, n in Counter(c.kind for c in causes).items())
        raise InputError(
            f"{job}: nothing to propose for its {len(causes)} traps (causes: {told}); see "
            "docs/passivate.md for what an edit can answer"
        )
    edits = tuple(
        RankedEdit(
            rank=rank,
            proposal=proposal,
            edit=proposal.told(model),
            n_traps=_n_traps(proposal, causes),
            model=edited(model, proposal.change),
            recipe=_recipe(recipe, specs, f"proposal-{rank}.extxyz", model.net_charge),
        )
        for rank, (proposal, _) in enumerate((b for b in builds if b[0] in chosen), start=1)
    )
    traps = tuple(
        AnsweredTrap(
            trap=trap,
            energy_ev=float(found.states.energies_ev[trap.state]),
            cause=cause,
            proposals=tuple(edit.rank for edit in edits if _answers(edit.proposal, cause)),
        )
        for trap, cause in zip(found.traps.traps, causes, strict=True)
    )
    passivation = Passivation(job, traps, edits)
    if out is not None:
        passivation.write(out)
    return passivation


def _model_of(job: Path) -> Model:
    """Return the model of a run as it was built."""
    if not (job / MODEL).is_file():
        raise InputError(
            f"{job}: there is no {MODEL}, so it is not known which ions miss neighbours; give the "
            "folder of epicarve run or inputs"
        )
    return Model.read(job / MODEL)


def _recipe_of(model: Model, job: Path) -> ModelRecipe | None:
    """Return the recipe that a model was built by, None if there is none."""
    origin = model.report.provenance
    if origin is None or not origin.recipe:
        return None
    recipe = parse_recipe(with_files_beside(origin.recipe, job))
    return recipe if isinstance(recipe, ModelRecipe) else None


def _crystals_of(
    recipe: ModelRecipe | None, model: Model
) -> tuple[list[CrystalSpec], dict[str, Crystal]]:
    """Return the crystals of the domains of a model, as a recipe names them and as they are."""
    specs: list[CrystalSpec] = []
    if isinstance(recipe, ParticleRecipe):
        specs = [recipe.crystal, *([recipe.core.crystal] if recipe.core else [])]
    elif isinstance(recipe, HeterostructureRecipe):
        specs = [recipe.film.crystal, recipe.substrate.crystal]
    elif isinstance(recipe, StructureRecipe):
        specs = list(recipe.structure.crystals)
    loaded: Sequence[Crystal] = [load_crystal(spec) for spec in specs]
    if len(loaded) > 1:
        loaded = distinct_names(loaded)
    there = [
        (spec, crystal)
        for spec, crystal in zip(specs, loaded, strict=True)
        if crystal.name in model.domain_names
    ]
    return [spec for spec, _ in there], {crystal.name: crystal for _, crystal in there}


def _located(model: Model, crystals: dict[str, Crystal]) -> Model:
    """Return a model of given coordinates with the sites of its ions, as far as they are found."""
    if not crystals or model.has_molecules or np.any(model.sites >= 0):
        return model
    try:
        found = identify(model.to_ase(), list(crystals.values()))
    except InputError:
        return model
    sites = model.sites.copy()
    for name, crystal in crystals.items():
        mine = np.flatnonzero((found.domain_of == name) & (model.domains == name))
        of_mine = found.site_of[mine].astype(int)
        alike = crystal.symbols[of_mine] == model.symbols[mine]
        sites[mine[alike]] = of_mine[alike]
    return replace(model, sites=sites)


def _donor(name: str) -> Ligand:
    """Return a neutral ligand by its name."""
    ligand = ligand_of(name)
    if not isinstance(ligand, Ligand) or ligand.kind != "L":
        raise InputError(
            f"--ligand {name}: it is not a neutral molecule that binds; give one such as "
            "methylamine, or none"
        )
    return ligand


def _halide(symbol: str | None, model: Model) -> Halide:
    """Return the anion of one charge that is added."""
    ions = model.ions
    single = ions.symbols[(ions.charges == -1) & np.isin(ions.symbols, list(HALIDES))]
    if symbol is None:
        counts = Counter(single.tolist())
        return Halide(min(counts, key=lambda s: (-counts[s], s), default="Cl"))
    if symbol not in HALIDES:
        raise InputError(f"--halide {symbol}: it is no halide; give one of {', '.join(HALIDES)}")
    return Halide(symbol)


def _answers(proposal: Proposal, cause: TrapCause) -> bool:
    """Return whether a proposal answers all ions that a trap comes from."""
    return bool(cause.ions) and set(cause.ions) <= proposal.answered


def _n_traps(proposal: Proposal, causes: Sequence[TrapCause]) -> int:
    return sum(_answers(proposal, cause) for cause in causes)


def _ranked(
    proposals: Sequence[Proposal], causes: Sequence[TrapCause], model: Model
) -> list[Proposal]:
    """Return the proposals by atoms, energy and number of traps; the same change once."""
    alike = {
        (
            frozenset(each.change.removed),
            frozenset((ion.symbol, ion.position_a) for ion in each.change.added),
            frozenset(put.ion for put in each.change.ligands),
        ): each
        for each in reversed(proposals)
    }
    return sorted(
        alike.values(),
        key=lambda each: (*each.order[:2], -_n_traps(each, causes), each.told(model)),
    )


def _chosen(ranked: Sequence[Proposal], causes: Sequence[TrapCause], most: int) -> list[Proposal]:
    """Return the first of each trap, and others by rank until there are enough."""
    first = [next((each for each in ranked if _answers(each, cause)), None) for cause in causes]
    chosen = [each for each in ranked if any(each is one for one in first)]
    rest = [each for each in ranked if each not in chosen]
    return chosen + rest[: max(0, most - len(chosen))]


def _built(model: Model, crystals: Sequence[Crystal]) -> Model | None:
    """Return an edited model as its recipe builds it, None if it can't."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GuessWarning)
        try:
            return model_of_structure(model.to_ase(), crystals=crystals, charge=model.net_charge)
        except InputError:
            return None


def _recipe(
    recipe: ModelRecipe | None, specs: Sequence[CrystalSpec], name: str, charge: int
) -> StructureRecipe:
    """Return the recipe of a proposal: level and analysis as in that of the run."""
    told = {} if recipe is None else recipe.as_dict()
    asked = told.get("analysis", {})
    analysis = {key: value for key, value in asked.items() if key not in BY_ATOMS}
    look = dict(asked.get("figures", {}))
    if "groups" in look and look["groups"] in {"own", asked.get("group_by")}:
        del look["groups"]
        analysis["figures"] = look
    told["analysis"] = analysis
    crystals = [spec.model_dump(mode="json", exclude_unset=True) for spec in specs]
    structure = {
        "file": name,
        **({"crystals": crystals} if crystals else {}),
        **({"charge": charge} if charge else {}),
    }
    data = {"structure": structure, **{key: told[key] for key in COPIED if told.get(key)}}
    made = parse_recipe(data)
    assert isinstance(made, StructureRecipe)  # it has that key
    return made
