"""Spin-orbit parameters of GTH pseudopotentials, from CP2K's data or the bundled table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import yaml

from epicarve.dft.cp2k_input import entries
from epicarve.dft.orbitals import GaussianShell

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Floats

DATA_FILE = "GTH_SOC_POTENTIALS"
"""CP2K's file of pseudopotentials with spin-orbit parameters, since 2024.1."""

TABLE = "spin_orbit.yaml"


@dataclass(frozen=True)
class SpinOrbitProjectors:
    """Projectors of one angular momentum and their spin-orbit strengths.

    Projector i of angular momentum l goes with r^(l + 2(i - 1)) exp(-r²/2r_l²); C. Hartwigsen,
    S. Goedecker and J. Hutter, Phys. Rev. B 58, 3641 (1998), equations 3 and 19.

    Parameters
    ----------
    angular : int
        Angular momentum l, 1 or more.
    radius_bohr : float
        The radius r_l.
    strengths : tuple of tuple of float, shape (n, n)
        The matrix k_ij in hartree.
    """

    angular: int
    radius_bohr: float
    strengths: tuple[tuple[float, ...], ...]

    @property
    def shells(self) -> tuple[GaussianShell, ...]:
        """The projectors as functions of norm 1, i from 1."""
        exponent = 0.5 / self.radius_bohr**2
        return tuple(
            GaussianShell(self.angular, (exponent,), (1.0,), squares=i)
            for i in range(len(self.strengths))
        )

    @property
    def matrix(self) -> Floats:
        """The strengths k_ij in hartree, shape (n, n)."""
        return np.array(self.strengths)


def projectors_of_entry(text: str) -> tuple[SpinOrbitProjectors, ...]:
    r"""Read the spin-orbit part of an entry of CP2K's file.

    Parameters
    ----------
    text : str
        The lines below the head of the entry.

    Raises
    ------
    ValueError
        If it is no entry with spin-orbit parameters, or cut off.

    Examples
    --------
    >>> projectors_of_entry("2 2\n 0.3 1 1.0\n 2 SOC\n 0.4 1 3.0\n 0.5 1 2.0\n 0.1\n")
    (SpinOrbitProjectors(angular=1, radius_bohr=0.5, strengths=((0.1,),)),)
    """
    words = text.split()
    if "SOC" not in words:
        raise ValueError("it has no spin-orbit parameters")
    at = words.index("SOC")
    numbers = words[at + 1 :]
    found, here = [], 0
    for angular in range(int(words[at - 1])):
        if len(numbers) < here + 2:
            raise ValueError("it is cut off")
        radius_bohr, n = float(numbers[here]), int(numbers[here + 1])
        size = n * (n + 1) // 2
        here += 2 + size  # past the scalar part
        if angular == 0:
            continue
        triangle = [float(number) for number in numbers[here : here + size]]
        if len(triangle) < size:
            raise ValueError("it is cut off")
        here += size
        if any(triangle):
            found.append(_projectors(angular, radius_bohr, triangle))
    return tuple(found)


def known_projectors(
    element: str, potential: str, data_files: tuple[Path, ...] = ()
) -> tuple[SpinOrbitProjectors, ...] | None:
    """Return the spin-orbit projectors of a pseudopotential, None if none are known.

    Parameters
    ----------
    element : str
        Chemical symbol.
    potential : str
        Name of the potential, such as ``GTH-PBE-q4``.
    data_files : tuple of Path
        Files like CP2K's GTH_SOC_POTENTIALS, which come before the bundled table.

    Raises
    ------
    ValueError
        If an entry of a file is damaged.

    Examples
    --------
    >>> [(each.angular, each.strengths[0][0]) for each in known_projectors("Pb", "GTH-PBE-q4")]
    [(1, 0.27466972), (2, 0.01870296)]
    """
    key = element.upper(), potential.upper()
    for path in data_files:
        text = entries(path).get(key)
        if text is not None and "SOC" in text.split():
            return projectors_of_entry(text)
    return _table().get(key)


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], tuple[SpinOrbitProjectors, ...]]:
    """Read the bundled table, by element and each name in capitals."""
    found: dict[tuple[str, str], tuple[SpinOrbitProjectors, ...]] = {}
    text = files("epicarve.templates").joinpath(TABLE).read_text("utf-8")
    for entry in yaml.safe_load(text):
        projectors = tuple(
            _projectors(each["l"], each["radius_bohr"], each["k_hartree"])
            for each in entry["projectors"]
        )
        for name in entry["names"]:
            found[entry["element"].upper(), name.upper()] = projectors
    return found


def _projectors(angular: int, radius_bohr: float, triangle: list[float]) -> SpinOrbitProjectors:
    """Return projectors of whose symmetric matrix the upper triangle is given, row by row."""
    n = math.isqrt(2 * len(triangle))
    matrix = np.zeros((n, n))
    of_row, columns = np.triu_indices(n)
    matrix[of_row, columns] = matrix[columns, of_row] = triangle
    rows = tuple(tuple(row) for row in matrix.tolist())
    return SpinOrbitProjectors(angular, radius_bohr, rows)
