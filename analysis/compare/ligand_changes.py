"""What became of the ligands of a model: bound, moved, come off, broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers, covalent_radii

from epicarve.builder.crystal import covalent_bonds
from epicarve.builder.model import LIGAND
from epicarve.record import Record

from .ligand_binding import Binding, of_ligands

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from epicarve.arrays import Bools, Floats, Ints
    from epicarve.builder.geometry import BondRule
    from epicarve.builder.model import Model


@dataclass(frozen=True)
class LigandChange(Record):
    """One ligand, before and after.

    Parameters
    ----------
    name : str
        Which ligand.
    atoms : str
        Its first and last atom, counted from 1, such as ``"57-63"``.
    fate : {"bound", "moved", "off", "caught", "free"}
        Bound to one of the same ions both times; to other ions; bound before but not after; only
        after; neither time.
    mode_before, mode_after : str
        ``terminal``, ``chelating`` or ``bridging``; of a cation ``site``; ``none`` if not bound.
    ions_before, ions_after : str
        The ions it is bound to, such as ``"Pb12 Pb15"``.
    nearest_before_a, nearest_after_a : float or None
        The shortest distance in Å of a binding atom to such an ion, bound or not; None beyond
        12 Å.
    lost_bonds, new_bonds : str
        Covalent bonds that went, and that came, such as ``"O7-H9"``. A proton that moved is one of
        each.
    """

    name: str
    atoms: str
    fate: str
    mode_before: str
    mode_after: str
    ions_before: str
    ions_after: str
    nearest_before_a: float | None
    nearest_after_a: float | None
    lost_bonds: str
    new_bonds: str

    @property
    def is_whole(self) -> bool:
        """Whether all its covalent bonds are the same."""
        return not (self.lost_bonds or self.new_bonds)

    @property
    def gave_proton(self) -> bool:
        """Whether a hydrogen of it left its atom."""
        return any("H" in _elements(bond) for bond in self.lost_bonds.split())

    @property
    def is_broken(self) -> bool:
        """Whether a bond between other atoms than hydrogen went."""
        return any("H" not in _elements(bond) for bond in self.lost_bonds.split())


@dataclass(frozen=True)
class LigandKindChange(Record):
    """The ligands of one name, before and after.

    Parameters
    ----------
    n : int
        How many there are.
    bound_before, bound_after : int
        How many are bound to an ion of the crystal.
    came_off : int
        How many were bound before and are not after.
    moved : int
        How many are bound to none of the ions that they were bound to.
    modes_before, modes_after : dict of str to int
        How many bind in each mode.
    changed_mode : int
        How many are bound in another mode than before.
    broken : int
        How many lost a bond between other atoms than hydrogen.
    gave_proton : int
        Of how many a hydrogen left its atom.
    changed_bonds : int
        How many have lost or new covalent bonds of any kind.
    nearest_before_a, nearest_after_a : float or None
        The shortest distance of a binding atom to an ion in Å, mean of those that have one.
    farthest_after_a : float or None
        The largest of these distances after.
    """

    n: int
    bound_before: int
    bound_after: int
    came_off: int
    moved: int
    modes_before: dict[str, int]
    modes_after: dict[str, int]
    changed_mode: int
    broken: int
    gave_proton: int
    changed_bonds: int
    nearest_before_a: float | None
    nearest_after_a: float | None
    farthest_after_a: float | None


def ligand_changes(model: Model, rule: BondRule, positions_a: Floats) -> tuple[LigandChange, ...]:
    """Tell of each ligand of a model what became of it.

    Anions and neutral molecules bind to cations of the crystal by any atom but C and H (by any but
    H if there is none), up to `longest_anchor_bond_a`. Of these cations only those of the highest
    charge count if there are several, so Pb goes before Cs. A ligand is bridging with two of them
    or more, chelating with two atoms at one, else terminal. A cation stands on a site: it is bound
    to the anions of the crystal as its ion of lowest charge is, by the rule of the crystal.

    Parameters
    ----------
    model : Model
        The model before.
    rule : BondRule
        How long the bonds of its crystals may be.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Where its atoms are after, in Å.

    Returns
    -------
    tuple of LigandChange
        One for each ligand, in the order of their atoms.
    """
    is_ligand = of_ligands(model)
    lost, new = _changed_bonds(model, is_ligand, positions_a)
    before, after = (
        Binding.of(model, is_ligand, rule, places_a)
        for places_a in (model.positions_a, positions_a)
    )
    order = np.argsort(model.ion_of, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(model.ion_of[order])) + 1)
    changes = []
    for atoms in (group for group in groups if is_ligand[group[0]]):
        then, now = before.held(atoms), after.held(atoms)
        changes.append(
            LigandChange(
                name=str(model.domains[atoms[0]]).removeprefix(LIGAND),
                atoms="-".join(str(atom + 1) for atom in dict.fromkeys(atoms[[0, -1]].tolist())),
                fate=_fate(then.ions, now.ions),
                mode_before=then.mode,
                mode_after=now.mode,
                ions_before=_named(model, then.ions),
                ions_after=_named(model, now.ions),
                nearest_before_a=then.nearest_a,
                nearest_after_a=now.nearest_a,
                lost_bonds=_bonds_of(model, lost, atoms),
                new_bonds=_bonds_of(model, new, atoms),
            )
        )
    return tuple(changes)


def ligand_kinds(changes: Sequence[LigandChange]) -> dict[str, LigandKindChange]:
    """Sum up the ligands of each name."""
    kinds = {}
    for name in dict.fromkeys(change.name for change in changes):
        mine = [change for change in changes if change.name == name]
        before = [change.nearest_before_a for change in mine if change.nearest_before_a is not None]
        after = [change.nearest_after_a for change in mine if change.nearest_after_a is not None]
        fates = Counter(change.fate for change in mine)
        kinds[name] = LigandKindChange(
            n=len(mine),
            bound_before=sum(change.mode_before != "none" for change in mine),
            bound_after=sum(change.mode_after != "none" for change in mine),
            came_off=fates["off"],
            moved=fates["moved"],
            modes_before=_counted(change.mode_before for change in mine),
            modes_after=_counted(change.mode_after for change in mine),
            changed_mode=sum(
                change.mode_before != change.mode_after and change.fate in {"bound", "moved"}
                for change in mine
            ),
            broken=sum(change.is_broken for change in mine),
            gave_proton=sum(change.gave_proton for change in mine),
            changed_bonds=sum(not change.is_whole for change in mine),
            nearest_before_a=round(float(np.mean(before)), 4) if before else None,
            nearest_after_a=round(float(np.mean(after)), 4) if after else None,
            farthest_after_a=max(after, default=None),
        )
    return kinds


def _changed_bonds(model: Model, is_ligand: Bools, positions_a: Floats) -> tuple[Ints, Ints]:
    """Return the covalent bonds with an atom of a ligand that went, and those that came."""
    n = model.n_atoms
    others = np.flatnonzero(is_ligand | (model.charges < 0))
    keys = []
    for places in (model.positions_a, positions_a):
        bonds = others[covalent_bonds(model.symbols[others], places[others])]
        bonds = bonds[is_ligand[bonds].any(axis=1)]
        bonds = _one_of_hydrogen(model, bonds, places)
        keys.append(bonds[:, 0] * n + bonds[:, 1])
    lost, new = np.setdiff1d(keys[0], keys[1]), np.setdiff1d(keys[1], keys[0])
    return np.column_stack([lost // n, lost % n]), np.column_stack([new // n, new % n])


def _one_of_hydrogen(model: Model, bonds: Ints, positions_a: Floats) -> Ints:
    """Leave each hydrogen the bond that is shortest for its radii: others are hydrogen bonds."""
    numbers = [atomic_numbers[symbol] for symbol in model.symbols.tolist()]
    radii_a = covalent_radii[numbers]
    lengths_a = np.linalg.norm(positions_a[bonds[:, 0]] - positions_a[bonds[:, 1]], axis=1)
    shares = lengths_a / radii_a[bonds].sum(axis=1)
    is_hydrogen = model.symbols[bonds] == "H"
    shortest = np.full(model.n_atoms, np.inf)
    np.minimum.at(shortest, bonds[is_hydrogen], np.repeat(shares, is_hydrogen.sum(axis=1)))
    return np.asarray(bonds[(~is_hydrogen | (shares[:, None] <= shortest[bonds])).all(axis=1)])


def _bonds_of(model: Model, bonds: Ints, atoms: Ints) -> str:
    mine = bonds[np.isin(bonds, atoms).any(axis=1)]
    return " ".join("-".join(f"{model.symbols[a]}{a + 1}" for a in bond) for bond in mine.tolist())


def _elements(bond: str) -> set[str]:
    return {atom.rstrip("0123456789") for atom in bond.split("-")}


def _named(model: Model, ions: Sequence[int]) -> str:
    return " ".join(f"{model.symbols[ion]}{ion + 1}" for ion in ions)


def _fate(then: Sequence[int], now: Sequence[int]) -> str:
    if not then:
        return "caught" if now else "free"
    if not now:
        return "off"
    return "bound" if set(then) & set(now) else "moved"


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))
