"""epicarve inputs."""

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


def inputs(recipe: RecipeFile, out: OutFolder, as_json: AsJson = False) -> None:
    """Build a model and write its CP2K inputs and job scripts, ready to copy to a cluster."""
    with progress("build, then write inputs"):
        from epicarve.workflow.inputs import inputs as write_inputs

        built, stages = write_inputs(recipe, out)
    if as_json:
        files = [{"name": s.name, "input": s.input, "script": s.script} for s in stages]
        print_json({"model": built.summary, "stages": files, "submit": "submit.sh"})
        return
    console().print(facts_table(built.summary["formula"], model_facts(built.summary)))
    steps = " → ".join(stage.folder for stage in stages)
    console().print(f"{steps} in {out}; copy it to the cluster and run ./submit.sh there,")
    console().print("or ./run.sh on a machine with CP2K and no scheduler")
