"""Units that CP2K knows (cp_units.F), and what a value that it refuses is."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from .finding import Severity

_UNITS: dict[str, dict[str, float]] = {
    "energy": {
        "HARTREE": 1.0,
        "AU_E": 1.0,
        "WAVENUMBER_E": 4.556335252912e-6,
        "JOULE": 2.2937122783963e17,
        "J": 2.2937122783963e17,
        "KCALMOL": 1.593601437640628e-3,
        "KJMOL": 3.808798847e-4,
        "JMOL": 3.808798847e-7,
        "RY": 0.5,
        "EV": 0.03674932217565,
        "KEV": 36.74932217565,
        "K_E": 3.166811563e-6,
        "ENERGY": 1.0,
    },
    "length": {
        "BOHR": 1.0,
        "AU_L": 1.0,
        "M": 1.8897261246258e10,
        "PM": 1.8897261246258e-2,
        "NM": 18.897261246258,
        "ANGSTROM": 1.8897261246258,
        "LENGTH": 1.0,
    },
    "temperature": {"K": 1.0, "K_TEMP": 1.0, "AU_TEMP": 315775.02480407, "TEMPERATURE": 1.0},
    "pressure": {
        "BAR": 1.0,
        "ATM": 1.01325,
        "KBAR": 1e3,
        "PA": 1e-5,
        "MPA": 10.0,
        "GPA": 1e4,
        "AU_P": 2.9421015697e8,
        "PRESSURE": 2.9421015697e8,
    },
    "angle": {"RAD": 1.0, "DEG": 0.017453292519943295, "ANGLE": 1.0},
    "time": {
        "FS": 1.0,
        "S": 1e15,
        "PS": 1e3,
        "WAVENUMBER_T": 33356.40951981521,
        "AU_T": 0.024188843265857,
        "TIME": 0.024188843265857,
    },
    "mass": {
        "M_E": 1.0,
        "AU_M": 1.0,
        "KG": 1.0977691057577634e30,
        "AMU": 1822.888486209,
        "MASS": 1.0,
    },
    "potential": {"VOLT": 1.0, "AU_POT": 27.211386245988, "POTENTIAL": 27.211386245988},
    "force": {
        "NEWTON": 1.0,
        "N": 1.0,
        "MNEWTON": 1e-3,
        "MN": 1e-3,
        "AU_F": 8.2387234983e-8,
        "FORCE": 8.2387234983e-8,
    },
    "field": {
        "VM-1": 1.0,
        "VOLT_PER_M": 1.0,
        "VNM-1": 1e9,
        "VOLT_PER_NM": 1e9,
        "VA-1": 1e10,
        "VOLT_PER_ANGSTROM": 1e10,
        "AU_EFIELD": 5.14220674763e11,
        "EFIELD": 5.14220674763e11,
    },
}
"""CP2K's units (cp_units.F) by kind, each in terms of the first of its kind that has 1."""

LONGEST_POWER = 2
"""Digits and sign of the power of a unit, at most; the highest that CP2K's keywords use is 6."""

_KINDS = {name: (kind, size) for kind, units in _UNITS.items() for name, size in units.items()}


class BadValueError(ValueError):
    """A value that CP2K refuses, or takes for something else: what is wrong, and the remedy."""

    def __init__(self, message: str, remedy: str, severity: Severity = "error") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.severity = severity


@cache
def unit_size(unit: str) -> tuple[dict[str, int], float]:
    """Return the powers of each kind of quantity in a unit, and its size.

    Raises
    ------
    BadValueError
        If CP2K knows no such unit.

    Examples
    --------
    >>> unit_size("hartree*bohr^-1")
    ({'energy': 1, 'length': -1}, 1.0)
    """
    powers: dict[str, int] = {}
    size = 1.0
    for sign, name, power in re.findall(r"([*/]?)\s*([^\s*/^]+)\s*(?:\^\s*([+-]?\d+))?", unit):
        if name.upper() not in _KINDS:
            raise BadValueError(f"unit {name!r} is not defined in CP2K", "use a unit of CP2K")
        kind, factor = _KINDS[name.upper()]
        if len(power) > LONGEST_POWER:
            raise BadValueError(f"{name}^{power[:20]} is no unit", "use a unit of CP2K")
        exponent = int(power or 1) * (-1 if sign == "/" else 1)
        powers[kind] = powers.get(kind, 0) + exponent
        size *= factor**exponent
    if not 0.0 < size < math.inf:
        raise BadValueError(f"{unit[:40]} is no unit", "use a unit of CP2K")
    return {kind: power for kind, power in powers.items() if power}, size


def length_a(unit: str) -> float:
    """Return a unit of length in Å.

    Raises
    ------
    BadValueError
        If CP2K knows no such unit, or it is none of length.

    Examples
    --------
    >>> length_a("angstrom"), round(length_a("[bohr]"), 6)
    (1.0, 0.529177)
    """
    name = unit.strip("[] ")
    powers, size = unit_size(name)
    if powers != {"length": 1}:
        raise BadValueError(f"{name!r} is no unit of length", "write angstrom or bohr")
    return 1.0 if name.upper() == "ANGSTROM" else size * A_PER_BOHR
