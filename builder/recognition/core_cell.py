"""Cell constants in the core of a domain, free of what the crystal says of places in the cell.

Ions on one site of the cell, in different cells, differ by lattice vectors. So the ions of the core
are centred site by site, y on their own means and x on those of the ideal lattice, and F is that of
the least squares of y − F x. Where no site recurs often enough the map of the whole lattice counts.
The same in a ball around each ion of the core tells how much the cell differs from place to place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.crystal import cell_parameters
from epicarve.record import Record

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

    from .domain import Domain

BALL_A = 10.0
"""Radius in Å of the balls in which the local cell is measured."""

LEAST_RECURRING = 12
"""Ions of recurring sites, beyond the first of each, that a cell needs."""

LEAST_EXTENT = 0.02
"""Ions that extend less along one direction than along another, in squares, tell no cell."""

LEAST_BALLS = 5
"""Fewer balls have no standard deviation."""

MOST_BALLS = 200
"""Cells are measured in so many balls at most, evenly chosen."""

NAMES = ("a", "b", "c", "alpha", "beta", "gamma")


@dataclass(frozen=True)
class CellConstants(Record):
    """Lengths and angles of a cell.

    Parameters
    ----------
    a, b, c : float
        Lengths of its vectors in Å.
    alpha, beta, gamma : float
        Angles between them in degrees.
    """

    a: float
    b: float
    c: float
    alpha: float
    beta: float
    gamma: float

    @classmethod
    def measured(cls, cell_a: Floats) -> CellConstants:
        """Return the constants of a cell, its vectors as rows in Å."""
        return cls(*(round(x, 4) for x in cell_parameters(cell_a)))

    @property
    def volume_a3(self) -> float:
        """Volume of the cell in Å³."""
        x, y, z = np.cos(np.radians([self.alpha, self.beta, self.gamma])).tolist()
        skew = 1.0 - x * x - y * y - z * z + 2.0 * x * y * z
        return float(self.a * self.b * self.c * np.sqrt(skew))

    @property
    def told(self) -> str:
        """The constants in words; angles of 90° to a tenth of a degree are left out."""
        lengths = f"{self.a:.2f}, {self.b:.2f}, {self.c:.2f} Å"
        angles = (("α", self.alpha), ("β", self.beta), ("γ", self.gamma))
        return ", ".join([lengths, *(f"{n} {x:.1f}°" for n, x in angles if f"{x:.0f}" != "90")])


@dataclass(frozen=True)
class CoreCell:
    """The cell in the core of a domain.

    Parameters
    ----------
    constants : CellConstants
        In the setting of the crystal.
    spread : CellConstants or None
        Standard deviation of the constants from place to place; None where the core is too small.
    crystal : CellConstants
        The constants of the crystal itself.
    n_ions : int
        Ions of the core.
    method : {"lattice vectors", "whole lattice"}
        Whether places in the cell were left free.
    """

    constants: CellConstants
    spread: CellConstants | None
    crystal: CellConstants
    n_ions: int
    method: str


def core_cell(domain: Domain, positions_a: Floats) -> CoreCell:
    """Return the cell in the core of a domain.

    Parameters
    ----------
    domain : Domain
        The domain.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates of the atoms of the particle in Å.
    """
    core = np.flatnonzero(domain.core)
    places, points, sites = domain.places_a[core], positions_a[core], domain.sites[core]
    matrix = _matrix(places, points, sites)
    method = "whole lattice" if matrix is None else "lattice vectors"
    if matrix is None:
        sites = np.zeros_like(sites)
        matrix = _matrix(places, points, sites)
    cell = domain.crystal.cell_a
    own = domain.fit.matrix if matrix is None else matrix
    return CoreCell(
        constants=CellConstants.measured(cell @ own.T),
        spread=_spread(cell, places, points, sites),
        crystal=CellConstants.measured(cell),
        n_ions=len(core),
        method=method,
    )


def _matrix(places: Floats, points: Floats, groups: Ints) -> Floats | None:
    """Return F of ions centred group by group; None if they are too few."""
    _, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(groups) - len(counts) < LEAST_RECURRING:
        return None
    x, y = (_centred(values, group, counts) for values in (places, points))
    products = x.T @ x
    sizes = np.linalg.eigvalsh(products)
    if sizes[0] < LEAST_EXTENT * sizes[2]:
        return None
    return np.asarray((y.T @ x) @ np.linalg.inv(products))


def _centred(values: Floats, group: Ints, counts: Ints) -> Floats:
    """Return values less the mean of their group."""
    means = np.column_stack([np.bincount(group, column) for column in values.T]) / counts[:, None]
    return np.asarray(values - means[group])


def _spread(cell: Floats, places: Floats, points: Floats, sites: Ints) -> CellConstants | None:
    """Return the standard deviation of the cell constants over balls in the core."""
    step = -(-len(points) // MOST_BALLS)
    balls = cKDTree(points).query_ball_point(points[::step], BALL_A, return_sorted=True)
    found = [_matrix(places[ball], points[ball], sites[ball]) for ball in balls]
    constants = [cell_parameters(cell @ one.T) for one in found if one is not None]
    if len(constants) < LEAST_BALLS:
        return None
    return CellConstants(*np.std(constants, axis=0).round(4).tolist())
