"""CP2K's trajectories (-pos-1.xyz, -frc-1.xyz, -vel-1.xyz) and its restart files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.cp2k_input import CheckContext, InputText, Report, read_tree, versions
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from epicarve.arrays import Floats

_TITLE = re.compile(r"i =\s*(?P<step>\d+)(?:.*\bE =\s*(?P<energy>-?\d+\.\d+))?")
_ROW = re.compile(
    r"\s*(?P<symbol>[A-Z][a-z]?\w*)\s+(-?\d+\.\d+(?:E[+-]\d+)?)\s+"
    r"(-?\d+\.\d+(?:E[+-]\d+)?)\s+(-?\d+\.\d+(?:E[+-]\d+)?)\s*\Z"
)
_LONGEST_LINE = 4096


@dataclass(frozen=True)
class Frame:
    """One frame of a trajectory.

    Parameters
    ----------
    step : int or None
        Number of the step, from the title.
    energy_hartree : float or None
        Energy in hartree, from the title.
    symbols : tuple of str
        Labels of the atoms.
    values : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å of a -pos- file, forces in hartree/bohr of a -frc- file.
    """

    step: int | None
    energy_hartree: float | None
    symbols: tuple[str, ...]
    values: Floats


@dataclass(frozen=True)
class Restart:
    """Where a run of CP2K stood when it last wrote its restart file.

    Parameters
    ----------
    project : str
        Name of the project.
    step : int
        Steps that the optimiser or the dynamics had done.
    symbols : tuple of str
        Labels of the atoms.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å.
    cell_a : ndarray of float, shape (3, 3)
        Cell vectors in Å as rows.
    periodic : tuple of bool
        Along which of them the system repeats.
    """

    project: str
    step: int
    symbols: tuple[str, ...]
    positions_a: Floats
    cell_a: Floats
    periodic: tuple[bool, bool, bool] = (True, True, True)


def frames(path: Path) -> Iterator[Frame]:
    """Yield the whole frames of a trajectory one at a time, without a last one that was cut off.

    Parameters
    ----------
    path : Path
        A trajectory in XYZ format as CP2K writes it.

    Raises
    ------
    InputError
        If there is no such file, or a frame that is not the last is not as it should be.
    """
    try:
        stream = path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; name a trajectory of CP2K") from None
    with stream:
        number = 1
        while head := _line(stream):
            frame = _frame(path, stream, head, number)
            if frame is None:
                return
            yield frame
            number += 1


def last_frame(path: Path) -> Frame:
    """Return the last whole frame of a trajectory.

    Raises
    ------
    InputError
        As `frames`, or if there is no whole frame.
    """
    last = None
    for frame in frames(path):
        last = frame
    if last is None:
        raise InputError(f"{path}: there is no whole frame in it; run the stage to its first step")
    return last


def read_restart(path: Path) -> Restart:
    """Read a restart file of CP2K.

    Parameters
    ----------
    path : Path
        The file PROJECT-1.restart, of any version of CP2K.

    Raises
    ------
    InputError
        If there is no such file, or it is cut off or damaged.
    """
    report = Report()
    root = read_tree(InputText.read(path), versions()[-1], report)
    unclosed = [
        f for f in report.findings if "not closed" in f.message or "is no number" in f.message
    ]
    force_eval = root.first("FORCE_EVAL")
    if unclosed or force_eval is None:
        what = unclosed[0].message if unclosed else "it has no &FORCE_EVAL"
        raise InputError(f"{path}: no whole restart file ({what}); take the one before, .bak-1")
    subject = CheckContext(root, force_eval, path.parent, versions()[-1], report)
    atoms, cell = subject.atoms, subject.cell
    topology = force_eval.first("SUBSYS", "TOPOLOGY")
    wanted = topology.number("NUMBER_OF_ATOMS") if topology else None
    if atoms is None or cell is None or wanted not in {None, -1, len(atoms.labels)}:
        raise InputError(
            f"{path}: no whole restart file (its atoms or its cell are missing); take the one "
            "before, .bak-1"
        )
    motion = root.first("MOTION")
    steps = [
        section.number("STEP_START_VAL") or 0
        for name in ("GEO_OPT", "CELL_OPT", "MD")
        if motion is not None and (section := motion.first(name)) is not None
    ]
    globals_ = root.first("GLOBAL")
    positions = np.array(atoms.positions_a)
    vectors = np.array(cell.vectors_a)
    return Restart(
        project=str(globals_.value("PROJECT_NAME")) if globals_ else "PROJECT",
        step=int(max(steps, default=0)),
        symbols=atoms.labels,
        positions_a=positions @ vectors if atoms.scaled else positions,
        cell_a=vectors,
        periodic=cell.periodic,
    )


def _line(stream: TextIO) -> str:
    """Return the next line, empty at the end of the file or if it is cut off."""
    line = stream.readline(_LONGEST_LINE)
    return line if line.endswith("\n") else ""


def _frame(path: Path, stream: TextIO, head: str, number: int) -> Frame | None:
    """Read one frame; None if the file ends within it."""
    if not head.strip().isdigit():
        raise InputError(
            f"{path}: frame {number} begins with {head.strip()[:40]!r}, not with the number of its "
            "atoms; copy the file again, or name a trajectory of CP2K"
        )
    title = _TITLE.search(_line(stream))
    symbols, rows = [], []
    for atom in range(1, int(head) + 1):
        line = _line(stream)
        if not line:
            return None
        row = _ROW.match(line)
        if row is None:
            raise InputError(
                f"{path}: atom {atom} of frame {number} reads {line.strip()[:60]!r}; copy the file "
                "again"
            )
        symbols.append(row["symbol"])
        rows.append([float(word) for word in row.groups()[1:]])
    return Frame(
        step=int(title["step"]) if title else None,
        energy_hartree=float(title["energy"]) if title and title["energy"] else None,
        symbols=tuple(symbols),
        values=np.array(rows).reshape(-1, 3),
    )
