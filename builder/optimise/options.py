"""What a charge-balanced cut must satisfy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from epicarve.errors import InputError
from epicarve.options import Options

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal


class Substitution(Options):
    """An element that may be replaced by another on sites of the shell.

    Parameters
    ----------
    replace : str
        The element of the crystal.
    by : str
        What may stand in its place, charged with the same sign.
    charge : int, optional
        Formal charge of that; needed if the crystal does not hold the element.
    """

    replace: str
    by: str
    charge: int | None = None

    @model_validator(mode="after")
    def _two_elements(self) -> Self:
        if self.replace == self.by:
            raise ValueError(f"{self.replace} can't be replaced by itself; give another element")
        return self

    def charge_in(self, crystal: Crystal) -> int:
        """Formal charge of the new element in units of e.

        Raises
        ------
        InputError
            If the new one is no element, the crystal lacks the element to be replaced, or the new
            charge is unknown, one of several, or has the other sign.
        """
        from ase.data import atomic_numbers  # noqa: PLC0415  (costs 0.2 s)

        charges = crystal.charges_of
        if not atomic_numbers.get(self.by):
            raise InputError(
                f"{crystal.name}: substitution of {self.replace} by {self.by!r}, which is no "
                "element; give its symbol, such as Cl"
            )
        if self.replace not in charges:
            raise InputError(
                f"{crystal.name}: substitution of {self.replace}, which it does not hold; "
                f"it holds {', '.join(charges)}"
            )
        known = charges.get(self.by, ()) if self.charge is None else (self.charge,)
        if len(known) != 1:
            told = " or ".join(f"{charge:+d}" for charge in known)
            raise InputError(
                f"{crystal.name}: {f'{self.by} carries {told}' if known else 'no charge is known'}"
                f"{'' if known else f' of {self.by}'}, which shall replace {self.replace}; give "
                "the substitution a charge"
            )
        for before in charges[self.replace]:
            if known[0] * before <= 0:
                raise InputError(
                    f"{crystal.name}: {self.by} of charge {known[0]:+d} can't replace "
                    f"{self.replace} of charge {before:+d}; give an ion of the same sign"
                )
        return known[0]


class BalanceOptions(Options):
    """What a charge-balanced cut must satisfy, and what may be done to reach it.

    Parameters
    ----------
    ratio_tolerance : float
        Largest relative deviation of an element's count from the bulk ratio; 0 means exact.
    min_coordination : dict of str to int
        Fewest opposite neighbours of an ion, by element; others keep a third of their bulk
        neighbours, rounded up.
    strong_bonds : bool
        Whether each ion must keep a third of its strong bonds too, rounded up: those that carry a
        quarter or more of the valence of its strongest one. Ions of a face that must stay as it was
        cut, and can't have them, are left out.
    shell_nm : float or None
        Depth below the surface, in nm, to which ions may be removed. None means the longest
        bond of the crystal. Above the surface ions may be added up to half of it.
    net_charge : int
        Sum of the formal charges in units of e.
    free_dipole_v : float
        Potential in V at the surface, p/(4πε₀R²), that the dipole may cause at no cost.
    substitutions : tuple of Substitution
        Elements that may be replaced by others in the shell.
    relocations : int or None
        Most ions that may be moved to vacant sites afterwards, so that the energy of the formal
        charges falls; 0 for none. None means as many as pay.
    symmetry : {"none", "inversion", "rotations", "full"}
        Operations of the cut that the model must keep: none; the inversion; all rotations; all.
    """

    other_words: ClassVar[Mapping[str, str]] = {"charge": "net_charge"}

    ratio_tolerance: float = Field(default=0.02, ge=0.0, lt=1.0)
    min_coordination: dict[str, int] = Field(default_factory=dict)
    strong_bonds: bool = True
    shell_nm: float | None = Field(default=None, gt=0.0)
    net_charge: int = 0
    free_dipole_v: float = Field(default=0.15, gt=0.0)
    substitutions: tuple[Substitution, ...] = ()
    relocations: int | None = Field(default=None, ge=0)
    symmetry: Literal["none", "inversion", "rotations", "full"] = "none"

    @classmethod
    def named(cls) -> str:
        """Return the name by which users know the class."""
        return "Balance"
