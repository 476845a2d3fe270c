"""The tables of transitions: transitions.csv and absorption.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.analysis.states import LISTED
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR, DEBYE_PER_E_A

from .tables import csv_of, labels

if TYPE_CHECKING:
    from epicarve.analysis.states import Absorption, Analysis
    from epicarve.arrays import Floats, Ints

TRANSITION_COLUMNS = (
    "from,to,spin,energy_ev,strength,dipole_x_debye,dipole_y_debye,dipole_z_debye,"
    "from_energy_ev,to_energy_ev,velocity_strength"
)
"""Columns of transitions.csv."""


def transitions_csv(analysis: Analysis) -> str:
    """Return one line per transition of an oscillator strength of `LISTED`, by ascending energy.

    Parameters
    ----------
    analysis : Analysis
        Results with transitions.

    Returns
    -------
    str
        Comma-separated values under the header ``from,to,spin,energy_ev,strength,dipole_x_debye,
        dipole_y_debye,dipole_z_debye,from_energy_ev,to_energy_ev,velocity_strength``: states are
        numbered as in states.csv, the dipole is that of e⟨i|r|j⟩, whose sign is arbitrary, and the
        last column is empty where the velocity form is not known.
    """
    numbers, spins = labels(analysis.states)
    rows: list[tuple[float, int, int, float, list[float], str]] = []
    for each in _absorption(analysis).transitions.of_spins:
        strengths = each.strengths
        first, last = np.nonzero(strengths >= LISTED)
        dipoles_debye = each.dipoles_bohr[:, first, last].T * A_PER_BOHR * DEBYE_PER_E_A
        rows += zip(
            each.energies_ev[first, last].tolist(),
            each.occupied[first].tolist(),
            each.empty[last].tolist(),
            strengths[first, last].tolist(),
            dipoles_debye.tolist(),
            _told(each.velocity_strengths, first, last),
            strict=True,
        )
    energies_ev = analysis.states.energies_ev
    lines = [TRANSITION_COLUMNS]
    for energy_ev, i, j, strength, dipole_debye, velocity in sorted(rows, key=lambda row: row[:3]):
        dipole = ",".join(f"{part:.6f}" for part in dipole_debye)
        lines.append(
            f"{numbers[i]},{numbers[j]},{spins[i]},{energy_ev:.6f},{strength:.6f},{dipole},"
            f"{energies_ev[i]:.6f},{energies_ev[j]:.6f},{velocity}"
        )
    return "\n".join(lines) + "\n"


def _told(strengths: Floats | None, first: Ints, last: Ints) -> list[str]:
    """Return the strengths of some transitions in the velocity form, "" where they are unknown."""
    if strengths is None:
        return [""] * len(first)
    return [f"{strength:.6f}" for strength in strengths[first, last]]


def absorption_csv(analysis: Analysis) -> str:
    """Return one line per energy of light: oscillator strength per eV, and the part of traps.

    Parameters
    ----------
    analysis : Analysis
        Results with transitions.

    Returns
    -------
    str
        Comma-separated values under the header ``energy_ev,absorption,of_traps``.
    """
    found = _absorption(analysis)
    table = np.stack([found.grid_ev, found.spectrum, found.of_traps], axis=1)
    return csv_of(["energy_ev", "absorption", "of_traps"], table)


def _absorption(analysis: Analysis) -> Absorption:
    if analysis.absorption is None:
        raise InputError("there are no transitions; ask for them by transitions=True")
    return analysis.absorption
