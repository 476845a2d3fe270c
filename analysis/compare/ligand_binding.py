"""What holds the ligands of a model at one geometry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers, covalent_radii
from scipy.spatial import cKDTree

from epicarve.builder.crystal import (
    LEAST_VALENCE,
    SHELL_STRETCH,
    length_of_bond_a,
    unit_length_a,
)
from epicarve.builder.model import LIGAND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Bools, Floats, Ints
    from epicarve.builder.geometry import BondRule
    from epicarve.builder.model import Model

FAR_A = 12.0
"""Nearest ions are looked for up to this distance in Å."""


@dataclass(frozen=True)
class HeldBy:
    """What holds a ligand.

    Parameters
    ----------
    ions : tuple of int
        The ions to which it is bound, ascending.
    mode : {"terminal", "chelating", "bridging", "site", "none"}
        How.
    nearest_a : float or None
        The shortest distance in Å of a binding atom to such an ion, bound or not; None beyond
        `FAR_A`.
    """

    ions: tuple[int, ...]
    mode: str
    nearest_a: float | None


@dataclass(frozen=True)
class Binding:
    """A model at some places, and the ions of its crystal that may hold a ligand.

    Parameters
    ----------
    model : Model
        The model.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Where its atoms are, in Å.
    partners : mapping of int to ndarray of int
        The cations of the crystal (1) and its anions (-1), as atoms.
    trees : mapping of int to cKDTree
        Their places.
    site_limits_a : mapping of str to float
        Up to which distance in Å a cation is bound to each anion.
    """

    model: Model
    positions_a: Floats
    partners: Mapping[int, Ints]
    trees: Mapping[int, cKDTree]
    site_limits_a: Mapping[str, float]

    @classmethod
    def of(cls, model: Model, is_ligand: Bools, rule: BondRule, positions_a: Floats) -> Binding:
        """Return the binding of a model with its atoms at some places."""
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

    def held(self, atoms: Ints) -> HeldBy:
        """Return what holds the ligand of some atoms."""
        model = self.model
        is_cation = int(model.charges[atoms].sum()) > 0
        sign = -1 if is_cation else 1
        binding = _binding_atoms(model, atoms)
        near = cKDTree(self.positions_a[binding]).sparse_distance_matrix(
            self.trees[sign], FAR_A, output_type="ndarray"
        )
        bearers, ions, lengths_a = binding[near["i"]], self.partners[sign][near["j"]], near["v"]
        if not lengths_a.size:
            return HeldBy((), "none", None)
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
            return HeldBy((), "none", nearest_a)
        if is_cation:
            return HeldBy(tuple(np.unique(ions[bound]).tolist()), "site", nearest_a)
        charges = model.charges[ions[bound]]
        bound = bound[charges == charges.max()]
        held = tuple(np.unique(ions[bound]).tolist())
        if len(held) > 1:
            return HeldBy(held, "bridging", nearest_a)
        several = len(np.unique(bearers[bound])) > 1
        return HeldBy(held, "chelating" if several else "terminal", nearest_a)


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


def of_ligands(model: Model) -> Bools:
    """Return which atoms of a model are those of ligands, shape (n_atoms,)."""
    return np.asarray(np.char.startswith(model.domains, LIGAND))
