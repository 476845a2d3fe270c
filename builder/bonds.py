"""Bonds of a model at any geometry, by the rule of its crystals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.errors import InputError

from .crystal import CONTACT_RANGE_A, first_shell_limit_a

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .model import Model

    BondLimits = Mapping[tuple[str, str], float]

MOST_UNEXPLAINED = 0.1
"""Largest share of ions whose coordination a rule taken from a model may fail to give back."""


def bond_limits_a(model: Model) -> dict[tuple[str, str], float]:
    """Return the longest bond in Å of each (cation, anion) pair of elements of a model.

    The rule of its crystals stands in model.json. Where it does not, it is taken from the
    distances of the model itself, as `Crystal.bond_rule` takes it from those of bulk: this works
    for a model as it was cut, and is checked against the coordination that the model bears. Of
    two domains, the longer limit counts for a pair that both know.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    dict
        Limits by the symbols of cation and anion.

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
    >>> limits = bond_limits_a(carve(galena, Sphere(radius_a=8.0)))
    >>> round(limits["Pb", "S"], 2) == round(galena.bond_rule["Pb", "S"], 2)
    True
    """
    limits = _recorded_limits_a(model)
    if limits:
        return limits
    for name in model.domain_names:
        part = model.domain(name)
        for pair, limit in _limits_from_distances(part).items():
            limits[pair] = max(limit, limits.get(pair, 0.0))
    found = coordination_numbers(model.positions_a, model, limits)
    unexplained = float(np.mean(found != model.coordination))
    if not limits or unexplained > MOST_UNEXPLAINED:
        raise InputError(
            f"{model.formula}: the longest bonds are not told by a model.json and can't be had "
            f"from the ions ({unexplained:.0%} of them would have another coordination than the "
            "model says); keep model.json beside model.extxyz"
        )
    return limits


def bonded_pairs(
    positions_a: NDArray[np.float64], model: Model, limits: BondLimits
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the bonds between the ions of a model, at positions of their own.

    Parameters
    ----------
    positions_a : ndarray of float, shape (n_atoms, 3)
        Where the ions are, in Å.
    model : Model
        Their elements and charges.
    limits : mapping
        Longest bond in Å by the symbols of cation and anion.

    Returns
    -------
    cations, anions : ndarray of int, shape (n_bonds,)
        Ions of each bond, in ascending order.
    lengths_a : ndarray of float, shape (n_bonds,)
        Their distance in Å.
    """
    pairs = cKDTree(positions_a).query_pairs(
        max(limits.values(), default=0.0), output_type="ndarray"
    )
    first = np.where(model.charges[pairs[:, 0]] > 0, pairs[:, 0], pairs[:, 1])
    cations, anions = first, pairs.sum(axis=1) - first
    names, kind = np.unique(model.symbols, return_inverse=True)
    table = np.array([[limits.get((a, b), 0.0) for b in names.tolist()] for a in names.tolist()])
    lengths_a = np.linalg.norm(positions_a[cations] - positions_a[anions], axis=1)
    opposite = (model.charges[cations] > 0) & (model.charges[anions] < 0)
    bonded = np.flatnonzero(opposite & (lengths_a <= table[kind[cations], kind[anions]]))
    bonded = bonded[np.lexsort((anions[bonded], cations[bonded]))]
    return cations[bonded], anions[bonded], lengths_a[bonded]


def coordination_numbers(
    positions_a: NDArray[np.float64], model: Model, limits: BondLimits
) -> NDArray[np.int64]:
    """Count the opposite ions bonded to each ion of a model, at positions of their own.

    Parameters
    ----------
    positions_a, model, limits
        As those of `bonded_pairs`.

    Returns
    -------
    ndarray of int, shape (n_atoms,)
        Number of bonds of each ion.
    """
    cations, anions, _ = bonded_pairs(positions_a, model, limits)
    return np.bincount(np.concatenate([cations, anions]), minlength=model.n_atoms)


def _recorded_limits_a(model: Model) -> dict[tuple[str, str], float]:
    """Read the rule from the block ``provenance.crystal`` of a model.json; empty without one."""
    limits: dict[tuple[str, str], float] = {}
    for origin in model.report.get("provenance", {}).get("crystal", {}).values():
        for name, limit in origin.get("longest_bonds_a", {}).items():
            cation, anion = name.split("-")
            limits[cation, anion] = max(limit, limits.get((cation, anion), 0.0))
    return limits


def _limits_from_distances(model: Model) -> dict[tuple[str, str], float]:
    """Take the first shell of each pair of elements from the distances of an unrelaxed cut."""
    limits = {}
    for cation in np.unique(model.symbols[model.charges > 0]).tolist():
        for anion in np.unique(model.symbols[model.charges < 0]).tolist():
            ions = model.positions_a[model.symbols == cation]
            others = cKDTree(model.positions_a[model.symbols == anion])
            near = cKDTree(ions).sparse_distance_matrix(
                others, CONTACT_RANGE_A, output_type="ndarray"
            )["v"]
            if len(near) > 1:
                limits[cation, anion] = first_shell_limit_a(near)
    return limits
