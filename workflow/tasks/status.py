"""How a run stands: a small file in its folder that others may read while it goes on."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from epicarve.errors import InputError
from epicarve.files import write_json
from epicarve.version import __version__
from epicarve.workflow.recipes import BulkRecipe, file_sources, named_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from epicarve.workflow.recipes import Recipe

STATUS = "run.json"
"""Name of the file in the folder of a run."""

WRITE_SECONDS = 1.0
"""The file is not written more often than this while a step goes on."""


@dataclass(frozen=True)
class RunStatus:
    """How a run stands.

    Parameters
    ----------
    state : {"running", "stopped", "failed", "done"}
        Stopped means that someone ended the runner; a runner that was killed leaves "running".
    told : str
        The last line of progress, or why the run failed.
    key : str
        What is being computed: a hash of the recipe and the version of epicarve.
    """

    state: Literal["running", "stopped", "failed", "done"]
    told: str
    key: str


def key_of(recipe: Recipe) -> str:
    """Return a hash of what a recipe computes, with the files that it names, and of our version."""
    data = recipe.as_dict()
    data.pop("machine", None)
    for part, holder, key in named_files(data):
        digest = hashlib.sha256()
        sources = file_sources(part, holder, key)
        for path in sources:
            if len(sources) > 1:
                digest.update(path.name.encode())
            digest.update(path.read_bytes())
        if sources:
            holder[key] = digest.hexdigest()
    text = json.dumps([__version__, data], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def results_name(recipe: Recipe) -> str:
    """Name of the file with the results of a run, in its folder."""
    return "bulk.json" if isinstance(recipe, BulkRecipe) else "summary.json"


def is_done(folder: Path, recipe: Recipe) -> bool:
    """Whether the run in a folder is through, with this very recipe, and its results are there."""
    status = read_status(folder)
    return (
        status is not None
        and status.state == "done"
        and (folder / results_name(recipe)).is_file()
        and status.key == key_of(recipe)
    )


def read_status(folder: Path) -> RunStatus | None:
    """Return how the run in a folder stands, None if there was none."""
    try:
        data = json.loads((folder / STATUS).read_text(encoding="utf-8"))
        return RunStatus(**data)
    except (OSError, ValueError, TypeError):
        return None


def write_status(folder: Path, status: RunStatus) -> None:
    """Write how the run in a folder stands."""
    write_json(folder / STATUS, asdict(status))


@contextmanager
def reported(
    folder: Path, recipe: Recipe, tell: Callable[[str], None]
) -> Iterator[Callable[[str], None]]:
    """Keep the status of a run while it goes on.

    Parameters
    ----------
    folder : Path
        The folder of the run.
    recipe : Recipe
        What is computed.
    tell : callable
        Is told each line of progress too.

    Yields
    ------
    callable
        Takes a line of progress.
    """
    key = key_of(recipe)
    written, last_step = 0.0, ""

    def report(line: str) -> None:
        nonlocal written, last_step
        tell(line)
        step = line.partition(",")[0]
        if step != last_step or time.monotonic() - written > WRITE_SECONDS:
            write_status(folder, RunStatus("running", line, key))
            written, last_step = time.monotonic(), step

    def end(status: RunStatus) -> None:
        write_status(folder, status)
        if all(path.name == STATUS or path.suffix == ".lock" for path in folder.iterdir()):
            (folder / STATUS).unlink()  # nothing came of it

    try:
        yield report
    except InputError as error:
        end(RunStatus("failed", str(error), key))
        raise
    except Exception as error:
        end(RunStatus("failed", f"{type(error).__name__}: {error}", key))
        raise
    except BaseException:
        end(RunStatus("stopped", "", key))
        raise
    end(RunStatus("done", "", key))
