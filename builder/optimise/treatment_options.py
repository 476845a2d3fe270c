"""What a treatment of the surface shall be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from epicarve.errors import InputError
from epicarve.options import Options

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal


class TreatmentOptions(Options):
    """How the surface of a particle is treated.

    Parameters
    ----------
    kind : {"halide_rich", "halide_terminated"}
        ``halide_rich`` makes the particle richer by neutral salt units (PbCl2 for Pb and Cl).
        ``halide_terminated`` replaces surface anions of higher charge (S²⁻) by the halide. All
        other halides stand on anion sites at the surface that are empty, or are left empty.
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


def outer_share(treatment: TreatmentOptions | None) -> float:
    """Return how far outside a shape sites may be filled, as a share of the depth of the shell."""
    return 0.5 if treatment is None else 1.0
