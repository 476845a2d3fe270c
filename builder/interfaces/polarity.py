"""Which charges two faces turn to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from epicarve.builder.report import FaceCharges

if TYPE_CHECKING:
    from epicarve.builder.crystal import Termination

UNCHARGED_E_PER_NM2 = 1e-3
"""A layer of less charge per area, in e/nm², counts as uncharged."""

UNPOLAR_E_A = 0.1
"""A cut whose repeat unit has a smaller dipole along the normal, in e Å, is not polar."""

SIGNS = {1: "+", 0: "0", -1: "-"}


@dataclass(frozen=True)
class Polarity:
    """The charges that a film and a substrate turn to each other.

    Parameters
    ----------
    film, substrate : {1, 0, -1}
        Sign of the charge of the outermost atomic layer of each; 0 if it has none.
    is_polar : bool
        Whether either cut leaves a dipole in the crystal's repeat unit. Cleavage planes, as of
        fluorite or between layers, end on charged layers without one.
    """

    film: int
    substrate: int
    is_polar: bool

    @classmethod
    def of(cls, film: Termination, substrate: Termination) -> Polarity:
        """Return the polarity of two faces that meet."""
        dipoles = (film.dipole_e_a, substrate.dipole_e_a)
        return cls(_sign(film), _sign(substrate), any(abs(p) > UNPOLAR_E_A for p in dipoles))

    @property
    def kind(self) -> Literal["like", "opposite", "uncharged"]:
        """Whether both layers have like or opposite charges, or one of them has none."""
        product = self.film * self.substrate
        return "like" if product > 0 else "opposite" if product < 0 else "uncharged"

    @property
    def repels(self) -> bool:
        """Whether like charges of polar cuts face each other, with no counterions between them."""
        return self.kind == "like" and self.is_polar

    @property
    def signs(self) -> str:
        """Both signs, the film's first: ``"+/-"``."""
        return f"{SIGNS[self.film]}/{SIGNS[self.substrate]}"

    @property
    def charges(self) -> FaceCharges:
        """What files say of it."""
        return FaceCharges(signs=self.signs, kind=self.kind, repels=self.repels)


def _sign(face: Termination) -> int:
    charge = face.charge_e_per_nm2
    return 0 if abs(charge) < UNCHARGED_E_PER_NM2 else 1 if charge > 0.0 else -1
