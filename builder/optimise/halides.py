"""The halides of a treatment: where they may stand, how many, and what they count as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Ints
    from epicarve.builder.crystal import Crystal

    from .surface_region import Shell
    from .treatment_options import TreatmentOptions

HALIDE_CHARGE = -1

HALOGENS = ("F", "Cl", "Br", "I")


@dataclass(frozen=True)
class Halides:
    """Where the halides of a treatment may stand, and how many are asked for.

    Parameters
    ----------
    options : TreatmentOptions
        What is asked for.
    sites : ndarray of int, shape (n_places,)
        Anion sites at the surface, as places among the free ions.
    is_replaced : ndarray of bool, shape (n_places,)
        Whether the halide replaces the anion there, as one edit. Otherwise the site is empty, or
        left empty by one edit and filled by another.
    surface : int
        Ions of which the coverage is a share.
    per_unit : int
        Halides of a unit: those of a salt unit, or the most that a replaced anion gives way to.
    cation : str
        Cation of the salt, empty if anions are replaced.
    """

    options: TreatmentOptions
    sites: Ints
    is_replaced: Bools
    surface: int
    per_unit: int
    cation: str

    @classmethod
    def of(cls, shell: Shell) -> Halides | None:
        """Return what the treatment of a particle of one crystal asks for, None without one.

        Raises
        ------
        InputError
            If the halide carries another charge in the crystal, the cation of the salt is
            unknown, or there is no anion to replace.
        """
        ions, free, options = shell.ions, shell.free, shell.ions.treatment
        if options is None:
            return None
        crystal = ions.domains[0].ions.crystal
        _refuse_charged(options, crystal)
        inside, charges, symbols = shell.inside[free], ions.charges[free], ions.symbols[free]
        on_surface = inside & (shell.held < ions.bulk_coordination)[free]
        filled = np.flatnonzero((charges < 0) & (~inside | (symbols != options.halide)))
        if options.kind == "halide_rich":
            cation, charge = options.salt_in(crystal)
            surface = int((on_surface & (symbols == cation)).sum())
            return cls(options, filled, np.zeros(len(filled), dtype=bool), surface, charge, cation)
        replaced = np.flatnonzero(on_surface & (charges < HALIDE_CHARGE))
        if len(replaced) == 0:
            raise InputError(
                f"{crystal.name}: the surface holds no anion of a charge below "
                f"{HALIDE_CHARGE} to replace by {options.halide}; use kind: halide_rich"
            )
        sites, most = np.r_[filled, replaced], -int(charges[replaced].min())
        return cls(options, sites, np.arange(len(sites)) >= len(filled), len(replaced), most, "")

    @property
    def n_units(self) -> int:
        """Salt units, or anions replaced, that are asked for."""
        return max(1, round(self.options.coverage * self.surface))

    def counted(self, symbol: str) -> float:
        """Return how many ions of an element a halide counts as in the ratio.

        A halide of a salt takes its part of the cation with it, so that the ratio holds for the
        ions without the salt.
        """
        return -1.0 / self.per_unit if symbol == self.cation else 0.0


def _refuse_charged(options: TreatmentOptions, crystal: Crystal) -> None:
    charges = crystal.charges_of.get(options.halide, (HALIDE_CHARGE,))
    if charges != (HALIDE_CHARGE,):
        told = " or ".join(f"{charge:+d}" for charge in charges)
        raise InputError(
            f"{crystal.name}: {options.halide} carries {told} e here, so it is no halide; "
            "name an anion of charge -1"
        )
    if options.halide not in (*crystal.charges_of, *HALOGENS):
        raise InputError(
            f"treatment.halide: {options.halide} is no halogen and no anion of {crystal.name}; "
            f"give {', '.join(HALOGENS)}, or an anion of charge {HALIDE_CHARGE} that it holds"
        )
