"""Hundreds of folders of CP2K runs as people have them, each analysed and held against CP2K.

Run ``python benchmarks/foreign_folders.py DIR [NAME...]``. The runs of foreign_runs.py are made
with the CP2K of this machine into DIR, unless they are there; runs that print no projections have
a twin that does. Of each run come folders: as it is, and with files taken away, added, renamed or
cut (foreign_changes.py). The run as it is goes through `epicarve.analyse` with its tables and
figures, the others through `read_folder`. Energies, occupations, electrons, HOMO, LUMO, gap, Fermi
energy and weights of elements are compared with what CP2K printed (cp2k_prints.py). What is refused
must be refused with words that foreign_expected.py names. NAME, such as ``diag-plain`` or
``diag-plain+no-input`` or ``*+no-output``, chooses folders. Exits 1 if a number is wrong without a
word, a refusal or a missing LUMO is not an expected one, or there is a traceback or a hang.
"""

from __future__ import annotations

import csv
import re
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from cp2k_prints import Truth, read_truth
from cp2k_recipes import SYSTEMS
from foreign_changes import CHANGES, project_of
from foreign_judge import Result, judge
from foreign_runs import KINDS, RECIPES

import epicarve
from epicarve.analysis.states import plain_fields
from epicarve.dft.read import read_folder
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.dft.states import OrbitalStates

LIMIT_SECONDS = 60
"""A folder that takes longer hangs."""


def analysed(task: tuple[Path, bool]) -> Result:
    """Analyse a folder, or only read its states: what happened, sentence, summary, and states."""
    folder, drawn = task

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_SECONDS)
    try:
        if drawn:
            with tempfile.TemporaryDirectory() as out:
                summary = epicarve.analyse(folder, out, figures={"formats": ["svg"]})
                with (Path(out) / "states.csv").open(encoding="utf-8") as stream:
                    return Result("read", "", summary, tuple(csv.DictReader(stream)))
        project = project_of(folder) if folder.name.endswith("-chosen") else None
        states = read_folder(folder, project=project).states
        provenance = {"states": states.source, "caveat": states.caveat}
        checks = [{"name": "source", "message": note} for note in states.notes]
        summary = {**plain_fields(states), "provenance": provenance, "checks": checks}
        return Result("read", "", summary, rows_of(states))
    except InputError as error:
        sentence = str(error).replace(f"{folder}/", "").replace(str(folder), ".")
        return Result("refused", sentence)
    except TimeoutError:
        return Result("hang", f"more than {LIMIT_SECONDS} s")
    except Exception:
        return Result("traceback", " / ".join(traceback.format_exc().splitlines()[-3:]))
    finally:
        signal.alarm(0)


def rows_of(states: OrbitalStates) -> tuple[dict[str, Any], ...]:
    """Return what states.csv tells of states."""
    names = [f"w_{name}" for name in dict.fromkeys(states.symbols)]
    symbols = np.array([f"w_{name}" for name in states.symbols])
    weights = np.array([states.weights[symbols == name].sum(axis=0) for name in names])
    spins = ["both"] if states.restricted else ["alpha", "beta"]
    return tuple(
        {
            "state": states.numbers[i],
            "spin": spins[states.spins[i]],
            "energy_ev": states.energies_ev[i],
            "occupation": states.occupations[i],
            **dict(zip(names, weights[:, i], strict=True)),
        }
        for i in range(states.n_states)
    )


def truth_of(base: Path, name: str) -> Truth | None:
    """Read what CP2K printed of a run, or of its twin that prints more; None if nothing fits."""
    recipe, folder = RECIPES[name], base / name
    if recipe.truth == "none":
        return None
    if recipe.truth != "pdos":
        folder = base / recipe.truth
        RECIPES[recipe.truth].run(folder)
    elif not any(folder.glob("*k[0-9]-*.pdos")):
        folder = base / f"{name}.twin"
        recipe.run(folder, KINDS)
    system = SYSTEMS[recipe.system]
    elements = {kind: system.element(kind) for kind in system.elements}
    return read_truth(folder, project_of(folder), elements)


def add_other_project(base: Path, name: str, folder: Path) -> None:
    """Put the files of another run, as project "other", into the folder of a run."""
    run = base / ("hydroxide" if name == "diag-plain" else "diag-plain")
    RECIPES[run.name].run(run)
    for path in run.glob("[dr][ou][sn]*"):
        if path.suffix.startswith(".bak"):
            continue
        target = folder / path.name.replace("dos", "other").replace("run", "other")
        shutil.copy(path, target)
        if target.suffix in {".inp", ".out"}:
            text = path.read_text("utf-8").replace("run.inp", "other.inp")
            target.write_text(re.sub(r"\bdos\b", "other", text), "utf-8")


def folders_of(base: Path, name: str, chosen: list[str], work: Path) -> dict[str, Path]:
    """Make the run of a recipe and the folders that are made of it."""
    wanted = [
        change
        for change in CHANGES
        if not chosen or any(p == name or fnmatch(f"{name}+{change}", p) for p in chosen)
    ]
    made = {}
    for change in wanted:
        RECIPES[name].run(base / name)
        folder = work / f"{name}+{change}"
        shutil.copytree(base / name, folder, ignore=shutil.ignore_patterns("*.bak-*"))
        if change.startswith("two-projects"):
            add_other_project(base, name, folder)
        if CHANGES[change](folder):
            made[folder.name] = folder
        else:
            shutil.rmtree(folder)
    return made


def main() -> int:
    """Make the runs, analyse the folders, print a line for each and the totals."""
    base, chosen = Path(sys.argv[1]), sys.argv[2:]
    counts: Counter[str] = Counter()
    work = base / "folders"
    shutil.rmtree(work, ignore_errors=True)
    with get_context("forkserver").Pool(1) as pool:
        for name in RECIPES:
            folders = folders_of(base, name, chosen, work)
            if not folders:
                continue
            truth = truth_of(base, name)
            tasks = [(folder, title.endswith("+as-is")) for title, folder in folders.items()]
            for title, result in zip(folders, pool.map(analysed, tasks), strict=True):
                verdict = judge(title, truth, result)
                counts[verdict.word] += 1
                numbers = " ".join(f"{'' if n is None else f'{n:.4f}':>9}" for n in verdict.numbers)
                print(f"{verdict.word:<10} {title:<42} {numbers}  {verdict.told}", flush=True)
    print(f"\n{sum(counts.values())} folders of {len(RECIPES)} runs")
    for word, count in counts.most_common():
        print(f"{count:6d}  {word}")
    return int(any(word.isupper() for word in counts))


if __name__ == "__main__":
    sys.exit(main())
