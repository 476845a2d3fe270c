"""Points laid on others as well as a rotation and a shift can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats


@dataclass(frozen=True)
class Fit:
    """The rotation and shift that lay points on others with the least sum of squares.

    Parameters
    ----------
    rotation : ndarray of float, shape (3, 3)
        Proper rotation that acts on column vectors, about the middle of the points.
    start_a, stop_a : ndarray of float, shape (3,)
        Middle of the points, and where it goes, in Å.
    rms_a : float
        Root mean square distance in Å that is left.
    is_unique : bool
        Whether only one rotation fits best; points on a line leave it open.
    """

    rotation: Floats
    start_a: Floats
    stop_a: Floats
    rms_a: float
    is_unique: bool

    @property
    def angle_deg(self) -> float:
        """Angle of the rotation in degrees."""
        cosine = 0.5 * (float(np.trace(self.rotation)) - 1.0)
        return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))

    def applied(self, positions_a: Floats) -> Floats:
        """Return points in Å turned and shifted, shape (n, 3)."""
        return np.asarray((positions_a - self.start_a) @ self.rotation.T + self.stop_a)


def kabsch(points_a: Floats, onto_a: Floats) -> Fit:
    """Fit points onto others, one to one, without mirroring them (W. Kabsch, 1976).

    Parameters
    ----------
    points_a, onto_a : ndarray of float, shape (n, 3)
        Points in Å.

    Examples
    --------
    >>> onto = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> fit = kabsch(onto @ turn + 5.0, onto)
    >>> round(fit.rms_a, 9), round(fit.angle_deg, 6)
    (0.0, 90.0)
    """
    start, stop = points_a.mean(axis=0), onto_a.mean(axis=0)
    u, sizes, v = np.linalg.svd((points_a - start).T @ (onto_a - stop))
    handed = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    rotation = v.T @ (handed[:, None] * u.T)
    left = (points_a - start) @ rotation.T - (onto_a - stop)
    rms_a = float(np.sqrt((left**2).sum(axis=1).mean()))
    is_unique = len(points_a) > 2 and bool(sizes[1] > 1e-9 * max(sizes[0], 1.0))
    return Fit(rotation, start, stop, rms_a, is_unique)
