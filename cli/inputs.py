"""epicarve inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from epicarve.dft.write import StageResources


def inputs(recipe: RecipeFile, out: OutFolder, as_json: AsJson = False) -> None:
    """Write CP2K inputs and job scripts of a model or a bulk crystal, to copy to a cluster."""
    with progress("build, then write inputs"):
        from epicarve.dft.write import read_parts, read_resources
        from epicarve.workflow.tasks.bulk import Bulk
        from epicarve.workflow.tasks.inputs import inputs as write_inputs
        from epicarve.workflow.tasks.inputs import notes_of_level

        built, stages = write_inputs(recipe, out)
        parts, notes = read_parts(out), notes_of_level(recipe)
        needs = {
            f"{part}/{folder}" if part else folder: need
            for part in parts
            for folder, need in read_resources(out / part).items()
        }
    if as_json:
        files = [
            {
                "name": stage.name,
                "input": stage.input,
                "script": stage.script,
                "resources": needs[stage.folder].as_dict(),
            }
            for stage in stages
        ]
        told = {"model": built.summary, "stages": files, "submit": "submit.sh"}
        print_json(told | {"notes": notes})
        return
    if isinstance(built, Bulk):
        from .results import bulk_facts

        console().print(facts_table(built.crystal.formula, bulk_facts(built)))
    else:
        console().print(facts_table(built.model.formula, facts_of_model(built.model)))
    console().print(resources_table(needs))
    for mismatch, of_stages in _mismatches(needs).items():
        console().print(f"[yellow]{', '.join(of_stages)}[/]: {mismatch}")
    for note in (*dict.fromkeys(need.note for need in needs.values() if need.note), *notes):
        console().print(note)
    for part, folders in parts.items():
        console().print(f"{f'{part}: ' if part else ''}{' → '.join(folders)}")
    console().print(f"in {out}; copy it to the cluster and run ./submit.sh there,")
    console().print("or ./run.sh on a machine with CP2K and no scheduler")


def _mismatches(needs: Mapping[str, StageResources]) -> dict[str, list[str]]:
    """Return what is asked for far from what is needed, and by which stages."""
    found: dict[str, list[str]] = {}
    for stage, need in needs.items():
        for told in filter(None, need.mismatch.split("; ")):
            found.setdefault(told, []).append(stage)
    return found


def resources_table(needs: Mapping[str, StageResources]) -> Table:
    """Return the table of what each stage needs, and of the cores that its job asks for."""
    from rich import box
    from rich.table import Table

    from epicarve.units import duration, two_digits

    table = Table(
        title="estimated needs",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        collapse_padding=True,
    )
    cores = "nodes ×\nranks ×\nthreads"
    for head in ("stage", "functions", "states", "memory,\nGB", "disk,\nGB", "time", cores):
        table.add_column(head, justify="left" if head == "stage" else "right", no_wrap=True)
    for stage, need in needs.items():
        table.add_row(
            stage,
            f"{need.functions:,}",
            f"{need.states:,}",
            two_digits(need.memory_gb),
            two_digits(need.disk_gb),
            duration(need.time_h * 3600),
            f"{need.nodes} × {need.ranks // need.nodes} × {need.threads_per_rank}",
        )
    return table
