"""How many units of a treatment the surface takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .highs import Highs
from .program import Program

if TYPE_CHECKING:
    from .edits import Edits
    from .surface_region import Shell


def units_to_place(shell: Shell, edits: Edits) -> int:
    """Return the units that a treatment asks for, 0 without one.

    With a symmetry edits go together, and few numbers can be met: then it is the nearest one.
    """
    asked = _asked(edits)
    if asked == 0 or shell.ions.domains[0].options.symmetry == "none":
        return asked
    below = most_units(shell, edits)
    above = _found(shell, edits, 1.0, (float(asked), np.inf))
    return min((n for n in (below, above) if n), key=lambda n: abs(n - asked), default=asked)


def most_units(shell: Shell, edits: Edits) -> int:
    """Return the largest number of units that was found, up to those asked for; 0 for none."""
    return _found(shell, edits, -1.0, (1.0, float(_asked(edits))))


def _asked(edits: Edits) -> int:
    return 0 if edits.treatment is None else edits.treatment.n_units


def _found(shell: Shell, edits: Edits, sign: float, limits: tuple[float, float]) -> int:
    """Return the fewest units within limits with a positive sign, the most with a negative one."""
    program = Program(shell, edits, limits)
    objective = np.r_[sign * edits.units, np.zeros(4 * len(program.dipoles))]
    columns, taken = np.arange(edits.n_columns), np.zeros(edits.n_columns, dtype=bool)
    y, _, _ = Highs(program, 0).whole(objective, columns, taken, 0.0, most_levels=None)
    return 0 if y is None else round(float(edits.units @ y))
