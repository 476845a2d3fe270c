"""A frame of axes that a cloud of points brings with it, whatever frame it is given in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

GRAIN_A = 1e-5 * np.pi / 3
"""Coordinates are compared in steps of this, in Å; irrational, so that no lattice falls on one."""

MAX_FRAMES = 400
"""Frames that are compared at most."""

_PROBES = np.array([[0.6180, 1.1447, 0.8113], [1.3028, 0.4142, 0.2236]])
"""Wave vectors in 1/Å of the two plane waves by which frames are told apart."""

_PHASE = 0.7


def in_grains(values: Floats) -> Ints:
    """Return values in Å as whole numbers of `GRAIN_A`."""
    return np.asarray(np.rint(values / GRAIN_A).astype(np.int64))


def own_frames(points_a: Floats, kinds: Ints) -> Floats:
    """Return the axes that turn with the points; several if the points have symmetry.

    The first axis points to a point of the rarest kind and distance from the origin, the second
    lies in the plane of that and a next one. Of all such choices, right-handed and left-handed,
    those are taken in which two plane waves, summed over the points, are largest. Two frames
    that tie are related by a symmetry operation of the points.

    Parameters
    ----------
    points_a : ndarray of float, shape (n, 3)
        Points in Å about an origin that belongs to the cloud.
    kinds : ndarray of int, shape (n, k)
        What tells points apart besides where they lie; the same in every frame.

    Returns
    -------
    ndarray of float, shape (n_frames, 3, 3)
        Each frame has its axes as rows: ``points_a @ frame.T`` are coordinates in it.

    Examples
    --------
    >>> points = np.array([[3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    >>> turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> kinds = np.arange(3)[:, None]
    >>> one = points @ own_frames(points, kinds)[0].T
    >>> turned = points @ turn.T
    >>> other = turned @ own_frames(turned, kinds)[0].T
    >>> np.allclose(one, other)
    True
    """
    radii = np.linalg.norm(points_a, axis=1)
    off = np.flatnonzero(radii > 0.1)
    if len(off) == 0:
        return np.eye(3)[None]
    keys = np.column_stack([in_grains(radii[off]) // 100, kinds[off]])
    order = np.lexsort(keys.T[::-1])
    is_first = np.r_[True, (np.diff(keys[order], axis=0) != 0).any(axis=1)]
    shells = np.split(off[order], np.flatnonzero(is_first)[1:])
    frames = _candidates(points_a, sorted(shells, key=len))
    if len(frames) == 0:
        return np.eye(3)[None]
    weights = np.empty(len(off))
    weights[order] = 1.0 + np.cumsum(is_first) % 7
    waves = np.einsum("fij,pi->pfj", frames, _PROBES).reshape(-1, 3)
    sums = np.zeros(len(waves))
    for start in range(0, len(off), 20_000):
        part = slice(start, start + 20_000)
        sums += weights[part] @ np.cos(points_a[off[part]] @ waves.T + _PHASE)
    scores = sums.reshape(len(_PROBES), -1).sum(axis=0)
    return np.asarray(frames[scores >= scores.max() - 1e-7 * weights.sum()])


def _candidates(points_a: Floats, shells: list[Ints]) -> Floats:
    """Frames from each point of the rarest shell and its nearest partners in the next one."""
    firsts = points_a[shells[0]] / np.linalg.norm(points_a[shells[0]], axis=1)[:, None]
    for shell in shells:
        seconds = points_a[shell] / np.linalg.norm(points_a[shell], axis=1)[:, None]
        cosines = firsts @ seconds.T
        usable = np.abs(cosines) < 1.0 - 1e-4
        if usable.any():
            nearest = cosines[usable].max() - 1e-6
            i, j = np.nonzero(usable & (cosines >= nearest))
            i, j = i[:MAX_FRAMES], j[:MAX_FRAMES]
            third = np.cross(firsts[i], seconds[j])
            third /= np.linalg.norm(third, axis=1)[:, None]
            second = np.cross(third, firsts[i])
            right = np.stack([firsts[i], second, third], axis=1)
            left = np.stack([firsts[i], second, -third], axis=1)
            return np.concatenate([right, left])
    return np.empty((0, 3, 3))
