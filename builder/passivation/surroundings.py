"""The ions of a model and what is near each: what a change does to neighbours, contacts, energy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.crystal import signs_of
from epicarve.builder.geometry import BondRule
from epicarve.builder.ligands import ion_radii_a
from epicarve.builder.point_charges import inverse_distances, potentials_at_v, potentials_v
from epicarve.units import COULOMB_V_A

from .lattice import bulk_potentials_v
from .vacancies import VacantSites, vacant_sites

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Floats, Ints
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model

    from .change import AddedIon, Change

CONTACT = 0.9
"""No contact may be shorter than this part of the shortest of its pair in the model."""

CONTACT_RANGE_A = 6.0
"""Longer distances are no contacts."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A model with its bonds, its shortest contacts, its potentials and its vacant sites.

    Parameters
    ----------
    model : Model
        The model.
    neighbours : tuple of ndarray of int
        The ions bonded to each ion, by their places in `Model.ions`.
    signs : ndarray of int, shape (n_ions,)
        Sign of the charge of each ion, see `signs_of`.
    shells : ndarray of int, shape (n_ions,)
        Neighbours of each ion in bulk.
    bond_limits_a : dict of (str, str) to float
        Longest bond in Å by cation and anion.
    contacts_a : dict of (str, str) to float
        Shortest distance in Å of each pair of kinds of ions, each in both orders.
    like_a : dict of int to float
        Shortest distance in Å by the product of both signs, for pairs that do not occur.
    potentials_v : ndarray of float, shape (n_ions,)
        Potential in V of all other charges at each ion.
    ideal_v : ndarray of float, shape (n_ions,)
        The same in bulk; where that is not known, the mean of the model's ions of that sign.
    vacant : VacantSites
        Its vacant sites.
    vacant_v : ndarray of float, shape (n_vacant,)
        Potential in V of all charges there.
    """

    model: Model
    neighbours: tuple[Ints, ...]
    signs: Ints
    shells: Ints
    bond_limits_a: dict[tuple[str, str], float]
    contacts_a: dict[tuple[str, str], float]
    like_a: dict[int, float]
    potentials_v: Floats
    ideal_v: Floats
    vacant: VacantSites
    vacant_v: Floats
    tree: cKDTree

    @classmethod
    def of(cls, model: Model, crystals: Mapping[str, Crystal]) -> Surroundings:
        """Look around the ions of a model.

        Parameters
        ----------
        model : Model
            The model.
        crystals : mapping of str to Crystal
            Crystals of its domains by name, as far as they are known.

        Raises
        ------
        InputError
            If its bonds are not known.
        """
        ions = model.ions
        rule = BondRule.of(model)
        bonds = rule.bonds(model)
        cations, anions, _ = bonds
        ends, others = np.concatenate([cations, anions]), np.concatenate([anions, cations])
        order = np.argsort(ends, kind="stable")
        number = np.bincount(ends, minlength=ions.n_atoms)
        signs = signs_of(ions.symbols, ions.charges)
        tree = cKDTree(ions.positions_a)
        contacts_a, like_a = _contacts_a(ions, signs, tree)
        at_atoms = potentials_v(model.positions_a, model.charges)
        at_ions = at_atoms[model.first_atoms]
        vacant = vacant_sites(model, crystals, bonds)
        return cls(
            model=model,
            neighbours=tuple(np.split(others[order], np.cumsum(number)[:-1])),
            signs=signs,
            shells=ions.bulk_coordination,
            bond_limits_a=rule.longest_a,
            contacts_a=contacts_a,
            like_a=like_a,
            potentials_v=at_ions,
            ideal_v=_ideal_v(ions, signs, at_ions, crystals),
            vacant=vacant,
            vacant_v=potentials_at_v(vacant.positions_a, model.positions_a, model.charges),
            tree=tree,
        )

    @cached_property
    def radii_a(self) -> Floats:
        """Radius in Å of each atom for contacts of ligands, shape (n_atoms,).

        Atoms of molecules have their van der Waals radii, single ions those of `ion_radii_a` by
        their bonds to single ions.
        """
        model, ions = self.model, self.model.ions
        ends = np.repeat(np.arange(ions.n_atoms), [len(near) for near in self.neighbours])
        others = np.concatenate([*self.neighbours, np.empty(0, dtype=np.int64)])
        single = np.bincount(model.ion_of, minlength=ions.n_atoms) == 1
        bonded = single[ends] & single[others] & (self.signs[ends] > 0)
        ends, others = model.first_atoms[ends[bonded]], model.first_atoms[others[bonded]]
        lengths_a = np.linalg.norm(model.positions_a[others] - model.positions_a[ends], axis=1)
        charges = np.where(single[model.ion_of], model.charges, 0)
        return ion_radii_a(model.symbols, charges, ends, others, lengths_a)

    def missing(self, ion: int) -> int:
        """Return how many neighbours an ion misses."""
        return int(self.shells[ion]) - len(self.neighbours[ion])

    def filled(self, ion: int) -> float:
        """Return which part of its full shell an ion has; 1 for one without a shell."""
        return len(self.neighbours[ion]) / int(self.shells[ion]) if self.shells[ion] else 1.0

    def limit_a(self, one: str, sign: int, other: str, other_sign: int) -> float:
        """Return the shortest contact in Å that two kinds of ions may have."""
        there = self.contacts_a.get((one, other))
        if there is None:
            there = self.like_a.get(sign * other_sign, 0.0)
        return CONTACT * there

    def bond_a(self, cation: str, anion: str) -> float:
        """Return the longest bond in Å of a cation and an anion; of a new pair, of that cation."""
        limit = self.bond_limits_a.get((cation, anion))
        if limit is not None:
            return limit
        of_cation = [a for (one, _), a in self.bond_limits_a.items() if one == cation]
        return max(of_cation or self.bond_limits_a.values(), default=0.0)

    def shells_after(self, change: Change) -> tuple[dict[int, float], list[float]] | None:
        """Return which part of its shell each ion has afterwards, where that part changes.

        Returns
        -------
        tuple of dict of int to float and list of float, or None
            Of ions that stay, and of those that are added; None where a contact is too short.
        """
        ions, gone = self.model.ions, set(change.removed)
        number = {
            near: len(self.neighbours[near])
            for ion in gone
            for near in self.neighbours[ion].tolist()
        }
        for ion in gone:
            for near in self.neighbours[ion].tolist():
                number[near] -= 1
        own = [0] * len(change.added)
        for index, new in enumerate(change.added):
            sign = int(np.sign(new.charge))
            around = self.tree.query_ball_point(new.position_a, CONTACT_RANGE_A)
            for ion in sorted(set(around) - gone):
                apart = float(np.linalg.norm(ions.positions_a[ion] - np.array(new.position_a)))
                bonded = self._meet(
                    (new.symbol, sign), (str(ions.symbols[ion]), int(self.signs[ion])), apart
                )
                if bonded is None:
                    return None
                if bonded:
                    own[index] += 1
                    number[ion] = number.get(ion, len(self.neighbours[ion])) + 1
            for earlier, other in enumerate(change.added[:index]):
                apart = float(np.linalg.norm(np.subtract(new.position_a, other.position_a)))
                bonded = self._meet(
                    (new.symbol, sign), (other.symbol, int(np.sign(other.charge))), apart
                )
                if bonded is None:
                    return None
                if bonded:
                    own[index] += 1
                    own[earlier] += 1
        parts = {
            ion: n / int(self.shells[ion]) if self.shells[ion] else 1.0
            for ion, n in sorted(number.items())
            if ion not in gone
        }
        return parts, [
            n / new.full_shell if new.full_shell else 1.0
            for n, new in zip(own, change.added, strict=True)
        ]

    def _meet(self, one: tuple[str, int], other: tuple[str, int], apart_a: float) -> bool | None:
        """Return whether two ions are bonded at a distance; None if they are too close."""
        if apart_a < self.limit_a(*one, *other):
            return None
        if one[1] * other[1] >= 0:
            return False
        cation, anion = (one[0], other[0]) if one[1] > 0 else (other[0], one[0])
        return apart_a <= self.bond_a(cation, anion)

    def energy_ev(self, change: Change) -> float | None:
        """Return the energy of a change as point charges, in eV, against the same ions in bulk.

        The energy of the changed model less that of the model, and less what the ions that are
        added have in the bulk of their sites, with what those that are taken away have there: 0 for
        an ion at a kink, positive for ions that are less well off. None for ligands, which have no
        charge.
        """
        if not change.removed and not change.added:
            return None
        ions, gone = self.model.ions, list(change.removed)
        charges = np.array(
            [new.charge for new in change.added] + [-int(ions.charges[i]) for i in gone]
        )
        places = np.array(
            [new.position_a for new in change.added] + [ions.positions_a[i].tolist() for i in gone]
        )
        potentials = np.array(
            [new.potential_v for new in change.added] + [self.potentials_v[i] for i in gone]
        )
        ideal = np.array(
            [self._ideal_of(new) for new in change.added] + [self.ideal_v[i] for i in gone]
        )
        pairs = 0.5 * COULOMB_V_A * float(charges @ inverse_distances(places, places) @ charges)
        return float(charges @ potentials) + pairs - 0.5 * float(charges @ ideal)

    def _ideal_of(self, new: AddedIon) -> float:
        if np.isfinite(new.ideal_v):
            return new.ideal_v
        same = self.ideal_v[self.signs == np.sign(new.charge)]
        return float(same.mean()) if same.size else 0.0


def _contacts_a(
    ions: Model, signs: Ints, tree: cKDTree
) -> tuple[dict[tuple[str, str], float], dict[int, float]]:
    """Return the shortest distance of each pair of kinds of ions, and of each pair of signs."""
    pairs = tree.query_pairs(CONTACT_RANGE_A, output_type="ndarray")
    apart = np.linalg.norm(ions.positions_a[pairs[:, 0]] - ions.positions_a[pairs[:, 1]], axis=1)
    kinds, of_ion = np.unique(ions.symbols, return_inverse=True)
    code = np.sort(of_ion[pairs], axis=1) @ np.array([len(kinds), 1])
    contacts_a: dict[tuple[str, str], float] = {}
    for each in np.unique(code).tolist():
        one, other = (str(kinds[k]) for k in divmod(each, len(kinds)))
        shortest = float(apart[code == each].min())
        contacts_a[one, other] = contacts_a[other, one] = shortest
    product = signs[pairs[:, 0]] * signs[pairs[:, 1]]
    like_a = {int(s): float(apart[product == s].min()) for s in np.unique(product)}
    return contacts_a, like_a


def _ideal_v(ions: Model, signs: Ints, at_ions: Floats, crystals: Mapping[str, Crystal]) -> Floats:
    """Return the potential in bulk at the site of each ion, or the mean of its sign."""
    ideal = np.full(ions.n_atoms, np.nan)
    for name in ions.domain_names:
        crystal = crystals.get(name)
        bulk = None if crystal is None else bulk_potentials_v(crystal)
        if bulk is not None:
            mine = (ions.domains == name) & (ions.sites >= 0)
            ideal[mine] = bulk[ions.sites[mine]]
    for sign in (-1, 0, 1):
        alike = signs == sign
        if alike.any():
            ideal[alike & np.isnan(ideal)] = at_ions[alike].mean()
    return ideal
