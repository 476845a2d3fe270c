"""The ligands that a user asks for, as they are placed one by one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from epicarve.builder.ligands import Ligand, LigandPair, LigandSpec, ligand_of
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.builder.crystal import Crystal

    from .options import LigandOptions, PlacedLigand


@dataclass(frozen=True)
class PlacedKind:
    """One ligand of those asked for.

    Parameters
    ----------
    ligand : Ligand
        The ligand.
    asked : PlacedLigand
        What was asked of it.
    pair : LigandPair or None
        The neutral unit that it is part of.
    n_sites : int
        Sites of the surface that take it.
    """

    ligand: Ligand
    asked: PlacedLigand
    pair: LigandPair | None
    n_sites: int = 0

    @property
    def name(self) -> str:
        """Return what a user calls it, or the unit that it is part of."""
        return self.ligand.name if self.pair is None else self.pair.name

    @property
    def modes(self) -> tuple[str, ...]:
        """Return how it may bind."""
        asked = self.asked.modes
        if asked is None:
            return self.ligand.modes
        wrong = [mode for mode in asked if mode not in self.ligand.modes]
        if wrong:
            raise InputError(
                f"{self.name} can't be {wrong[0]}; it can be {', '.join(self.ligand.modes)}"
            )
        return asked

    @property
    def is_bounded(self) -> bool:
        """Whether it is told how many there shall be."""
        asked = self.asked
        return any((asked.number, asked.of_sites, asked.per_nm2, asked.of_ligands))

    @property
    def per_unit(self) -> int:
        """How many of it a unit of its pair has, 1 without one."""
        if self.pair is None:
            return 1
        return self.pair.n_cations if self.ligand.is_cation else self.pair.n_anions


def kinds_of(options: LigandOptions, crystal: Crystal) -> list[PlacedKind]:
    """Return the ligands that are placed, those of a pair one after the other.

    Parameters
    ----------
    options : LigandOptions
        What is asked for.
    crystal : Crystal
        What they are placed on.

    Raises
    ------
    InputError
        If one is not known, or a unit brings a metal that the crystal does not hold.
    """
    kinds = []
    for asked in options.kinds:
        of_molecule = {key: getattr(asked, key) for key in LigandSpec.model_fields}
        built = _built(LigandSpec(**of_molecule))
        if isinstance(built, Ligand):
            kinds.append(PlacedKind(built, asked, None))
            continue
        metal = str(built.cation.symbols[0])
        if built.kind == "Z" and metal not in crystal.charges_of:
            raise InputError(
                f"{built.name} brings {metal}, which {crystal.name} does not hold; give a unit of "
                f"{' or '.join(s for s, q in crystal.charge_of.items() if q > 1)}"
            )
        kinds.append(PlacedKind(built.anion, asked, built))
        if built.kind != "Z":
            kinds.append(PlacedKind(built.cation, asked, built))
    names = [kind.ligand.name for kind in kinds]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(
            f"ligands: {twice[0]} is there twice, also as part of a unit; name it once"
        )
    return kinds


@lru_cache(maxsize=64)
def _built(spec: LigandSpec) -> Ligand | LigandPair:
    return ligand_of(spec)
