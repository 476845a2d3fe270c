"""What a user asks of the ligands on a particle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from epicarve.builder.ligands import CONTACT, LigandSpec, Mode
from epicarve.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping


def _bounds(value: Any) -> Any:
    """Take a lone number for the fewest and the most; refuse bounds in the wrong order."""
    pair = [value, value] if isinstance(value, int | float) else value
    if isinstance(pair, list | tuple) and len(pair) == 2 and pair[0] > pair[1]:
        raise ValueError(f"[{pair[0]}, {pair[1]}]: the first is the fewest; turn them round")
    return pair


Bounds = Annotated[
    tuple[Annotated[float, Field(ge=0.0)], Annotated[float, Field(ge=0.0)]],
    BeforeValidator(_bounds),
]


class PlacedLigand(LigandSpec):
    """A ligand and how much of it there shall be; one number, or the fewest and the most.

    Parameters
    ----------
    number : (float, float), optional
        How many; units of a pair of ions.
    of_sites : (float, float), optional
        Share of the sites of the surface that take it.
    per_nm2 : (float, float), optional
        How many per nm² of the convex hull of the plain cut.
    of_ligands : (float, float), optional
        Share of all ligands.
    modes : tuple of {"terminal", "chelating", "bridging"}, optional
        How it may bind; all that it can if not given.
    """

    other_words: ClassVar[Mapping[str, str]] = {
        "coverage": "of_sites or per_nm2",
        "ratio": "of_ligands",
    }

    number: Bounds | None = None
    of_sites: Bounds | None = None
    per_nm2: Bounds | None = None
    of_ligands: Bounds | None = None
    modes: tuple[Mode, ...] | None = None


class LigandOptions(Options):
    """The ligands on a particle; a list stands for its `kinds`.

    Parameters
    ----------
    kinds : tuple of PlacedLigand
        Which ligands.
    of_sites, per_nm2 : (float, float), optional
        How many there shall be of all together, as for one.
    contact : float
        Atoms nearer than this share of the sum of their radii are in contact.
    """

    kinds: tuple[PlacedLigand, ...] = Field(min_length=1)
    of_sites: Bounds | None = None
    per_nm2: Bounds | None = None
    contact: float = Field(default=CONTACT, gt=0.0, le=1.0)

    @classmethod
    def named(cls) -> str:
        """Return the name by which users know the class."""
        return "Ligands"

    @model_validator(mode="before")
    @classmethod
    def _lone_list(cls, data: Any) -> Any:
        return {"kinds": data} if isinstance(data, list | tuple) else data

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        asked = [kind.model_dump_json() for kind in self.kinds]
        if len(set(asked)) < len(asked):
            raise ValueError("a ligand is named twice; name it once")
        return self
