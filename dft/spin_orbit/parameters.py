"""Spin-orbit parameters of GTH pseudopotentials, from CP2K's data or the bundled table."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

from epicarve.dft.cp2k_input import entries
from epicarve.dft.pseudopotentials import Projectors, spin_orbit_projectors

if TYPE_CHECKING:
    from pathlib import Path

DATA_FILE = "GTH_SOC_POTENTIALS"
"""CP2K's file of pseudopotentials with spin-orbit parameters, since 2024.1."""

TABLE = "spin_orbit.yaml"


def known_projectors(
    element: str, potential: str, data_files: tuple[Path, ...] = ()
) -> tuple[Projectors, ...] | None:
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
            return spin_orbit_projectors(text)
    return _table().get(key)


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, str], tuple[Projectors, ...]]:
    """Read the bundled table, by element and each name in capitals."""
    found: dict[tuple[str, str], tuple[Projectors, ...]] = {}
    text = files("epicarve.templates").joinpath(TABLE).read_text("utf-8")
    for entry in yaml.safe_load(text):
        projectors = tuple(
            Projectors.of_triangle(each["l"], each["radius_bohr"], each["k_hartree"])
            for each in entry["projectors"]
        )
        for name in entry["names"]:
            found[entry["element"].upper(), name.upper()] = projectors
    return found
