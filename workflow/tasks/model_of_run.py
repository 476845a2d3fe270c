"""The model that the states of a run are of: in its folder or given, at the geometry of the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from epicarve.analysis.states import require_same_atoms
from epicarve.builder.extxyz import read_atoms
from epicarve.builder.geometry import SAME_ORDER_A, kabsch
from epicarve.builder.model import COLUMNS, Model
from epicarve.builder.report import Relaxation
from epicarve.errors import InputError, require_kind
from epicarve.files import read_json
from epicarve.workflow.recipes import RELAXED, geometry_of_states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Floats
    from epicarve.dft.read import RunFolder

MODEL = "model.extxyz"
"""Name of the model in the folder of a run."""


def given_model(model: Model | Path | str, oxidation_states: Mapping[str, int] | None) -> Model:
    """Return a model that is given as such, as what epicarve wrote, or as coordinates.

    Raises
    ------
    InputError
        If it is none of these, or has charges of its own beside those that are given.
    """
    require_kind(model, (Model, Path, str), "the model", "give a Model, or a path")
    path = None if isinstance(model, Model) else Path(model)
    if path is not None and path.is_file() and not set(COLUMNS) <= set(read_atoms(path).arrays):
        return Model.from_structure(path, oxidation_states)
    if oxidation_states is not None:
        raise InputError(f"{path or 'the model'}: it has charges of its own; leave others out")
    return Model.read(path) if path is not None else cast("Model", model)


def at_geometry(model: Model, symbols: tuple[str, ...], positions_a: Floats) -> Model:
    """Return a model at the geometry of a run; refuse one that is not of its atoms."""
    require_same_atoms(symbols, model)
    rms_a = kabsch(model.positions_a, positions_a).rms_a
    if rms_a > SAME_ORDER_A:
        raise InputError(
            f"the model lies {rms_a:.2f} Å rms from the atoms of the run, more than "
            f"{SAME_ORDER_A:g} Å; give the model whose states these are, in the order of the run"
        )
    return replace(model, positions_a=positions_a)


def made_by(model: Model | None) -> dict[str, Any]:
    """Return what a model says of its own origin, as a block of the provenance of its states."""
    origin = None if model is None else model.report.provenance
    return {} if origin is None else {"model": origin.as_dict()}


def model_as_computed(run_folder: RunFolder) -> Model | None:
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


def relaxation_of(folder: Path) -> Relaxation | None:
    """Return what the embedded engine said of its relaxation, None if there is nothing."""
    told = (folder / RELAXED).with_suffix(".json")
    if not told.is_file():
        return None
    relaxation = read_json(told).get("relaxation")
    if not isinstance(relaxation, dict):
        raise InputError(f"{told}: it tells of no relaxation; run the chain again")
    return Relaxation.of(relaxation, str(told))
