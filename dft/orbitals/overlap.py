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
    squares : int
        Powers of r² that multiply the primitives: some in the projectors of pseudopotentials, none
        in basis functions.
    """

    angular: int
    exponents: tuple[float, ...]
    coefficients: tuple[float, ...]
    squares: int = 0

    @property
    def n_functions(self) -> int:
        """Number of functions, 2l + 1."""
        return 2 * self.angular + 1

    def contraction(self) -> Floats:
        """Coefficients of the bare primitives S_lm(r) r^2n exp(-a r²), for functions of norm 1."""
        power = self.angular + 2 * self.squares + 1.5
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
    functions = _Functions.of(shells)
    return from_upper(
        _overlaps(positions_bohr, functions, functions, translations_bohr, is_upper=True)
    )


def overlap_between(
    positions_bohr: Floats,
    shells: Sequence[tuple[GaussianShell, ...]],
    others: Sequence[tuple[GaussianShell, ...]],
    translations_bohr: Floats | None = None,
) -> csr_array:
    """Compute the overlap of basis functions with others on the same atoms, sparse by distance.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    shells : sequence of tuple of GaussianShell, length n_atoms
        Basis functions of each atom, without powers of r².
    others : sequence of tuple of GaussianShell, length n_atoms
        The others of each atom, such as projectors of its pseudopotential; () where there is none.
    translations_bohr : ndarray of float, shape (n_periodic, 3), optional
        As in `overlap_matrix`.

    Returns
    -------
    csr_array, shape (n_functions, n_others)
        The overlaps, without those below `THRESHOLD`.

    Examples
    --------
    A Gaussian and r² times that, both normalised, at one place: sqrt(3/5).

    >>> s, r2s = ((GaussianShell(0, (1.0,), (1.0,), squares=n),) for n in (0, 1))
    >>> overlap_between(np.zeros((1, 3)), [s], [r2s]).toarray().round(6).tolist()
    [[0.774597]]
    """
    one, other = _Functions.of(shells), _Functions.of(others)
    return _overlaps(positions_bohr, one, other, translations_bohr, is_upper=False)


def _overlaps(
    positions_bohr: Floats,
    one: _Functions,
    other: _Functions,
    translations_bohr: Floats | None,
    *,
    is_upper: bool,
) -> csr_array:
    """Overlap of all functions of two sets, or its upper triangle if both are one set."""
    rows, columns = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int32)]
    values = [np.empty(0)]
    for (kind, atoms), (other_kind, others) in product(one.kinds, other.kinds):
        pair = _KindPair(kind, other_kind)
        for i, j, vectors in _neighbours(
            positions_bohr, atoms, others, pair.reach_bohr, translations_bohr
        ):
            if is_upper:
                above = j >= i
                i, j, vectors = i[above], j[above], vectors[above]  # noqa: PLW2901
            blocks = pair.blocks(vectors)
            row = one.first[i][:, None, None] + np.arange(blocks.shape[1])[:, None]
            column = other.first[j][:, None, None] + np.arange(blocks.shape[2])
            kept = np.abs(blocks) >= THRESHOLD
            if is_upper:
                kept &= column >= row
            rows.append(np.broadcast_to(row, blocks.shape)[kept].astype(np.int32))
            columns.append(np.broadcast_to(column, blocks.shape)[kept].astype(np.int32))
            values.append(blocks[kept])
    places = np.concatenate(rows), np.concatenate(columns)
    shape = (int(one.first[-1]), int(other.first[-1]))
    return csr_array(coo_array((np.concatenate(values), places), shape=shape))


def from_upper(upper: csr_array) -> csr_array:
    """Return the whole of a symmetric matrix of which the upper triangle is given."""
    diagonal = upper.diagonal()
    whole = csr_array(upper + upper.T)
    whole.setdiag(diagonal)
    return whole


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


class _Functions(NamedTuple):
    """Functions on atoms: kinds with the atoms of each, and where each atom's functions begin."""

    kinds: tuple[tuple[_Kind, Ints], ...]
    first: Ints

    @classmethod
    def of(cls, shells: Sequence[tuple[GaussianShell, ...]]) -> _Functions:
        sizes = [sum(shell.n_functions for shell in of_atom) for of_atom in shells]
        kinds = tuple(
            (_Kind.of(of_kind), np.flatnonzero([of_atom == of_kind for of_atom in shells]))
            for of_kind in dict.fromkeys(shells)
            if of_kind
        )
        return cls(kinds, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))


class _KindPair:
    """Blocks of the overlap matrix between atoms of two kinds."""

    def __init__(self, one: _Kind, other: _Kind) -> None:
        self._one, self._other = one, other
        sums = one.exponents[:, None] + other.exponents
        self._reduced = (one.exponents[:, None] * other.exponents / sums).ravel()
        # Room for the powers of the distance, which the bare exponential does not count.
        self.reach_bohr = float(np.sqrt(-np.log(1e-3 * THRESHOLD) / self._reduced.min()))
        self._radial = {
            (one_key, other_key): [
                self._coefficients(one_key, other_key, total)
                for total in _totals(one_key[0], other_key[0])
            ]
            for one_key, other_key in product(one.contractions, other.contractions)
        }

    def _coefficients(
        self, one_key: tuple[int, int], other_key: tuple[int, int], total: int
    ) -> Floats:
        """Contracted coefficients of exp(-mu R²) R^(2j).

        Returns an array of shape (n_powers, n_exponent_pairs, n_shell_pairs). With a, b the
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
            "jpq,ps,qt->jpqst",
            primitive,
            self._one.contractions[one_key],
            self._other.contractions[other_key],
        )
        return np.asarray(contracted.reshape(len(primitive), mu.size, -1))

    def blocks(self, vectors: Floats) -> Floats:
        """Overlap of the functions of two atoms; `vectors` go from the first to the second."""
        squares = np.einsum("nx,nx->n", vectors, vectors)
        gaussians = np.exp(-np.outer(squares, self._reduced))
        highest = max(l1 + l2 for (l1, _), (l2, _) in self._radial)
        harmonics = solid_harmonics(vectors, highest)
        blocks = np.zeros((len(vectors), self._one.n_functions, self._other.n_functions))
        for (one_key, other_key), by_total in self._radial.items():
            one, other = self._one.places[one_key], self._other.places[other_key]
            l1, l2 = one_key[0], other_key[0]
            n, n_one, n_other = len(vectors), len(one), len(other)
            sums = np.zeros((n, n_one, 2 * l1 + 1, n_other, 2 * l2 + 1))
            for coefficients, total in zip(by_total, _totals(l1, l2), strict=True):
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
        i, j = one[near["i"]], other[near["j"]]
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
