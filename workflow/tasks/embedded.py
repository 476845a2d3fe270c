"""The steps of the embedded engine: a relaxation and the states, each kept with its key."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from epicarve.analysis.states import KnownAtoms
from epicarve.builder.model import Model
from epicarve.dft.run import Stopped
from epicarve.dft.xtb import orbital_states, relax
from epicarve.files import write_json, write_text
from epicarve.workflow.recipes import RELAXED

from .analysis_settings import labels_of, requested_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from threading import Event

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.dft.xtb import XtbSettings

STATES = "2-states/states.npz"


def relax_embedded(
    model: Model, settings: XtbSettings, folder: Path, tell: Callable[[str], None], stop: Event
) -> None:
    """Relax a model and write its geometry, unless it is there already.

    Parameters
    ----------
    model : Model
        The model as it was built.
    settings : XtbSettings
        Settings of the engine.
    folder : Path
        Folder of the run.
    tell : callable
        Is told each step.
    stop : Event
        Ends the relaxation when it is set.

    Raises
    ------
    InputError
        If the engine cannot compute the model.
    Stopped
        If `stop` was set.
    """
    key = _fingerprint(model, settings)
    if _is_complete(folder / RELAXED, key):
        return

    def step(number: int, max_force_ev_a: float) -> None:
        if stop.is_set():
            raise Stopped
        tell(f"step {number} of {settings.max_steps}, largest force {max_force_ev_a:.3f} eV/Å")

    relaxed = relax(model, settings, step)
    relaxed.write_extxyz(folder / RELAXED)
    relaxation = relaxed.report.relaxation
    told = {"relaxation": None if relaxation is None else relaxation.as_dict()}
    write_json((folder / RELAXED).with_suffix(".json"), told)
    _mark_complete(folder / RELAXED, key)


def states_embedded(
    model: Model, settings: XtbSettings, folder: Path, options: AnalysisOptions
) -> None:
    """Compute the states of a relaxed model and write them, unless they are there already.

    Parameters
    ----------
    model : Model
        The model as it was built; its relaxed geometry lies in the folder.
    settings : XtbSettings
        Settings of the engine.
    folder : Path
        Folder of the run.
    options : AnalysisOptions
        The states are to have the overlap populations that it names.

    Raises
    ------
    InputError
        If the engine cannot compute the model, or a group of atoms is not known.
    """
    asked = options.model_dump(mode="json", include={"overlap_populations", "group_by", "groups"})
    key = _fingerprint(model, settings, asked if options.overlap_populations else {})
    if _is_complete(folder / STATES, key):
        return
    relaxed = Model.read(folder / RELAXED)
    symbols = tuple(relaxed.symbols.tolist())
    labels = labels_of(model, options, str(folder))
    pairs = requested_pairs(KnownAtoms.of(symbols, relaxed), options, labels)
    orbital_states(relaxed, settings, pairs).save(folder / STATES)
    _mark_complete(folder / STATES, key)


def _fingerprint(
    model: Model, settings: XtbSettings, asked: Mapping[str, Any] | None = None
) -> str:
    """Hash of all that the result depends on; `asked` is what was asked for beside it."""
    digest = hashlib.sha256(model.positions_a.round(8).tobytes())
    digest.update(json.dumps([model.symbols.tolist(), settings.model_dump()]).encode())
    if asked:
        digest.update(json.dumps(asked).encode())
    return digest.hexdigest()


def _marker(path: Path) -> Path:
    return path.with_suffix(".key")


def _is_complete(path: Path, key: str) -> bool:
    return path.is_file() and _marker(path).is_file() and _marker(path).read_text().strip() == key


def _mark_complete(path: Path, key: str) -> None:
    write_text(_marker(path), key + "\n")
