"""The path through the Brillouin zone along which bands are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from ase.cell import Cell
from ase.dft.kpoints import parse_path_string

if TYPE_CHECKING:
    from epicarve.arrays import Floats

SAME = 1e-6
"""Fractional coordinates that differ by less are the same."""


@dataclass(frozen=True)
class PathSegment:
    """A straight part of the path, from one special point to the next.

    Parameters
    ----------
    start, end : str
        Names of the points, such as ``"G"`` and ``"X"``.
    fractional : ndarray of float, shape (n_points, 3)
        Points on it in units of the reciprocal vectors of the primitive cell.
    places : ndarray of float, shape (n_points,)
        Where they lie on it, from 0 at its start to 1 at its end.
    length : float
        Its length in 1/Å, 2π included.
    """

    start: str
    end: str
    fractional: Floats
    places: Floats
    length: float


@dataclass(frozen=True)
class ZonePath:
    """The path of a crystal's Brillouin zone.

    Parameters
    ----------
    segments : tuple of PathSegment
        Its parts in order; where one does not begin at the end of the one before, the path jumps.
    """

    segments: tuple[PathSegment, ...]

    @classmethod
    def of(cls, cell_a: Floats, step: float, supercell: Floats | None = None) -> ZonePath:
        """Take the usual path of a lattice, that of W. Setyawan and S. Curtarolo (2010), from ASE.

        Parameters
        ----------
        cell_a : ndarray of float, shape (3, 3)
            Vectors of the primitive cell in Å as rows, as symmetry has them.
        step : float
            Largest distance between points in 1/Å, 2π included.
        supercell : ndarray of float, shape (3, 3), optional
            Vectors of a supercell in units of those of the primitive cell, as rows; of the points
            only those remain that it folds onto Γ.

        Examples
        --------
        >>> path = ZonePath.of(np.array([[0, 2, 2], [2, 0, 2], [2, 2, 0.0]]), 0.2)
        >>> [segment.start + segment.end for segment in path.segments][:3]
        ['GX', 'XW', 'WK']
        """
        band_path = Cell(cell_a).bandpath(npoints=0)  # type: ignore[no-untyped-call]
        points = {name: np.asarray(at) for name, at in band_path.special_points.items()}
        reciprocal = 2.0 * np.pi * np.linalg.inv(cell_a).T
        segments = []
        for part in parse_path_string(band_path.path):  # type: ignore[no-untyped-call]
            for start, end in pairwise(part):
                along = points[end] - points[start]
                length = float(np.linalg.norm(along @ reciprocal))
                places = np.linspace(0.0, 1.0, max(2, int(np.ceil(length / step)) + 1))
                if supercell is not None:
                    places = _folded(points[start], along, supercell)
                at = points[start] + places[:, None] * along
                segments.append(PathSegment(start, end, at, places, length))
        return cls(tuple(segments))

    @property
    def fractional(self) -> Floats:
        """All points, shape (n_points, 3)."""
        return np.concatenate([segment.fractional for segment in self.segments])


def _folded(start: Floats, along: Floats, supercell: Floats) -> Floats:
    """Return the places on a segment that a supercell folds onto Γ."""
    first, steps = supercell @ start, supercell @ along
    axis = int(np.abs(steps).argmax())
    ends = sorted((first[axis], first[axis] + steps[axis]))
    whole = np.arange(np.ceil(ends[0] - SAME), np.floor(ends[1] + SAME) + 1.0)
    places = np.abs(np.sort((whole - first[axis]) / steps[axis]))  # no minus zero
    at = first + places[:, None] * steps
    return np.asarray(places[np.abs(at - at.round()).max(axis=1, initial=0.0) < SAME])
