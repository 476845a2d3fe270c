"""epicarve build."""

from __future__ import annotations

from .model_facts import facts_of_model
from .terminal import (
    AsJson,
    OutFolder,
    RecipeFile,
    console,
    facts_table,
    print_json,
    progress,
)


def build(recipe: RecipeFile, out: OutFolder, as_json: AsJson = False) -> None:
    """Carve, join or read a model: model.extxyz, model.cif, model.json, preview.png."""
    with progress("build") as tell:
        from epicarve.workflow.tasks.build import build as build_model

        built = build_model(recipe, out, tell)
    if as_json:
        print_json(built.summary)
        return
    console().print(facts_table(built.model.formula, facts_of_model(built.model)))
    files = (
        "model, picture and ledger" if built.model.report.structure is None else "model and picture"
    )
    console().print(f"{files} in {out}", soft_wrap=True)
