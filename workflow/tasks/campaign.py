"""Campaigns: many recipes run as one, with one table of how each stands and what it gave."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from epicarve.dft.run import Stopped, own_command, require_scheduler
from epicarve.errors import InputError
from epicarve.files import write_json, write_text
from epicarve.locks import is_locked, locked
from epicarve.workflow.recipes import BulkRecipe, Recipe, is_series, read_recipe, write_recipe

from .array import run_members
from .bulk import BULK_COLUMNS, ranked
from .executor import execute
from .run import chosen
from .series import csv_text, members
from .status import RunStatus, is_done, key_of, read_status, results_name, write_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

COLUMNS = (
    "name",
    "state",
    "formula",
    "n_atoms",
    "homo_lumo_gap_ev",
    "filtered_gap_ev",
    "size_aware_gap_ev",
    "told",
)
"""The columns of campaign.csv and the keys of each row, for particles."""

LOG = "run.log"
"""What a member said, in its folder."""

POLL_SECONDS = 0.2
TABLE_SECONDS = 2.0
"""The table is not written more often than this while members run."""


def campaign(
    source: Path | str,
    out: Path | str,
    *,
    engine: Literal["cp2k", "xtb"] | None = None,
    on: Literal["local", "slurm"] = "local",
    n_jobs: int | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> list[dict[str, Any]]:
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
    list of dict
        A row for each member, with the keys `COLUMNS`; for bulk crystals `BULK_COLUMNS`, those
        of the lowest energy first. Its state is done, failed, running or waiting; ``told`` says
        why it failed or how far it is.

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
        table = _Table(out, recipes, broken, tell)
        table.update()
        todo = {name: recipe for name, recipe in recipes.items() if not table.is_done(name)}
        if on == "slurm":
            failed = run_members(out, todo, table.update)
            for name, reason in failed.items():
                write_status(out / name, RunStatus("failed", reason, key_of(recipes[name])))
        else:
            _run_here(out, todo, n_jobs or _usual_jobs(todo), table)
        return table.update(final=True)


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


def _run_here(out: Path, recipes: Mapping[str, Recipe], n_jobs: int, table: _Table) -> None:
    """Run members on this machine, each in a process of its own, `n_jobs` at a time."""
    import networkx as nx  # noqa: PLC0415

    graph = nx.DiGraph()
    for name, recipe in recipes.items():
        graph.add_node(name, action=_member_action(out / name, recipe, n_jobs, table))
    execute(graph, n_threads=n_jobs)


def _member_action(
    folder: Path, recipe: Recipe, n_jobs: int, table: _Table
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


@dataclass
class _Table:
    """The table of a campaign, made from the files of its members, which alone count."""

    out: Path
    recipes: Mapping[str, Recipe]
    broken: Mapping[str, str]
    tell: Callable[[str], None]
    _written: float = field(default=-TABLE_SECONDS, init=False)
    _done: dict[str, dict[str, Any]] = field(default_factory=dict, init=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the members need: those of particles, of bulk crystals, or both."""
        kinds = {isinstance(recipe, BulkRecipe) for recipe in self.recipes.values()}
        if kinds == {True}:
            return BULK_COLUMNS
        both = (*COLUMNS, *BULK_COLUMNS) if True in kinds else COLUMNS
        return (*dict.fromkeys(column for column in both if column != "told"), "told")

    def is_done(self, name: str) -> bool:
        """Whether a member is through, with the recipe as it is now."""
        return is_done(self.out / name, self.recipes[name])

    def update(
        self, told: Mapping[str, str] | None = None, *, final: bool = False
    ) -> list[dict[str, Any]]:
        """Write the table, unless it was written a moment ago, and return its rows."""
        now = time.monotonic()
        if not final and now - self._written < TABLE_SECONDS:
            return []
        self._written = now
        rows = [self._row(name, (told or {}).get(name)) for name in self.recipes]
        rows += [
            {**dict.fromkeys(self.columns), "name": name, "state": "failed", "told": reason}
            for name, reason in self.broken.items()
        ]
        if "above_lowest_ev" in self.columns:
            rows = ranked(rows)
        write_text(self.out / "campaign.csv", csv_text(rows, self.columns))
        write_json(self.out / "campaign.json", {"campaign": rows})
        states = [row["state"] for row in rows]
        counts = [f"{states.count(s)} {s}" for s in ("done", "failed", "running", "waiting")]
        self.tell(f"campaign: {', '.join(counts)}")
        return rows

    def _row(self, name: str, told: str | None) -> dict[str, Any]:
        if name in self._done:
            return self._done[name]
        folder = self.out / name
        row: dict[str, Any] = {**dict.fromkeys(self.columns), "name": name}
        status = read_status(folder)
        current = status is not None and status.key == key_of(self.recipes[name])
        if self.is_done(name):
            row |= {"state": "done", **_results(folder, self.recipes[name])}
            self._done[name] = row
        elif status is None or not current or status.state == "stopped":
            row |= {"state": "waiting", "told": told}
        else:
            row |= {"state": status.state, "told": told or status.told}
        return row


def _results(folder: Path, recipe: Recipe) -> dict[str, Any]:
    """Results of a member that is done."""
    summary = json.loads((folder / results_name(recipe)).read_text(encoding="utf-8"))
    if isinstance(recipe, BulkRecipe):
        return {key: value for key, value in summary.items() if key in BULK_COLUMNS[2:]}
    model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    return {
        "formula": model["formula"],
        "n_atoms": model["n_atoms"],
        "homo_lumo_gap_ev": summary["homo_lumo_gap_ev"],
        "filtered_gap_ev": summary["filtered"]["gap_ev"],
        "size_aware_gap_ev": summary["size_aware"]["gap_ev"],
    }
