"""Orbitals of a run as cube files."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path

import numpy as np

from epicarve.dft.cube import OrbitalGrid, eigenstates, orbital_grid, write_cube
from epicarve.dft.occupations import occupied_states
from epicarve.dft.read import wfn_of_folder
from epicarve.errors import InputError

SPINS = ("alpha", "beta")
_EDGE = re.compile(r"(homo|lumo)([+-]\d+)?")


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
    folder = Path(folder)
    if not (0.0 < step_a < inf and 0.0 <= margin_a < inf):
        raise InputError("the step of a grid must be positive, and its margin not negative")
    if spin not in SPINS:
        raise InputError(f"no spin {spin!r}; give alpha or beta")
    files, wfn, basis = wfn_of_folder(folder, project)
    which = SPINS.index(spin)
    if which >= len(wfn.spins):
        raise InputError(f"{wfn.path}: the run is spin-restricted; its states count as alpha")
    chosen = eigenstates(files, wfn, basis, which)
    n_states = len(chosen.energies_ev)
    spins = np.full(n_states, which, dtype=np.int8)
    occupied = occupied_states(chosen.energies_ev, chosen.occupations, spins, chosen.full)
    number = _number(state, int(occupied.sum()))
    if not 1 <= number <= n_states:
        raise InputError(f"{chosen.path}: no state {state}; there are {n_states}, from 1")
    grid = orbital_grid(chosen.basis, chosen.column(number - 1), step_a, margin_a)
    if out is not None:
        energy_ev = float(chosen.energies_ev[number - 1])
        title = f"{chosen.path.name}: state {number} {spin}, {energy_ev:.4f} eV"
        write_cube(Path(out), grid, chosen.basis, title)
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
