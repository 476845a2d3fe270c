"""The whole chain: build, relax, states, analyse; stages that are complete are not repeated."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from epicarve.builder.model import Model
from epicarve.dft.cp2k import run_stages
from epicarve.dft.inputs import write_stages
from epicarve.dft.xtb import orbital_states, relax
from epicarve.files import write_json, write_text

from .analyse import analyse
from .build import Built, build
from .geometry import RELAXED
from .recipe import Recipe, read_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from epicarve.dft.xtb import XtbSettings

STATES = "2-states/states.npz"


def run(
    recipe: Recipe | Path | str,
    out: Path | str,
    *,
    engine: Literal["cp2k", "xtb"] | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Run a recipe from the crystal to the trap-filtered gap, on this machine.

    Parameters
    ----------
    recipe : Recipe, Path or str
        The recipe, or the path of its YAML file.
    out : Path or str
        Folder for the model, the stages and the results. Run again, it takes up where it stopped.
    engine : {"cp2k", "xtb"}, optional
        Overrides that of the recipe.
    on_progress : callable, optional
        Called with a short line of text whenever there is something to tell.

    Returns
    -------
    dict
        Content of summary.json.

    Raises
    ------
    InputError
        If the recipe is wrong, the engine is not there, or a stage fails.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(Path(recipe))
    out, tell = Path(out), on_progress or (lambda _: None)
    tell("build")
    built = build(recipe)
    if (engine or recipe.engine) == "cp2k":
        stages = write_stages(built.model, recipe.cp2k, recipe.machine, out)
        built.write(out)
        run_stages(out, stages, on_progress=tell)
    else:
        built.write(out)
        _run_xtb(built, recipe.xtb, out, tell)
    tell("analyse")
    return analyse(out, options=recipe.analysis)


def _run_xtb(built: Built, settings: XtbSettings, out: Path, tell: Callable[[str], None]) -> None:
    """Relax and compute the states with the embedded engine, unless the files are there."""
    key = _fingerprint(built.model, settings)
    if _is_complete(out / STATES, key):
        return

    def step(number: int, max_force_ev_a: float) -> None:
        tell(f"relax: step {number}, largest force {max_force_ev_a:.3f} eV/Å")

    if _is_complete(out / RELAXED, key):
        relaxed = Model.read(out / RELAXED)
    else:
        relaxed = relax(built.model, settings, step)
        relaxed.write_extxyz(out / RELAXED)
        told = {"relaxation": relaxed.report["relaxation"]}
        write_json((out / RELAXED).with_suffix(".json"), told)
        _mark_complete(out / RELAXED, key)
    tell("states")
    states = orbital_states(relaxed, settings)
    states.save(out / STATES)
    _mark_complete(out / STATES, key)


def _fingerprint(model: Model, settings: XtbSettings) -> str:
    """Hash of all that the result depends on."""
    digest = hashlib.sha256(model.positions_a.round(8).tobytes())
    digest.update(json.dumps([model.symbols.tolist(), settings.model_dump()]).encode())
    return digest.hexdigest()


def _marker(path: Path) -> Path:
    return path.with_suffix(".key")


def _is_complete(path: Path, key: str) -> bool:
    return path.is_file() and _marker(path).is_file() and _marker(path).read_text().strip() == key


def _mark_complete(path: Path, key: str) -> None:
    write_text(_marker(path), key + "\n")
