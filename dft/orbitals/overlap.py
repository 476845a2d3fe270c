"""Overlap of Gaussian basis functions, computed: contracted, spherical, in CP2K's order.

By Hobson's theorem a spherical Gaussian is a solid harmonic of the gradient applied to an s one, so
that the overlap of two depends on their distance by a radial function and on their direction by
solid harmonics alone (T. J. Giese and D. M. York, J. Chem. Phys. 128, 064104 (2008); CP2K's own
module shg_int does the same for pairs of atoms). All pairs of atoms of two kinds share the radial
functions, which are then one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import factorial, gamma, pi
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.spatial import KDTree

from .harmonics import coupling, solid_harmonics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epicarve.arrays import Floats, Ints

THRESHOLD = 1e-10
"""Elements of the overlap matrix that are smaller than this are left out."""

PAIRS_AT_ONCE = 20_000
"""Pairs of atoms whose blocks are held in memory together, about 30 MB in a basis of 13 functions
an atom."""


@dataclass(frozen=True)
class GaussianShell:
    """A contraction of Gaussians of one angular momentum.

    Parameters
    ----------
    angular : int
        Angular momentum l; the shell has 2l + 1 functions.
    exponents : tuple of float
        Exponents of the primitives in 1/bohr².
    coefficients : tuple of float
        Coefficients of the normalised primitives. The contraction itself is normalised here.
    """

    angular: int
    exponents: tuple[float, ...]
    coefficients: tuple[float, ...]

    def contraction(self) -> Floats:
        """Coefficients of the bare primitives S_lm(r) exp(-a r²), for functions of norm 1."""
        power = self.angular + 1.5
        exponents = np.array(self.exponents)
        bare = np.array(self.coefficients) * exponents ** (power / 2.0)
        sums = exponents[:, None] + exponents
        radial = 0.5 * gamma(power) / sums**power
        norm = 4.0 * pi / (2 * self.angular + 1) * (bare @ radial @ bare)
        return np.asarray(bare / np.sqrt(norm))


def overlap_matrix(
    positions_bohr: Floats,
    shells: Sequence[tuple[GaussianShell, ...]],
    translations_bohr: Floats | None = None,
) -> csr_array:
    """Compute the overlap matrix of all basis functions, sparse by distance.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    shells : sequence of tuple of GaussianShell, length n_atoms
        Shells of each atom. The functions stand in the order of atoms, shells, and m from -l to l.
    translations_bohr : ndarray of float, shape (n_periodic, 3), optional
        Vectors of a periodic cell in bohr, one to three; none for a finite model.

    Returns
    -------
    csr_array, shape (n_functions, n_functions)
        The whole symmetric matrix, without elements below `THRESHOLD`. Its memory is 12 bytes for
        each element; three times as much is needed on the way.

    Examples
    --------
    Two normalised s functions of exponent 1 at a distance d overlap by exp(-d²/2).

    >>> s = (GaussianShell(0, (1.0,), (1.0,)),)
    >>> positions = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    >>> overlap_matrix(positions, [s, s]).toarray().round(6).tolist()
    [[1.0, 0.135335], [0.135335, 1.0]]
    """
    kinds = {shells_of_atom: _Kind.of(shells_of_atom) for shells_of_atom in shells}
    atoms = {
        shells_of_atom: np.flatnonzero([other == shells_of_atom for other in shells])
        for shells_of_atom in kinds
    }
    sizes = np.array([kinds[shells_of_atom].n_functions for shells_of_atom in shells])
    first = np.concatenate([[0], np.cumsum(sizes)])
    rows, columns, values = [], [], []
    for one, other in product(kinds, kinds):
        pair = _KindPair(kinds[one], kinds[other])
        for i, j, vectors in _neighbours(
            positions_bohr, atoms[one], atoms[other], pair.reach_bohr, translations_bohr
        ):
            blocks = pair.blocks(vectors)
            row = first[i][:, None, None] + np.arange(blocks.shape[1])[:, None]
            column = first[j][:, None, None] + np.arange(blocks.shape[2])
            kept = (np.abs(blocks) >= THRESHOLD) & (column >= row)
            rows.append(np.broadcast_to(row, blocks.shape)[kept].astype(np.int32))
            columns.append(np.broadcast_to(column, blocks.shape)[kept].astype(np.int32))
            values.append(blocks[kept])
    shape = (int(first[-1]), int(first[-1]))
    upper = coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape
    )
    return from_upper(csr_array(upper))


def from_upper(upper: csr_array) -> csr_array:
    """Return the whole of a symmetric matrix of which the upper triangle is given."""
    diagonal = upper.diagonal()
    whole = csr_array(upper + upper.T)
    whole.setdiag(diagonal)
    return whole


class _Kind(NamedTuple):
    """Shells that share their exponents' list, as contraction matrices by angular momentum."""

    exponents: Floats
    shells: tuple[GaussianShell, ...]
    contractions: dict[int, Floats]
    """By angular momentum: shape (n_exponents, n_shells)."""
    places: dict[int, Ints]
    """By angular momentum: functions of each shell within the atom, shape (n_shells, 2l + 1)."""
    n_functions: int

    @classmethod
    def of(cls, shells: tuple[GaussianShell, ...]) -> _Kind:
        exponents = np.unique([a for shell in shells for a in shell.exponents])
        columns: dict[int, list[Floats]] = {}
        places: dict[int, list[Ints]] = {}
        n_functions = 0
        for shell in shells:
            size = 2 * shell.angular + 1
            column = np.zeros(len(exponents))
            np.add.at(column, np.searchsorted(exponents, shell.exponents), shell.contraction())
            columns.setdefault(shell.angular, []).append(column)
            places.setdefault(shell.angular, []).append(n_functions + np.arange(size))
            n_functions += size
        return cls(
            exponents=exponents,
            shells=shells,
            contractions={angular: np.array(c).T for angular, c in columns.items()},
            places={angular: np.array(p) for angular, p in places.items()},
            n_functions=n_functions,
        )


class _KindPair:
    """Blocks of the overlap matrix between atoms of two kinds."""

    def __init__(self, one: _Kind, other: _Kind) -> None:
        self._one, self._other = one, other
        sums = one.exponents[:, None] + other.exponents
        self._reduced = (one.exponents[:, None] * other.exponents / sums).ravel()
        # Room for the powers of the distance, which the bare exponential does not count.
        self.reach_bohr = float(np.sqrt(-np.log(1e-3 * THRESHOLD) / self._reduced.min()))
        self._radial = {
            (l1, l2): [
                self._coefficients(l1, l2, total) for total in range(l1 + l2, abs(l1 - l2) - 1, -2)
            ]
            for l1, l2 in product(one.contractions, other.contractions)
        }

    def _coefficients(self, l1: int, l2: int, total: int) -> Floats:
        """Contracted coefficients of exp(-mu R²) R^(2j).

        Returns an array of shape (n_powers, n_exponent_pairs, n_shell_pairs). With a, b the
        exponents, mu = ab/(a+b), L the total angular momentum and k = (l1 + l2 - L)/2, the overlap
        of two primitives is a sum over L of solid harmonics of R times

            (-1)^l1 (2a)^-l1 (2b)^-l2 (pi/(a+b))^1.5 (-2 mu)^L (-4 mu)^k k! Lag_k(mu R²) exp(-mu R²)

        where Lag_k is the Laguerre polynomial of parameter L + 1/2.
        """
        a, b = self._one.exponents[:, None], self._other.exponents
        mu = a * b / (a + b)
        k = (l1 + l2 - total) // 2
        front = (
            (-1.0) ** l1
            * (2.0 * a) ** -l1
            * (2.0 * b) ** -l2
            * (pi / (a + b)) ** 1.5
            * (-2.0 * mu) ** total
            * (-4.0 * mu) ** k
            * factorial(k)
        )
        powers = []
        for j in range(k + 1):
            binomial = gamma(k + total + 1.5) / (gamma(k - j + 1) * gamma(total + j + 1.5))
            primitive = front * binomial * (-mu) ** j / factorial(j)
            contracted = np.einsum(
                "pq,ps,qt->pqst",
                primitive,
                self._one.contractions[l1],
                self._other.contractions[l2],
            )
            powers.append(contracted.reshape(mu.size, -1))
        return np.array(powers)

    def blocks(self, vectors: Floats) -> Floats:
        """Overlap of the functions of two atoms; `vectors` go from the first to the second."""
        squares = np.einsum("nx,nx->n", vectors, vectors)
        gaussians = np.exp(-np.outer(squares, self._reduced))
        highest = max(l1 + l2 for l1, l2 in self._radial)
        harmonics = solid_harmonics(vectors, highest)
        blocks = np.zeros((len(vectors), self._one.n_functions, self._other.n_functions))
        for (l1, l2), by_total in self._radial.items():
            one, other = self._one.places[l1], self._other.places[l2]
            n, n_one, n_other = len(vectors), len(one), len(other)
            sums = np.zeros((n, n_one, 2 * l1 + 1, n_other, 2 * l2 + 1))
            for coefficients, total in zip(
                by_total, range(l1 + l2, abs(l1 - l2) - 1, -2), strict=True
            ):
                radial = np.zeros((n, n_one * n_other))
                for j, matrix in enumerate(coefficients):
                    radial += squares[:, None] ** j * (gaussians @ matrix)
                angular = np.einsum(
                    "nM,abM->nab", harmonics[total], coupling(l1, l2, total), optimize=True
                )
                sums += radial.reshape(n, n_one, 1, n_other, 1) * angular[:, None, :, None, :]
            place = np.ix_(one.ravel(), other.ravel())
            blocks[:, place[0], place[1]] = sums.reshape(n, one.size, other.size)
        return blocks


def _neighbours(
    positions: Floats,
    one: Ints,
    other: Ints,
    reach: float,
    translations: Floats | None,
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield atoms i of one kind, j >= i of another within reach, and the vectors from i to j."""
    tree = KDTree(positions[one])
    for shift in _shifts(positions, reach, translations):
        near = tree.sparse_distance_matrix(
            KDTree(positions[other] + shift), reach, output_type="ndarray"
        )
        i, j = one[near["i"]], other[near["j"]]
        i, j = i[j >= i], j[j >= i]
        for start in range(0, len(i), PAIRS_AT_ONCE):
            some = slice(start, start + PAIRS_AT_ONCE)
            yield i[some], j[some], positions[j[some]] + shift - positions[i[some]]


def _shifts(positions: Floats, reach: float, translations: Floats | None) -> Floats:
    """Return the translations that bring an image within reach; zero alone if finite."""
    if translations is None:
        return np.zeros((1, 3))
    # The rows of the pseudo-inverse's transpose are normal to the lattice planes, of length one
    # over their distance; atoms need not lie inside the cell.
    normals = np.linalg.pinv(translations).T
    extents = np.ptp(positions @ normals.T, axis=0)
    counts = np.ceil(reach * np.linalg.norm(normals, axis=1) + extents).astype(int)
    steps = np.array(list(product(*(range(-n, n + 1) for n in counts))))
    return np.asarray(steps @ translations)
