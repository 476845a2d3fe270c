"""Bands of a bulk crystal, from the file that CP2K writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.cp2k_input import read_text
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from epicarve.arrays import Floats

    from .path import PathSegment

GAMMA = {"GAMMA", "GAM", "Γ", "G"}
"""What the middle of the zone is called."""

_SPECIAL = re.compile(r"^#\s+Special point\s+\d+\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)")
_POINT = re.compile(r"^#\s+Point\s+\d+\s+Spin\s+(\d+):\s+(\S+)\s+(\S+)\s+(\S+)")


@dataclass(frozen=True)
class BulkBands:
    """Bands along straight lines between special points.

    Parameters
    ----------
    lines : tuple of tuple
        For each line the names of its ends, the places of its points from 0 to 1, and their
        energies in eV, shape (n_points, n_bands).
    valence_edge_ev : float or None
        Highest energy of an occupied state in eV.
    """

    lines: tuple[tuple[str, str, Floats, Floats], ...]
    valence_edge_ev: float | None

    def on(self, segment: PathSegment) -> Iterator[tuple[Floats, Floats]]:
        """Yield the lines between the ends of a segment: places on it, and energies in eV."""
        for start, end, places, energies_ev in self.lines:
            if (start, end) == (segment.start, segment.end):
                yield places, energies_ev
            elif (end, start) == (segment.start, segment.end):
                yield 1.0 - places[::-1], energies_ev[::-1]


def read_bulk_bands(path: Path) -> BulkBands:
    """Read the file of &BAND_STRUCTURE of a run of CP2K with k-points.

    Parameters
    ----------
    path : Path
        The file, whose special points have the names of the path: Γ is GAMMA or G.

    Raises
    ------
    InputError
        If it is no such file, cut off, or its special points have no names.
    """
    lines: list[tuple[str, str, Floats, Floats]] = []
    specials: list[tuple[str, Floats]] = []
    points: list[Floats] = []
    rows: list[list[float]] = []
    occupied: list[float] = []
    for line in read_text(path).splitlines():
        if line.startswith("# Set"):
            lines += _lines(path, specials, points, rows)
            specials, points, rows = [], [], []
        elif (special := _SPECIAL.match(line)) is not None:
            specials.append((_name(special[4]), np.array([float(special[i]) for i in (1, 2, 3)])))
        elif (point := _POINT.match(line)) is not None:
            if point[1] == "1":  # those of the other spin follow
                points.append(np.array([float(point[i]) for i in (2, 3, 4)]))
                rows.append([])
        elif line.strip() and not line.startswith("#"):
            try:
                _, energy_ev, occupation = map(float, line.split())
                rows[-1].append(energy_ev)
            except (ValueError, IndexError):
                raise _damaged(path, "it has a line that is no band") from None
            if occupation > 0.5:
                occupied.append(energy_ev)
    lines += _lines(path, specials, points, rows)
    if not lines:
        raise _damaged(path, "it holds no bands between special points with names")
    return BulkBands(tuple(lines), max(occupied, default=None))


def _lines(
    path: Path,
    specials: list[tuple[str, Floats]],
    points: list[Floats],
    rows: list[list[float]],
) -> list[tuple[str, str, Floats, Floats]]:
    """Part the points of a set at its special points."""
    if not points:
        return []
    if len({len(row) for row in rows}) != 1:
        raise _damaged(path, "its points have different numbers of bands")
    at, energies_ev = np.array(points), np.array(rows)
    found, here = [], 0
    for (start, first), (end, last) in pairwise(specials):
        length = float(np.linalg.norm(last - first))
        ahead = np.flatnonzero(np.abs(at[here:] - last).max(axis=1) < 1e-6)
        if not ahead.size or np.abs(at[here] - first).max() > 1e-6:
            raise _damaged(path, f"its points do not go from {start} to {end}")
        chosen = slice(here, here + int(ahead[0]) + 1)
        places = np.linalg.norm(at[chosen] - first, axis=1) / length
        found.append((start, end, places, energies_ev[chosen]))
        here += int(ahead[0])
    return found


def _name(word: str) -> str:
    """Return the name of a special point as paths have it."""
    return "G" if word.upper() in GAMMA else word


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path}: {why}; give the file of &BAND_STRUCTURE of a bulk run, with SPECIAL_POINT lines "
        "that begin with a name"
    )
