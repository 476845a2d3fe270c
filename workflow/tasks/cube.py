"""Orbitals of a run as cube files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.cube import Eigenstates, OrbitalGrid, eigenstates, orbital_grid, write_cube
from epicarve.dft.occupations import occupied_states
from epicarve.dft.read import wfn_of_folder
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.dft.read import AtomBasis, RunFiles, Wfn

SPINS = ("alpha", "beta")
_EDGE = re.compile(r"(homo|lumo)([+-]\d+)?")


@dataclass(frozen=True)
class SpinOrbitals:
    """The orbitals of one spin of a run.

    Parameters
    ----------
    files : RunFiles
        Files of the run.
    wfn : Wfn
        That with its orbitals.
    basis : AtomBasis
        Atoms and basis functions.
    spin : int
        0 for alpha or restricted, 1 for beta.
    """

    files: RunFiles
    wfn: Wfn
    basis: AtomBasis
    spin: int

    @classmethod
    def of(cls, folder: Path, spin: str, project: str | None) -> SpinOrbitals:
        """Find the orbitals of a run in its folder.

        Raises
        ------
        InputError
            If there is no .wfn file that can be used, or it has no such spin.
        """
        if spin not in SPINS:
            raise InputError(f"no spin {spin!r}; give alpha or beta")
        files, wfn, basis = wfn_of_folder(folder, project)
        if SPINS.index(spin) >= len(wfn.spins):
            raise InputError(f"{wfn.path}: the run is spin-restricted; its states count as alpha")
        return cls(files, wfn, basis, SPINS.index(spin))

    @cached_property
    def states(self) -> Eigenstates:
        """The orbitals as states."""
        return eigenstates(self.files, self.wfn, self.basis, self.spin)

    @property
    def n_occupied(self) -> int:
        """Number of occupied states."""
        states = self.states
        spins = np.full(len(states.energies_ev), self.spin, dtype=np.int8)
        return int(
            occupied_states(states.energies_ev, states.occupations, spins, states.full).sum()
        )

    def numbered(self, state: int | str) -> int:
        """Return the number of a state, from 1, that may be named after the gap.

        Raises
        ------
        InputError
            If there is no such state.
        """
        number = _number(state, self.n_occupied)
        n_states = len(self.states.energies_ev)
        if not 1 <= number <= n_states:
            raise InputError(f"{self.states.path}: no state {state}; there are {n_states}, from 1")
        return number

    def energy_ev(self, number: int) -> float:
        """Return the energy of a state in eV."""
        return float(self.states.energies_ev[number - 1])

    def grid(self, number: int, step_a: float, margin_a: float) -> OrbitalGrid:
        """Evaluate a state on a box around the atoms; see `cube`."""
        if not (0.0 < step_a < inf and 0.0 <= margin_a < inf):
            raise InputError("the step of a grid must be positive, and its margin not negative")
        return orbital_grid(self.states.basis, self.states.column(number - 1), step_a, margin_a)

    def write_cube(self, path: Path, number: int, grid: OrbitalGrid) -> None:
        """Write a state on a grid as a cube file."""
        name = f"{self.states.path.name}: state {number} {SPINS[self.spin]}"
        title = f"{name}, {self.energy_ev(number):.4f} eV"
        write_cube(path, grid, self.states.basis, title)


def cube(
    folder: Path | str,
    state: int | str,
    out: Path | str | None = None,
    *,
    spin: str = "alpha",
    step_a: float = 0.25,
    margin_a: float = 4.0,
    project: str | None = None,
) -> OrbitalGrid:
    """Evaluate one orbital of a .wfn file on a grid.

    Parameters
    ----------
    folder : Path or str
        Holds a .wfn file and the input of its run.
    state : int or str
        Number of the state within its spin, from 1, as in states.csv; or ``"homo"``,
        ``"lumo"``, ``"homo-1"``, ``"lumo+2"`` and so on.
    out : Path or str, optional
        The cube file; nothing is written without it.
    spin : {"alpha", "beta"}
        Which spin; alpha if spin-restricted.
    step_a : float
        Distance in Å between points of the grid.
    margin_a : float
        Width in Å of the box beyond the outermost atoms.
    project : str, optional
        Which project of CP2K, where the folder holds .wfn files of several.

    Returns
    -------
    OrbitalGrid
        The values; its `norm` tells how much of the orbital the grid holds.

    Raises
    ------
    InputError
        If there is no such orbital, the orbitals are no states (after an orbital transformation,
        with neither text of &MO nor a Kohn-Sham matrix beside them), the model is periodic, or the
        grid too large.
    """
    orbitals = SpinOrbitals.of(Path(folder), spin, project)
    number = orbitals.numbered(state)
    grid = orbitals.grid(number, step_a, margin_a)
    if out is not None:
        orbitals.write_cube(Path(out), number, grid)
    return grid


def _number(state: int | str, n_occupied: int) -> int:
    """Return the number of a state that may be named after the gap."""
    text = str(state).strip().lower()
    if text.isdecimal():
        return int(text)
    edge = _EDGE.fullmatch(text)
    if edge is None:
        raise InputError(f"no state {state!r}; give its number, or homo, lumo, homo-1, lumo+2")
    return n_occupied + (edge[1] == "lumo") + int(edge[2] or 0)
