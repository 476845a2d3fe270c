"""Dipoles that only take points of a lattice, as those of crystals of high symmetry do.

Where all ions lie on special positions, the moments of all edits are whole multiples of three
vectors, and so is every dipole, up to that of the start. Where these vectors are longer than the
free dipole, few of the lattice's points are allowed, often a single one; as rows in whole numbers
that is much tighter than a ball.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints

    from .dipole import DipoleLimit

SHORTEST_E_A = 0.3
"""A lattice with a shorter vector, in e Å, is none."""

CLOSE_E_A = 1e-3
"""How far in e Å a moment may lie from its point of the lattice."""

MOST_OFF_E_A = 0.05
"""How far in e Å all moments together may lie from theirs; coordinates are rounded."""

REACH = 9
"""How many times each vector of the lattice is looked at, to both sides of the middle."""

MOST_POINTS = 400
"""A lattice of which more points are allowed is none: within faces it is searched as soon."""

MOST_SHARES = 24
"""The lattice may be that of three moments parted into up to so many."""


@dataclass(frozen=True)
class DipoleLattice:
    """The moments of some edits in whole multiples of three vectors, and the dipoles allowed.

    Parameters
    ----------
    multiples : ndarray of int, shape (3, n_columns)
        The moments.
    allowed : ndarray of int, shape (n_points, 3)
        What their sum may be.
    levels : ndarray of int, shape (n_points,)
        Level of the dipole that each of these sums makes with that of the start.
    dipoles : ndarray of float, shape (n_points, 3)
        These dipoles in e Å.
    off_e_a : float
        How far in e Å all moments together may lie from their points.
    """

    multiples: Ints
    allowed: Ints
    levels: Ints
    dipoles: Floats
    off_e_a: float

    @classmethod
    def of(cls, limit: DipoleLimit, columns: Ints, most_level: int = 0) -> DipoleLattice | None:
        """Return the lattice of the moments of some edits, or None if there is none.

        Parameters
        ----------
        limit : DipoleLimit
            The dipole.
        columns : ndarray of int
            The edits.
        most_level : int
            Largest level of a dipole that is allowed.
        """
        charges = limit.charges
        if charges is None:
            sites = [(limit.moments[:, columns].T, limit.start)]
        else:
            sites = _about_sites(limit, charges.each[columns], charges.total, columns)
        lattices = [(_basis(moments), moments, start) for moments, start in sites]
        found = [(basis, *rest) for basis, *rest in lattices if basis is not None]
        if not found:
            return None
        basis, moments, start = max(found, key=lambda each: abs(np.linalg.det(each[0])))
        multiples = np.rint(moments @ np.linalg.inv(basis))
        basis = np.asarray(np.linalg.lstsq(multiples, moments, rcond=None)[0], dtype=np.float64)
        off = float(np.linalg.norm(multiples @ basis - moments, axis=1).sum())
        if off > MOST_OFF_E_A or np.linalg.norm(basis, axis=1).min() < SHORTEST_E_A:
            return None
        middle = np.rint(-start @ np.linalg.inv(basis))
        around = middle + np.array(list(product(range(-REACH, REACH + 1), repeat=3)))
        dipoles = start + around @ basis
        lengths = np.linalg.norm(dipoles, axis=1) - off - CLOSE_E_A
        levels = np.maximum(np.ceil(lengths / limit.free - 1.0), 0.0).astype(np.int64)
        is_allowed = levels <= most_level
        allowed = around[is_allowed]
        if len(allowed) > MOST_POINTS:
            return None
        if len(allowed) and np.abs(allowed - middle).max() == REACH:  # more may lie beyond
            return None
        return cls(
            multiples.astype(np.int64).T,
            allowed.astype(np.int64),
            levels[is_allowed],
            dipoles[is_allowed],
            off,
        )

    def rows(self) -> tuple[Ints, Ints, Ints]:
        """Rows over the edits that hold the dipole in the box of its allowed points.

        Returns
        -------
        rows : ndarray of int, shape (3, n_columns)
            What is summed.
        low, high : ndarray of int, shape (3,)
            Least and largest sums.
        """
        return self.multiples, self.allowed.min(axis=0), self.allowed.max(axis=0)

    def odd(self) -> tuple[Ints, Ints]:
        """Return sums that must be even, or must be odd, if one point alone is allowed.

        Returns
        -------
        rows : ndarray of int, shape (n_sums, n_columns)
            What is summed: ones and zeros.
        is_odd : ndarray of int, shape (n_sums,)
            1 for sums that must be odd.
        """
        if len(self.allowed) != 1:
            return np.empty((0, self.multiples.shape[1]), dtype=np.int64), np.empty(0, np.int64)
        return HALVES @ self.multiples % 2, HALVES @ self.allowed[0] % 2


HALVES = np.array([w for w in product((0, 1), repeat=3) if any(w)])
"""Sums of multiples of which it is said that they are even, or odd."""


def _about_sites(
    limit: DipoleLimit, charges: Ints, total: int, columns: Ints
) -> list[tuple[Floats, Floats]]:
    """Moments, one a row, and the start, about the site of one edit of each charge.

    The sum of the charges is known, so the start tells the same dipoles as before; about a site
    of the crystal the moments' lattice is coarser than about other points.
    """
    moments = limit.moments[:, columns].T
    kinds, first = np.unique(charges, return_index=True)
    found = []
    for charge, edit in zip(kinds.tolist(), first.tolist(), strict=True):
        if charge != 0:
            site = moments[edit] / charge
            found.append((moments - np.outer(charges, site), limit.start + total * site))
    return found


def _basis(moments: Floats) -> Floats | None:
    """Three short vectors of which all moments are whole multiples, as rows; None without any."""
    vectors = np.unique(np.round(moments, 4), axis=0)
    vectors = vectors[np.argsort((vectors**2).sum(axis=1), kind="stable")]
    frame = np.empty((0, 3))
    for vector in vectors:
        longer = np.vstack([frame, vector])
        if np.linalg.svd(longer, compute_uv=False)[-1] > SHORTEST_E_A:
            frame = longer
        if len(frame) == 3:
            break
    else:
        return None
    parts = vectors @ np.linalg.inv(frame)
    for share in range(1, MOST_SHARES + 1):
        whole = np.rint(share * parts)
        if np.abs(whole @ frame / share - vectors).max() < CLOSE_E_A:
            return _shortened(_echelon(whole.astype(np.int64)) @ frame / share)
    return None


def _echelon(rows: Ints) -> Ints:
    """Three rows of which all rows are whole multiples, by Euclid's algorithm."""
    rows = rows.copy()
    for column in range(3):
        while np.count_nonzero(rows[column:, column]) > 1:
            sizes = np.abs(rows[column:, column])
            least = column + int(np.argmin(np.where(sizes > 0, sizes, sizes.max() + 1)))
            rows[[column, least]] = rows[[least, column]]
            times = rows[column + 1 :, column] // rows[column, column]
            rows[column + 1 :] -= times[:, None] * rows[column]
        if rows[column, column] == 0:
            least = column + int(np.argmax(np.abs(rows[column:, column])))
            rows[[column, least]] = rows[[least, column]]
    return rows[:3]


def _shortened(basis: Floats) -> Floats:
    """Take whole multiples of the vectors off one another as long as that makes one shorter."""
    basis = basis.copy()
    changed = True
    while changed:
        changed = False
        for one, other in permutations(range(3), 2):
            times = np.rint(basis[one] @ basis[other] / (basis[other] @ basis[other]))
            rest = basis[one] - times * basis[other]
            if rest @ rest < basis[one] @ basis[one] - 1e-6:
                basis[one], changed = rest, True
    return basis
