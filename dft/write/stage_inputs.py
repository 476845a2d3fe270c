"""CP2K inputs: the chain of a finite model, and the relaxation of a crystal or a slab."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.builder.interfaces import Slab
from epicarve.builder.model import Model
from epicarve.dft.check import HUBBARD_AT_KPOINTS, MOMENT_KEPT
from epicarve.dft.cp2k_input import as_list, input_text, read_text
from epicarve.dft.settings import (
    KPOINT_SPACING_PER_A,
    RELAX_LIGANDS,
    START,
    BasisElement,
    Cp2kSettings,
    MachineSettings,
    PeriodicSettings,
    Stage,
    basis_elements,
    chosen_cutoff_ry,
    periodic_stages,
)
from epicarve.errors import InputError, require_kind
from epicarve.files import filled_folder, holds_text, write_text

from .electrons import n_added_mos, n_valence_electrons, refuse_odd_electrons
from .extra import checked_notes, put_extra, without_own
from .job_scripts import ORDER, job_files
from .level import (
    basis_files,
    exchange_correlation,
    kinds,
    own_files,
    potential_file,
    refuse_hubbard_without_shells,
)
from .memory import StagePlan, noted, planned_periodic, planned_stages
from .resources import RESOURCES
from .system import System
from .text import merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.dft.settings import LevelSettings, RelaxSettings

BOUNDARIES = {0: "finite", 2: "slab", 3: "bulk"}
"""Fragment for each number of periodic directions."""

CONVERGENCE_ENFORCED = "2024.1"
"""First version in which an SCF that does not converge stops CP2K unless told otherwise."""

DOS_SECTION = "2026.2"
"""First version in which projections stand in &DOS."""

DEFAULT_MAX_FORCE = 4.5e-4
"""CP2K's default of MAX_FORCE in hartree/bohr, to which its other criteria are in proportion."""


def write_cp2k(
    model: Model | Slab,
    settings: LevelSettings | Mapping[str, Any] | None,
    folder: Path | str,
    machine: MachineSettings | Mapping[str, Any] | None = None,
) -> tuple[Stage, ...]:
    """Write a model with the inputs and job scripts of its CP2K chain; the folder runs as it is.

    Of a slab there is one stage, which relaxes it.

    Parameters
    ----------
    model : Model or Slab
        The model.
    settings : Cp2kSettings, or PeriodicSettings of a slab, dict or None
        What is calculated; the defaults if None, of a slab with k-points as dense as those of
        bulk crystals.
    folder : Path or str
        Where to write: the files of the model, a folder for each stage, submit.sh and run.sh.
    machine : MachineSettings, optional
        What the job scripts ask for.

    Returns
    -------
    tuple of Stage
        The stages, in the order in which they run.

    Raises
    ------
    InputError
        If something is of a wrong type, or as for `write_stages`.
    """
    machine = MachineSettings.given(machine, "write_cp2k: machine")
    if isinstance(model, Slab):
        system = System.of_slab(model)
        if settings is None:
            settings = PeriodicSettings(kpoints=system.kpoints(KPOINT_SPACING_PER_A))
        settings = PeriodicSettings.given(settings, "write_cp2k: settings of a slab")
        return write_periodic(system, settings, machine, Path(folder))
    remedy = "give what epicarve.carve, join or Interface.slab returns"
    require_kind(model, Model, "write_cp2k: the model", remedy)
    settings = Cp2kSettings.given(settings, "write_cp2k: settings")
    chain = write_stages(model, settings, machine, Path(folder))
    model.write(folder)
    return chain


def write_stages(
    model: Model,
    settings: Cp2kSettings,
    machine: MachineSettings,
    folder: Path,
    *,
    only_relax: bool = False,
) -> tuple[Stage, ...]:
    """Write the inputs and job scripts of the chain; the folder runs as it stands.

    Parameters
    ----------
    model : Model
        The model; with an even number of valence electrons unless a multiplicity is set.
    settings : Cp2kSettings
        What is calculated.
    machine : MachineSettings
        What the job scripts ask for.
    folder : Path
        Where to write. Files that are there already with the same content keep their age, so that
        stages that are complete need not run again.
    only_relax : bool
        Whether the chain ends with the last relaxation, as for a half that is to be joined.

    Returns
    -------
    tuple of Stage
        The stages, in the order in which they run.

    Raises
    ------
    InputError
        If an element has no basis set, the electrons do not fit the multiplicity, more empty states
        are asked for than the basis set has, or a stage needs more memory than the machine has.
    """
    plans = planned_stages(model, settings, machine)
    plans = tuple(plan for plan in plans if plan.stage.relaxation or not only_relax)
    _write(plans, machine, folder)
    return tuple(plan.stage for plan in plans)


def write_periodic(
    system: System, settings: PeriodicSettings, machine: MachineSettings, folder: Path
) -> tuple[Stage, ...]:
    """Write the input and job scripts that relax a crystal or a slab; the folder runs as it stands.

    Parameters
    ----------
    system : System
        The unit cell, for instance ``System.of_crystal(crystal)``.
    settings : PeriodicSettings
        What is calculated.
    machine : MachineSettings
        What the job scripts ask for.
    folder : Path
        Where to write.

    Returns
    -------
    tuple of Stage
        The one stage.

    Raises
    ------
    InputError
        If the system is finite, a slab's cell shall vary, or as for `write_stages`.
    """
    if system.dimensions == 0:
        raise InputError("a finite system has no k-points and no cell; use the chain of a model")
    if system.dimensions == 2 and settings.variable_cell:
        raise InputError("variable_cell: the cell of a slab can't relax in CP2K; set it to false")
    if system.dimensions == 2 and settings.kpoints[2] > 1:
        raise InputError(f"kpoints: {settings.kpoints[2]} along the vacuum of a slab; give 1 there")
    if settings.xc.is_hybrid and settings.kpoints != (1, 1, 1):
        raise InputError(
            f"{settings.xc.name}: CP2K has no exact exchange with k-points and an auxiliary "
            "basis set; take a supercell with kpoints [1, 1, 1], or another functional"
        )
    at_kpoints = settings.plus_u and settings.kpoints != (1, 1, 1)
    if at_kpoints and not is_since(settings.version, HUBBARD_AT_KPOINTS):
        raise InputError(
            f"plus_u: CP2K before {HUBBARD_AT_KPOINTS} has no DFT+U with k-points; take a "
            f"supercell with kpoints [1, 1, 1], or set version to {HUBBARD_AT_KPOINTS} or later"
        )
    smeared = settings.smearing_k is not None and (settings.multiplicity or 1) > 1
    if smeared and settings.kpoints != (1, 1, 1) and not is_since(settings.version, MOMENT_KEPT):
        raise InputError(
            f"multiplicity: CP2K before {MOMENT_KEPT} can't keep it where it smears at k-points; "
            f"set version to {MOMENT_KEPT} or later, or take smearing_k out"
        )
    (stage,) = periodic_stages(settings.relax)
    _write((planned_periodic(system, settings, machine, stage),), machine, folder)
    return (stage,)


def stage_input(system: System, settings: LevelSettings, stage: Stage) -> str:
    """Return the text of the CP2K input of a stage.

    Parameters
    ----------
    system : System
        What is calculated.
    settings : Cp2kSettings or PeriodicSettings
        How it is calculated.
    stage : Stage
        The stage.
    """
    elements = basis_elements(system.symbols, settings)
    names = ["common", BOUNDARIES[system.dimensions]]
    if stage.is_tight_binding:
        names += ["xtb", "orbital-transformation"]
    else:
        names += ["dft", *_methods(settings), *_scf(settings, stage)]
    if settings.multiplicity is not None:
        names.append("spin")
    if stage.relaxation is not None:
        variable = isinstance(settings, PeriodicSettings) and settings.variable_cell
        names.append("cell-relaxation" if variable else "relaxation")
    if stage.name in {"relax", "ground-state"}:
        names.append("restartable")
    if stage.previous is not None and stage.previous.orbitals is not None:
        names.append("orbitals-from-previous")
    if is_since(settings.version, CONVERGENCE_ENFORCED):
        names.append("since-2024.1")
    values = _values(system, elements, settings, stage)
    tree = merged(names, values, settings.templates)
    if not stage.is_tight_binding:
        dft = tree["force_eval"]["dft"]
        printed = dft.get("xc", {})
        dft["xc"] = exchange_correlation(system, settings)
        for name, block in printed.items():
            dft["xc"].setdefault(name, {}).update(block)
        tree["force_eval"]["subsys"]["kind"] = kinds(elements, settings)
    if stage.name == "states":
        tree["force_eval"]["dft"]["print"] = _projections(system.n_atoms, settings.version)
    put_extra(tree, system, settings, stage)
    if stage.name == RELAX_LIGANDS:
        _hold_crystal(tree, system)
    return input_text(tree)


def is_since(version: str, first: str) -> bool:
    """Return whether a version of CP2K is `first` or a later one.

    Examples
    --------
    >>> is_since("2024.1", "2024.1"), is_since("2023.2", "2024.1")
    (True, False)
    """
    return tuple(map(int, version.split("."))) >= tuple(map(int, first.split(".")))


def _write(plans: tuple[StagePlan, ...], machine: MachineSettings, folder: Path) -> None:
    system, settings = plans[0].system, plans[0].settings
    elements = basis_elements(system.symbols, settings)
    refuse_odd_electrons(n_valence_electrons(system, elements, settings), settings)
    refuse_hubbard_without_shells(elements, settings)
    own = {name: read_text(path) for name, path in own_files(elements, folder).items()}
    chain = tuple(plan.stage for plan in plans)
    data = {stage.folder: own for stage in chain if own and not stage.is_tight_binding}
    texts = {plan.stage.input: stage_input(*plan[:3]) for plan in plans}
    notes = {
        plan.stage.folder: checked_notes(
            plan,
            texts[plan.stage.input],
            stage_input(*plain[:3]),
            data.get(plan.stage.folder, {}),
        )
        for plan in plans
        for plain in [without_own(plan)]
        if plain != plan
    }
    asked = {plan.stage.folder: plan.need for plan in plans}
    counted = " ".join(plans[0].system.crystal_ranges) if plans[0].system.ligand_atoms else ""
    texts |= job_files(chain, machine, data, asked, counted)
    texts |= {f"{stage}/{name}": own[name] for stage, names in data.items() for name in names}
    needs = {
        plan.stage.folder: noted(plan, *notes.get(plan.stage.folder, ())).need.as_dict()
        for plan in plans
    }
    texts[RESOURCES] = json.dumps(needs, indent=2) + "\n"
    start = system.xyz_text()
    changed = not holds_text(folder / START, start)
    for path in (START, *(stage.coordinates for stage in chain)):
        # The stages' own coordinates are replaced when they run; until then they make the inputs
        # whole, so that each can be checked.
        if changed or not (folder / path).is_file():
            texts[path] = start
    with filled_folder(folder, ORDER) as scratch:
        for name, text in texts.items():
            if not holds_text(folder / name, text):
                write_text(scratch / name, text)


def _methods(settings: LevelSettings) -> list[str]:
    """Return the fragments of what is combined with the functional."""
    names = ["gapw"] * (settings.method == "gapw")
    names += ["exact-exchange"] * settings.xc.is_hybrid
    return names + ["auxiliary-basis"] * settings.uses_auxiliary_basis


def _scf(settings: LevelSettings, stage: Stage) -> list[str]:
    """Return the fragments that say how the orbitals are found."""
    smearing = ["smearing"] * (settings.smearing_k is not None)
    if smearing and settings.multiplicity is not None:
        smearing.append("smearing-spin")
    if stage.name == "states":
        return ["states", *smearing]
    if isinstance(settings, PeriodicSettings):
        kpoints = ["kpoints"] * (settings.kpoints != (1, 1, 1))
        return ["diagonalization", *smearing, *kpoints]
    return ["diagonalization", *smearing] if smearing else ["orbital-transformation"]


def _values(
    system: System, elements: Mapping[str, BasisElement], settings: LevelSettings, stage: Stage
) -> dict[str, object]:
    """Return what the fragments leave open."""
    each = [elements[symbol] for symbol in system.symbols]
    n_electrons = n_valence_electrons(system, elements, settings)
    cell = [[_rounded(x) for x in vector] for vector in system.cell_a.tolist()]
    values: dict[str, object] = {
        "stage": stage.name,
        "charge": system.charge if settings.charge is None else settings.charge,
        "multiplicity": settings.multiplicity,
        "edges_a": [vector[axis] for axis, vector in enumerate(cell)],
        "poisson_solver": getattr(settings, "poisson_solver", "").upper(),
        **dict(zip("abc", cell, strict=True)),
        "coordinates": f"{stage.name}.xyz",
        "basis_files": [[name] for name in basis_files(elements)],
        "potential_file": potential_file(elements),
        "cutoff_ry": chosen_cutoff_ry(settings, elements.values()),
        "rel_cutoff_ry": settings.rel_cutoff_ry,
        "exchange_memory_mb": settings.exchange_memory_mb,
        "eps_default": settings.eps_default,
        "eps_scf": settings.eps_scf,
        "smearing_k": settings.smearing_k,
        "magnetic_moment": float((settings.multiplicity or 1) - 1),
        "added_mos": n_added_mos(
            n_electrons,
            sum(element.functions for element in each),
            settings.added_mos,
            settings.multiplicity or 1,
        ),
    }
    if stage.relaxation is not None:
        values |= _relaxation_values(stage.relaxation)
    if stage.previous is not None:
        values["previous_orbitals"] = f"../{stage.previous.orbitals}"
    if isinstance(settings, PeriodicSettings):
        names = ("kpoints_a", "kpoints_b", "kpoints_c")
        values |= dict(zip(names, settings.kpoints, strict=True))
    return values


def _hold_crystal(tree: dict[str, Any], system: System) -> None:
    """Hold the atoms of the crystal where they are, beside what is held already."""
    motion = as_list(tree["motion"])[0]
    constraint = as_list(motion.get("constraint", {}))[0]
    held = {"list": list(system.crystal_ranges)}
    constraint["fixed_atoms"] = [*as_list(constraint.get("fixed_atoms", [])), held]
    motion["constraint"] = constraint


def _relaxation_values(relaxation: RelaxSettings) -> dict[str, float]:
    scale = relaxation.max_force_hartree_bohr / DEFAULT_MAX_FORCE
    return {
        "max_steps": relaxation.max_steps,
        "max_force_hartree_bohr": relaxation.max_force_hartree_bohr,
        "rms_force_hartree_bohr": _rounded(3.0e-4 * scale, 6),
        "max_dr_bohr": _rounded(3.0e-3 * scale, 6),
        "rms_dr_bohr": _rounded(1.5e-3 * scale, 6),
    }


def _rounded(value: float, digits: int = 10) -> float:
    return float(f"{value:.{digits}g}")


def _projections(n_atoms: int, version: str) -> dict[str, Any]:
    """Return the sections that project the states on each atom and on each kind."""
    lists = [{"list": atom} for atom in range(1, n_atoms + 1)]
    if is_since(version, DOS_SECTION):
        return {"dos": {"pdos": {}, "ldos": lists}}
    return {"pdos": {"ldos": lists}}
