"""A ligand as it is placed: its atoms, the atoms that bind, and its conformers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from .radii import vdw_radii_a

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings

Mode = Literal["terminal", "chelating", "bridging"]


@dataclass(frozen=True)
class Ligand:
    """A molecule or single ion that binds to a surface, in the shapes that it can take.

    Parameters
    ----------
    name : str
        What it is called, such as ``acetate``.
    kind : {"X", "L"}
        X-type if it is charged: an anion, or a cation that takes the place of a cation of the
        crystal; L-type if it is neutral and gives a lone pair.
    charge : int
        Its charge in units of e.
    symbols : ndarray of str, shape (n_atoms,)
        Elements of its atoms.
    charges : ndarray of int, shape (n_atoms,)
        Their formal charges in units of e. Those of equivalent anchors, such as the two O of a
        carboxylate, stand on one of them.
    bonds : ndarray of int, shape (n_bonds, 2)
        Atoms that are bonded, counted from 0.
    anchors : tuple of int
        Atoms that bind, counted from 0.
    group : str
        Which group binds, such as ``carboxylate``.
    modes : tuple of {"terminal", "chelating", "bridging"}
        How it can bind: by one anchor to one cation, by two to one, by two to two.
    conformers_a : tuple of ndarray of float, shape (n_atoms, 3)
        Coordinates in Å. The binding point, which is the centre of the anchors, lies at the origin,
        and the body points along +z. The extended conformer comes first, the others by energy.
    source : str
        Its SMILES, or the name of the file that it came from.
    """

    name: str
    kind: Literal["X", "L"]
    charge: int
    symbols: Strings
    charges: Ints
    bonds: Ints
    anchors: tuple[int, ...]
    group: str
    modes: tuple[Mode, ...]
    conformers_a: tuple[Floats, ...]
    source: str

    @property
    def n_atoms(self) -> int:
        """Number of its atoms."""
        return len(self.symbols)

    @property
    def label(self) -> str:
        """Its name as a word of a column of a file, without blanks and quotes."""
        return re.sub(r"[\s\"']+", "-", self.name.strip())

    @property
    def is_cation(self) -> bool:
        """Whether it takes the place of a cation."""
        return self.charge > 0

    @cached_property
    def vdw_radii_a(self) -> Floats:
        """Van der Waals radii in Å of its atoms, shape (n_atoms,)."""
        return vdw_radii_a(self.symbols)

    def __repr__(self) -> str:
        charge = f"{self.charge:+d}" if self.charge else "0"
        return (
            f"Ligand({self.name}, {self.kind}-type, {charge} e, "
            f"{self.n_atoms} atom{'s' if self.n_atoms > 1 else ''}, "
            f"{len(self.conformers_a)} conformer{'s' if len(self.conformers_a) > 1 else ''})"
        )


@dataclass(frozen=True)
class LigandPair:
    """A neutral unit of a cation and X-type ligands, added or removed as one.

    Parameters
    ----------
    name : str
        What it is called, such as ``PbBr2``, ``Pb(oleate)2`` or ``methylammonium bromide``.
    kind : {"Z", "ion pair"}
        Z-type if the cation is that of a metal with two charges or more, a Lewis acid.
    cation : Ligand
        Its cation; the ion of a metal is a single atom.
    anion : Ligand
        Its X-type ligand.
    n_cations, n_anions : int
        How many of each make it neutral.
    """

    name: str
    kind: Literal["Z", "ion pair"]
    cation: Ligand
    anion: Ligand
    n_cations: int
    n_anions: int

    def __repr__(self) -> str:
        cations = f"{self.n_cations} cation{'s' if self.n_cations > 1 else ''}"
        anions = f"{self.n_anions} anion{'s' if self.n_anions > 1 else ''}"
        kind = "Z-type" if self.kind == "Z" else self.kind
        return f"LigandPair({self.name}, {kind}, {cations}, {anions})"
