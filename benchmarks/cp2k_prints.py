"""What CP2K itself prints of states, read with few lines that share none with the package.

The projections of .pdos files, and from main outputs the gap, the Fermi energy and the number of
electrons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

HARTREE_EV = 27.211386245988
_KIND_FILE = re.compile(
    r"(?P<head>.+?)-?(?:(?P<spin>ALPHA|BETA)_)?k(?P<kind>\d+)-(?P<step>\d+(_\d+)*)\.pdos"
)


@dataclass(frozen=True)
class Truth:
    """States of the last step: for each spin energies (eV), occupations, weights."""

    energies_ev: tuple[np.ndarray, ...]
    occupations: tuple[np.ndarray, ...]
    weights: tuple[dict[str, np.ndarray], ...]
    of_kinds: tuple[dict[str, np.ndarray], ...]
    fermi_ev: float
    gap_printed_ev: float | None
    n_electrons: float | None
    restricted: bool

    @property
    def partial(self) -> bool:
        """Whether a state is neither full nor empty."""
        full = 2.0 if self.restricted else 1.0
        return any(bool(((o > 0.01) & (o < full - 0.01)).any()) for o in self.occupations)

    @property
    def homo_ev(self) -> float:
        """Highest state that is more than half full."""
        half = 1.0 if self.restricted else 0.5
        return max(
            e[o > half].max()
            for e, o in zip(self.energies_ev, self.occupations, strict=True)
            if (o > half).any()
        )

    @property
    def lumo_ev(self) -> float | None:
        """Lowest state that is at most half full."""
        half = 1.0 if self.restricted else 0.5
        found = [
            e[o <= half].min()
            for e, o in zip(self.energies_ev, self.occupations, strict=True)
            if (o <= half).any()
        ]
        return min(found) if found else None


def read_truth(folder: Path, project: str, elements: dict[str, str]) -> Truth:
    """Read the last step of the .pdos files of kinds in a folder of one run.

    Parameters
    ----------
    folder : Path
        Where the files are.
    project : str
        What their names begin with.
    elements : dict of str to str
        Element of each kind.
    """
    steps: dict[tuple[str, str], tuple[tuple[int, ...], Path]] = {}
    for path in folder.glob("*.pdos"):
        match = _KIND_FILE.fullmatch(path.name)
        if match is None or not path.name.startswith(project):
            continue
        step = tuple(map(int, match["step"].split("_")))
        key = (match["spin"] or "", match["kind"])
        if key not in steps or steps[key][0] < step:
            steps[key] = (step, path)
    spins = sorted({spin for spin, _ in steps})
    energies, occupations, weights, of_kinds, fermi = [], [], [], [], []
    for spin in spins:
        of_elements: dict[str, np.ndarray] = {}
        kinds: dict[str, np.ndarray] = {}
        for (this, _), (_, path) in steps.items():
            if this != spin:
                continue
            lines = path.read_text(encoding="utf-8").splitlines()
            first = max(i for i, line in enumerate(lines) if "E(Fermi)" in line)
            head = lines[first]
            table = np.loadtxt(lines[first + 2 :], ndmin=2)
            kind = head.split("kind")[1].split()[0]
            element = elements.get(kind, kind)
            summed = table[:, 3:].sum(axis=1)
            of_elements[element] = of_elements.get(element, 0.0) + summed
            kinds[kind] = summed
            fermi.append(float(head.split("=")[2].split()[0]) * HARTREE_EV)
        energies.append(table[:, 1] * HARTREE_EV)
        occupations.append(table[:, 2])
        weights.append(of_elements)
        of_kinds.append(kinds)
    return Truth(
        tuple(energies),
        tuple(occupations),
        tuple(weights),
        tuple(of_kinds),
        max(fermi),
        *_of_output(folder),
        restricted=spins == [""],
    )


def _of_output(folder: Path) -> tuple[float | None, float | None]:
    """Return the last gap, and the electrons of the first SCF, that the main output tells."""
    text = (folder / "run.out").read_text(encoding="utf-8")
    gaps = re.findall(r"HOMO - LUMO gap \[eV\]\s*:?\s*(-?\d+\.\d+)", text)
    electrons = re.findall(r"Number of electrons:\s+(\d+)", text)
    n_spins = 1 + ("Spin 2" in text)
    return (
        min(map(float, gaps[-n_spins:])) if gaps else None,
        float(sum(map(int, electrons[:n_spins]))) if electrons else None,
    )
