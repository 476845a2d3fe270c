"""Hundreds of folders of CP2K runs as people have them, each analysed and held against CP2K.

Run ``python benchmarks/foreign_folders.py DIR [NAME...]``. The recipes of cp2k_recipes.py are run
with the CP2K of this machine into DIR, unless they are there; runs that print no projections have a
twin that does. Of each run come folders: as it is, and with files taken away, added, renamed or cut.
The run as it is goes through `epicarve.analyse` with its tables and figures, the others through
`read_folder`; energies, occupations, electrons, HOMO, LUMO, gap, Fermi energy
and weights of elements are compared with what CP2K printed (cp2k_prints.py). What is refused must
be refused with words that EXPECTED names. NAME, such as ``diag-plain`` or ``diag-plain+no-input``
or ``*+no-output``, chooses folders. Exits 1 if a number is wrong without a word, a refusal is not
an expected one, or one is missing, or there is a traceback or a hang.
"""

from __future__ import annotations

import csv
import fnmatch
import re
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from cp2k_prints import Truth, read_truth
from cp2k_recipes import KINDS, RECIPES, SYSTEMS
from foreign_expected import EXPECTED, MAY_LACK

import epicarve
from epicarve.analysis.plain import plain_fields
from epicarve.dft.read import read_folder
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from epicarve.dft.states import OrbitalStates

LIMIT_SECONDS = 60
"""A folder that takes longer hangs."""

ENERGY_EV = 3e-5
"""Energies in .pdos files are rounded to 1e-6 hartree."""

WEIGHT = 2e-6
"""Weights in .pdos files are rounded to 1e-8 a column; those of text have its digits."""

FERMI_EV = 1e-3


def without(*patterns: str) -> Callable[[Path], bool]:
    """Return what takes files away; it says whether there were any."""

    def change(folder: Path) -> bool:
        paths = {path for pattern in patterns for path in folder.glob(pattern)}
        for path in paths:
            path.unlink()
        return bool(paths) and any(folder.iterdir())

    return change


def only(*patterns: str) -> Callable[[Path], bool]:
    """Return what keeps files of some patterns alone."""

    def change(folder: Path) -> bool:
        kept = {path for pattern in patterns for path in folder.glob(pattern)}
        gone = set(folder.iterdir()) - kept
        for path in gone:
            path.unlink()
        return bool(kept) and bool(gone)

    return change


def renamed(folder: Path) -> bool:
    """Call the main output as a batch system does."""
    (folder / "run.out").rename(folder / "slurm-71234.txt")
    return True


def appended(folder: Path) -> bool:
    """Let the main output begin with that of a run that was killed, as -o appends."""
    text = (folder / "run.out").read_text(encoding="utf-8")
    (folder / "run.out").write_text(text[: int(len(text) * 0.7)] + "\n" + text, encoding="utf-8")
    return True


def cut(folder: Path) -> bool:
    """Cut the main output off in its SCF or last tables."""
    text = (folder / "run.out").read_text(encoding="utf-8")
    (folder / "run.out").write_text(text[: int(len(text) * 0.8)], encoding="utf-8")
    return True


def old_output(folder: Path) -> bool:
    """Leave the output of an earlier try that was killed beside the good one, copied later."""
    text = (folder / "run.out").read_text(encoding="utf-8")
    text = re.sub(r"(STARTED AT +)\d{4}", r"\g<1>2001", text)
    (folder / "first-try.out").write_text(text[: int(len(text) * 0.6)], encoding="utf-8")
    return True


def moved(folder: Path) -> bool:
    """Let files be named by where they were on another machine."""
    text = (folder / "run.inp").read_text(encoding="utf-8")
    for key in ("BASIS_SET_FILE_NAME", "POTENTIAL_FILE_NAME", "COORD_FILE_NAME"):
        text = re.sub(rf"{key} (\./)?", f"{key} /home/someone/calc/", text)
    (folder / "run.inp").write_text(text, encoding="utf-8")
    return True


def unknown_basis_file(folder: Path) -> bool:
    """Let the basis sets be in a file that nobody has kept."""
    text = (folder / "run.inp").read_text(encoding="utf-8")
    text = re.sub(r"BASIS_SET_FILE_NAME \S+", "BASIS_SET_FILE_NAME BASIS_OF_OURS", text)
    (folder / "run.inp").write_text(text, encoding="utf-8")
    return True


def stray_trajectory(folder: Path) -> bool:
    """Leave the trajectory of another run of the same project beside a single point."""
    project = project_of(folder)
    if any(folder.glob(f"{project}-pos-1.*")) or any(folder.glob("*-1.restart")):
        return False
    told = re.search(r"- Atoms: +(\d+)", (folder / "run.out").read_text(encoding="utf-8"))
    n_atoms = int(told[1]) if told else 3
    atoms = "".join(f"H {1.1 * i} 0.3 0.2\n" for i in range(n_atoms))
    (folder / f"{project}-pos-1.xyz").write_text(f"{n_atoms}\n i = 9\n{atoms}", "utf-8")
    return True


def windows_lines(folder: Path) -> bool:
    """Let input and output have come by way of Windows."""
    for name in ("run.inp", "run.out"):
        text = (folder / name).read_bytes()
        (folder / name).write_bytes(text.replace(b"\n", b"\r\n"))
    return True


def in_subfolder(folder: Path) -> bool:
    """Put all into a folder of a stage."""
    inside = folder / "2-dos"
    inside.mkdir()
    for path in list(folder.iterdir()):
        if path != inside:
            path.rename(inside / path.name)
    return True


CHANGES: dict[str, Callable[[Path], bool]] = {
    "as-is": lambda folder: True,  # noqa: ARG005
    "no-output": without("*.out"),
    "no-input": without("*.inp"),
    "no-input-no-restart": without("*.inp", "*.restart*"),
    "no-restart": without("*.restart*"),
    "no-wfn": without("*.wfn*"),
    "no-pdos": without("*.pdos"),
    "no-lists": without("*list*.pdos"),
    "no-kinds": without("*k[0-9]-*.pdos"),
    "no-last-pdos": lambda folder: without(*(p.name for p in sorted(folder.glob("*.pdos"))[-1:]))(folder),
    "no-trajectory": without("*-pos-1.*"),
    "no-coordinates": without("water.xyz", "water.pdb", "water.cif", "atoms.inc"),
    "no-csr": without("*.csr"),
    "no-basis": unknown_basis_file,
    "only-pdos": only("*.pdos"),
    "only-wfn": only("*.wfn"),
    "only-orbitals": only("*.wfn", "*.MOLog", "*.molden"),
    "renamed-output": renamed,
    "output-appended": appended,
    "output-cut": cut,
    "old-output-beside": old_output,
    "other-machine": moved,
    "windows-lines": windows_lines,
    "stray-trajectory": stray_trajectory,
    "subfolder": in_subfolder,
    "two-projects": lambda folder: True,  # noqa: ARG005
    "two-projects-chosen": lambda folder: True,  # noqa: ARG005
}
"""What happens to a folder; False where it would be the same as without."""


def project_of(folder: Path) -> str:
    """Return how the names of a run's files begin."""
    text = (folder / "run.inp").read_text(encoding="utf-8")
    project = re.search(r"PROJECT (.*)", text)[1].strip('" ')
    variable = re.search(r"@SET NAME (\S+)", text)
    return project.replace(" ", "").replace("${NAME}", variable[1] if variable else "")


@dataclass(frozen=True)
class Verdict:
    """What came of a folder: a word, what was told, and HOMO, LUMO and gap."""

    word: str
    told: str = ""
    numbers: tuple[float | None, float | None, float | None] = (None, None, None)


def analysed(task: tuple[Path, bool]) -> tuple[str, str, dict, list[dict[str, object]]]:
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
                    return "read", "", summary, list(csv.DictReader(stream))
        project = project_of(folder) if folder.name.endswith("-chosen") else None
        states = read_folder(folder, project=project).states
        provenance = {"states": states.source, "caveat": states.caveat}
        checks = [{"name": "source", "message": note} for note in states.notes]
        summary = {**plain_fields(states), "provenance": provenance, "checks": checks}
        return "read", "", summary, rows_of(states)
    except InputError as error:
        return "refused", str(error).replace(f"{folder}/", "").replace(str(folder), "."), {}, []
    except TimeoutError:
        return "hang", f"more than {LIMIT_SECONDS} s", {}, []
    except Exception:
        return "traceback", " / ".join(traceback.format_exc().splitlines()[-3:]), {}, []
    finally:
        signal.alarm(0)


def rows_of(states: OrbitalStates) -> list[dict[str, object]]:
    """Return what states.csv tells of states."""
    names = [f"w_{name}" for name in dict.fromkeys(states.symbols)]
    symbols = np.array([f"w_{name}" for name in states.symbols])
    weights = np.array([states.weights[symbols == name].sum(axis=0) for name in names])
    spins = ["both"] if states.restricted else ["alpha", "beta"]
    return [
        {
            "state": states.numbers[i],
            "spin": spins[states.spins[i]],
            "energy_ev": states.energies_ev[i],
            "occupation": states.occupations[i],
            **dict(zip(names, weights[:, i], strict=True)),
        }
        for i in range(states.n_states)
    ]


def judge(name: str, truth: Truth | None, result: tuple) -> Verdict:
    """Compare what was found in a folder with what CP2K printed."""
    happened, sentence, summary, rows = result
    expected = next((w for pattern, w in EXPECTED.items() if fnmatch.fnmatch(name, pattern)), None)
    if happened in {"traceback", "hang"}:
        return Verdict(happened, sentence)
    if happened == "refused":
        known = expected is not None and all(word in sentence for word in expected)
        return Verdict("refused" if known else "REFUSED", sentence)
    numbers = tuple(summary[key] for key in ("homo_ev", "lumo_ev", "homo_lumo_gap_ev"))
    origin = summary["provenance"]
    notes = [origin["caveat"]] if origin["caveat"] else []
    notes += [check["message"] for check in summary["checks"] if check["name"] == "source"]
    notes = [note for note in notes if "CUTOFF" not in note]  # coarse on purpose
    told = " | ".join((origin["states"], *notes))
    if any(note.startswith("taken is project other") for note in notes):
        return Verdict("told", told, numbers)
    if truth is None:
        return Verdict("UNKNOWN", f"numbers where CP2K prints none: {told}", numbers)
    differences = list(differing(truth, summary, rows))
    if differences:
        return Verdict("WRONG", f"{'; '.join(differences)} | {told}", numbers)
    if summary["lumo_ev"] is None and truth.lumo_ev is not None:
        known = any(fnmatch.fnmatch(name, pattern) for pattern in MAY_LACK)
        return Verdict("no LUMO" if known else "NO LUMO", told, numbers)
    return Verdict("told" if notes else "right", told, numbers)


def differing(truth: Truth, summary: dict, rows: list[dict[str, object]]):
    """Yield each kind of number that differs from CP2K's own."""
    if truth.n_electrons is not None and abs(summary["n_electrons"] - truth.n_electrons) > 0.01:
        yield f"{summary['n_electrons']} electrons, not {truth.n_electrons}"
    homo, lumo = summary["homo_ev"], summary["lumo_ev"]
    if truth.partial:
        levels = np.concatenate(truth.energies_ev)
        if homo is not None and lumo is not None:
            between = (levels > homo + ENERGY_EV) & (levels < lumo - ENERGY_EV)
            if between.any() or not homo - 0.02 <= truth.fermi_ev <= lumo + 0.02:
                yield f"HOMO {homo} and LUMO {lumo} with a Fermi energy of {truth.fermi_ev:.4f} eV"
    else:
        if homo is not None and abs(homo - truth.homo_ev) > ENERGY_EV:
            yield f"HOMO {homo}, not {truth.homo_ev:.5f}"
        if lumo is not None and truth.lumo_ev is not None and abs(lumo - truth.lumo_ev) > ENERGY_EV:
            yield f"LUMO {lumo}, not {truth.lumo_ev:.5f}"
    fermi = summary["fermi_ev"]
    if truth.partial and fermi is not None and abs(fermi - truth.fermi_ev) > FERMI_EV:
        yield f"Fermi energy {fermi}, not {truth.fermi_ev:.4f}"
    if truth.partial and not summary["metallic"]:
        yield "not called a metal"
    restricted = {row["spin"] for row in rows} == {"both"}
    if restricted != truth.restricted:
        yield "restricted, or not"
        return
    for spin, name in enumerate(["both"] if restricted else ["alpha", "beta"]):
        known_energies, occupations = truth.energies_ev[spin], truth.occupations[spin]
        mine = [row for row in rows if row["spin"] == name and int(row["state"]) <= len(known_energies)]
        at = [int(row["state"]) - 1 for row in mine]
        if not at:
            yield f"no states of spin {name}"
            continue
        told = {name.upper(): name for name in mine[0]}
        columns = {f"W_{name}".upper(): w for name, w in truth.weights[spin].items()}
        if not columns.keys() & told.keys():
            yield "no weights"
        for column, known, tolerance in (
            ("ENERGY_EV", known_energies, ENERGY_EV),
            ("OCCUPATION", occupations, 2e-5),
            *((name, weights, WEIGHT) for name, weights in columns.items()),
        ):
            if column not in told:
                continue
            key = told[column]
            worst = np.abs(np.array([float(row[key]) for row in mine]) - known[at]).max()
            if worst > tolerance:
                yield f"{key} by {worst:.1e}"


def folders_of(base: Path, name: str, chosen: list[str], work: Path) -> list[tuple[str, Path, Truth | None]]:
    """Make the run of a recipe and the folders that are made of it."""
    recipe = RECIPES[name]
    wanted = [c for c in CHANGES if not chosen or any(
        fnmatch.fnmatch(f"{name}+{c}", p) or p == name for p in chosen)]  # fmt: skip
    if not wanted:
        return []
    run = base / name
    recipe.run(run)
    truth = None
    if recipe.truth != "none":
        twin = run if recipe.truth == "pdos" else base / recipe.truth
        if twin != run:
            RECIPES[recipe.truth].run(twin)
        elif not any(run.glob("*k[0-9]-*.pdos")):
            twin = base / f"{name}.twin"
            recipe.run(twin, KINDS)
        system = SYSTEMS[recipe.system]
        truth = read_truth(twin, project_of(twin), {k: system.element(k) for k in system.elements})
    made = []
    for change in wanted:
        folder = work / f"{name}+{change}"
        shutil.copytree(run, folder, ignore=shutil.ignore_patterns("*.bak-*"))
        if change.startswith("two-projects"):
            other = base / "diag-plain"
            if name == "diag-plain":
                other = base / "hydroxide"
            RECIPES[other.name].run(other)
            for path in other.iterdir():
                if path.name.startswith(("dos", "run")):
                    shutil.copy(path, folder / path.name.replace("dos", "other").replace("run", "other"))
            for path in folder.glob("other.inp"):
                path.write_text(path.read_text("utf-8").replace("PROJECT dos", "PROJECT other"), "utf-8")
            for path in folder.glob("other.out"):
                text = path.read_text("utf-8").replace("dos", "other").replace("run.inp", "other.inp")
                path.write_text(text, "utf-8")
        if CHANGES[change](folder):
            made.append((f"{name}+{change}", folder, truth))
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
            tasks = [(folder, title.endswith("+as-is")) for title, folder, _ in folders]
            results = pool.map(analysed, tasks)
            for (title, _, truth), result in zip(folders, results, strict=True):
                verdict = judge(title, truth, result)
                counts[verdict.word] += 1
                numbers = " ".join(f"{'' if n is None else f'{n:.4f}':>9}" for n in verdict.numbers)
                print(f"{verdict.word:<10} {title:<42} {numbers}  {verdict.told}", flush=True)
    print(f"\n{sum(counts.values())} folders of {len(RECIPES)} runs")
    for word, count in counts.most_common():
        print(f"{count:6d}  {word}")
    return int(any(word.isupper() or word in {"traceback", "hang"} for word in counts))


if __name__ == "__main__":
    sys.exit(main())
