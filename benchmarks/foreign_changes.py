"""What people do to the folder of a run: files taken away, left over, renamed, cut, moved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def project_of(folder: Path) -> str:
    """Return how the names of a run's files begin."""
    text = (folder / "run.inp").read_text(encoding="utf-8")
    project = re.search(r"PROJECT (.*)", text)[1].strip('" ')
    variable = re.search(r"@SET NAME (\S+)", text)
    return project.replace(" ", "").replace("${NAME}", variable[1] if variable else "")


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
    "as-is": lambda _: True,
    "no-output": without("*.out"),
    "no-input": without("*.inp"),
    "no-input-no-restart": without("*.inp", "*.restart*"),
    "no-restart": without("*.restart*"),
    "no-wfn": without("*.wfn*"),
    "no-pdos": without("*.pdos"),
    "no-lists": without("*list*.pdos"),
    "no-kinds": without("*k[0-9]-*.pdos"),
    "no-last-pdos": lambda folder: without(*(p.name for p in sorted(folder.glob("*.pdos"))[-1:]))(
        folder
    ),
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
    "two-projects": lambda _: True,
    "two-projects-chosen": lambda _: True,
}
"""What happens to a folder; False where it would be the same as without."""
