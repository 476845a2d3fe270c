"""Orbitals of a run as cube files."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path

from epicarve.dft.cube import OrbitalGrid, orbital_grid, write_cube
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
        If there is no such orbital, the model is periodic, or the grid too large.
    """
    folder = Path(folder)
    if not (0.0 < step_a < inf and 0.0 <= margin_a < inf):
        raise InputError("the step of a grid must be positive, and its margin not negative")
    if spin not in SPINS:
        raise InputError(f"no spin {spin!r}; give alpha or beta")
    wfn, basis = wfn_of_folder(folder, project)
    which = SPINS.index(spin)
    if which >= len(wfn.spins):
        raise InputError(f"{wfn.path}: the run is spin-restricted; its states count as alpha")
    chosen = wfn.spins[which]
    number = _number(state, int((chosen.occupations > 0.5 * 2 / len(wfn.spins)).sum()))
    if not 1 <= number <= len(chosen.energies_ev):
        raise InputError(
            f"{wfn.path}: no state {state}; there are {len(chosen.energies_ev)}, from 1"
        )
    coefficients = wfn.coefficients(which, number - 1, number)[:, 0]
    grid = orbital_grid(basis, coefficients, step_a, margin_a)
    if out is not None:
        energy_ev = float(chosen.energies_ev[number - 1])
        title = f"{wfn.path.name}: state {number} {spin}, {energy_ev:.4f} eV"
        write_cube(Path(out), grid, basis, title)
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
