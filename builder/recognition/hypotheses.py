"""Ways in which a crystal may lie around an ion, from vectors to its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from .lattice_fit import LatticeFit, tukey
from .pattern import ENVIRONMENT_A

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings

    from .ions import ParticleIons
    from .pattern import Pattern

LENGTH_SHARE, LENGTH_A = 0.06, 0.3
"""A vector between two ions may be so much longer or shorter, in its own share and in Å."""

COSINE = 0.2
"""How far the cosine between two vectors may be off."""

LEAST_SINE, NEARLY_PARALLEL = 0.5, 0.95
"""Sine of the angle between two vectors, at least; cosine of that between two of ions, at most."""

SHORTEST_A = 3.4
"""Shorter vectors tell directions too badly."""

PAIRS = 3
"""So many pairs of vectors are looked for around each ion."""

MOST = 400
"""So many pairs of ions are tried for each of them at most."""

REACH_A = 1.3
"""Tukey's reach in Å when orientations are compared."""

KEPT = 2
"""The best orientations around each ion."""

DEPTH_A = 9.0
"""The more ions within this, in Å, the deeper an ion lies."""


@dataclass(frozen=True)
class Hypothesis:
    """A fit to be refined.

    Parameters
    ----------
    fit : LatticeFit
        Orientation and place.
    seed : int
        The ion around which it was found.
    score : float
        Mean Tukey weight of the sites around, 1 if an ion lies on each.
    """

    fit: LatticeFit
    seed: int
    score: float


def seeds_of(ions: ParticleIons, pattern: Pattern, n_seeds: int, tree: cKDTree) -> Ints:
    """Return ions from which a crystal is looked for, deep in the particle and far apart.

    They are of the cation that tells the crystal best: of which the particle holds the fewest,
    against the formula.
    """
    formula = pattern.crystal.formula_unit
    symbols = [s for s in formula if pattern.crystal.charge_of[s] > 0]
    there = {s: int((ions.symbols == s).sum()) for s in symbols}
    symbol = min(symbols, key=lambda s: there[s] / formula[s])
    members = np.flatnonzero(ions.symbols == symbol)
    points = ions.positions_a[members]
    depth = tree.query_ball_point(points, DEPTH_A, return_length=True)
    order = np.argsort(-depth, kind="stable")
    deep = order[depth[order] >= 0.55 * depth.max()]
    chosen = [int(deep[0])]
    away = np.linalg.norm(points[deep] - points[chosen[0]], axis=1)
    while len(chosen) < min(n_seeds, len(deep)):
        farthest = int(np.argmax(away))
        if away[farthest] == 0.0:
            break
        chosen.append(int(deep[farthest]))
        away = np.minimum(away, np.linalg.norm(points[deep] - points[chosen[-1]], axis=1))
    return np.asarray(members[chosen])


def hypotheses_at(
    ions: ParticleIons, pattern: Pattern, seed: int, tree: cKDTree
) -> list[Hypothesis]:
    """Return the best orientations of a crystal with one of its sites on an ion."""
    centre = ions.positions_a[seed]
    around = np.array(tree.query_ball_point(centre, ENVIRONMENT_A * 1.1 + REACH_A))
    around = around[(around != seed) & ions.is_ion[around]]
    vectors = ions.positions_a[around] - centre
    kinds = ions.kinds[around]
    trees = {k: cKDTree(vectors[kinds == k]) for k in np.unique(kinds).tolist()}
    found = []
    for site in pattern.distinct_sites(str(ions.symbols[seed])):
        turns = _turns(*pattern.environment(site), kinds, vectors)
        if not len(turns):
            continue
        scores = _scores(turns, *pattern.environment(site), trees)
        place = pattern.crystal.positions_a[site]
        for best in np.argsort(-scores, kind="stable")[:KEPT].tolist():
            fit = LatticeFit(pattern, turns[best], centre - turns[best] @ place)
            found.append(Hypothesis(fit, seed, float(scores[best])))
    return sorted(found, key=lambda one: -one.score)


def _turns(site_kinds: Strings, site_vectors: Floats, kinds: Strings, vectors: Floats) -> Floats:
    """Return rotations that lay pairs of vectors of the crystal on pairs of ions, (n, 3, 3)."""
    lengths, own = np.linalg.norm(vectors, axis=1), np.linalg.norm(site_vectors, axis=1)
    limits = LENGTH_SHARE * own + LENGTH_A
    alike = (np.abs(lengths[None, :] - own[:, None]) <= limits[:, None]) & (
        kinds[None, :] == site_kinds[:, None]
    )
    counts = alike.sum(axis=1)
    usable = np.flatnonzero((own >= SHORTEST_A) & (counts > 0))
    usable = usable[np.argsort(counts[usable], kind="stable")][:24]
    units = site_vectors / own[:, None]
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    for i, j in sorted(
        ((i, j) for i, j in product(usable.tolist(), repeat=2) if i < j),
        key=lambda pair: counts[pair[0]] * counts[pair[1]],
    ):
        cosine = units[i] @ units[j]
        if not used & {i, j} and abs(cosine) <= np.sqrt(1.0 - LEAST_SINE**2):
            pairs.append((i, j))
            used |= {i, j}
        if len(pairs) == PAIRS:
            break
    turns = []
    for i, j in pairs:
        first, second = np.flatnonzero(alike[i]), np.flatnonzero(alike[j])
        cosines = (vectors[first] / lengths[first, None]) @ (
            vectors[second] / lengths[second, None]
        ).T
        off = np.abs(cosines - units[i] @ units[j])
        a, b = np.nonzero((off <= COSINE) & (np.abs(cosines) <= NEARLY_PARALLEL))
        order = np.argsort(off[a, b], kind="stable")[:MOST]
        frames = _frames(vectors[first[a[order]]], vectors[second[b[order]]])
        own_frame = _frames(site_vectors[[i]], site_vectors[[j]])[0]
        turns.append(np.einsum("nki,kj->nij", frames, own_frame))
    return np.concatenate(turns) if turns else np.zeros((0, 3, 3))


def _frames(first: Floats, second: Floats) -> Floats:
    """Return right-handed axes as rows, halfway between the two vectors and across them."""
    u = first / np.linalg.norm(first, axis=1, keepdims=True)
    v = second / np.linalg.norm(second, axis=1, keepdims=True)
    along = u + v
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = u - v
    across -= (across * along).sum(axis=1, keepdims=True) * along
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return np.stack([along, across, np.cross(along, across)], axis=1)


def _scores(
    turns: Floats, site_kinds: Strings, site_vectors: Floats, trees: dict[str, cKDTree]
) -> Floats:
    """Return the mean Tukey weight of the sites around, for each rotation, shape (n,)."""
    total = np.zeros(len(turns))
    for kind, tree in trees.items():
        turned = np.einsum("nij,sj->nsi", turns, site_vectors[site_kinds == kind])
        distances = tree.query(turned.reshape(-1, 3), distance_upper_bound=REACH_A)[0]
        total += tukey(np.minimum(distances, REACH_A), REACH_A).reshape(len(turns), -1).sum(axis=1)
    return np.asarray(total / len(site_vectors))
