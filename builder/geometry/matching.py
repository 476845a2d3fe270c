"""Matching two geometries of the same atoms: superposition, and assignment where orders differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from epicarve.errors import InputError

from .orientation import REACHES_A, Points, orientations
from .superposition import kabsch

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints, Strings

DENSE_ATOMS = 2000
"""Elements of more atoms are assigned among near neighbours only, to bound the memory."""

FIRST_REACH_A = 3.0
"""How far such neighbours are looked for at first; the reach is doubled until all are assigned."""

LARGEST_REACH_A = 12.0

SAME_ORDER_A = 1.0
"""Atoms are in the same order if that gives a smaller root mean square deviation than this."""

ROUNDS = 50

SURE_A = 0.3
"""Below this root mean square deviation no other order and no mirror image is thought of."""

GAIN = 0.5
"""Part of the deviation that another order than the files', or a mirror image, may leave."""

TRIES = 3
"""So many orientations are followed by assignments."""


@dataclass(frozen=True)
class Match:
    """Which atom of a second geometry is which of the first, and how far it moved.

    Parameters
    ----------
    order : ndarray of int, shape (n_atoms,)
        Atom of the second geometry that each atom of the first became.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Those atoms in Å, turned and shifted onto the first geometry.
    shifts_a : ndarray of float, shape (n_atoms,)
        Distance in Å of each from its place in the first geometry.
    matched_by : {"order", "assignment"}
        Whether atoms of the same number were taken for the same.
    is_mirrored : bool
        Whether the second geometry is the mirror image of the first: a rotation does not do.
    laid : ndarray of bool, shape (n_atoms,), optional
        The atoms by which the second was laid onto the first, if not by all.
    """

    order: Ints
    positions_a: Floats
    shifts_a: Floats
    matched_by: str
    is_mirrored: bool = False
    laid: Bools | None = None

    @property
    def is_close(self) -> bool:
        """Whether the two are surely the same atoms: within `SAME_ORDER_A`, where laid."""
        shifts_a = self.shifts_a if self.laid is None else self.shifts_a[self.laid]
        return float(np.sqrt((shifts_a**2).mean())) <= SAME_ORDER_A

    @property
    def rmsd_a(self) -> float:
        """Root mean square deviation in Å."""
        return float(np.sqrt((self.shifts_a**2).mean()))


def match_atoms(
    symbols: Strings,
    positions_a: Floats,
    other_symbols: Strings,
    other_positions_a: Floats,
) -> Match:
    """Find which atom of a second geometry is which of the first, with the least deviation.

    If both list the same elements in the same order and agree within `SAME_ORDER_A`, atoms of the
    same number are the same, unless an assignment halves the deviation: then some of them changed
    places in the file. Else atoms are assigned within each element, one to one, so that the summed
    squares of the distances are least; superposition and assignment alternate until nothing
    changes. They start from the most likely `orientations`; the first result within `SAME_ORDER_A`
    is taken, else the best of all. Where a rotation leaves more than `SURE_A`, the mirror image of
    the second geometry is tried too, and taken if it leaves less, or halves the deviation.

    Parameters
    ----------
    symbols, other_symbols : ndarray of str, shape (n_atoms,)
        Chemical symbols of both.
    positions_a, other_positions_a : ndarray of float, shape (n_atoms, 3)
        Cartesian coordinates of both in Å.

    Returns
    -------
    Match
        The second geometry, laid onto the first.

    Raises
    ------
    InputError
        If the two have not the same number of atoms of each element, or atoms are too far from
        each other to be told apart.
    """
    kinds, counts = np.unique(symbols, return_counts=True)
    other_kinds, other_counts = np.unique(other_symbols, return_counts=True)
    if kinds.tolist() != other_kinds.tolist() or counts.tolist() != other_counts.tolist():
        raise InputError(
            f"the two geometries are not of the same atoms: {_formula(kinds, counts)} before and "
            f"{_formula(other_kinds, other_counts)} after; give two geometries of one model"
        )
    members = [(np.flatnonzero(symbols == k), np.flatnonzero(other_symbols == k)) for k in kinds]
    first = Points(symbols, positions_a)
    found: list[Match] = []
    if symbols.tolist() == other_symbols.tolist():
        in_order = _match(positions_a, other_positions_a, np.arange(len(symbols)), "order")
        order = _assigned(positions_a, in_order.positions_a, members) if in_order.is_close else None
        if order is not None:
            assigned = _match(positions_a, other_positions_a, order, "assignment")
            if assigned.rmsd_a < GAIN * in_order.rmsd_a:
                return assigned
        if in_order.rmsd_a <= SURE_A:
            return in_order
        found.append(in_order)
    for reach_a in REACHES_A:
        best = _best(first, Points(other_symbols, other_positions_a), reach_a, members)
        if best is None or best.rmsd_a > SURE_A:
            mirrored = Points(other_symbols, -other_positions_a)
            mirror = _best(first, mirrored, reach_a, members)
            least = GAIN * min([m.rmsd_a for m in (best, *found) if m], default=np.inf)
            if mirror is not None and mirror.rmsd_a <= min(max(least, SURE_A), SAME_ORDER_A):
                return replace(mirror, is_mirrored=True)
        if best is not None:
            found.append(best)
        if any(match.is_close for match in found):
            break
    if not found:
        raise InputError(
            f"the atoms of the two geometries do not lie within {LARGEST_REACH_A:g} Å of each "
            "other, one to one, in any orientation; list the atoms of both in the same order"
        )
    least_a = min(match.rmsd_a for match in found)
    in_order_is_as_good = found[0].is_close and least_a >= GAIN * found[0].rmsd_a
    return found[0] if in_order_is_as_good else min(found, key=_deviation)


def match_by_part(
    symbols: Strings,
    positions_a: Floats,
    other_symbols: Strings,
    other_positions_a: Floats,
    part: Bools,
) -> Match:
    """Match as `match_atoms` does, but lay the second onto the first by a part of the atoms.

    That is done where both list the same elements in the same order and this order is the one of
    the part. The other atoms may then move far, as the chains of ligands do; else all are matched.

    Parameters
    ----------
    symbols, other_symbols, positions_a, other_positions_a
        As those of `match_atoms`.
    part : ndarray of bool, shape (n_atoms,)
        The atoms of the part, such as the ions of the crystal.

    Raises
    ------
    InputError
        As for `match_atoms`.
    """
    if part.any() and symbols.tolist() == other_symbols.tolist():
        before_a, after_a = positions_a[part], other_positions_a[part]
        inner = match_atoms(symbols[part], before_a, other_symbols[part], after_a)
        if inner.matched_by == "order" and inner.is_close and not inner.is_mirrored:
            moved_a = kabsch(after_a, before_a).applied(other_positions_a)
            shifts_a = np.linalg.norm(moved_a - positions_a, axis=1)
            return Match(np.arange(len(symbols)), moved_a, shifts_a, "order", laid=part)
    return match_atoms(symbols, positions_a, other_symbols, other_positions_a)


def _deviation(match: Match) -> float:
    return round(match.rmsd_a, 9)


def _best(
    first: Points,
    second: Points,
    reach_a: float,
    members: list[tuple[Ints, Ints]],
) -> Match | None:
    """Return the match from the likeliest orientations, the first that is close or the best."""
    found: list[Match] = []
    for start in islice(orientations(first, second, reach_a), TRIES):
        order = _assigned(first.positions_a, start, members)
        if order is not None:
            found.append(_match(first.positions_a, second.positions_a, order, "assignment"))
            if found[-1].is_close:
                return found[-1]
    return min(found, key=_deviation, default=None)


def _match(
    positions_a: Floats,
    other_positions_a: Floats,
    order: Ints,
    matched_by: str,
) -> Match:
    moved = other_positions_a[order]
    moved = kabsch(moved, positions_a).applied(moved)
    return Match(order, moved, np.linalg.norm(moved - positions_a, axis=1), matched_by)


def _assigned(
    positions_a: Floats,
    start_a: Floats,
    members: list[tuple[Ints, Ints]],
) -> Ints | None:
    """Alternate assignment and superposition until nothing changes; None if it can't be done."""
    others, order = start_a, np.zeros(len(positions_a), dtype=int)
    for _ in range(ROUNDS):
        previous = order
        order = np.empty_like(previous)
        for here, there in members:
            chosen = _one_to_one(positions_a[here], others[there])
            if chosen is None:
                return None
            order[here] = there[chosen]
        if np.array_equal(order, previous):
            break
        others = kabsch(others[order], positions_a).applied(others)
    return order


def _one_to_one(here_a: Floats, there_a: Floats) -> Ints | None:
    """Assign points to points with the least sum of squares, among near ones if there are many."""
    if len(here_a) <= DENSE_ATOMS:
        return np.asarray(linear_sum_assignment(cdist(here_a, there_a, "sqeuclidean"))[1])
    reach_a = FIRST_REACH_A
    while reach_a <= LARGEST_REACH_A:
        near = cKDTree(here_a).sparse_distance_matrix(
            cKDTree(there_a), reach_a, output_type="ndarray"
        )
        costs = near["v"] ** 2 + 1e-9  # an explicit zero would count as no edge
        graph = csr_array((costs, (near["i"], near["j"])), shape=(len(here_a),) * 2)
        try:
            return np.asarray(min_weight_full_bipartite_matching(graph)[1])
        except ValueError:  # not every point has a partner of its own within reach
            reach_a *= 2.0
    return None


def _formula(kinds: Strings, counts: Ints) -> str:
    return "".join(f"{k}{n}" for k, n in zip(kinds.tolist(), counts.tolist(), strict=True))
