"""What kind of place each atom of a model is: element, domain, coordination, position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.geometry import BondRule
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Ints, Strings
    from epicarve.builder.model import Model


@dataclass(frozen=True)
class Sites:
    """The kind of place of each atom; what is not known is None.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Chemical symbols.
    domains : ndarray of str, shape (n_atoms,), or None
        Domain of each atom.
    coordination : ndarray of int, shape (n_atoms,), or None
        Opposite ions bonded to each ion at the geometry of the model.
    bulk_coordination : ndarray of int, shape (n_atoms,), or None
        The same in its bulk crystal.
    positions : ndarray of str, shape (n_atoms,), or None
        ``"core"``, ``"surface"`` or ``"interface"``, see `position_classes`.
    groups : ndarray of str, shape (n_atoms,), or None
        Group of the user's own that each atom is in; None without such groups.
    reason : str
        Why something is None, empty if nothing is.
    """

    symbols: Strings
    domains: Strings | None = None
    coordination: Ints | None = None
    bulk_coordination: Ints | None = None
    positions: Strings | None = None
    groups: Strings | None = None
    reason: str = ""

    def n_in_group(self, name: str) -> int:
        """Count the atoms of a group of the user's own."""
        return 0 if self.groups is None else int((self.groups == name).sum())

    @classmethod
    def of(cls, symbols: tuple[str, ...], model: Model | None) -> Sites:
        """Describe the atoms of a model, or say by their elements alone what is known of them."""
        if model is None:
            return cls(np.array(symbols), reason="no model was given, only the elements are known")
        coordination, positions, reason = model.coordination, None, ""
        try:
            rule = BondRule.of(model)
        except InputError as error:
            reason = str(error)
            if len(set(model.domains[~model.is_ligand].tolist())) == 1:
                positions = _without_interface(model)
        else:
            coordination = rule.coordination(model)
            positions = position_classes(model, rule)
        return cls(
            symbols=model.symbols,
            domains=model.domains,
            coordination=coordination,
            bulk_coordination=model.bulk_coordination,
            positions=positions,
            reason=reason,
        )


def position_classes(model: Model, rule: BondRule) -> Strings:
    """Say of each ion whether it stands at an interface, at the surface or in the core.

    An ion stands at the *interface* if it is bonded to an ion of another domain, or closer to one
    than the shortest of the bond limits. Any other ion stands at the *surface* if it had fewer
    opposite neighbours than in bulk when the model was cut, and else in the *core*. Ligands, and
    ions of which an atom is nearer to one than that limit, stand at the surface and make no
    interface. The distance from the centre plays no part, so a Janus particle has no surface
    inside.

    Parameters
    ----------
    model : Model
        The model; interfaces are looked for at its positions.
    rule : BondRule
        How long its bonds may be.

    Returns
    -------
    ndarray of str, shape (n_atoms,)
        ``"core"``, ``"surface"`` or ``"interface"`` for each ion.
    """
    classes = _without_interface(model).astype("<U9")
    ions = model.ions
    domain = np.unique(ions.domains, return_inverse=True)[1]
    cations, anions, _ = rule.bonds(model)
    shortest_a = min(rule.longest_a.values(), default=0.0)
    close = cKDTree(ions.positions_a).query_pairs(shortest_a, output_type="ndarray")
    pairs = np.concatenate([np.stack([cations, anions], axis=1), close])
    is_across = (domain[pairs[:, 0]] != domain[pairs[:, 1]]) & ~ions.is_ligand[pairs].any(axis=1)
    at_interface = np.zeros(ions.n_atoms, dtype=bool)
    at_interface[pairs[is_across].ravel()] = True
    if model.is_ligand.any():
        apart_a, _ = cKDTree(model.positions_a[model.is_ligand]).query(model.positions_a)
        covered = model.ion_of[apart_a <= shortest_a]
        classes[np.isin(model.ion_of, covered)] = "surface"
    classes[at_interface[model.ion_of]] = "interface"
    return classes


def _without_interface(model: Model) -> Strings:
    return np.where(model.is_surface | model.is_ligand, "surface", "core")
