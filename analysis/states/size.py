"""What a model consists of, and how large it is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
from ase.formula import Formula
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from epicarve.units import A_PER_NM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats


def chemical_formula(symbols: Sequence[str]) -> str:
    """Return how many atoms of each element there are, metals first.

    Examples
    --------
    >>> chemical_formula(["Cl", "Pb", "S", "Pb", "Cl"])
    'Pb2Cl2S'
    """
    return str(Formula.from_list(list(symbols)).format("metal"))


def largest_distance_nm(positions_a: Floats) -> float:
    """Return the largest distance between two atoms in nm, as `Model.diameter_nm` does.

    Examples
    --------
    >>> largest_distance_nm([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]])
    0.5
    """
    points = np.asarray(positions_a)
    with contextlib.suppress(QhullError):  # raised for few atoms, and flat and linear models
        points = points[ConvexHull(points).vertices]
    return float(pdist(points).max(initial=0.0) / A_PER_NM)
