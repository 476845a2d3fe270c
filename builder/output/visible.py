"""Which discs of a picture can be seen, so that hidden ones need not be drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats

MANY_DISCS = 5000
"""Pictures of fewer discs are drawn whole."""

FIRST_DISCS = 2000
"""Discs looked at together; twice as many each time, as ever more of them are hidden."""

PIXELS_PER_RADIUS = 6.0
"""Pixels along the radius of the smallest disc, more than the picture itself has for so many."""


def visible_discs(points_a: Floats, radii_a: Floats) -> Bools:
    """Tell which discs are not hidden by others in front of them.

    A disc is left out if its middle and two rings of points on it, the outer one a pixel within
    its rim, are covered by discs farther in front. So a sliver narrower than two pixels may be
    missed; nothing that can be seen otherwise is.

    Parameters
    ----------
    points_a : ndarray of float, shape (n, 2)
        Middles of the discs in Å, the first ones farthest back.
    radii_a : ndarray of float, shape (n,)
        Their radii in Å.

    Returns
    -------
    ndarray of bool, shape (n,)
        Which discs have to be drawn; all of them, if there are few.

    Examples
    --------
    >>> points = np.zeros((6000, 2))
    >>> visible_discs(points, np.ones(6000)).sum()
    np.int64(2000)
    """
    n_discs = len(points_a)
    seen = np.ones(n_discs, dtype=bool)
    if n_discs <= MANY_DISCS:
        return seen
    pixel = float(radii_a.min()) / PIXELS_PER_RADIUS
    low = points_a.min(axis=0) - radii_a.max() - pixel
    size = np.ceil((np.ptp(points_a, axis=0) + 2.0 * radii_a.max()) / pixel).astype(int) + 3
    covered = np.zeros(size, dtype=bool)
    angles = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    stop, step = n_discs, FIRST_DISCS
    while stop > 0:
        discs = np.arange(max(0, stop - step), stop)[::-1]
        stop, step = stop - step, 2 * step
        middle = (points_a[discs] - low) / pixel
        radius = radii_a[discs] / pixel
        hidden = _at(covered, middle)
        for share in (0.5, 1.0):
            for spoke in ring:
                left = np.flatnonzero(hidden)
                reach = (share * radius[left] - 1.0)[:, None]
                hidden[left] = _at(covered, middle[left] + reach * spoke)
        seen[discs[hidden]] = False
        for own in np.unique(radius):
            _cover(covered, middle[~hidden & (radius == own)], float(own))
    return seen


def _at(covered: Bools, points: Floats) -> Bools:
    """Whether the pixels at some points are covered."""
    i, j = points.astype(int).T
    return np.asarray(covered[i, j])


def _cover(covered: Bools, middles: Floats, radius: float) -> None:
    """Cover the pixels whose middles lie in discs of one radius."""
    reach = np.arange(-int(radius) - 1, int(radius) + 2)
    corner = middles.astype(int)
    for di in reach:
        i = corner[:, 0] + di
        across = radius**2 - (i + 0.5 - middles[:, 0]) ** 2
        for dj in reach:
            j = corner[:, 1] + dj
            inside = (j + 0.5 - middles[:, 1]) ** 2 <= across
            covered[i[inside], j[inside]] = True
