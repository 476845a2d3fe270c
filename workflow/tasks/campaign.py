"""Campaigns: many recipes run as one, with one table of how each stands and what it gave."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from epicarve.dft.run import Stopped, own_command, require_scheduler
from epicarve.errors import InputError
from epicarve.locks import is_locked, locked
from epicarve.workflow.recipes import Recipe, is_series, read_recipe, write_recipe

from .array import run_members
from .campaign_table import CampaignTable, TableWriter
from .executor import execute
from .run import chosen
from .series import members
from .status import RunStatus, is_done, key_of, read_status, write_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

LOG = "run.log"
"""What a member said, in its folder."""

POLL_SECONDS = 0.2


def campaign(
    source: Path | str,
    out: Path | str,
    *,
    engine: Literal["cp2k", "xtb"] | None = None,
    on: Literal["local", "slurm"] = "local",
    n_jobs: int | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> CampaignTable:
    """Run all recipes of a series or a folder, each in a folder of its own.

    Parameters
    ----------
    source : Path or str
        A recipe with a series, or a folder of recipes, which may have series.
    out : Path or str
        Folder for one folder a member, as `run` leaves it, and campaign.csv and campaign.json.
        Run again, it goes on: what is done is left alone, what still runs is followed.
    engine : {"cp2k", "xtb"}, optional
        Overrides that of the recipes.
    on : {"local", "slurm"}
        Whether the members run on this machine, several at a time, or as an array of jobs, a
        member each.
    n_jobs : int, optional
        How many members run at once on this machine; one with CP2K, else as many as cores if not
        given. SLURM has limits of its own.
    on_progress : callable, optional
        Called with a short line of text whenever there is something to tell.

    Returns
    -------
    CampaignTable
        All members, each done, failed, running or waiting.

    Raises
    ------
    InputError
        If there are no recipes, two members have one name, the scheduler is not there, or another
        campaign is at work in the folder.
    """
    out, tell = Path(out), on_progress or (lambda _: None)
    found, broken = _recipes(Path(source))
    recipes = {name: chosen(recipe, engine, on) for name, recipe in found.items()}
    if on != "local":
        require_scheduler(on)
    with locked(out, "campaign"):
        for name, recipe in recipes.items():
            write_recipe(recipe, out / name)
        table = TableWriter(out, recipes, broken, tell)
        table.update()
        todo = {name: recipe for name, recipe in recipes.items() if not table.is_done(name)}
        if on == "slurm":
            failed = run_members(out, todo, table.update)
            for name, reason in failed.items():
                write_status(out / name, RunStatus("failed", reason, key_of(recipes[name])))
        else:
            _run_here(out, todo, n_jobs or _usual_jobs(todo), table)
        table.update()
    return table.write()


def _recipes(source: Path) -> tuple[dict[str, Recipe], dict[str, str]]:
    """Read the recipes of a campaign: those that are right by name, and why others are not."""
    if not source.is_dir():
        return dict(members(read_recipe(source))), {}
    paths = sorted(path for path in source.iterdir() if path.suffix in {".yaml", ".yml"})
    found: dict[str, Recipe] = {}
    broken: dict[str, str] = {}
    for path in paths:
        try:
            recipe = read_recipe(path)
            if not is_series(recipe):
                new = {path.stem: recipe}
            else:
                new = {f"{path.stem}-{name}": member for name, member in members(recipe)}
        except InputError as error:
            broken[path.stem] = str(error)
            continue
        for name in new:
            if name in found:
                raise InputError(f"{path}: two members are called {name}; rename a recipe")
        found |= new
    if not paths:
        raise InputError(f"{source}: no recipes in it; give a folder of YAML files")
    return found, broken


def _usual_jobs(recipes: Mapping[str, Recipe]) -> int:
    return 1 if any(r.engine == "cp2k" for r in recipes.values()) else os.cpu_count() or 1


def _run_here(out: Path, recipes: Mapping[str, Recipe], n_jobs: int, table: TableWriter) -> None:
    """Run members on this machine, each in a process of its own, `n_jobs` at a time."""
    import networkx as nx  # noqa: PLC0415

    graph = nx.DiGraph()
    for name, recipe in recipes.items():
        graph.add_node(name, action=_member_action(out / name, recipe, n_jobs, table))
    execute(graph, n_threads=n_jobs)


def _member_action(
    folder: Path, recipe: Recipe, n_jobs: int, table: TableWriter
) -> Callable[[Event], None]:
    threads = os.environ.get("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // n_jobs)))

    def wait(stop: Event) -> None:
        table.update()
        if stop.wait(POLL_SECONDS):
            raise Stopped

    def act(stop: Event) -> None:
        decided = False
        while not decided:
            # A member whose campaign was killed may still be at work.
            while is_locked(folder, "run"):
                wait(stop)
            if is_done(folder, recipe):
                return
            write_status(folder, RunStatus("running", "begins", key_of(recipe)))
            code = _run_member(folder, threads, lambda: wait(stop))
            status = read_status(folder)
            decided = code == 0 or (status is not None and status.state == "failed")
            if not decided and not is_locked(folder, "run") and not is_done(folder, recipe):
                said = (folder / LOG).read_text(encoding="utf-8").strip().splitlines()
                reason = ": ".join([f"the run ended with code {code}", *said[-1:]])
                write_status(folder, RunStatus("failed", reason, key_of(recipe)))
                decided = True

    return act


def _run_member(folder: Path, threads: str, wait: Callable[[], None]) -> int:
    """Run a member in a process of its own, and return its exit code."""
    with (folder / LOG).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*own_command().split(), "run", "recipe.yaml", "-o", ".", "--on", "local"],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": threads},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    return process.returncode
