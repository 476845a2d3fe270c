"""What became of the ligands of a model: bound, moved, come off, broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers, covalent_radii
from scipy.spatial import cKDTree

from epicarve.builder.crystal import (
    LEAST_VALENCE,
    SHELL_STRETCH,
    covalent_bonds,
    length_of_bond_a,
    unit_length_a,
)
from epicarve.builder.model import LIGAND
from epicarve.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from epicarve.arrays import Bools, Floats, Ints
    from epicarve.builder.geometry import BondRule
    from epicarve.builder.model import Model

FAR_A = 12.0
"""Nearest ions are looked for up to this distance in Å."""


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


@cache
def longest_anchor_bond_a(cation: str, anchor: str, charge: int) -> float:
    """Return up to which distance in Å an atom of a ligand is bound to a cation.

    There the bond valence is 0.038 of the charge of the cation (Altermatt and Brown, Acta Cryst. B
    1985, 41, 240), with the parameters of O'Keeffe and Brese (1991); where these are not known, it
    is one and a half times the sum of the covalent radii of Cordero et al. (2008).

    Examples
    --------
    >>> round(longest_anchor_bond_a("Pb", "O", 2), 2), round(longest_anchor_bond_a("Pb", "N", 2), 2)
    (3.05, 3.17)
    """
    if unit_length_a(cation, anchor) is not None:
        return length_of_bond_a(cation, anchor, LEAST_VALENCE * charge)
    radii_a = covalent_radii[[atomic_numbers[cation], atomic_numbers[anchor]]]
    return SHELL_STRETCH * float(radii_a.sum())


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
        _Geometry.of(model, is_ligand, rule, places_a)
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


def of_ligands(model: Model) -> Bools:
    """Return which atoms of a model are those of ligands, shape (n_atoms,)."""
    return np.asarray(np.char.startswith(model.domains, LIGAND))


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


@dataclass(frozen=True)
class _Held:
    """The ions to which a ligand is bound, ascending, in which mode, and the shortest distance."""

    ions: tuple[int, ...]
    mode: str
    nearest_a: float | None


@dataclass(frozen=True)
class _Geometry:
    """A model at some places, and the ions of its crystal by the sign of their charge."""

    model: Model
    positions_a: Floats
    partners: Mapping[int, Ints]
    trees: Mapping[int, cKDTree]
    site_limits_a: Mapping[str, float]

    @classmethod
    def of(cls, model: Model, is_ligand: Bools, rule: BondRule, positions_a: Floats) -> _Geometry:
        partners = {
            sign: np.flatnonzero(~is_ligand & (np.sign(model.charges) == sign)) for sign in (1, -1)
        }
        return cls(
            model=model,
            positions_a=positions_a,
            partners=partners,
            trees={sign: cKDTree(positions_a[ions]) for sign, ions in partners.items()},
            site_limits_a=_site_limits_a(model, rule, partners[1]),
        )

    def held(self, atoms: Ints) -> _Held:
        """Return the ions to which the ligand of some atoms is bound."""
        model = self.model
        is_cation = int(model.charges[atoms].sum()) > 0
        sign = -1 if is_cation else 1
        binding = _binding_atoms(model, atoms)
        near = cKDTree(self.positions_a[binding]).sparse_distance_matrix(
            self.trees[sign], FAR_A, output_type="ndarray"
        )
        bearers, ions, lengths_a = binding[near["i"]], self.partners[sign][near["j"]], near["v"]
        if not lengths_a.size:
            return _Held((), "none", None)
        nearest_a = round(float(lengths_a.min()), 4)
        if is_cation:
            limits_a = [self.site_limits_a.get(ion, 0.0) for ion in model.symbols[ions].tolist()]
        else:
            triples = zip(
                model.symbols[ions].tolist(),
                model.symbols[bearers].tolist(),
                model.charges[ions].tolist(),
                strict=True,
            )
            limits_a = [longest_anchor_bond_a(*triple) for triple in triples]
        bound = np.flatnonzero(lengths_a <= np.array(limits_a))
        if not bound.size:
            return _Held((), "none", nearest_a)
        if is_cation:
            return _Held(tuple(np.unique(ions[bound]).tolist()), "site", nearest_a)
        charges = model.charges[ions[bound]]
        bound = bound[charges == charges.max()]
        held = tuple(np.unique(ions[bound]).tolist())
        if len(held) > 1:
            return _Held(held, "bridging", nearest_a)
        several = len(np.unique(bearers[bound])) > 1
        return _Held(held, "chelating" if several else "terminal", nearest_a)


def _binding_atoms(model: Model, atoms: Ints) -> Ints:
    symbols = model.symbols[atoms]
    for passive in (["C", "H"], ["H"], []):
        binding = atoms[~np.isin(symbols, passive)]
        if binding.size:
            break
    return np.asarray(binding)


def _site_limits_a(model: Model, rule: BondRule, cations: Ints) -> dict[str, float]:
    """Return the longest bond of each anion to the cations of lowest charge, in Å."""
    charges = model.charges[cations]
    lowest = set(model.symbols[cations[charges == charges.min(initial=99)]].tolist())
    limits: dict[str, float] = {}
    for (cation, anion), limit_a in rule.longest_a.items():
        if cation in lowest:
            limits[anion] = max(limit_a, limits.get(anion, 0.0))
    return limits


def _changed_bonds(model: Model, is_ligand: Bools, positions_a: Floats) -> tuple[Ints, Ints]:
    """Return the covalent bonds with an atom of a ligand that went, and those that came."""
    n = model.n_atoms
    others = np.flatnonzero(is_ligand | (model.charges < 0))
    keys = []
    for places in (model.positions_a, positions_a):
        bonds = others[covalent_bonds(model.symbols[others], places[others])]
        bonds = bonds[is_ligand[bonds].any(axis=1)]
        keys.append(bonds[:, 0] * n + bonds[:, 1])
    lost, new = np.setdiff1d(keys[0], keys[1]), np.setdiff1d(keys[1], keys[0])
    return np.column_stack([lost // n, lost % n]), np.column_stack([new // n, new % n])


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
