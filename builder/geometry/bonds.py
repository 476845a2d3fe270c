"""Bonds of a model at any geometry, by the rule of its crystals."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.crystal import CONTACT_RANGE_A, shell_limits_a, signs_of
from epicarve.builder.model import LIGAND
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Floats, Ints
    from epicarve.builder.model import Model

MOST_UNEXPLAINED = 0.1
"""Largest share of ions whose coordination a rule taken from a model may fail to give back."""


@dataclass(frozen=True)
class BondRule:
    """How long the bonds of a model may be.

    Parameters
    ----------
    limits_a : mapping of str to mapping of (str, str) to float
        For each domain, the longest bond in Å by the symbols of cation and anion. Between two
        domains, the longer limit holds for a pair of elements that both know.
    """

    limits_a: Mapping[str, Mapping[tuple[str, str], float]]

    @classmethod
    def of(cls, model: Model) -> BondRule:
        """Return the rule of the crystals of a model.

        It stands in model.json, but for bonds to ligands, which are their first shell in the model.
        Where it does not, it is taken from the distances of each domain,
        as `Crystal.bond_rule` takes it from those of bulk: this works for a model as it was cut,
        and is checked against the coordination that the model bears.

        Raises
        ------
        InputError
            If the rule is in no model.json and can't be had from the ions, as in a relaxed model.

        Examples
        --------
        >>> from epicarve.builder.carve import carve
        >>> from epicarve.builder.library import bundled_crystal
        >>> from epicarve.builder.shapes import Sphere
        >>> galena = bundled_crystal("PbS")
        >>> rule = BondRule.of(carve(galena, Sphere(radius_a=8.0)))
        >>> round(rule.longest_a["Pb", "S"], 2) == round(galena.bond_rule["Pb", "S"], 2)
        True
        """
        recorded = _recorded_limits_a(model)
        untold = set(model.domain_names) - set(recorded)
        if recorded and all(name.startswith(LIGAND) for name in untold):
            own = {name: limits_of_ligands_a(model, name) for name in sorted(untold)}
            return cls(recorded | own)
        rule = cls(
            {name: limits_from_distances_a(model.domain(name)) for name in model.domain_names}
        )
        unexplained = float(np.mean(rule.coordination(model) != model.coordination))
        if unexplained > MOST_UNEXPLAINED:
            raise InputError(
                f"{model.formula}: the longest bonds are not told by a model.json and can't be had "
                f"from the ions, as {unexplained:.0%} of them would have another coordination than "
                "the model says; keep model.json beside model.extxyz"
            )
        return rule

    @property
    def longest_a(self) -> dict[tuple[str, str], float]:
        """Longest bond in Å by the symbols of cation and anion, whatever the domain."""
        longest: dict[tuple[str, str], float] = {}
        for limits in self.limits_a.values():
            for pair, limit in limits.items():
                longest[pair] = max(limit, longest.get(pair, 0.0))
        return dict(sorted(longest.items()))

    def bonds(self, model: Model, positions_a: Floats | None = None) -> tuple[Ints, Ints, Floats]:
        """Return the bonds between the ions of a model, each molecule counted as one.

        Parameters
        ----------
        model : Model
            The model.
        positions_a : ndarray of float, shape (n_atoms, 3), optional
            Where its ions are, in Å, if not at the positions of the model.

        Returns
        -------
        cations, anions : ndarray of int, shape (n_bonds,)
            Ions of each bond, in ascending order, by their places in `Model.ions`.
        lengths_a : ndarray of float, shape (n_bonds,)
            Their distance in Å.
        """
        ions = model.ions
        signs = signs_of(ions.symbols, ions.charges)
        points, owner = model.bearers_at(model.positions_a if positions_a is None else positions_a)
        longest_a = max(self.longest_a.values(), default=0.0)
        pairs = cKDTree(points).query_pairs(longest_a, output_type="ndarray")
        lengths_a = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
        pairs = owner[pairs]
        cations = np.where(signs[pairs[:, 0]] > 0, pairs[:, 0], pairs[:, 1])
        anions = pairs.sum(axis=1) - cations
        table, kind = self._table_a(ions)
        opposite = (signs[cations] > 0) & (signs[anions] < 0)
        bonded = np.flatnonzero(opposite & (lengths_a <= table[kind[cations], kind[anions]]))
        bonded = bonded[np.lexsort((lengths_a[bonded], anions[bonded], cations[bonded]))]
        if model.has_molecules:  # the shortest to any of the atoms that bear charge
            both = np.column_stack([cations[bonded], anions[bonded]])
            bonded = bonded[np.unique(both, axis=0, return_index=True)[1]]
        return cations[bonded], anions[bonded], lengths_a[bonded]

    def coordination(self, model: Model, positions_a: Floats | None = None) -> Ints:
        """Count the bonds of the ion of each atom, shape (n_atoms,); arguments as of `bonds`."""
        cations, anions, _ = self.bonds(model, positions_a)
        number = np.bincount(np.concatenate([cations, anions]), minlength=model.n_ions)
        return np.asarray(number[model.ion_of])

    def _table_a(self, model: Model) -> tuple[Floats, Ints]:
        """Return the limit of each pair of kinds of ions, and the kind of each ion."""
        of_ion = list(zip(model.domains.tolist(), model.symbols.tolist(), strict=True))
        index = {kind: i for i, kind in enumerate(dict.fromkeys(of_ion))}
        longest = self.longest_a
        table = np.array(
            [
                [
                    (self.limits_a[here] if here == there else longest).get((a, b), 0.0)
                    for there, b in index
                ]
                for here, a in index
            ]
        )
        return table, np.array([index[kind] for kind in of_ion])


def _recorded_limits_a(model: Model) -> dict[str, dict[tuple[str, str], float]]:
    """Return the rules of the domains of a model as it was made; empty if they are not told."""
    structure = model.report.structure
    if structure is not None:
        return structure.bond_rules
    return {
        name: origin.bond_rule
        for name, origin in model.report.origins.items()
        if origin.bond_rule is not None
    }


def limits_from_distances_a(model: Model) -> dict[tuple[str, str], float]:
    """Return the longest bond in Å of each pair of ions, from the distances of a model alone.

    They are those of the first shells, as `Crystal.bond_rule` takes them from a bulk crystal; where
    there is no second one, it would begin at twice the shortest distance. A model that was relaxed
    far from its crystal may have no clear shells.
    """
    points, owner = model.bearers_at(model.positions_a)
    model = model.ions
    signs = signs_of(model.symbols, model.charges)
    cations, anions = np.flatnonzero(signs[owner] > 0), np.flatnonzero(signs[owner] < 0)
    near = cKDTree(points[cations]).sparse_distance_matrix(
        cKDTree(points[anions]), CONTACT_RANGE_A, output_type="ndarray"
    )
    i, j, distances_a = owner[cations[near["i"]]], owner[anions[near["j"]]], near["v"]
    for pair in product(model.counts, repeat=2):
        of_pair = np.flatnonzero((model.symbols[i] == pair[0]) & (model.symbols[j] == pair[1]))
        if of_pair.size and distances_a[of_pair].max() < 2.0 * distances_a[of_pair].min():
            nearest = of_pair[np.argmin(distances_a[of_pair])]  # a cluster with a first shell alone
            i, j = np.append(i, i[nearest]), np.append(j, j[nearest])
            distances_a = np.append(distances_a, 2.0 * distances_a[nearest])
    return shell_limits_a(i, j, distances_a, model.symbols, signs)


def limits_of_ligands_a(model: Model, name: str) -> dict[tuple[str, str], float]:
    """Return the longest bond in Å of each cation of a model with the ligands of a domain."""
    shells = limits_from_distances_a(model)
    ligands = set(model.domain(name).ion_counts)
    return {pair: limit for pair, limit in shells.items() if pair[1] in ligands}
