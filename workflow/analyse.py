"""From output files to states, gap, figure and report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from epicarve import __version__
from epicarve.analysis.analyse import analyse_states
from epicarve.analysis.options import AnalysisOptions
from epicarve.builder.model import Model
from epicarve.dft.read import read_states

from .recipe import parse_recipe


def analyse(
    folder: Path | str,
    out: Path | str | None = None,
    *,
    ipr_max: float | None = None,
    options: AnalysisOptions | None = None,
) -> dict[str, Any]:
    """Read the states in a folder, whoever made them, and write figures, tables and summary.

    Parameters
    ----------
    folder : Path or str
        A folder with CP2K output (one per-atom LDOS file for each atom), or one that
        `epicarve.run` made. If it holds a model.extxyz, domains are named after it.
    out : Path or str, optional
        Where to write; the folder itself if not given.
    ipr_max : float, optional
        Threshold of the trap filter; overrides that of `options`.
    options : AnalysisOptions, optional
        Settings; those of the recipe in model.json if there is one, else the defaults.

    Returns
    -------
    dict
        Content of summary.json.

    Raises
    ------
    InputError
        If the folder holds no finished, whole and consistent output.
    """
    folder = Path(folder)
    states = read_states(folder)
    model = Model.read(folder / "model.extxyz") if (folder / "model.extxyz").is_file() else None
    made_by: dict[str, Any] = model.report.get("provenance", {}) if model is not None else {}
    if options is None:
        recipe = made_by.get("recipe")
        options = parse_recipe(recipe).analysis if recipe else AnalysisOptions()
    if ipr_max is not None:
        options = AnalysisOptions.model_validate({**options.model_dump(), "ipr_max": ipr_max})
    crystals: dict[str, Any] = made_by.get("crystal", {})
    notes = tuple(
        f"Derived crystal: {name}. {origin['derivation']}"
        for name, origin in crystals.items()
        if origin["status"] == "derived"
    )
    provenance = {
        "version": __version__,
        "states": states.source,
        "analysis": options.model_dump(mode="json"),
        **({"model": made_by} if made_by else {}),
    }
    return analyse_states(
        states,
        options,
        folder=folder if out is None else Path(out),
        model=model,
        provenance=provenance,
        notes=notes,
    )
