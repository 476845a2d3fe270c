"""From output files to states, gap, figure and report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.analyse import analyse_states
from epicarve.analysis.kinds import analyse_kinds
from epicarve.analysis.options import AnalysisOptions
from epicarve.analysis.states import Sites, group_pairs, partitions_of, require_same_atoms
from epicarve.builder.extxyz import read_atoms
from epicarve.builder.model import Model
from epicarve.builder.output import notes_of_origins
from epicarve.dft.orbitals import Weighing
from epicarve.dft.read import RunFolder, read_folder
from epicarve.dft.states import KindStates
from epicarve.errors import InputError
from epicarve.files import read_json
from epicarve.workflow.recipes import RELAXED, checked, geometry_of_states, parse_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.dft.orbitals import GroupPair

MODEL = "model.extxyz"


def analyse(
    folder: Path | str,
    out: Path | str | None = None,
    *,
    ipr_max: float | None = None,
    n_ipr_max: float | None = None,
    broadening_ev: float | None = None,
    group_by: str | None = None,
    hdf5: bool = False,
    figures: Mapping[str, Any] | None = None,
    n_states: int | None = None,
    weights: str = "lowdin",
    overlap_populations: Sequence[tuple[str, str]] | None = None,
    project: str | None = None,
    step: int | None = None,
    options: AnalysisOptions | None = None,
) -> dict[str, Any]:
    """Read the states in a folder, whoever made them, and write figures, tables and summary.

    Parameters
    ----------
    folder : Path or str
        A folder with CP2K output (one per-atom LDOS file for each atom, the .wfn file, or orbitals
        as text or Molden file), or one that `epicarve.run` made. From .pdos files of whole kinds
        come only the plain gap and the density of states, with a figure. If it holds a
        model.extxyz, domains are named after it.
    out : Path or str, optional
        Where to write; the folder itself if not given.
    ipr_max, n_ipr_max : float, optional
        Thresholds of the trap filters, fixed and size-aware; override those of `options`.
    broadening_ev : float, optional
        Standard deviation of the Gaussians, in eV; overrides that of `options`. Steps of energy are
        at most a fifth of it.
    group_by : str, optional
        Column of model.extxyz by whose values the atoms are grouped too; overrides that of
        `options`.
    hdf5 : bool
        Whether to write analysis.h5 as well.
    figures : mapping, optional
        Fields of `FigureOptions`, such as ``{"formats": ["pdf"]}``, that override those of
        `options`.
    n_states : int, optional
        Weigh only this many orbitals of each spin, those around the gap; weights that the folder
        holds are not used.
    weights : {"lowdin", "mulliken"}
        Whose weights; Mulliken's are computed from orbitals.
    overlap_populations : sequence of pairs of str, optional
        Pairs of groups of atoms, such as ``[("Pb", "S")]``, to have the overlap populations of;
        overrides those of `options`. The orbitals must be in the folder, not their weights alone.
    project : str, optional
        Which project of CP2K, where the folder holds several that can be used.
    step : int, optional
        Which step of an optimisation or of molecular dynamics; the last one if not given.
    options : AnalysisOptions, optional
        Settings; those of the recipe in model.json if there is one, else the defaults.

    Returns
    -------
    dict
        Content of summary.json.

    Raises
    ------
    InputError
        If the folder holds no finished, whole and consistent output, the column is not there, or a
        setting is wrong.
    """
    folder = Path(folder)
    run_folder = RunFolder(folder)
    model = _model_as_computed(run_folder)
    made_by: dict[str, Any] = model.report.get("provenance", {}) if model is not None else {}
    if options is None:
        recipe = made_by.get("recipe")
        options = parse_recipe(recipe).analysis if recipe else AnalysisOptions()
    settings = options.model_dump()
    asked = {
        "ipr_max": ipr_max,
        "n_ipr_max": n_ipr_max,
        "broadening_ev": broadening_ev,
        "group_by": group_by,
        "overlap_populations": overlap_populations,
    }
    settings.update((name, value) for name, value in asked.items() if value is not None)
    if broadening_ev is not None:
        settings["energy_step_ev"] = min(settings["energy_step_ev"], broadening_ev / 5.0)
    settings["figures"].update(figures or {})
    options = checked(AnalysisOptions, settings, "settings of the analysis")
    labels = labels_of(folder, options)
    weighing = Weighing(n_states, weights, coefficients=bool(options.overlap_populations))
    reading = read_folder(run_folder, weighing, project=project, step=step)
    states = reading.states
    notes = notes_of_origins(made_by.get("crystal", {}))
    relaxation = _relaxation(folder)
    if relaxation and not relaxation["converged"]:
        notes += (
            f"The relaxation stopped after {relaxation['n_steps']} steps, at a largest force of "
            f"{relaxation['max_force_ev_a']:.2f} eV/Å.",
        )
    provenance = {
        **({"relaxation": relaxation} if relaxation else {}),
        **({"model": made_by} if made_by else {}),
    }
    if isinstance(states, KindStates):
        return analyse_kinds(
            states,
            options,
            folder=folder if out is None else Path(out),
            provenance=provenance,
            hdf5=hdf5,
        )
    if reading.orbitals is not None and options.overlap_populations:
        pairs = pairs_asked(states.symbols, options, model, labels)
        states = reading.with_overlap_populations(pairs)
    positions_a = reading.positions_a if model is None else None
    del reading  # orbitals may take gigabytes
    return analyse_states(
        states,
        options,
        folder=folder if out is None else Path(out),
        model=model,
        provenance=provenance,
        notes=notes,
        labels=labels,
        positions_a=positions_a,
        hdf5=hdf5,
    )


def labels_of(folder: Path, options: AnalysisOptions) -> list[object] | None:
    """Return the labels that the atoms are to be grouped by, None if there are to be none."""
    return _column(folder, options.group_by) if options.group_by else None


def pairs_asked(
    symbols: tuple[str, ...],
    options: AnalysisOptions,
    model: Model | None,
    labels: Sequence[object] | None,
) -> tuple[GroupPair, ...]:
    """Return the pairs of groups of atoms that options ask for.

    Parameters
    ----------
    symbols : tuple of str
        Element of each atom.
    options : AnalysisOptions
        Their `overlap_populations` name the pairs.
    model : Model or None
        The model at the geometry of the states, for domains and positions.
    labels : sequence or None
        Labels by which the atoms are grouped too.
    """
    if not options.overlap_populations:
        return ()
    if model is not None:
        require_same_atoms(symbols, model)
    partitions = partitions_of(symbols, options, model, Sites.of(symbols, model), labels)
    return group_pairs(options.overlap_populations, partitions)


def _column(folder: Path, name: str) -> list[object]:
    """Return a column of the model in a folder, one value for each atom."""
    if not (folder / MODEL).is_file():
        raise InputError(
            f"{folder}: there is no {MODEL} in it whose column {name!r} could group the atoms; "
            "add one, or leave group_by out"
        )
    arrays = read_atoms(folder / MODEL).arrays
    columns = sorted(key for key, values in arrays.items() if values.ndim == 1)
    if name not in columns:
        raise InputError(
            f"{folder / MODEL}: there is no column {name!r} to group by; there are "
            f"{', '.join(columns)}"
        )
    values: list[object] = arrays[name].tolist()
    return values


def _model_as_computed(run_folder: RunFolder) -> Model | None:
    """Return the model in a folder that epicarve made, at the geometry of its states."""
    folder = run_folder.path
    if not (folder / MODEL).is_file():
        return None
    model = Model.read(folder / MODEL)
    relaxed = geometry_of_states(run_folder)
    if relaxed is None:
        return model
    positions_a = np.array(read_atoms(relaxed).positions)
    if len(positions_a) != model.n_atoms:
        raise InputError(
            f"{relaxed}: {len(positions_a)} atoms, but {folder / MODEL} has {model.n_atoms}; "
            "the folder mixes two runs, so run the chain again in an empty one"
        )
    return replace(model, positions_a=positions_a)


def _relaxation(folder: Path) -> dict[str, Any] | None:
    """Return what the embedded engine said of its relaxation, None if there is nothing."""
    told = (folder / RELAXED).with_suffix(".json")
    if not told.is_file():
        return None
    relaxation = read_json(told).get("relaxation")
    if not isinstance(relaxation, dict):
        raise InputError(f"{told}: it tells of no relaxation; run the chain again")
    return relaxation
