"""What a CIF says that its cell contains, held against what was read from it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import TYPE_CHECKING

from .values import elements

if TYPE_CHECKING:
    from .cell import FilledCell
    from .file import CifBlock

FORMULA_TAGS = (
    "_chemical_formula_sum",
    "_chemical_formula_structural",
    "_chemical_formula_moiety",
)

RATIO_TOLERANCE = 0.03
"""How far ratios of elements may miss a formula with partly occupied sites, as a fraction."""

TRACE = 0.01
"""Elements with a smaller share of the atoms may stand in one of formula and sites alone."""

DENSITY_TOLERANCE = 0.02
"""How far a density may miss the stated one, as a fraction."""

VOLUME_TOLERANCE = 0.02
"""How far a volume may miss the stated one, as a fraction."""

VOLUME_ROUNDING = 0.003
"""Volumes that miss the stated one by more than this fraction are told."""

_PART = re.compile(r"([A-Z][a-z]?)(\d*\.?\d*)")


@dataclass(frozen=True)
class StatedContents:
    """Formula, number of formula units, density and volume that a block states.

    Parameters
    ----------
    formula : dict of str to float
        Atoms of each element in one formula unit, deuterium as hydrogen; empty if not stated.
    told : str
        The formula as the file has it.
    units : float, optional
        Formula units in the cell (Z).
    density_g_cm3 : float, optional
        Density computed by the authors.
    volume_a3 : float, optional
        Volume of the cell.
    """

    formula: dict[str, float]
    told: str
    units: float | None
    density_g_cm3: float | None
    volume_a3: float | None

    @cached_property
    def is_whole(self) -> bool:
        """Whether the formula has whole numbers of all elements."""
        return all(float(count).is_integer() for count in self.formula.values())

    def contradictions(self, cell: FilledCell) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
        """Hold a cell against what is stated.

        Returns
        -------
        contradictions : tuple of str
            Sentences that name what is stated and what was read.
        notes : tuple of str
            Numbers that are off, but that others of the file outvote.
        is_confirmed : bool
            Whether something stated confirms how much the cell holds.
        """
        faults = [*self._elements(cell), *_hydrogens(cell)]
        notes = list[str]()
        if (off := self._volume(cell)) > VOLUME_ROUNDING:
            told = (
                f"lengths and angles give a cell of {cell.volume_a3:.2f} Å³, but _cell_volume "
                f"states {self.volume_a3:g} Å³"
            )
            (faults if off > VOLUME_TOLERANCE else notes).append(told)
        votes = [
            vote
            for vote in (self._units(cell), self._density(cell), _multiplicity(cell))
            if vote is not None
        ]
        against = [vote for vote in votes if vote]
        confirmed = len(against) < len(votes)
        if confirmed:
            return tuple(faults), (*notes, *against), True
        return (*faults, *against), tuple(notes), False

    def _volume(self, cell: FilledCell) -> float:
        """How far the volume is off, as a fraction."""
        return abs(cell.volume_a3 / self.volume_a3 - 1.0) if self.volume_a3 else 0.0

    def _elements(self, cell: FilledCell) -> list[str]:
        """Compare the ratios of elements."""
        if not self.formula:
            return []
        amounts = cell.amounts
        every = sum(amounts.values())
        lack = [
            e
            for e, n in self.formula.items()
            if e not in amounts and n > TRACE * sum(self.formula.values())
        ]
        if lack:
            return [
                f"the formula {self.told!r} holds {', '.join(lack)}, of which the list of sites "
                f"has none (it gives {_formula(amounts)})"
            ]
        extra = [e for e, n in amounts.items() if e not in self.formula and n > TRACE * every]
        if extra:
            return [
                f"the sites hold {', '.join(extra)}, which the formula {self.told!r} does not "
                f"(they give {_formula(amounts)})"
            ]
        shared = [element for element in amounts if element in self.formula]
        ratios = {element: amounts[element] / self.formula[element] for element in shared}
        middle = sorted(ratios.values())[len(ratios) // 2]
        exact = self.is_whole and all(abs(n - round(n)) < 1e-3 for n in amounts.values())
        tolerance = 1e-3 if exact else RATIO_TOLERANCE
        off = {
            e: r
            for e, r in ratios.items()
            if abs(r / middle - 1.0) > tolerance + (0.0 if exact else 0.02 / self.formula[e])
        }
        if off:
            return [f"the sites give {_formula(amounts)}, but the formula states {self.told!r}"]
        return []

    def _units(self, cell: FilledCell) -> str | None:
        """Compare the number of formula units: empty if it agrees, None if not stated."""
        if not self.formula or not self.units or self._elements(cell):
            return None
        shared = {e: n for e, n in cell.amounts.items() if e in self.formula}
        found = sum(shared.values()) / sum(self.formula[e] for e in shared)
        smaller = gcd(*(round(n) for n in self.formula.values())) if self.is_whole else 1
        for ways in (1, smaller):  # Z counts the formula, or the smallest formula in it
            if abs(found * ways / self.units - 1.0) <= RATIO_TOLERANCE:
                return ""
        return (
            f"sites and symmetry give {found:g} {self.told!r} in the cell, but "
            f"_cell_formula_units_Z states {self.units:g}"
        )

    def _density(self, cell: FilledCell) -> str | None:
        """Compare the densities: empty if they agree, None if none is stated."""
        stated, found = self.density_g_cm3, cell.density_g_cm3
        if not stated:
            return None
        digits = f"{stated:g}".partition(".")[2]
        rounding = 0.6 * 10.0 ** -len(digits)
        if any(abs(found - s) <= DENSITY_TOLERANCE * s + rounding for s in (stated, stated / 1000)):
            return ""
        return (
            f"sites and symmetry give {found:.2f} g/cm³, but _exptl_crystal_density_diffrn "
            f"states {stated:g}"
        )


def stated_contents(cif: CifBlock) -> StatedContents:
    """Read formula, Z, density and volume of a block; a formula that is not simple is left out.

    Raises
    ------
    InputError
        If a value is no number, or a tag has two values.
    """
    formula: dict[str, float] = {}
    told = ""
    for tag in FORMULA_TAGS:
        told = cif.text(tag)
        formula = parsed_formula(told)
        if formula:
            break
    return StatedContents(
        formula=formula,
        told=told if formula else "",
        units=_positive(cif, "_cell_formula_units_Z"),
        density_g_cm3=_positive(cif, "_exptl_crystal_density_diffrn"),
        volume_a3=_positive(cif, "_cell_volume"),
    )


def parsed_formula(text: str) -> dict[str, float]:
    """Return the atoms of each element in a formula, empty if it is not a simple one.

    Parts may be divided by blanks or commas, be multiplied by a number in front of brackets, and
    carry charges.

    Examples
    --------
    >>> parsed_formula("Ca F2"), parsed_formula("2(Cl 1-), Ca 2+")
    ({'Ca': 1.0, 'F': 2.0}, {'Cl': 2.0, 'Ca': 1.0})
    >>> parsed_formula("(Fe, Mg) O")
    {}
    """
    found: Counter[str] = Counter()
    for piece in text.strip("'\" ").split(","):
        part = re.sub(
            r"\s*(?<![A-Za-z])\d*[+-]\s*\)?$", lambda m: ")" if ")" in m[0] else "", piece.strip()
        )
        bracket = re.fullmatch(r"(\d*\.?\d*)\s*\(([^()]*)\)\s*(\d*\.?\d*)", part)
        times = 1.0
        if bracket is not None:
            times = float(bracket[1] or bracket[3] or 1)
            part = re.sub(r"\s\d*[+-]\s*$", "", bracket[2])
        compact = "".join(part.split())
        if not compact or "".join(a + b for a, b in _PART.findall(compact)) != compact:
            return {}
        for element, count in _PART.findall(compact):
            if element not in elements() and element != "T":
                return {}
            name = "H" if element in {"D", "T"} else element
            found[name] += times * float(count if count not in {"", "."} else 1)  # type: ignore[assignment]
    return {element: count for element, count in found.items() if count > 0}


def _positive(cif: CifBlock, tag: str) -> float | None:
    value = cif.number(tag)
    return value if value is not None and value > 0 else None


def _hydrogens(cell: FilledCell) -> list[str]:
    """Compare hydrogen that sites carry with the hydrogen sites there are."""
    listed = cell.amounts.get("H", 0.0)
    if cell.hydrogens <= listed + 0.01:
        return []
    return [
        f"sites carry {cell.hydrogens:g} hydrogen atoms in the cell (water, hydroxyl or "
        f"_atom_site_attached_hydrogens), but {listed:g} are listed with coordinates"
    ]


def _multiplicity(cell: FilledCell) -> str | None:
    """Compare multiplicities: empty if they agree, None if none is stated.

    SHELXL writes the order of the site symmetry in their place, which agrees as well.
    """
    if not cell.multiplicities:
        return None
    if all(stated == found for _, stated, found, _ in cell.multiplicities):
        return "" if any(found > 1 for _, _, found, _ in cell.multiplicities) else None
    if all(stated == order for _, stated, _, order in cell.multiplicities):
        return ""
    label, stated, found, _ = next(row for row in cell.multiplicities if row[1] != row[2])
    return (
        f"symmetry gives {found} sites {label} in the cell, but "
        f"_atom_site_symmetry_multiplicity states {stated}"
    )


def _formula(amounts: dict[str, float]) -> str:
    """Return amounts as a formula of the whole cell."""
    return " ".join(f"{element}{round(count, 2):g}" for element, count in sorted(amounts.items()))
