"""Damaged CIFs, recipes, CP2K inputs and CP2K outputs: a value, or one sentence, and nothing else.

Files of this project are damaged (benchmarks/damage.py), from seeds that are counted up, and handed
to the function that a command calls, each in a process of its own with limits of time and memory.
Counted as faults: a traceback, a hang of over 60 s, more than 4 GiB, something half-written, and of
outputs a number of the summary that differs from the whole run's without a note. Such a difference
can't be known where one file alone tells a number: `UNKNOWABLE` lists these, counted apart.

    python benchmarks/fuzz.py [N] [--seed 0] [--only cifs,recipes,inputs,outputs] [--jobs 2]

N damaged files in all, 10,000 if not given, in four equal parts. Prints each fault with its seed
(`--only KIND --seed S 1` repeats one of them) and ends with 1 if there are any.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import shutil
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from damage import damaged
from isolated import Outcome, isolated

from epicarve.builder.carve import carve_particle
from epicarve.builder.cif import read_cif
from epicarve.builder.shapes import SphereSpec
from epicarve.workflow.tasks.analyse import analyse, analyse_folder
from epicarve.workflow.tasks.build import build
from epicarve.workflow.tasks.check import check
from epicarve.workflow.tasks.inputs import inputs

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
WORK = Path(tempfile.gettempdir())

FORK = multiprocessing.get_context("fork")
"""Workers inherit what `prepare` has read; each forks a process for each damaged file."""

LIMIT_S = 60.0
MEMORY_GIB = 4.0
CARVE_EACH = 25
"""One of so many damaged CIFs that can be read is carved too."""

WRITE_EACH = 20
"""Results of one of so many damaged outputs are drawn and written too."""

RUNS = ("so-triplet", "zn2s2-gapw", "cs4pbbr6", "pb9s6cl6-orbitals")
"""Packed runs of tests/fixtures whose files are damaged."""

BINARY_SUFFIXES = {".wfn", ".csr"}

NUMBERS = ("n_states", "n_electrons", "homo_ev", "lumo_ev", "homo_lumo_gap_ev")
FILTERED = ("valence_edge_ev", "conduction_edge_ev", "gap_ev")

RECIPES = {
    "sphere": """\
crystal:
  name: PbS
shape:
  kind: sphere
  diameter_nm: 1.6
balance:
  ratio_tolerance: 0.02
  min_coordination: {Pb: 3}
analysis:
  ipr_max: 0.03
""",
    "file": """\
crystal:
  file: CaF2.cif
  oxidation_states: {Ca: 2, F: -1}
  replace: {F: Cl}
shape:
  kind: box
  faces:
    - {hkl: [1, 0, 0], length_nm: 1.5}
    - {hkl: [0, 1, 0], length_nm: 1.4}
    - {hkl: [0, 0, 1], length_nm: 1.6}
  centre: [0.0, 0.5, 0.0]
cp2k:
  cutoff_ry: 300
  relax: {max_steps: 10}
machine:
  nodes: 2
""",
    "wulff": """\
crystal: {name: CsPbBr3}
shape:
  kind: wulff
  diameter_nm: 1.8
  energies:
    - {hkl: [1, 0, 0], energy: 1.0}
    - {hkl: [1, 1, 0], energy: 1.3}
treatment: {kind: halide_rich, halide: Br, cation: Pb, coverage: 0.1}
""",
    "joined": """\
film:
  crystal: {name: CsPbBr3}
  shape: {kind: hemisphere, diameter_nm: 1.5, hkl: [1, 0, 0]}
substrate:
  crystal: {name: CsPbCl3}
  shape: {kind: hemisphere, diameter_nm: 1.5, hkl: [1, 0, 0]}
interface: best
""",
}

CAF2 = """\
data_CaF2
_cell_length_a 5.463
_cell_length_b 5.463
_cell_length_c 5.463
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'F m -3 m'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Ca1 0 0 0
F1 0.25 0.25 0.25
"""


@dataclass(frozen=True)
class Fault:
    """One damaged file with which something went wrong."""

    kind: str
    seed: int
    what: str
    verdict: str
    text: str


def read_damaged_cif(path: Path, carve: bool) -> None:
    """Read a CIF, and carve a small sphere of it."""
    crystal = read_cif(path)
    crystal.coordination  # noqa: B018  (the bond rule runs)
    if not np.isfinite(crystal.fractional).all() or crystal.oxidation_states.sum() != 0:
        raise AssertionError("a crystal that is not finite or not neutral")
    if carve:
        model = carve_particle(crystal, SphereSpec(kind="sphere", diameter_nm=1.4)).model
        if model.net_charge != 0:
            raise AssertionError("a model that is not neutral")


def build_damaged_recipe(path: Path, out: Path) -> None:
    """Build the model of a recipe, or write its inputs."""
    if "cp2k" in path.read_text(encoding="utf-8", errors="replace"):
        inputs(path, out)
    else:
        build(path, out)


def _cif(seed: int, folder: Path) -> tuple[str, Outcome]:
    rng = np.random.default_rng([1, seed])
    texts = cif_texts()
    name = sorted(texts)[int(rng.integers(len(texts)))]
    data, damage = damaged(texts[name], rng)
    path = folder / f"{name}.cif"
    path.write_bytes(data)
    carve = seed % CARVE_EACH == 0
    return f"{name}, {damage}", _limited(read_damaged_cif, path, carve)


def _recipe(seed: int, folder: Path) -> tuple[str, Outcome]:
    rng = np.random.default_rng([2, seed])
    name = sorted(RECIPES)[int(rng.integers(len(RECIPES)))]
    data, damage = damaged(RECIPES[name].encode(), rng)
    path = folder / "recipe.yaml"
    path.write_bytes(data)
    (folder / "CaF2.cif").write_text(CAF2, encoding="utf-8")
    outcome = _limited(build_damaged_recipe, path, folder / "out")
    left = [each.name for each in folder.iterdir() if each.name not in {"recipe.yaml", "CaF2.cif"}]
    if outcome.verdict == "refused" and left:
        return f"{name}, {damage}", Outcome("traceback", None, f"left {left}", outcome.cpu_s)
    return f"{name}, {damage}", outcome


def _input(seed: int, folder: Path) -> tuple[str, Outcome]:
    rng = np.random.default_rng([3, seed])
    texts = input_texts()
    name = sorted(texts)[int(rng.integers(len(texts)))]
    for beside, content in texts[name].items():
        (folder / beside).write_bytes(content)
    victim = (
        name if rng.random() < 0.8 else sorted(texts[name])[int(rng.integers(len(texts[name])))]
    )
    data, damage = damaged(texts[name][Path(victim).name], rng)
    (folder / Path(victim).name).write_bytes(data)
    return f"{victim}, {damage}", _limited(check, folder / Path(name).name)


def _output(seed: int, folder: Path) -> tuple[str, Outcome]:
    rng = np.random.default_rng([4, seed])
    run = RUNS[int(rng.integers(len(RUNS)))]
    kept = keeps(run)
    keep = kept[int(rng.integers(len(kept)))]
    for path in packed(run).iterdir():
        if not keep or any(map(path.match, keep)):
            shutil.copy(path, folder)
    names = sorted(path.name for path in folder.iterdir())
    # Files that are many are damaged as often as those that are one.
    kinds = sorted({Path(name).suffix for name in names})
    kind = kinds[int(rng.integers(len(kinds)))]
    of_kind = [name for name in names if Path(name).suffix == kind]
    victim = of_kind[int(rng.integers(len(of_kind)))]
    path = folder / victim
    data, damage = damaged(path.read_bytes(), rng, text=kind not in BINARY_SUFFIXES)
    path.write_bytes(data)
    what = f"{run} ({'all files' if not keep else ' '.join(keep)}), {victim}, {damage}"
    if seed % WRITE_EACH == 0:
        outcome = _limited(analyse, folder, folder / "out")
    else:
        outcome = _limited(summary_of, folder)
    if outcome.verdict == "refused" and (folder / "out").exists():
        return what, Outcome("traceback", None, "left an output folder", outcome.cpu_s)
    if outcome.verdict == "value":
        told = differing(whole(run, keep), outcome.value)
        if told:
            verdict = "unknowable" if unknowable(victim, keep) else "differs"
            return what, Outcome(verdict, None, told, outcome.cpu_s)  # type: ignore[arg-type]
    return what, outcome


KEEP: tuple[tuple[str, ...], ...] = (
    (),
    ("*.wfn", "*.inp", "*.in", "*.out", "*.log", "*.xyz", "*BASIS*"),
    ("*.MOLog", "*.inp", "*.in", "*.out", "*.log", "*.xyz", "*BASIS*"),
    ("*.molden", "*.out", "*.log"),
    ("*-list*.pdos", "*.inp", "*.in", "*.out", "*.log", "*.xyz"),
    ("*k?-1.pdos", "*.out", "*.log"),
)
"""Which files of a run a folder holds: all, or those of one way to read states."""


def keeps(run: str) -> list[tuple[str, ...]]:
    """Return the ways to fill a folder with files of a run; one has no list of each atom."""
    return [keep for keep in KEEP if run != "so-triplet" or keep[:1] != ("*-list*.pdos",)]


UNKNOWABLE: tuple[tuple[str, str], ...] = ()
"""Pairs of (damaged file, kept files) whose numbers no other file of the folder tells."""


def unknowable(victim: str, keep: tuple[str, ...]) -> bool:
    """Tell whether no other file of a folder could show that a file was changed."""
    return any(
        Path(victim).match(pattern) and (kept in keep if kept else not keep)
        for pattern, kept in UNKNOWABLE
    )


def differing(right: dict[str, Any], summary: dict[str, Any]) -> str:
    """Say which numbers of a summary differ from those of the whole run, and no note tells of."""
    pairs = [(name, right[name], summary[name]) for name in NUMBERS]
    pairs += [
        (f"{key}.{name}", right[key][name], summary[key][name])
        for key in ("filtered", "size_aware")
        if right.get(key) and summary.get(key)
        for name in FILTERED
    ]
    other = [name for name, a, b in pairs if not _same(a, b)]
    new_notes = {json.dumps(note) for note in summary["checks"]} - {
        json.dumps(note) for note in right["checks"]
    }
    return "" if not other or new_notes else ", ".join(other)


def _same(first: float | None, second: float | None) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=0.0, abs_tol=2e-4)


def _limited(function: Callable[..., Any], *arguments: object) -> Outcome:
    return isolated(function, *arguments, limit_s=LIMIT_S, memory_gib=MEMORY_GIB)


def summary_of(folder: Path) -> dict[str, Any]:
    """Analyse the run in a folder without drawing or writing."""
    return analyse_folder(folder).summary()


@cache
def cif_texts() -> dict[str, bytes]:
    """Return the CIFs of this project."""
    files = [*(ROOT / "builder" / "library").glob("*.cif"), *(ROOT / "tests").rglob("*.cif")]
    return {path.stem: path.read_bytes() for path in files} | {"CaF2": CAF2.encode()}


@cache
def input_texts() -> dict[str, dict[str, bytes]]:
    """Return CP2K inputs of this project, each with the files beside it."""
    texts = {}
    with tempfile.TemporaryDirectory() as name:
        recipe = Path(name) / "recipe.yaml"
        recipe.write_text(RECIPES["sphere"], encoding="utf-8")
        inputs(recipe, Path(name) / "job")
        for path in sorted((Path(name) / "job").glob("*/*.inp")):
            beside = [path, *path.parent.glob("*.xyz")]
            texts[path.name] = {each.name: each.read_bytes() for each in beside}
    for run in RUNS:
        for path in [*packed(run).glob("*.inp"), *packed(run).glob("*.in")]:
            beside = [path, *packed(run).glob("*.xyz"), *packed(run).glob("*BASIS*")]
            texts[f"{run}/{path.name}"] = {each.name: each.read_bytes() for each in beside}
    return texts


@cache
def packed(run: str) -> Path:
    """Unpack a run of the fixtures."""
    folder = WORK / run
    shutil.unpack_archive(ROOT / "tests" / "fixtures" / f"cp2k-{run}.tar.xz", folder)
    return folder


@cache
def whole(run: str, keep: tuple[str, ...]) -> dict[str, Any]:
    """Return the summary of a run with the same files, none of them damaged."""
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        folder = Path(name)
        for path in packed(run).iterdir():
            if not keep or any(map(path.match, keep)):
                shutil.copy(path, folder)
        return summary_of(folder)


KINDS: dict[str, Callable[[int, Path], tuple[str, Outcome]]] = {
    "cifs": _cif,
    "recipes": _recipe,
    "inputs": _input,
    "outputs": _output,
}


def judge(kind: str, seed: int) -> tuple[Outcome, Fault | None]:
    """Damage one file and hand it over; tell what became of it, and of a fault what it was."""
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        what, outcome = KINDS[kind](seed, Path(name))
    if outcome.verdict in {"value", "refused", "unknowable"}:
        return outcome, None
    return outcome, Fault(kind, seed, what, outcome.verdict, outcome.text)


def prepare(kinds: list[str]) -> None:
    """Read and compute once what all seeds share, before processes are forked."""
    if "cifs" in kinds:
        cif_texts()
    if "inputs" in kinds:
        input_texts()
    if "outputs" in kinds:
        for run in RUNS:
            for keep in keeps(run):
                whole(run, keep)


def main() -> int:
    """Print each fault and the totals."""
    global WORK  # noqa: PLW0603
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", nargs="?", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default=",".join(KINDS), help="kinds of files, with commas")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    kinds = arguments.only.split(",")
    each = math.ceil(arguments.n / len(kinds))
    faults = 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        WORK = Path(name)
        prepare(kinds)
        for kind in kinds:
            seeds = range(arguments.seed, arguments.seed + each)
            counts: Counter[str] = Counter()
            longest_s = 0.0
            with ProcessPoolExecutor(arguments.jobs, FORK) as pool:
                for outcome, fault in pool.map(partial(judge, kind), seeds):
                    counts[outcome.verdict] += 1
                    longest_s = max(longest_s, outcome.cpu_s)
                    if fault is not None:
                        faults += 1
                        print(
                            f"{kind} {fault.seed}: {fault.what}: {fault.verdict}: {fault.text}",
                            flush=True,
                        )
            told = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
            print(f"{each} damaged {kind}: {told}; longest {longest_s:.1f} s", flush=True)
    print(f"{faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    raise SystemExit(main())
