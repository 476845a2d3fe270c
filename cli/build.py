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
    """Carve or join a model: model.extxyz, model.cif, model.json, preview.png."""
    with progress("build") as tell:
        from epicarve.workflow.tasks.build import build as build_model

        built = build_model(recipe, out, tell)
    if as_json:
        print_json(built.summary)
        return
    console().print(facts_table(built.model.formula, facts_of_model(built.model)))
    console().print(f"model, picture and ledger in {out}", soft_wrap=True)
