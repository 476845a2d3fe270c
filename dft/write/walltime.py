"""How long a stage runs: seconds of one SCF step by what it computes, times the steps.

The rule stands in docs/running.md, beside the runs that it was fitted and compared to.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from epicarve.dft.settings import Stage

SECONDS_PER_POINT = 1.4e-6
"""Seconds of one core for each point of the finest grid and SCF step: density, potential, Fourier
transforms, integrals on the grid."""

SECONDS_PER_PRODUCT = 1.0e-9
"""Seconds of one core for each functions² × states and step of the orbital transformation."""

SECONDS_PER_INVERSE = 1.3e-10
"""Seconds of one core for each functions³ of the first step of the orbital transformation, which
makes the preconditioner."""

SECONDS_PER_DIAGONAL = 6.3e-10
"""Seconds of one core for each functions³ of a diagonalisation."""

FIRST_STEPS, LATER_STEPS = 50, 16
"""Steps of an SCF from atoms, and of one from the orbitals of a geometry that is near."""

GEOMETRY_STEPS = 100
"""Steps of a relaxation that are counted with, if it may make as many."""

MARGIN = 2.0
"""How much more time is asked for than is estimated."""

MOST_HOURS = 168.0
"""Most time that is asked for, a week."""

UNKNOWN_HOURS = 24.0
"""Least time that is asked for where the work is not known, as that of exact exchange."""

SPEEDUP_EXPONENT = 0.8
"""A run on N cores is taken to be N to this power times as fast as on one."""


def scf_step_seconds(
    grid_points: int, functions: int, states: int, *, diagonalizes: bool, matrices: int = 1
) -> float:
    """Return the time of one SCF step on one core.

    Parameters
    ----------
    grid_points : int
        Points of the finest grid.
    functions, states : int
        Basis functions, and occupied states.
    diagonalizes : bool
        Whether the orbitals are found by diagonalisation, or by the orbital transformation.
    matrices : int
        How many times the work on matrices is done: spins, and k-points.

    Examples
    --------
    >>> round(scf_step_seconds(44_738_875, 7943, 1622, diagonalizes=False))
    165
    >>> round(scf_step_seconds(44_738_875, 7943, 1622, diagonalizes=True))
    378
    """
    per_matrix = (
        SECONDS_PER_DIAGONAL * functions**3
        if diagonalizes
        else SECONDS_PER_PRODUCT * functions**2 * states
    )
    return SECONDS_PER_POINT * grid_points + matrices * per_matrix


def core_hours(
    stage: Stage,
    grid_points: int,
    functions: int,
    states: int,
    *,
    diagonalizes: bool,
    matrices: int = 1,
) -> float:
    """Return the time of a stage on one core in hours; see `scf_step_seconds`."""
    step = scf_step_seconds(
        grid_points, functions, states, diagonalizes=diagonalizes, matrices=matrices
    )
    from_orbitals = stage.previous is not None and stage.previous.orbitals is not None
    steps = LATER_STEPS if from_orbitals else FIRST_STEPS
    geometries = 1
    if stage.name == "states":
        steps = 1
    elif stage.relaxation is not None:
        geometries = min(stage.relaxation.max_steps, GEOMETRY_STEPS) + 1
        steps += (geometries - 1) * LATER_STEPS
    seconds = steps * step
    if not diagonalizes:
        seconds += geometries * matrices * SECONDS_PER_INVERSE * functions**3
    return seconds / 3600.0


def wall_hours(core_h: float, cores: int) -> float:
    """Return the time on several cores in hours.

    Examples
    --------
    >>> round(wall_hours(100.0, 1)), round(wall_hours(100.0, 64), 1)
    (100, 3.6)
    """
    return core_h / float(cores**SPEEDUP_EXPONENT)


def asked_hours(time_h: float, *, least_h: float = 0.5) -> float:
    """Return the time to ask for: twice the estimate, rounded up, at least half an hour.

    A stage that is cut off goes on when it is submitted again, so that a week is the most.

    Examples
    --------
    >>> asked_hours(0.01), asked_hours(0.6), asked_hours(11.2), asked_hours(500.0)
    (0.5, 1.5, 23.0, 168.0)
    """
    asked = max(least_h, MARGIN * time_h)
    step = 0.5 if asked <= 4.0 else 1.0
    return min(math.ceil(asked / step) * step, MOST_HOURS)
