"""Particles of a wanted number of ions, by bisection on the scale of their shape."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.report import FoundSize
from epicarve.builder.shapes import MAX_IONS, ions_near
from epicarve.errors import InputError

from .cut import carve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model
    from epicarve.builder.optimise import BalanceOptions, TreatmentOptions
    from epicarve.builder.placing import LigandOptions
    from epicarve.builder.shapes import Shape

FIRST_COUNT = 2000
"""Ions in the box around the first shape that is counted."""

BRACKET = 1.05
"""Factor by which the scale is stepped until it encloses the wanted count."""

COUNT_GRAIN = 2000
"""One ion in so many is how close the plain cut must come to the wanted count."""

SCALE_GRAIN = 1e-7
"""Relative width of the bracket at which the bisection stops: the count jumps there."""

SAME_SCALE = 2.0 * SCALE_GRAIN
"""Scales that differ relatively by no more are one size, found by two bisections."""

MAX_ROUNDS = 6
"""How often the plain cut is made smaller or larger by what the balance added or removed."""


def scale_for_count(
    crystal: Crystal,
    shape_at: Callable[[float], Shape],
    centre: Sequence[float],
    n_atoms: int,
) -> float:
    """Return the scale at which the plain cut holds a number of ions, as near as it comes.

    Parameters
    ----------
    crystal : Crystal
        The bulk crystal.
    shape_at : callable
        The shape for a scale, growing with it about its origin.
    centre : sequence of float, length 3
        Fractional coordinates of the shape's origin.
    n_atoms : int
        The number wanted.

    Returns
    -------
    float
        Of the two ends of the last bracket, the one whose count is nearer.

    Raises
    ------
    InputError
        If so many ions are beyond reach.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import Sphere
    >>> galena = bundled_crystal("PbS")
    >>> 2 * 5.936 / 2 < scale_for_count(galena, Sphere, (0, 0, 0), 33) < 5.936 * 5**0.5 / 2
    True
    """
    if n_atoms > MAX_IONS:
        raise InputError(
            f"{crystal.name}: {n_atoms:.1e} ions asked for; the limit is {MAX_IONS:.0e}, "
            "so ask for fewer"
        )

    def count(scale: float) -> int:
        return ions_near(crystal, shape_at(scale), np.asarray(centre, dtype=float), 0.0).n_atoms

    low_a, high_a = shape_at(1.0).bounds_a
    box_ions = float(np.prod(high_a - low_a)) / crystal.volume_a3 * len(crystal.atoms.symbols)
    start = float(np.cbrt(FIRST_COUNT / box_ions))
    low = start * float(np.cbrt(n_atoms / max(count(start), 1)))
    while count(low) >= n_atoms:
        low /= BRACKET
    high = low * BRACKET
    while count(high) < n_atoms:
        low, high = high, high * BRACKET
    below, above = count(low), count(high)
    while high - low > SCALE_GRAIN * high:
        middle = 0.5 * (low + high)
        found = count(middle)
        if abs(found - n_atoms) <= n_atoms // COUNT_GRAIN:
            return middle
        if found < n_atoms:
            low, below = middle, found
        else:
            high, above = middle, found
    return low if n_atoms - below < above - n_atoms else high


def carve_count(
    crystal: Crystal,
    shape_at: Callable[[float], Shape],
    centre: Sequence[float],
    n_atoms: int,
    options: BalanceOptions | None = None,
    *,
    treatment: TreatmentOptions | None = None,
    ligands: LigandOptions | None = None,
) -> Model:
    """Carve a particle of about the number of ions that is wanted.

    The plain cut is sized by `scale_for_count`. As the balance adds and removes ions, the aim
    is corrected by what was missing or too many, up to `MAX_ROUNDS` times, and the nearest
    of these models is kept; a size that comes again is not carved again. About a centre of high
    symmetry whole shells of ions come in at once, so that the number is met less closely than
    about any other.

    Parameters
    ----------
    crystal, shape_at, centre, n_atoms
        As in `scale_for_count`.
    options : BalanceOptions, optional
        Tolerances of the optimisation.
    treatment : TreatmentOptions, optional
        How the surface is treated.
    ligands : LigandOptions, optional
        Ligands on the surface; their atoms are not among those that are counted.

    Returns
    -------
    Model
        The particle; its report tells under ``size`` the number asked for and the scale.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import Sphere
    >>> carve_count(bundled_crystal("PbS"), Sphere, (0.1, 0.2, 0.3), 200).n_atoms
    200
    """
    best: Model | None = None
    nearest = 0
    carved: dict[float, int] = {}  # how many ions each scale gave
    aim, aims = n_atoms, set[int]()
    while aim not in aims and aim > 0 and len(aims) < MAX_ROUNDS:
        aims.add(aim)
        scale = scale_for_count(crystal, shape_at, centre, aim)
        again = [n for other, n in carved.items() if abs(other / scale - 1.0) <= SAME_SCALE]
        if again:
            aim += n_atoms - again[0]
            continue
        try:
            shape = shape_at(scale)
            model = carve(crystal, shape, centre, options, treatment=treatment, ligands=ligands)
        except InputError:
            if best is None:
                raise
            break
        found = int((~model.is_ligand).sum())
        if best is None or abs(found - n_atoms) < abs(nearest - n_atoms):
            size = FoundSize(asked_atoms=n_atoms, scale=round(scale, 6))
            best, nearest = replace(model, report=replace(model.report, size=size)), found
        carved[scale] = found
        aim += n_atoms - found
    if best is None:  # the first round either makes a model or raises
        raise InputError(f"{crystal.name}: {n_atoms} atoms asked for; ask for more")
    return best
