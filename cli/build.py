"""epicarve build."""

from __future__ import annotations

from .terminal import (
    AsJson,
    OutFolder,
    RecipeFile,
    console,
    facts_table,
    model_facts,
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
    console().print(facts_table(built.summary["formula"], model_facts(built.summary)))
    console().print(f"model, picture and ledger in {out}", soft_wrap=True)
