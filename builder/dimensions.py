"""Size and dipole of charges in space."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from epicarve.units import A_PER_NM, DEBYE_PER_E_A

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

FEW = 20
"""Of so few points no hull is made."""


def largest_distance_nm(positions_a: Floats) -> float:
    """Return the largest distance between two points in nm; 0 for a single one.

    Parameters
    ----------
    positions_a : ndarray of float, shape (n, 3)
        Coordinates in Å.

    Examples
    --------
    >>> largest_distance_nm(np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]]))
    0.5
    """
    points = positions_a
    if len(points) > FEW:
        with contextlib.suppress(QhullError):  # raised for flat and linear particles
            points = points[ConvexHull(points).vertices]
    return float(pdist(points).max(initial=0.0) / A_PER_NM)


def dipole_debye(positions_a: Floats, charges: Ints | Floats) -> float:
    """Return the magnitude of the dipole of charges in debye, about their centroid.

    Parameters
    ----------
    positions_a : ndarray of float, shape (n, 3)
        Coordinates in Å.
    charges : ndarray, shape (n,)
        In units of e.
    """
    arms_a = positions_a - positions_a.mean(axis=0)
    return float(np.linalg.norm(charges @ arms_a) * DEBYE_PER_E_A)
