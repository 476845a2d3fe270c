"""The treatment of a surface: halides beyond those of the bulk ratio, as edits of the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array

from epicarve.errors import InputError
from epicarve.options import Options

from .rows import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal

    from .edits import Edits
    from .surface_region import Shell

HALIDE_CHARGE = -1


class TreatmentOptions(Options):
    """How the surface of a particle is treated.

    Parameters
    ----------
    kind : {"halide_rich", "halide_terminated"}
        ``halide_rich`` makes the particle richer by neutral salt units (PbCl2 for Pb and Cl), the
        halides on empty anion sites at the surface. ``halide_terminated`` replaces surface anions
        of higher charge (S²⁻) by the halide and puts the halides that balance the charge on empty
        anion sites.
    halide : str
        Element of the halide.
    cation : str, optional
        Cation of the salt of ``halide_rich``; may be left out if the crystal holds only one.
    coverage : float
        ``halide_rich``: salt units per cation of that element at the surface of the plain cut;
        ``halide_terminated``: share of its surface anions of higher charge that are replaced.
    """

    kind: Literal["halide_rich", "halide_terminated"]
    halide: str
    cation: str | None = None
    coverage: float = Field(gt=0.0, le=1.0)

    @classmethod
    def named(cls) -> str:
        """Return the name by which users know the class."""
        return "Treatment"

    def salt_in(self, crystal: Crystal) -> tuple[str, int]:
        """Return the cation of the salt of ``halide_rich`` and its charge, the lowest it has here.

        Raises
        ------
        InputError
            If the crystal has no such cation, or several to choose from.
        """
        cations = [symbol for symbol, charge in crystal.charge_of.items() if charge > 0]
        cation = cations[0] if self.cation is None and len(cations) == 1 else self.cation
        if cation not in cations:
            raise InputError(
                f"{crystal.name}: treatment needs cation, one of {', '.join(cations)}; "
                f"it is {self.cation or 'not given'}"
            )
        return cation, min(crystal.charges_of[cation])


@dataclass(frozen=True)
class Halides:
    """Where the halides of a treatment may stand, and how many are asked for.

    Parameters
    ----------
    options : TreatmentOptions
        What is asked for.
    sites : ndarray of int
        Empty anion sites and anions that may be replaced, as places among the free ions.
    surface : int
        Ions of which the coverage is a share.
    per_unit : int
        Halides of a unit: those of a salt unit, or the most that a replaced anion gives way to.
    cation : str
        Cation of the salt, empty if anions are replaced.
    """

    options: TreatmentOptions
    sites: NDArray[np.int64]
    surface: int
    per_unit: int
    cation: str

    @classmethod
    def of(cls, shell: Shell, options: TreatmentOptions) -> Halides:
        """Return what a treatment asks for at the surface of a particle of one crystal.

        Raises
        ------
        InputError
            If the halide carries another charge in the crystal, the cation of the salt is
            unknown, or there is no anion to replace.
        """
        ions, free, crystal = shell.ions, shell.free, shell.ions.domains[0].ions.crystal
        _refuse_charged(options, crystal)
        inside, charges = shell.inside[free], ions.charges[free]
        on_surface = inside & (shell.held < ions.bulk_coordination)[free]
        empty = ~inside & (charges < 0)
        if options.kind == "halide_rich":
            cation, charge = options.salt_in(crystal)
            surface = int((on_surface & (ions.symbols[free] == cation)).sum())
            return cls(options, np.flatnonzero(empty), surface, charge, cation)
        replaced = on_surface & (charges < HALIDE_CHARGE)
        if not replaced.any():
            raise InputError(
                f"{crystal.name}: the surface holds no anion of a charge below "
                f"{HALIDE_CHARGE} to replace by {options.halide}; use kind: halide_rich"
            )
        sites, most = np.flatnonzero(empty | replaced), -int(charges[replaced].min())
        return cls(options, sites, int(replaced.sum()), most, "")

    @property
    def n_units(self) -> int:
        """Salt units, or anions replaced, that are asked for."""
        return max(1, round(self.options.coverage * self.surface))

    def counted(self, symbol: str) -> float:
        """Return how many ions of an element a halide counts as in the ratio.

        A halide of a salt takes its part of the cation with it, so that the ratio holds for the
        ions without the salt; else it counts as what the crystal has in its place.
        """
        return -1.0 / self.per_unit if symbol == self.cation else 0.0

    def units(self, edits: Edits) -> NDArray[np.float64]:
        """Units that each column places, shape (n_columns,)."""
        if self.cation:
            return edits.halides / self.per_unit
        return np.where(edits.charges > 0, edits.halides, 0).astype(float)

    def rows(self, edits: Edits, fewest: float, most: float) -> Rows:
        """Return the rows that hold the number of units; where anions are replaced, the charge too.

        Parameters
        ----------
        edits : Edits
            The columns.
        fewest, most : float
            Units that may be placed.
        """
        units = self.units(edits)
        rows, limits = [units, -units], [most, -fewest]
        if not self.cation:
            charge = np.where(edits.halides > 0, edits.charges, 0).astype(float)
            rows, limits = [*rows, charge, -charge], [*limits, 0.0, 0.0]
        return Rows(csr_array(np.array(rows)), np.array(limits))


def _refuse_charged(options: TreatmentOptions, crystal: Crystal) -> None:
    charges = crystal.charges_of.get(options.halide, (HALIDE_CHARGE,))
    if charges != (HALIDE_CHARGE,):
        told = " or ".join(f"{charge:+d}" for charge in charges)
        raise InputError(
            f"{crystal.name}: {options.halide} carries {told} e here, so it is no halide; "
            "name an anion of charge -1"
        )
