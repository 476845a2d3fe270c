"""What a relaxation of a crystal came to: cell, atoms, energy, forces, pressure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.output import last_frame, read_output, read_restart
from epicarve.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Floats
    from epicarve.dft.settings import Stage
    from epicarve.dft.write import System


@dataclass(frozen=True)
class RelaxedCell:
    """The end of a relaxation of a periodic system.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Cell vectors in Å as rows.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Cartesian coordinates in Å.
    energy_hartree : float
        Total energy of the cell.
    max_force_hartree_bohr : float
        Largest component of the force on an atom.
    pressure_gpa : float or None
        Pressure, None where the cell was held.
    n_steps : int
        Steps of the last attempt.
    version : str
        Version of CP2K that computed it.
    """

    cell_a: Floats
    positions_a: Floats
    energy_hartree: float
    max_force_hartree_bohr: float
    pressure_gpa: float | None
    n_steps: int
    version: str


def read_relaxed_cell(
    folder: Path, stage: Stage, system: System, *, variable_cell: bool
) -> RelaxedCell:
    """Read the end of a relaxation that `write_periodic` wrote the input of.

    Parameters
    ----------
    folder : Path
        The chain's folder.
    stage : Stage
        Its relaxation.
    system : System
        What was relaxed; a cell that was held is taken from it.
    variable_cell : bool
        Whether the cell was relaxed with the atoms.

    Raises
    ------
    InputError
        If the relaxation did not converge or was cut off, or its files do not fit each other.
    """
    output = read_output(folder / stage.output)
    output.require_sound(must_relax=True)
    if variable_cell:
        restart = read_restart(folder / stage.restart)
        cell_a, positions_a, symbols = restart.cell_a, restart.positions_a, restart.symbols
    else:
        frame = last_frame(folder / stage.trajectory)
        cell_a, positions_a, symbols = system.cell_a, frame.values, frame.symbols
    if symbols != system.symbols:
        raise InputError(
            f"{folder / stage.folder}: its atoms are not those of the crystal; the folder mixes "
            "two runs, so run again in an empty one"
        )
    if output.energy_hartree is None or not output.forces_hartree_bohr:
        raise InputError(
            f"{output.path}: energy or forces are missing; run the stage again with the input that "
            "was written for it"
        )
    return RelaxedCell(
        cell_a=cell_a,
        positions_a=positions_a,
        energy_hartree=output.energy_hartree,
        max_force_hartree_bohr=float(np.abs(output.forces_hartree_bohr).max()),
        pressure_gpa=output.steps[-1].pressure_gpa if variable_cell and output.steps else None,
        n_steps=output.n_geometry_steps,
        version=output.version,
    )
