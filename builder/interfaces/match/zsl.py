"""Pairs of supercells by the tolerances of Zur and McGill, as pymatgen's ZSLGenerator has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field
from scipy.spatial import cKDTree

from epicarve.options import Options

from .hermite import plane_area_a2, sublattices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .hermite import Sublattices

BLOCK_SUBLATTICES = 2000
"""Sublattices of the film that are compared at once, which bounds the memory."""


class ZslTolerances(Options):
    """Tolerances with the names, meanings and defaults of pymatgen's ZSLGenerator.

    Parameters
    ----------
    max_area : float
        Supercells of both sides are smaller than this, in Å².
    max_area_ratio_tol : float
        By how much the ratio of the cells' areas may miss the ratio of the supercells' indices.
    max_length_tol, max_angle_tol : float
        By how much the ratio of lengths, and of angles, of the two shortest bases may miss 1.
    """

    max_area: float = Field(default=400.0, gt=0.0)
    max_area_ratio_tol: float = Field(default=0.09, gt=0.0)
    max_length_tol: float = Field(default=0.03, gt=0.0, lt=0.5)
    max_angle_tol: float = Field(default=0.01, gt=0.0, lt=0.5)


def zsl_pairs(
    film_lattice_a: NDArray[np.float64],
    substrate_lattice_a: NDArray[np.float64],
    tolerances: ZslTolerances | None = None,
) -> NDArray[np.int64]:
    """Return all pairs of supercells whose shortest bases have like lengths and angle.

    For those who compare with Zur and McGill (J. Appl. Phys. 1984, 55, 378): unlike
    `epicarve.builder.interfaces.match.cells.coincidence_cells` it lists supercells of smaller
    pairs, and pairs that fit only after the film is turned over.

    Parameters
    ----------
    film_lattice_a, substrate_lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows (x, y).
    tolerances : ZslTolerances, optional
        Tolerances on areas, lengths and angles.

    Returns
    -------
    ndarray of int, shape (n, 2, 2, 2)
        Hermite normal forms (rows (p, q), (0, r), 0 ≤ q < r) of the film's and the substrate's
        supercell, by their indices.

    Examples
    --------
    >>> pairs = zsl_pairs(np.diag([8.20261, 8.16986]), 5.75 * np.eye(2))
    >>> pairs[0].tolist()
    [[[1, 0], [0, 1]], [[1, 1], [0, 2]]]
    """
    tolerances = tolerances or ZslTolerances()
    film, substrate = (
        sublattices(lattice, _most_cells(tolerances.max_area, lattice))
        for lattice in (film_lattice_a, substrate_lattice_a)
    )
    if len(film.index) == 0 or len(substrate.index) == 0:
        return np.zeros((0, 2, 2, 2), dtype=np.int64)
    shapes, targets = _shapes(film), _shapes(substrate)
    # ratios within 1 ± tolerance differ by at most −ln(1 − tolerance) in the logarithm
    lengths, angles = (
        -np.log1p(-tol) * (1.0 + 1e-6)
        for tol in (tolerances.max_length_tol, tolerances.max_angle_tol)
    )
    scale = 1.0 / np.array([lengths, lengths, angles])
    tree = cKDTree(np.log(targets) * scale)
    blocks = []
    for start in range(0, len(shapes), BLOCK_SUBLATTICES):
        near = cKDTree(np.log(shapes[start : start + BLOCK_SUBLATTICES]) * scale)
        pairs = near.sparse_distance_matrix(tree, 1.0, p=np.inf, output_type="ndarray")
        i, j = pairs["i"] + start, pairs["j"]
        misses = np.abs(targets[j] / shapes[i] - 1.0)
        fits = (misses[:, :2] <= tolerances.max_length_tol).all(axis=1)
        fits &= misses[:, 2] <= tolerances.max_angle_tol
        ratio = film.cell_area_a2 / substrate.cell_area_a2
        indices = substrate.index[j] / film.index[i]
        area_misses = np.minimum(np.abs(ratio - indices), np.abs(1.0 / ratio - 1.0 / indices))
        fits &= area_misses < tolerances.max_area_ratio_tol
        blocks.append(np.column_stack([i, j])[fits])
    found = np.concatenate(blocks)
    found = found[np.lexsort(found.T[::-1])]
    return np.stack([film.hermite[found[:, 0]], substrate.hermite[found[:, 1]]], axis=1)


def _most_cells(max_area: float, lattice_a: NDArray[np.float64]) -> int:
    """Largest number of cells that together stay below an area."""
    return int(np.ceil(max_area / plane_area_a2(lattice_a))) - 1


def _shapes(lattices: Sublattices) -> NDArray[np.float64]:
    """Lengths, shorter first, and acute angle of the shortest bases, shape (n, 3)."""
    a, b = lattices.vectors.T
    angle = np.abs(np.angle(b / a))
    return np.column_stack([np.abs(a), np.abs(b), np.minimum(angle, np.pi - angle)])
