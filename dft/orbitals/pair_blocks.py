"""Overlaps of Gaussian functions on pairs of atoms: contracted, spherical, in CP2K's order.

By Hobson's theorem a spherical Gaussian is a solid harmonic of the gradient applied to an s one, so
that the overlap of two depends on their distance by a radial function and on their direction by
solid harmonics alone (T. J. Giese and D. M. York, J. Chem. Phys. 128, 064104 (2008); CP2K's own
module shg_int does the same for pairs of atoms). All pairs of atoms of two kinds share the radial
functions, which are then one matrix product.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import factorial, gamma, pi
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import KDTree

from .harmonics import coupling, solid_harmonics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epicarve.arrays import Floats, Ints

    from .gaussian_shell import GaussianShell

THRESHOLD = 1e-10
"""Overlaps that are smaller than this are left out."""

ELEMENTS_AT_ONCE = 2_000_000
"""Overlaps of pairs of atoms that are held in memory together, 16 MB; a few times as much is needed
on the way."""

REACH_STEP_BOHR = 0.25
"""How finely the distance is found from which on two atoms overlap no more."""


class _Kind(NamedTuple):
    """Shells that share their exponents' list, as contraction matrices by l and powers of r²."""

    exponents: Floats
    contractions: dict[tuple[int, int], Floats]
    """By l and powers of r²: shape (n_exponents, n_shells)."""
    places: dict[tuple[int, int], Ints]
    """By the same: functions of each shell within the atom, shape (n_shells, 2l + 1)."""
    n_functions: int

    @classmethod
    def of(cls, shells: tuple[GaussianShell, ...]) -> _Kind:
        exponents = np.unique([a for shell in shells for a in shell.exponents])
        columns: dict[tuple[int, int], list[Floats]] = {}
        places: dict[tuple[int, int], list[Ints]] = {}
        n_functions = 0
        for shell in shells:
            column = np.zeros(len(exponents))
            np.add.at(column, np.searchsorted(exponents, shell.exponents), shell.contraction())
            key = shell.angular, shell.squares
            columns.setdefault(key, []).append(column)
            places.setdefault(key, []).append(n_functions + np.arange(shell.n_functions))
            n_functions += shell.n_functions
        return cls(
            exponents=exponents,
            contractions={key: np.array(c).T for key, c in columns.items()},
            places={key: np.array(p) for key, p in places.items()},
            n_functions=n_functions,
        )


class AtomFunctions(NamedTuple):
    """Functions on atoms.

    Parameters
    ----------
    kinds : tuple of (tuple of GaussianShell, ndarray of int)
        The shells of each kind of atoms that has any, and its atoms.
    first : ndarray of int, shape (n_atoms,)
        Where the functions of each atom begin.
    n_functions : int
        Number of functions.
    """

    kinds: tuple[tuple[tuple[GaussianShell, ...], Ints], ...]
    first: Ints
    n_functions: int

    @classmethod
    def of(cls, shells: Sequence[tuple[GaussianShell, ...]]) -> AtomFunctions:
        """Sort the shells of all atoms by kind."""
        ends = np.cumsum([sum(shell.n_functions for shell in of_atom) for of_atom in shells])
        kinds = tuple(
            (of_kind, np.flatnonzero([of_atom == of_kind for of_atom in shells]))
            for of_kind in dict.fromkeys(shells)
            if of_kind
        )
        return cls(kinds, np.concatenate([[0], ends[:-1]]).astype(np.int64), int(ends[-1]))


def pair_blocks(
    positions_bohr: Floats,
    one: AtomFunctions,
    other: AtomFunctions,
    translations_bohr: Floats | None = None,
    *,
    is_upper: bool = False,
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield the overlaps of functions on pairs of atoms within reach.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    one, other : AtomFunctions
        The functions; only the others may have powers of r².
    translations_bohr : ndarray of float, shape (n_periodic, 3), optional
        Vectors of a periodic cell; pairs with each image come by themselves.
    is_upper : bool
        Whether only the pairs with an atom of the others that is not before that of the first
        come, as is enough if both are the same functions.

    Yields
    ------
    i, j : ndarray of int, shape (n_pairs,)
        Atoms of one kind and of another, sorted by the second.
    blocks : ndarray of float, shape (n_functions_j, n_functions_i, n_pairs)
        Overlap of their functions; all those left out are below `THRESHOLD`.
    """
    for (shells, atoms), (other_shells, others) in product(one.kinds, other.kinds):
        pair = _kind_pair(shells, other_shells)
        for i, j, vectors in _neighbours(
            positions_bohr, atoms, others, pair.reach_bohr, translations_bohr
        ):
            if is_upper:
                above = j >= i
                i, j, vectors = i[above], j[above], vectors[above]  # noqa: PLW2901
            for start in range(0, len(i), pair.at_once):
                some = slice(start, start + pair.at_once)
                yield i[some], j[some], pair.blocks(vectors[some])


@lru_cache(maxsize=64)
def _kind_pair(
    shells: tuple[GaussianShell, ...], other_shells: tuple[GaussianShell, ...]
) -> _KindPair:
    """Return what overlaps of atoms with these shells have in common."""
    return _KindPair(_Kind.of(shells), _Kind.of(other_shells))


class _KindPair:
    """Blocks of the overlap matrix between atoms of two kinds."""

    def __init__(self, one: _Kind, other: _Kind) -> None:
        self._one, self._other = one, other
        sums = one.exponents[:, None] + other.exponents
        self._reduced = (one.exponents[:, None] * other.exponents / sums).ravel()
        self._radial = {
            (one_key, other_key): [
                self._coefficients(one_key, other_key, total)
                for total in _totals(one_key[0], other_key[0])
            ]
            for one_key, other_key in product(one.contractions, other.contractions)
        }
        self.at_once = max(1, ELEMENTS_AT_ONCE // (one.n_functions * other.n_functions))
        self.reach_bohr = self._reach_bohr()

    def _reach_bohr(self) -> float:
        """Return the distance from which on all overlaps are below the threshold.

        The root of the sum of the squares of a block does not change when its atoms are turned.
        """
        # Room for the powers of the distance, which the bare exponential does not count.
        furthest = np.sqrt(-np.log(1e-3 * THRESHOLD) / self._reduced.min())
        distances = np.arange(0.0, furthest + REACH_STEP_BOHR, REACH_STEP_BOHR)
        sizes = np.linalg.norm(self.blocks(distances[:, None] * [0.0, 0.0, 1.0]), axis=(0, 1))
        return float(REACH_STEP_BOHR * (1 + np.flatnonzero(sizes >= THRESHOLD).max(initial=0)))

    def _coefficients(
        self, one_key: tuple[int, int], other_key: tuple[int, int], total: int
    ) -> Floats:
        """Contracted coefficients of exp(-mu R²) R^(2j).

        Returns an array of shape (n_powers, n_shell_pairs, n_exponent_pairs). With a, b the
        exponents, mu = ab/(a+b), L the total angular momentum and k = (l1 + l2 - L)/2, the overlap
        of two primitives is a sum over L of solid harmonics of R times

            (-1)^l1 (2a)^-l1 (2b)^-l2 (pi/(a+b))^1.5 (-2 mu)^L (-4 mu)^k k! Lag_k(mu R²) exp(-mu R²)

        where Lag_k is the Laguerre polynomial of parameter L + 1/2. A factor r² of the second is a
        derivative by -b.
        """
        (l1, _), (l2, squares) = one_key, other_key
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
        primitive = np.zeros((k + squares + 1, *mu.shape))
        for j in range(k + 1):
            binomial = gamma(k + total + 1.5) / (gamma(k - j + 1) * gamma(total + j + 1.5))
            bare = front * binomial * (-mu) ** j / factorial(j)
            power = total + k + j  # of mu, in all
            primitive[j : j + squares + 1] += _with_squares(
                bare, (a, b), power - l2, power, squares
            )
        contracted = np.einsum(
            "jpq,ps,qt->jstpq",
            primitive,
            self._one.contractions[one_key],
            self._other.contractions[other_key],
        )
        return np.asarray(contracted.reshape(len(primitive), -1, mu.size))

    def blocks(self, vectors: Floats) -> Floats:
        """Overlap of the functions of two atoms, with shape (n_other, n_one, n_pairs).

        `vectors` go from the first to the second.
        """
        squares = np.einsum("nx,nx->n", vectors, vectors)
        gaussians = np.exp(-np.outer(self._reduced, squares))
        highest = max(l1 + l2 for (l1, _), (l2, _) in self._radial)
        harmonics = solid_harmonics(vectors, highest)
        n = len(vectors)
        blocks = np.zeros((self._other.n_functions, self._one.n_functions, n))
        for (one_key, other_key), by_total in self._radial.items():
            one, other = self._one.places[one_key], self._other.places[other_key]
            l1, l2 = one_key[0], other_key[0]
            for coefficients, total in zip(by_total, _totals(l1, l2), strict=True):
                radial = coefficients[0] @ gaussians
                for j, matrix in enumerate(coefficients[1:], start=1):
                    radial += squares**j * (matrix @ gaussians)
                shares = coupling(l2, l1, total).reshape(-1, 2 * total + 1)
                angular = (shares @ harmonics[total].T).reshape(2 * l2 + 1, 2 * l1 + 1, n)
                for row, (i, k) in zip(radial, product(one[:, 0], other[:, 0]), strict=True):
                    blocks[k : k + 2 * l2 + 1, i : i + 2 * l1 + 1] += row * angular
        return blocks


def _totals(l1: int, l2: int) -> range:
    """Total angular momenta of two."""
    return range(l1 + l2, abs(l1 - l2) - 1, -2)


def _with_squares(
    bare: Floats, exponents: tuple[Floats, Floats], of_b: int, of_sum: int, squares: int
) -> list[Floats]:
    """Derive F(b) exp(-mu R²) by -b so many times; its coefficients of R^0, R², and so on.

    F goes with b to a power and with a + b to -(power + 1.5).
    """
    a, b = exponents
    terms = {(of_b, of_sum + 1.5, 0): 1.0}  # by powers of b, of 1 / (a + b), and of a² R²
    for _ in range(squares):
        derived: dict[tuple[int, float, int], float] = {}
        for (p, q, j), factor in terms.items():
            for key, part in (
                ((p - 1, q, j), -p * factor),
                ((p, q + 1.0, j), q * factor),
                ((p, q + 2.0, j + 1), factor),
            ):
                derived[key] = derived.get(key, 0.0) + part
        terms = derived
    found = [np.zeros_like(bare) for _ in range(squares + 1)]
    for (p, q, j), factor in terms.items():
        ratio = b ** float(p - of_b) * (a + b) ** (of_sum + 1.5 - q) * a ** (2.0 * j)
        found[j] += factor * bare * ratio
    return found


def _neighbours(
    positions: Floats,
    one: Ints,
    other: Ints,
    reach: float,
    translations: Floats | None,
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield atoms i of one kind, j of another within reach, and the vectors from i to j."""
    tree = KDTree(positions[one])
    for shift in _shifts(positions, reach, translations):
        near = tree.sparse_distance_matrix(
            KDTree(positions[other] + shift), reach, output_type="ndarray"
        )
        order = np.lexsort((near["i"], near["j"]))
        i, j = one[near["i"][order]], other[near["j"][order]]
        yield i, j, positions[j] + shift - positions[i]


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
