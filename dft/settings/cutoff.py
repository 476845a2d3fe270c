"""The plane-wave cutoff that basis sets need: one rule for inputs that are written or checked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .options import PeriodicSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .elements import BasisElement
    from .level_settings import LevelSettings

USUAL_CUTOFF_RY = 400.0
"""Cutoff in Ry of inputs whose basis sets need no higher one, where no lower one was measured."""

MEASURED_CUTOFF_RY = 250.0
"""Cutoff in Ry of inputs of which all is among `MEASURED`: 150 Ry do already, see docs/cp2k.md. It
holds a product of the sharpest two Gaussians of these basis sets, 2 × 2.38 × REL_CUTOFF 50."""

LEAST_CUTOFF_RY = 150.0
"""Lowest cutoff in Ry whose errors were measured, see docs/cutoffs.csv."""

MEASURED = {
    "functional": ("PBE",),
    "basis": ("DZVP-MOLOPT-SR-GTH-q", "SZV-MOLOPT-SR-GTH-q"),
    "potential": ("GTH-PBE-q",),
    "element": ("Pb", "S", "Cl", "Br", "I", "Cs"),
}
"""For what the errors of a cutoff were measured (benchmarks/cutoffs.py); SZV has the exponents of
DZVP. Basis sets and potentials by how their names begin."""

STEP_RY = 50.0
"""To a multiple of this in Ry a higher cutoff is rounded up."""

SUFFICIENT = 0.95
"""Fraction of the cutoff needed that is enough: the next coarser grid would not be taken."""


def needed_cutoff_ry(largest_exponent: float, rel_cutoff_ry: float) -> float:
    """Return the cutoff in Ry at which a Gaussian is mapped on a grid as fine as REL_CUTOFF asks.

    CP2K takes for each product of Gaussians the coarsest grid whose cutoff is at least its exponent
    times REL_CUTOFF, and the finest one where none is (gaussian_gridlevels.F).

    Parameters
    ----------
    largest_exponent : float
        Exponent in 1/bohr².
    rel_cutoff_ry : float
        REL_CUTOFF in Ry.

    Examples
    --------
    >>> needed_cutoff_ry(13.7, 50.0)
    685.0
    """
    return largest_exponent * rel_cutoff_ry


def is_too_low(cutoff_ry: float, needed_ry: float) -> bool:
    """Return whether a cutoff is below the need of a basis set."""
    return cutoff_ry < SUFFICIENT * needed_ry


def chosen_cutoff_ry(settings: LevelSettings, elements: Iterable[BasisElement]) -> float:
    """Return the cutoff in Ry: that of the settings, or one that fits the elements.

    That is the one that was measured for them, or else the usual one, or a higher one that their
    basis sets need.

    Parameters
    ----------
    settings : LevelSettings
        Settings, whose `cutoff_ry` may be None.
    elements : iterable of BasisElement
        The elements and their basis sets.

    Examples
    --------
    >>> from epicarve.dft.settings import basis_elements
    >>> from epicarve.dft.settings import Cp2kSettings
    >>> settings = Cp2kSettings()
    >>> for symbols in ("Pb", "S"), ("Cd", "Se"), ("Ca", "F"):
    ...     chosen_cutoff_ry(settings, basis_elements(symbols, settings).values())
    250.0
    400.0
    700.0
    """
    if settings.cutoff_ry is not None:
        return settings.cutoff_ry
    elements = tuple(elements)
    if settings.method == "gapw":  # which keeps sharp functions off the grid
        return USUAL_CUTOFF_RY
    sharpest = max(element.largest_exponent for element in elements)
    needed = needed_cutoff_ry(sharpest, settings.rel_cutoff_ry)
    for enough in [MEASURED_CUTOFF_RY] * _is_measured(settings, elements) + [USUAL_CUTOFF_RY]:
        if not is_too_low(enough, needed):
            return enough
    return math.ceil(needed / STEP_RY) * STEP_RY


def least_cutoff_ry(settings: LevelSettings, elements: Iterable[BasisElement]) -> float:
    """Return the lowest cutoff in Ry that may be taken to save memory: one that was measured.

    Examples
    --------
    >>> from epicarve.dft.settings import Cp2kSettings, basis_elements
    >>> settings = Cp2kSettings()
    >>> for symbols in ("Pb", "S"), ("Ca", "F"):
    ...     least_cutoff_ry(settings, basis_elements(symbols, settings).values())
    150.0
    700.0
    """
    elements = tuple(elements)
    if settings.cutoff_ry is None and _is_measured(settings, elements):
        return LEAST_CUTOFF_RY
    return chosen_cutoff_ry(settings, elements)


def _is_measured(settings: LevelSettings, elements: Iterable[BasisElement]) -> bool:
    """Tell whether the errors of a cutoff are known for all that an input holds.

    They are known of energies, forces and gaps, not of stresses.
    """
    if isinstance(settings, PeriodicSettings) and settings.variable_cell:
        return False
    if settings.method == "gapw" or settings.plus_u:
        return False
    return settings.functional in MEASURED["functional"] and all(
        element.symbol in MEASURED["element"]
        and element.basis.name.startswith(MEASURED["basis"])
        and element.potential.name.startswith(MEASURED["potential"])
        and element.basis.source is None
        for element in elements
    )


def cutoff_note(settings: LevelSettings, elements: Mapping[str, BasisElement]) -> str:
    """Tell why the cutoff is not the usual one, or that it is below the need; empty if neither.

    Examples
    --------
    >>> from epicarve.dft.settings import basis_elements
    >>> from epicarve.dft.settings import Cp2kSettings
    >>> settings = Cp2kSettings(cutoff_ry=400)
    >>> cutoff_note(settings, basis_elements(("Ca", "F"), settings)).partition(";")[0]
    "cutoff 400 Ry, below the 685 Ry that F's sharpest Gaussian needs"
    """
    if settings.method == "gapw":
        return ""
    chosen = chosen_cutoff_ry(settings, elements.values())
    sharpest = max(elements.values(), key=lambda element: element.largest_exponent)
    needed = needed_cutoff_ry(sharpest.largest_exponent, settings.rel_cutoff_ry)
    need = f"{needed:.0f} Ry that {sharpest.symbol}'s sharpest Gaussian needs"
    if is_too_low(chosen, needed):
        return f"cutoff {chosen:g} Ry, below the {need}; leave cutoff_ry out, or raise it"
    if settings.cutoff_ry is None and chosen > USUAL_CUTOFF_RY:
        growth = (chosen / USUAL_CUTOFF_RY) ** 1.5
        return (
            f"cutoff {chosen:g} Ry for the {need}, not {USUAL_CUTOFF_RY:g} Ry: grids take "
            f"{growth:.1f} times the memory"
        )
    return ""
