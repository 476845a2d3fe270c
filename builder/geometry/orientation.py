"""Orientations in which one set of atoms may lie on another, whatever their order and symmetry."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from .superposition import kabsch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epicarve.arrays import Floats, Strings

REACHES_A = (0.35, 0.9)
"""How far an atom may have moved from or to the centre, and from another, to be a candidate for it:
the second only where the first leads to nothing."""

PAIRS = 3
"""So many pairs of atoms of the first set are looked for in the second, one after the other."""

MOST = 6000
"""So many rotations are tried for each pair at most."""

SAMPLE = 200
"""Atoms that judge a rotation."""

KEPT = 24
"""The best rotations, which are then fitted to nearest atoms."""

FITTING_ROUNDS = 6

LEAST_SINE = 0.5
"""Sine of the angle between the two atoms of a pair as seen from the centre, at least."""


class Points(NamedTuple):
    """Atoms in space.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Chemical symbols.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Cartesian coordinates in Å.
    """

    symbols: Strings
    positions_a: Floats

    def centred(self) -> Points:
        """Return the atoms with their centroid at the origin."""
        return self._replace(positions_a=self.positions_a - self.positions_a.mean(axis=0))


def orientations(first: Points, second: Points, reach_a: float = REACHES_A[0]) -> Iterator[Floats]:
    """Yield the second set of atoms, turned and shifted onto the first, the most likely way first.

    Two atoms of the first set that few atoms can be mistaken for, by element and by distance from
    the centroid, are looked for in the second: each pair there with the same distances gives a
    rotation. So do the principal axes, and the second set as it is given. Rotations are judged by
    the distances from atoms to the nearest of their element, and the best fitted to these.

    Parameters
    ----------
    first, second : Points
        Both sets, as many atoms of each element in both.
    reach_a : float
        How far distances of the same atoms may differ in Å.
    """
    centre = first.positions_a.mean(axis=0)
    here, there = first.centred(), second.centred()
    pairs = _distinctive_pairs(here, there, reach_a)
    turns = np.concatenate(
        [
            np.eye(3)[None],
            _principal(here.positions_a, there.positions_a),
            *(_rotations(pair, here, there, reach_a) for pair in pairs),
        ]
    )
    judge = _Judge(here, there)
    order = np.argsort(judge.misfits(turns).round(6), kind="stable")[:KEPT]
    fitted = [judge.fitted(turns[index]) for index in order]
    for _, turned in sorted(fitted, key=lambda found: found[0]):
        yield turned + centre


class _Judge:
    """Tells how well a rotation lays the second set of atoms on the first."""

    def __init__(self, first: Points, second: Points) -> None:
        points = self.points = first.positions_a
        self.others = second.positions_a
        kinds = np.unique(first.symbols)
        self._here = {kind: np.flatnonzero(first.symbols == kind) for kind in kinds}
        self._there = {kind: np.flatnonzero(second.symbols == kind) for kind in kinds}
        self._trees = {kind: cKDTree(points[where]) for kind, where in self._here.items()}

    def misfits(self, turns: Floats) -> Floats:
        """Return the mean squared distance of a sample of atoms from the nearest, in Å²."""
        total = np.zeros(len(turns))
        step = -(-len(self.others) // SAMPLE)
        n_atoms = 0
        for kind, where in self._there.items():
            chosen = self.others[where[::step]]
            turned = np.einsum("tij,nj->tni", turns, chosen)
            distances = self._trees[kind].query(turned.reshape(-1, 3))[0]
            total += (distances.reshape(len(turns), -1) ** 2).sum(axis=1)
            n_atoms += len(chosen)
        misfits: Floats = total / n_atoms
        return misfits

    def fitted(self, turn: Floats) -> tuple[float, Floats]:
        """Return the misfit, and the atoms, after the rotation is fitted to nearest atoms."""
        turned = self.others @ turn.T
        for _ in range(FITTING_ROUNDS):
            nearest, misfit = np.empty_like(turned), 0.0
            for kind, where in self._there.items():
                distances, indices = self._trees[kind].query(turned[where])
                nearest[where] = self.points[self._here[kind][indices]]
                misfit += float((distances**2).sum())
            turned = kabsch(turned, nearest).applied(turned)
        return round(misfit / len(turned), 6), turned


def _principal(points: Floats, others: Floats) -> Floats:
    """Return the four rotations that lay the principal axes onto each other."""
    axes, other_axes = (np.linalg.eigh(p.T @ p)[1].T[::-1] for p in (points, others))
    turns = []
    for first, second in product((1.0, -1.0), repeat=2):
        turn = axes.T @ np.diag([first, second, 1.0]) @ other_axes
        handed = np.diag([first, second, np.sign(np.linalg.det(turn))])
        turns.append(axes.T @ handed @ other_axes)
    return np.array(turns)


def _distinctive_pairs(first: Points, second: Points, reach_a: float) -> list[tuple[int, int]]:
    """Choose pairs of atoms, far out and apart, that few atoms of the second set can be."""
    points = first.positions_a
    radii, other_radii = (np.linalg.norm(p.positions_a, axis=1) for p in (first, second))
    alike = np.zeros(len(points))
    for kind in np.unique(first.symbols):
        here = first.symbols == kind
        there = np.sort(other_radii[second.symbols == kind])
        low, high = (np.searchsorted(there, radii[here] + s * reach_a) for s in (-1.0, 1.0))
        alike[here] = high - low
    far = np.flatnonzero((radii > 0.5 * radii.max()) & (alike > 0))
    far = far[np.lexsort((-radii[far], alike[far]))]
    directions = points / np.maximum(radii, 1e-9)[:, None]
    pairs: list[tuple[int, int]] = []
    for atom in far.tolist():
        cosines = directions[far] @ directions[atom]
        apart = far[np.abs(cosines) < np.sqrt(1.0 - LEAST_SINE**2)]
        used = {one for pair in pairs for one in pair}
        partner = next((one for one in apart.tolist() if one not in used), None)
        if atom not in used and partner is not None:
            pairs.append((atom, partner))
        if len(pairs) == PAIRS:
            break
    return pairs


def _rotations(pair: tuple[int, int], first: Points, second: Points, reach_a: float) -> Floats:
    """Return the rotations that lay pairs of atoms of the second set onto one of the first."""
    points, others = first.positions_a, second.positions_a
    radii = np.linalg.norm(others, axis=1)
    candidates = [
        np.flatnonzero(
            (second.symbols == first.symbols[atom])
            & (np.abs(radii - np.linalg.norm(points[atom])) <= reach_a)
        )
        for atom in pair
    ]
    start, stop = pair
    apart = np.linalg.norm(points[stop] - points[start])
    near = cKDTree(others[candidates[0]]).query_ball_tree(
        cKDTree(others[candidates[1]]), apart + reach_a
    )
    starts = candidates[0][np.repeat(np.arange(len(near)), [len(found) for found in near])]
    stops = candidates[1][np.array([i for found in near for i in found], dtype=np.int64)]
    distances = np.linalg.norm(others[stops] - others[starts], axis=1)
    fits = np.flatnonzero(np.abs(distances - apart) <= reach_a)
    if len(fits) > MOST:
        fits = fits[np.argsort(np.abs(distances[fits] - apart), kind="stable")[:MOST]]
    frames = _frames(others[starts[fits]], others[stops[fits]])
    (own,) = _frames(points[[start]], points[[stop]])
    turns: Floats = own.T @ frames
    return turns


def _frames(first: Floats, second: Floats) -> Floats:
    """Return right-handed axes, as rows: along the first points, and in the plane of the second."""
    along = first / np.linalg.norm(first, axis=1, keepdims=True)
    across = second - (second * along).sum(axis=1, keepdims=True) * along
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    return np.stack([along, across, np.cross(along, across)], axis=1)
