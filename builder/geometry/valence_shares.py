"""How much of its bond valence in bulk each ion of a model still has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.crystal import bond_valences, bulk_valences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model

HALF_BONDED = 0.5
"""Ions with less than this share of their bond valence in bulk are told of in reports."""


def valence_shares(model: Model, crystals: Sequence[Crystal], chosen: Ints) -> Floats:
    """Return the share of its bond valence in bulk that some ions of a model have.

    Ions of opposite charge count as far as the longest bond of the crystals, across interfaces too.

    Parameters
    ----------
    model : Model
        The model.
    crystals : sequence of Crystal
        The crystals of its domains.
    chosen : ndarray of int, shape (n,)
        The ions.

    Returns
    -------
    ndarray of float, shape (n,)
        An ion that took the place of another element is held against its formal charge. Not a
        number where no parameters of a bond are known.

    Examples
    --------
    >>> from epicarve.builder.carve import carve
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import Sphere
    >>> galena = bundled_crystal("PbS")
    >>> dot = carve(galena, Sphere(radius_a=8.0))
    >>> shares = valence_shares(dot, [galena], np.arange(dot.n_atoms))
    >>> bool(np.allclose(shares, dot.coordination / dot.bulk_coordination))
    True
    """
    reach_a = max(max(crystal.bond_rule.values()) for crystal in crystals)
    pairs = cKDTree(model.positions_a[chosen]).sparse_distance_matrix(
        cKDTree(model.positions_a), reach_a, output_type="ndarray"
    )
    opposite = model.charges[chosen[pairs["i"]]] * model.charges[pairs["j"]] < 0
    pairs = pairs[opposite]
    own, other = model.symbols[chosen[pairs["i"]]], model.symbols[pairs["j"]]
    sums = np.bincount(pairs["i"], bond_valences(own, other, pairs["v"]), minlength=len(chosen))
    bulk = np.abs(model.charges[chosen]).astype(float)
    for crystal in crystals:
        mine = np.flatnonzero(model.domains[chosen] == crystal.name)
        sites = model.sites[chosen[mine]]
        is_native = model.symbols[chosen[mine]] == crystal.symbols[sites]
        bulk[mine[is_native]] = bulk_valences(crystal)[sites[is_native]]
    return np.asarray(sums / bulk)
