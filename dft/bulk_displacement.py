"""How far GFN1-xTB moves the ions of a bulk crystal: what a relaxation of a model owes to it."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.blas import load_fast_blas
from epicarve.errors import InputError
from epicarve.record import Record

from .xtb import METHOD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.builder.crystal import Crystal

SHORTEST_EDGE_A = 7.5
"""The cell is repeated until no height of it is shorter: the engine has no k-points but Γ."""

MOST_STEPS = 60
MAX_FORCE_EV_A = 0.05


@dataclass(frozen=True)
class BulkDisplacement(Record):
    """How far GFN1-xTB moves the ions of a crystal in its own cell.

    Parameters
    ----------
    crystal : str
        Name of the crystal.
    n_atoms : int
        Ions of the cell that was relaxed.
    rms_a, max_a : float
        Root mean square and largest displacement in Å.
    converged : bool
        Whether no ion felt more than 0.05 eV/Å in the end; if not, they would move further.
    """

    crystal: str
    n_atoms: int
    rms_a: float
    max_a: float
    converged: bool

    @property
    def sentence(self) -> str:
        """Say it."""
        least = "" if self.converged else "at least "
        return (
            f"{METHOD} moves bulk {self.crystal} by {least}{self.rms_a:.2f} Å rms in its own cell"
        )


def bulk_displacement(crystal: Crystal) -> BulkDisplacement:
    """Relax the ions of a crystal with GFN1-xTB in its own cell, and tell how far they moved.

    Parameters
    ----------
    crystal : Crystal
        The crystal. Its cell is repeated to 7.5 Å along each direction, as there are no k-points.

    Returns
    -------
    BulkDisplacement
        Without the shift of all ions together, which means nothing in a crystal.

    Raises
    ------
    InputError
        If the engine fails on the crystal.
    """
    from ase import Atoms  # noqa: PLC0415  (a second of imports that few commands need)
    from ase.calculators.calculator import CalculatorError  # noqa: PLC0415
    from ase.optimize import LBFGS  # noqa: PLC0415

    load_fast_blas()
    from tblite.ase import TBLite  # noqa: PLC0415

    heights_a = 1.0 / np.linalg.norm(np.linalg.inv(crystal.cell_a), axis=0)
    repeats = np.ceil(SHORTEST_EDGE_A / heights_a - 1e-9).astype(int).tolist()
    cell: Any = Atoms(
        symbols=crystal.atoms.symbols.tolist(),
        scaled_positions=crystal.atoms.fractional,
        cell=crystal.cell_a,
        pbc=True,
    )
    atoms = cell.repeat(repeats)
    start_a = atoms.positions.copy()
    atoms.calc = TBLite(method=METHOD, verbosity=0)
    optimizer: Any = LBFGS(atoms, logfile=os.devnull)
    try:
        converged = optimizer.run(fmax=MAX_FORCE_EV_A, steps=MOST_STEPS)
    except CalculatorError as error:
        raise InputError(
            f"{METHOD} failed on bulk {crystal.name} after {optimizer.nsteps} steps: {error}; "
            "leave the pre-relaxation out for it (prerelax: null)"
        ) from error
    shifts_a = atoms.positions - start_a
    lengths_a = np.linalg.norm(shifts_a - shifts_a.mean(axis=0), axis=1)
    return BulkDisplacement(
        crystal=crystal.name,
        n_atoms=len(atoms),
        rms_a=round(float(np.sqrt((lengths_a**2).mean())), 3),
        max_a=round(float(lengths_a.max()), 3),
        converged=bool(converged),
    )


@cache
def known_displacements() -> Mapping[str, BulkDisplacement]:
    """Return what was measured of bundled crystals, by name (benchmarks/bulk_displacements.py)."""
    path = files("epicarve.templates") / "xtb" / "bulk-displacements.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return {
        row["crystal"]: BulkDisplacement(
            row["crystal"],
            int(row["n_atoms"]),
            float(row["rms_a"]),
            float(row["max_a"]),
            row["converged"] == "true",
        )
        for row in rows
    }
