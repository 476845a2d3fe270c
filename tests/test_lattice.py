"""Ions and bonds by integer arithmetic against a search by distance."""

import numpy as np
import pytest
from scipy.spatial import cKDTree
from structure_types import STRUCTURE_TYPES

from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere, ions_near


@pytest.mark.parametrize("name", STRUCTURE_TYPES)
def test_bonds_equal_those_found_by_distance(name):
    crystal = bundled_crystal(name)
    ions = ions_near(crystal, Sphere(12.0), np.array([0.1, 0.2, 0.3]), 1.0)
    longest = max(crystal.bond_rule.values())
    pairs = cKDTree(ions.positions_a).query_pairs(longest, output_type="ndarray")
    i, j = np.concatenate([pairs, pairs[:, ::-1]]).T
    symbols = ions.symbols
    limits = np.array(
        [crystal.bond_rule.get((symbols[a], symbols[b]), 0.0) for a, b in zip(i, j, strict=True)]
    )
    lengths = np.linalg.norm(ions.positions_a[i] - ions.positions_a[j], axis=1)
    bonded = (lengths <= limits) & (ions.charges[i] > 0) & (ions.charges[j] < 0)
    expected = set(zip(i[bonded].tolist(), j[bonded].tolist(), strict=True))
    found = ions.adjacency().tocoo()
    from_cations = ions.charges[found.coords[0]] > 0
    rows, columns = (axis[from_cations].tolist() for axis in found.coords)
    assert set(zip(rows, columns, strict=True)) == expected


def test_sphere_holds_every_ion_within_its_radius():
    crystal = bundled_crystal("PbS")
    ions = ions_near(crystal, Sphere(11.0), np.zeros(3), 1.0)
    half = np.arange(-10, 11)
    grid = (
        np.stack(np.meshgrid(half, half, half), axis=-1).reshape(-1, 3) * crystal.cell_a[0, 0] / 2
    )
    assert ions.n_ions == int((np.linalg.norm(grid, axis=1) <= 12.0).sum())
    assert ions.signed_distance_a.max() <= 1.0
