"""The whole calculation: build, relax, states, analyse; what is complete is not repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from epicarve.analysis.states import Analysis, KindAnalysis
from epicarve.blas import INSTALL, Blas, blas_of_program, load_fast_blas
from epicarve.dft.run import (
    PROGRAM,
    follow_stage,
    is_in_job,
    require_scheduler,
    run_stage,
    submit_chain,
)
from epicarve.dft.settings import RELAX_LIGANDS
from epicarve.errors import InputError
from epicarve.locks import locked
from epicarve.workflow.recipes import (
    BulkRecipe,
    ModelRecipe,
    Recipe,
    as_recipe,
    is_series,
    write_recipe,
)

from .analyse import analyse_folder
from .array import run_members
from .build import BuiltModel, build
from .bulk import RelaxedBulk, finish_bulk
from .embedded import relax_embedded, states_embedded
from .executor import execute
from .inputs import build_joined, inputs
from .status import read_status, reported
from .steps import Step, half_recipe, halves, step_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    import networkx as nx

On = Literal["local", "slurm", "pbs"]


Results = Analysis | KindAnalysis | RelaxedBulk
"""What a run comes to."""


def run(
    recipe: Recipe | Mapping[str, Any] | Path | str,
    out: Path | str,
    *,
    engine: Literal["cp2k", "xtb"] | None = None,
    on: On = "local",
    on_progress: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Run a recipe from the crystal to the trap-filtered gap, or relax a bulk crystal.

    Parameters
    ----------
    recipe : Recipe, mapping, Path or str
        The recipe, its keys as plain data, or the path of its YAML file.
    out : Path or str
        Folder for the model, the stages and the results. Run again, it takes up where it stopped;
        a stage that still runs, here or as a job, is followed and not started twice.
    engine : {"cp2k", "xtb"}, optional
        Overrides that of the recipe.
    on : {"local", "slurm", "pbs"}
        Whether the stages run on this machine or as jobs of a scheduler. Jobs run on by themselves
        if the runner is stopped or killed.
    on_progress : callable, optional
        Called with a short line of text whenever there is something to tell.

    Returns
    -------
    dict
        Content of summary.json; of bulk.json for a bulk crystal.

    Raises
    ------
    InputError
        If the recipe is wrong, the engine or the scheduler is not there, a stage fails, or another
        runner is at work in the folder.
    """
    return results_of_run(recipe, out, engine=engine, on=on, on_progress=on_progress).summary()


def results_of_run(
    recipe: Recipe | Mapping[str, Any] | Path | str,
    out: Path | str,
    *,
    engine: Literal["cp2k", "xtb"] | None = None,
    on: On = "local",
    on_progress: Callable[[str], None] | None = None,
) -> Results:
    """Run a recipe and return what it came to, in memory; see `run`."""
    recipe = chosen(as_recipe(recipe), engine, on)
    if is_series(recipe):
        raise InputError("the recipe holds a series; use epicarve campaign, or take series: out")
    out, tell = Path(out), on_progress or (lambda _: None)
    if on != "local":
        require_scheduler(on)
        if recipe.engine == "xtb":
            return _run_as_job(recipe, out, on, tell)
    with locked(out, "run"), reported(out, recipe, tell) as report:
        report("build")
        work = _Work(recipe, out, on, report)
        graph = work.prepared()
        failures = execute(graph, n_threads=1 if on == "local" else len(graph))
        if failures:
            raise _first(failures)
        (results,) = work.results  # one step in each graph is the last
        return results


def told_blas(recipe: Recipe) -> str:
    """Say which BLAS the engine of a run on this machine uses, and how to get a faster one.

    Parameters
    ----------
    recipe : Recipe
        The recipe, whose engine counts.

    Returns
    -------
    str
        Empty if it can't be told.
    """
    name, used = PROGRAM, blas_of_program(PROGRAM)
    if recipe.engine == "xtb":
        name, used = "tblite", load_fast_blas() or Blas("reference BLAS", "its own")
    if used is None:
        return ""
    told = f"{name} uses {used.kind} ({used.path})"
    if not used.is_fast:
        told += f"; OpenBLAS makes it several times as fast ({INSTALL})"
    return told


def chosen(
    recipe: Recipe, engine: Literal["cp2k", "xtb"] | None, on: On | Literal["parsl"]
) -> Recipe:
    """Return a recipe with the engine and the scheduler that were asked for beside it."""
    if engine == "xtb" and isinstance(recipe, BulkRecipe):
        raise InputError("bulk: crystals are relaxed by CP2K alone; leave --engine xtb out")
    asked: dict[str, Any] = {"engine": engine} if engine is not None else {}
    if on in {"slurm", "pbs"}:
        asked["machine"] = recipe.machine.model_copy(update={"scheduler": on})
    recipe = recipe.model_copy(update=asked)
    if isinstance(recipe, ModelRecipe) and (told := recipe.lacking_for_analysis):
        raise InputError(told)
    return recipe


@dataclass
class _Work:
    """A run while it goes on: what its steps do, and what they hand to each other."""

    recipe: Recipe
    out: Path
    on: On
    tell: Callable[[str], None]
    built: dict[str, BuiltModel] = field(default_factory=dict)
    results: list[Results] = field(default_factory=list)

    def prepared(self) -> nx.DiGraph:
        """Write all that can be written before the first step, and return the graph of steps."""
        recipe = self.recipe
        self.halves = halves(recipe, recipe.engine)
        with_ligands = False
        if recipe.engine == "cp2k":
            _, chain = inputs(recipe, self.out)
            with_ligands = any(stage.name == RELAX_LIGANDS for stage in chain)
            if self.on != "local":
                submit_chain(self.out)
        else:
            for half in self.halves:
                self._keep(half, build(half_recipe(recipe, half)))
            if not self.halves:
                self._keep("", build(recipe))
        graph = step_graph(recipe, recipe.engine, with_ligands=with_ligands)
        for name in graph:
            graph.nodes[name]["action"] = self._action(graph.nodes[name]["step"])
        return graph

    def _action(self, step: Step) -> Callable[[Event], None]:
        return lambda stop: self._do(step, stop)

    def _do(self, step: Step, stop: Event) -> None:
        folder = self.out / step.part

        def tell(line: str) -> None:
            self.tell(f"{step.part}/{line}" if step.part else line)

        if step.stage is not None and self.on != "local":
            follow_stage(folder, step.stage, self.on, tell, stop)
        elif step.stage is not None:
            command = None if is_in_job() else PROGRAM
            run_stage(folder, step.stage, tell, command=command, stop=stop)
        elif isinstance(self.recipe, BulkRecipe):
            self.results.append(finish_bulk(self.recipe, self.out))
        elif isinstance(self.recipe, ModelRecipe):
            self._do_with_model(self.recipe, step, tell, stop)

    def _do_with_model(
        self, recipe: ModelRecipe, step: Step, tell: Callable[[str], None], stop: Event
    ) -> None:
        """Do a step that is no run of CP2K: join, relax, compute states, analyse."""
        folder = self.out / step.part
        if step.task == "analyse":
            self.tell("analyse")
            analysis = analyse_folder(self.out, options=recipe.analysis)
            analysis.write(self.out)
            self.results.append(analysis)
        elif step.task == "join":
            self.tell("join")
            self._keep("", build_joined(recipe, self.out, self.halves))
        elif step.task == "relax":
            model = self.built[step.part].model
            relax_embedded(model, recipe.xtb, folder, lambda line: tell(f"relax: {line}"), stop)
        else:
            self.tell("states")
            states_embedded(self.built[""].model, recipe.xtb, folder, recipe.analysis)

    def _keep(self, part: str, built: BuiltModel) -> None:
        built.write(self.out / part)
        self.built[part] = built


def _run_as_job(
    recipe: Recipe, out: Path, on: Literal["slurm", "pbs"], tell: Callable[[str], None]
) -> Results:
    """Run the whole recipe as one job, which starts `epicarve run` where it lands."""
    if on == "pbs":
        raise InputError("the engine xtb runs as a job of SLURM only; use --on local in a PBS job")
    with locked(out, "follow"):
        write_recipe(recipe, out)
        failed = run_members(out, {".": recipe}, lambda told: tell(told.get(".", "ended")))
        status = read_status(out)
        if failed or status is None or status.state != "done":
            raise InputError(failed.get(".") or f"{out}: {status.told if status else 'no status'}")
        return analyse_folder(out)


def _first(failures: dict[str, Exception]) -> Exception:
    """Return the first failure; further ones are named in it."""
    (_, first), *rest = failures.items()
    if isinstance(first, InputError) and rest:
        return InputError(f"{first}; also failed: {', '.join(name for name, _ in rest)}")
    return first
