"""Types of arrays, by what they hold, with shapes in docstrings; and points of a grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Strings = NDArray[np.str_]


def whole_points(low: Ints | Floats, high: Ints | Floats) -> Ints:
    """Return all points of whole coordinates from a corner to below another, the last one fastest.

    Parameters
    ----------
    low, high : ndarray, shape (n_axes,)
        Corners, of whole coordinates.

    Returns
    -------
    ndarray of int, shape (n_points, n_axes)
        The points, such as cells of a lattice.

    Examples
    --------
    >>> whole_points(np.array([0, -1]), np.array([2, 1])).tolist()
    [[0, -1], [0, 0], [1, -1], [1, 0]]
    """
    first = np.asarray(low).astype(np.int64)
    counts = np.asarray(high).astype(np.int64) - first
    return np.asarray(np.indices(counts.tolist()).reshape(len(first), -1).T + first)
