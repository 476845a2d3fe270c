"""One SCF and one geometry step, as a main output tells them, and how well energies agree."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

AGREEMENT_HARTREE = 1e-6
"""Two printings of one energy differ by less than this."""

FORCES_HARTREE = 1e-5
"""Where forces are wanted, CP2K evaluates the energy once more after the SCF and prints that as
the energy of the run. It may differ from that of the SCF by this and more: by 2e-6 for four
molecules of water at an EPS_SCF of 1e-4, and by 4e-6 for eight atoms of NaCl at 1e-7 (2023.1)."""

MIXING_HARTREE = 400.0
"""That difference, for each unit of the last change of the density matrix, where densities are
mixed; 190 was seen with 8 atoms."""

OT_HARTREE = 1.0
"""The same, for each unit of the last gradient of an orbital transformation; 0.03 was seen."""


@dataclass
class ScfRun:
    """One self-consistent field calculation.

    Parameters
    ----------
    n_steps : int
        Steps of all its inner loops.
    converged : bool or None
        Whether it converged, None if it did not come to its end.
    change : float or None
        The last value of the convergence measure.
    energy_hartree : float or None
        Its last total energy in hartree.
    mixes : bool
        Whether densities are mixed, not orbitals transformed (OT).
    """

    n_steps: int = 0
    converged: bool | None = None
    change: float | None = None
    energy_hartree: float | None = None
    mixes: bool = False

    def error_hartree(self, run_type: str) -> float:
        """Return how far the energy of the run may be off that of this SCF.

        Parameters
        ----------
        run_type : str
            What CP2K was asked to do; with all but ``"ENERGY"`` come forces.
        """
        if run_type == "ENERGY":
            return AGREEMENT_HARTREE
        per_change = MIXING_HARTREE if self.mixes else OT_HARTREE
        return max(FORCES_HARTREE, (self.change or 0.0) * per_change)


@dataclass
class GeometryStep:
    """What CP2K tells of one step of a geometry optimisation.

    Parameters
    ----------
    number : int
        Its number.
    energy_hartree, max_gradient_hartree_bohr : float or None
        Energy and largest gradient after it.
    pressure_gpa : float or None
        Pressure after it in GPa, where the cell relaxes.
    """

    number: int
    energy_hartree: float | None = None
    max_gradient_hartree_bohr: float | None = None
    pressure_gpa: float | None = None


def differ_in_a_digit(one: float, other: float, error: float) -> bool:
    """Tell whether two printings of an energy differ by one digit, or two after a carry.

    Energies of correlation, or of parts that are no SCF, differ from that of the SCF in many.

    Parameters
    ----------
    one, other : float
        The energies in hartree.
    error : float
        How far they may differ in a sound output.

    Examples
    --------
    >>> differ_in_a_digit(-17.1386012, -17.1376012, 1e-6)
    True
    >>> differ_in_a_digit(-248.8876053, -248.8876090, 1e-5)
    False
    >>> differ_in_a_digit(-17.1386012, -18.3219004, 1e-6)
    False
    """
    if abs(one - other) < error:
        return False
    n_digits = 7 if error <= AGREEMENT_HARTREE else max(0, int(-log10(error)))
    first, second = f"{one:.{n_digits}f}", f"{other:.{n_digits}f}"
    width = max(len(first), len(second))
    pairs = zip(first.rjust(width), second.rjust(width), strict=True)
    return sum(a != b for a, b in pairs) <= 2
