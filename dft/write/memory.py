"""How stages are computed in the memory that there is: box, Poisson solver and cutoff of each."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from epicarve.dft.settings import (
    Cp2kSettings,
    basis_elements,
    chosen_cutoff_ry,
    least_cutoff_ry,
    stages,
)
from epicarve.errors import InputError

from .resources import StageResources, shared_grids_gb, stage_resources
from .system import System

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epicarve.builder.model import Model
    from epicarve.dft.settings import LevelSettings, MachineSettings, PeriodicSettings, Stage

CHOSEN = ("cutoff_ry", "vacuum_a", "poisson_solver")
"""Settings that are chosen to fit the memory, unless they are stated."""

CUTOFF_ERRORS = "energies within 0.04 meV an atom, forces within 6 meV/Å of those at 400 Ry"
"""What the lowest cutoff costs, see docs/cp2k.md."""

TIGHT_VACUUM_A = 4.0
"""Vacuum in Å that is enough where memory is short."""


class StagePlan(NamedTuple):
    """One stage: what is computed, how, and what that needs."""

    system: System
    settings: LevelSettings
    stage: Stage
    need: StageResources


def planned_stages(
    model: Model, settings: Cp2kSettings, machine: MachineSettings
) -> tuple[StagePlan, ...]:
    """Return how the stages of a model are computed, within the memory of the machine.

    Where that is short, what is not stated is chosen anew, what costs least accuracy first: the
    cutoff of stages at one geometry, the vacuum, the cutoff of relaxations, at last a box that fits
    the model with the multipole solver.

    Parameters
    ----------
    model : Model
        The model.
    settings : Cp2kSettings
        What is calculated; what they state stays.
    machine : MachineSettings
        Memory, processes and threads.

    Raises
    ------
    InputError
        If an element has no basis set, or a stage does not fit.
    """
    usual = _plans(model, (settings, settings), machine)
    if all(_fits(plan, machine) for plan in usual):
        return usual
    for trial in _savings(model, settings):
        plans = _plans(model, trial, machine)
        if all(_fits(plan, machine) for plan in plans):
            short = max(
                (plan for plan in usual if not _fits(plan, machine)),
                key=lambda plan: plan.need.memory_gb,
            )
            note = _note(plans, usual, short)
            return tuple(noted(plan, note) for plan in plans)
    stated = [key for key in CHOSEN if settings.model_dump(exclude_unset=True).get(key)]
    raise _too_large(max(plans, key=lambda plan: plan.need.memory_gb), machine, stated)


def planned_periodic(
    system: System, settings: PeriodicSettings, machine: MachineSettings, stage: Stage
) -> StagePlan:
    """Return how the stage of a crystal or a slab is computed; refuse it if it does not fit."""
    plan = StagePlan(system, settings, stage, stage_resources(system, settings, stage, machine))
    if not _fits(plan, machine):
        raise _too_large(plan, machine)
    return plan


def _plans(
    model: Model, trial: tuple[Cp2kSettings, Cp2kSettings], machine: MachineSettings
) -> tuple[StagePlan, ...]:
    """Return the stages with the settings of relaxations and those of single geometries."""
    relaxations, single = trial
    cubic = single.poisson_solver == "wavelet"
    system = System.of_model(model, single.vacuum_a, cubic=cubic)
    return tuple(
        StagePlan(system, chosen, stage, stage_resources(system, chosen, stage, machine))
        for stage in stages(single, with_ligands=bool(system.ligand_atoms))
        for chosen in [relaxations if stage.relaxation is not None else single]
    )


def _savings(model: Model, settings: Cp2kSettings) -> Iterator[tuple[Cp2kSettings, Cp2kSettings]]:
    """Yield settings of relaxations and of single geometries that need less and less memory."""
    stated = settings.model_fields_set
    solvers = {settings.poisson_solver: None}
    vacua_a = {settings.vacuum_a: None}
    if "poisson_solver" not in stated:
        solvers["multipole"] = None
    if "vacuum_a" not in stated:
        vacua_a[TIGHT_VACUUM_A] = None
    elements = basis_elements(model.symbols.tolist(), settings).values()
    usual, least = settings.cutoff_ry, settings.cutoff_ry
    if least_cutoff_ry(settings, elements) < chosen_cutoff_ry(settings, elements):
        least = least_cutoff_ry(settings, elements)
    for solver, of_relaxations, vacuum_a, single in product(
        solvers, dict.fromkeys((usual, least)), vacua_a, dict.fromkeys((usual, least))
    ):
        if of_relaxations == usual or single == least:
            box = {"poisson_solver": solver, "vacuum_a": vacuum_a}
            yield (
                settings.model_copy(update={**box, "cutoff_ry": of_relaxations}),
                settings.model_copy(update={**box, "cutoff_ry": single}),
            )


def _fits(plan: StagePlan, machine: MachineSettings) -> bool:
    most_gb = machine.of_stage(plan.stage.name).memory_gb
    return most_gb is None or plan.need.memory_gb <= most_gb * plan.need.nodes


def noted(plan: StagePlan, *notes: str) -> StagePlan:
    """Return a stage of which more must be said."""
    told = "; ".join(filter(None, (plan.need.note, *notes)))
    return plan._replace(need=replace(plan.need, note=told))


def _note(plans: tuple[StagePlan, ...], usual: tuple[StagePlan, ...], short: StagePlan) -> str:
    """Tell what was chosen so that a stage fits the memory that is too short for it as usual."""
    lowered = {
        "single geometries" if plan.stage.relaxation is None else "relaxations": cutoff_ry
        for plan, before in zip(plans, usual, strict=True)
        if (cutoff_ry := plan.settings.cutoff_ry) != before.settings.cutoff_ry
    }
    chosen = [
        f"{cutoff_ry:g} Ry for {' and '.join(lowered)} ({CUTOFF_ERRORS})"
        for cutoff_ry in set(lowered.values())
    ]
    box, usual_box = (each[0].settings for each in (plans, usual))
    assert isinstance(box, Cp2kSettings) and isinstance(usual_box, Cp2kSettings)
    if box.vacuum_a != usual_box.vacuum_a:
        chosen.append(f"{box.vacuum_a:g} Å of vacuum")
    if box.poisson_solver != usual_box.poisson_solver:
        chosen.append(
            "the multipole solver in a box that fits, in the place of wavelets in a cube (5 to 26 "
            "meV on five ions)"
        )
    return (
        f"to fit {short.need.asked_gb * short.need.nodes:g} GB, of which {short.stage.folder} "
        f"would need {short.need.memory_gb:.1f}: {', '.join(chosen)}"
    )


def _too_large(plan: StagePlan, machine: MachineSettings, stated: Sequence[str] = ()) -> InputError:
    """Return the error that tells what does not fit, by how much, and what would."""
    need, settings, ranks = plan.need, plan.settings, plan.need.ranks
    node_gb, most_gb = need.asked_gb, need.asked_gb * need.nodes
    grids_held_gb = shared_grids_gb(plan.system, settings, plan.stage, need.grid_points, ranks)
    rest_gb = need.memory_gb - grids_held_gb
    elements = basis_elements(plan.system.symbols, settings).values()
    cutoff_ry = chosen_cutoff_ry(settings, elements)
    edges = " × ".join(f"{edge:.1f}" for edge in plan.system.cell_a.diagonal())
    told = (
        f"machine.memory_gb: {plan.stage.folder} needs {need.memory_gb:.1f} GB, "
        f"{need.memory_gb - most_gb:.1f} more than the {most_gb:g} there are: "
        f"{grids_held_gb:.1f} GB of grids ({cutoff_ry:g} Ry, {edges} Å), "
        f"{rest_gb:.1f} GB of all else, mostly matrices of {need.functions} functions"
        f"{f', on {ranks} ranks' if ranks > 1 else ''}"
    )
    alone = {"nodes": 1, "ranks_per_node": 1, "stages": {}}
    own = machine.of_stage(plan.stage.name).model_copy(update=alone)
    needed_gb = stage_resources(plan.system, settings, plan.stage, own).memory_gb
    if ranks > 1 and needed_gb <= node_gb:
        threads = ranks // need.nodes * need.threads_per_rank
        return InputError(
            f"{told}; one rank of {threads} threads needs {needed_gb:.1f} GB: set nodes: 1, "
            f"ranks_per_node: 1 and threads_per_rank: {threads}"
        )
    freed = f"leave {' and '.join(stated)} out, " if stated else ""
    return InputError(f"{told}; {freed}give more nodes or memory, a smaller basis set or model")
