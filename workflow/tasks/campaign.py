"""Campaigns: many recipes run as one, with one table of how each stands and what it gave."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from epicarve.dft.run import Stopped, require_scheduler
from epicarve.errors import InputError
from epicarve.locks import locked
from epicarve.workflow.recipes import Recipe, is_series, read_recipe, write_recipe

from .array import run_members, shared_machine
from .blocks import run_in_blocks
from .campaign_table import CampaignTable, TableWriter
from .executor import execute
from .member import POLL_SECONDS, run_apart
from .parsl_config import read_config, slurm_config
from .run import chosen
from .series import members
from .status import RunStatus, key_of, write_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from parsl import Config


def campaign(
    source: Path | str,
    out: Path | str,
    *,
    engine: Literal["cp2k", "xtb"] | None = None,
    on: Literal["local", "slurm", "parsl"] = "local",
    config: Config | Path | str | None = None,
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
    on : {"local", "slurm", "parsl"}
        Whether the members run on this machine, several at a time; as an array of jobs, a member
        each; or in pilot blocks of Parsl.
    config : parsl.Config, Path or str, optional
        Of Parsl: itself, or the path of a Python file that makes it as ``config``. If not given,
        blocks of SLURM are made from the recipes' machine.
    n_jobs : int, optional
        How many members run at once on this machine; one with CP2K, else as many as cores if not
        given. With SLURM and Parsl the recipes' `array_limit` tells.
    on_progress : callable, optional
        Called with a short line of text whenever there is something to tell.

    Returns
    -------
    CampaignTable
        All members, each done, failed, running or waiting.

    Raises
    ------
    InputError
        If there are no recipes, two members have one name, the scheduler or Parsl is not there, or
        another campaign is at work in the folder.
    """
    if config is not None and on != "parsl":
        raise InputError("a configuration is Parsl's: add --on parsl, or leave --config out")
    if n_jobs is not None and on != "local":
        workers = ", or the workers of its configuration" if on == "parsl" else ""
        raise InputError(
            f"--jobs counts members on this machine; with --on {on} set array_limit under "
            f"machine:{workers}"
        )
    out, tell = Path(out), on_progress or (lambda _: None)
    found, broken = _recipes(Path(source))
    recipes = {name: chosen(recipe, engine, on) for name, recipe in found.items()}
    if on == "slurm":
        require_scheduler(on)
    blocks = read_config(config) if isinstance(config, (str, Path)) else config
    with locked(out, "campaign"):
        for name, recipe in recipes.items():
            write_recipe(recipe, out / name)
        table = TableWriter(out, recipes, broken, tell)
        table.update()
        todo = {name: recipe for name, recipe in recipes.items() if not table.is_done(name)}
        failed: dict[str, str] = {}
        if on == "local":
            _run_here(out, todo, n_jobs or _usual_jobs(todo), table)
        elif on == "slurm":
            failed = run_members(out, todo, table.update)
        elif todo:
            blocks = blocks or slurm_config(shared_machine(todo), len(todo))
            failed = run_in_blocks(out, todo, blocks, table.update)
        for name, reason in failed.items():
            write_status(out / name, RunStatus("failed", reason, key_of(recipes[name])))
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
    threads = int(os.environ.get("OMP_NUM_THREADS", max(1, (os.cpu_count() or 1) // n_jobs)))

    def act(stop: Event) -> None:
        def wait() -> None:
            table.update()
            if stop.wait(POLL_SECONDS):
                raise Stopped

        run_apart(folder, recipe, threads, wait)

    return act
