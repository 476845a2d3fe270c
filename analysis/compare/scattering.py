"""What a particle looks like in scattering: radial distribution and powder diffraction."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings

BIN_A = 0.005
"""Width of the bins of the distances in Å. As each bin bears the mean of the distances in it, no
term of a pattern up to 6 Å⁻¹ is wrong by more than 1e-4 of itself, (q BIN_A)²/8."""

BLOCK_PAIRS = 4_000_000
"""Distances held at a time."""

WAVELENGTH_A = 1.5406
"""Cu Kα1 in Å."""

Q_ROWS = 64
"""Scattering vectors computed at a time."""


@dataclass(frozen=True)
class Distances:
    """How often each distance occurs between the atoms of a particle, by pair of elements.

    Parameters
    ----------
    counts_of : dict of str to int
        Number of atoms of each element, in alphabetical order.
    pairs : tuple of (str, str)
        Pairs of elements, each once.
    counts : ndarray of int, shape (n_pairs, n_bins)
        Pairs of atoms, each once, whose distance rounds to k·`BIN_A`.
    lengths_a : ndarray of float, shape (n_pairs, n_bins)
        Mean distance in Å of the pairs of atoms in each bin; k·`BIN_A` of an empty one.
    """

    counts_of: dict[str, int]
    pairs: tuple[tuple[str, str], ...]
    counts: Ints
    lengths_a: Floats

    @classmethod
    def of(cls, symbols: Strings, positions_a: Floats) -> Distances:
        """Count all distances, in blocks: memory is bounded, time grows with the pairs.

        Parameters
        ----------
        symbols : ndarray of str, shape (n_atoms,)
            Chemical symbols.
        positions_a : ndarray of float, shape (n_atoms, 3)
            Cartesian coordinates in Å.

        Examples
        --------
        >>> pair = Distances.of(np.array(["Pb", "S"]), np.array([[0.0, 0, 0], [0, 0, 3.0]]))
        >>> pair.pairs, pair.lengths_a[pair.counts > 0].round(6).tolist()
        ((('Pb', 'Pb'), ('Pb', 'S'), ('S', 'S')), [3.0])
        """
        kinds, counts = np.unique(symbols, return_counts=True)
        points = {kind: positions_a[symbols == kind] for kind in kinds.tolist()}
        spans = positions_a.max(axis=0) - positions_a.min(axis=0)
        n_bins = int(np.linalg.norm(spans) / BIN_A) + 2
        pairs = tuple(combinations_with_replacement(points, 2))
        binned = [_binned(points[a], points[b], n_bins) for a, b in pairs]
        found, sums_a = (np.stack(rows) for rows in zip(*binned, strict=True))
        for row, (a, b) in enumerate(pairs):
            if a == b:  # each pair was counted twice, and each atom with itself
                found[row, 0] -= len(points[a])
                found[row] //= 2
                sums_a[row] /= 2.0
        lengths_a = np.where(found, sums_a / np.maximum(found, 1), np.arange(n_bins) * BIN_A)
        return cls(dict(zip(kinds.tolist(), counts.tolist(), strict=True)), pairs, found, lengths_a)

    @classmethod
    def within(cls, symbols: Strings, positions_a: Floats, reach_a: float) -> Distances:
        """Count the distances up to a reach: time and memory grow with the atoms.

        Parameters
        ----------
        symbols : ndarray of str, shape (n_atoms,)
            Chemical symbols.
        positions_a : ndarray of float, shape (n_atoms, 3)
            Cartesian coordinates in Å.
        reach_a : float
            Largest distance in Å.

        Examples
        --------
        >>> line = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 6.0]])
        >>> pair = Distances.within(np.array(["Pb", "S", "Pb"]), line, 4.0)
        >>> pair.pairs, pair.counts.sum(axis=1).tolist()
        ((('Pb', 'Pb'), ('Pb', 'S'), ('S', 'S')), [0, 2, 0])
        """
        kinds, kind_of, counts = np.unique(symbols, return_inverse=True, return_counts=True)
        pairs = tuple(combinations_with_replacement(kinds.tolist(), 2))
        row_of = np.zeros((len(kinds), len(kinds)), dtype=np.int64)
        for row, (a, b) in enumerate(combinations_with_replacement(range(len(kinds)), 2)):
            row_of[a, b] = row_of[b, a] = row
        near = cKDTree(positions_a).query_pairs(reach_a, output_type="ndarray")
        i, j = near.T
        distances_a = np.linalg.norm(positions_a[i] - positions_a[j], axis=1)
        n_bins = int(reach_a / BIN_A) + 2
        places = row_of[kind_of[i], kind_of[j]] * n_bins + np.rint(distances_a / BIN_A).astype(int)
        shape = len(pairs), n_bins
        found = np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape)
        sums_a = np.bincount(places, distances_a, minlength=found.size).reshape(shape)
        lengths_a = np.where(found, sums_a / np.maximum(found, 1), np.arange(n_bins) * BIN_A)
        return cls(dict(zip(kinds.tolist(), counts.tolist(), strict=True)), pairs, found, lengths_a)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return sum(self.counts_of.values())


def _binned(here_a: Floats, there_a: Floats, n_bins: int) -> tuple[Ints, Floats]:
    """Count and sum up the distances from each point of one set to each of another, by bins."""
    counts, sums_a = np.zeros(n_bins, dtype=np.int64), np.zeros(n_bins)
    rows = max(1, BLOCK_PAIRS // len(there_a))
    for start in range(0, len(here_a), rows):
        distances_a = cdist(here_a[start : start + rows], there_a).ravel()
        bins = np.rint(distances_a / BIN_A).astype(np.int32)
        counts += np.bincount(bins, minlength=n_bins)
        sums_a += np.bincount(bins, distances_a, minlength=n_bins)
    return counts, sums_a


@dataclass(frozen=True)
class RadialDistribution:
    """Neighbours at each distance from an atom, as a curve.

    Parameters
    ----------
    distances_a : ndarray of float, shape (n,)
        Distances in Å.
    names : tuple of str
        ``"total"``, then pairs such as ``"Pb-S"``: S around Pb.
    values : ndarray of float, shape (n_names, n)
        Neighbours per Å and atom. The integral over a shell is its coordination number.
    """

    distances_a: Floats
    names: tuple[str, ...]
    values: Floats


def radial_distribution(
    distances: Distances, reach_a: float, width_a: float, steps_per_width: int = 2
) -> RadialDistribution:
    r"""Return the radial distribution function of a particle.

    .. math:: R_{AB}(r) = \frac{1}{N_A} \sum_{i \in A} \sum_{j \in B, j \ne i}
              \delta_w(r - r_{ij})

    with a normalised Gaussian δ. Unlike g(r) it is not divided by the density of a bulk that a
    particle does not have.

    Parameters
    ----------
    distances : Distances
        The distances of the particle.
    reach_a : float
        Largest distance in Å.
    width_a : float
        Standard deviation of the Gaussian in Å.
    steps_per_width : int
        Points of the curve within that, at least.

    Returns
    -------
    RadialDistribution
        The curves.
    """
    stride = max(1, int(width_a / steps_per_width / BIN_A))
    n_bins = min(distances.counts.shape[1], int((reach_a + 6.0 * width_a) / BIN_A) + 1)
    smooth = gaussian_filter1d(
        distances.counts[:, :n_bins] / BIN_A, width_a / BIN_A, axis=1, mode="constant", truncate=6.0
    )
    shown = slice(0, int(reach_a / BIN_A) + 1, stride)
    # each pair of unlike atoms makes one neighbour for either; a pair of like atoms makes two
    rows = {"total": 2.0 * smooth.sum(axis=0)[shown] / distances.n_atoms}
    for (a, b), counts in zip(distances.pairs, smooth, strict=True):
        like = 2.0 if a == b else 1.0
        rows[f"{a}-{b}"] = like * counts[shown] / distances.counts_of[a]
    return RadialDistribution(
        distances_a=(np.arange(n_bins) * BIN_A)[shown],
        names=tuple(rows),
        values=np.stack(list(rows.values())),
    )


def debye_intensity(
    distances: Distances, q_per_a: Floats, debye_waller_b_a2: float = 0.0
) -> Floats:
    r"""Return the intensity of X-rays that randomly turned particles scatter.

    .. math:: I(q) = \sum_i \sum_j f_i(q)\, f_j(q)\, \frac{\sin q r_{ij}}{q r_{ij}}

    P. Debye, Ann. Phys. 1915, 351, 809, with the form factors of neutral atoms of International
    Tables C (1992), table 6.1.1.4.

    Parameters
    ----------
    distances : Distances
        The distances of the particle.
    q_per_a : ndarray of float, shape (n_q,)
        Lengths of the scattering vector in 1/Å, q = 4π sin θ/λ; above 0, at most 25.
    debye_waller_b_a2 : float
        Isotropic displacement parameter B of all atoms in Å², which damps the terms of different
        atoms by exp(−2B (q/4π)²).

    Returns
    -------
    ndarray of float, shape (n_q,)
        Intensity in electron units, of the whole particle.
    """
    factors = {symbol: form_factor(symbol, q_per_a) for symbol in distances.counts_of}
    damping = np.exp(-2.0 * debye_waller_b_a2 * (q_per_a / (4.0 * np.pi)) ** 2)
    intensity = sum(n * factors[symbol] ** 2 for symbol, n in distances.counts_of.items())
    rows = zip(distances.pairs, distances.counts, distances.lengths_a, strict=True)
    for (a, b), counts, lengths_a in rows:
        filled = counts > 0
        terms = _sinc_sum(counts[filled].astype(float), lengths_a[filled], q_per_a)
        intensity = intensity + 2.0 * damping * factors[a] * factors[b] * terms
    return np.asarray(intensity)


def _sinc_sum(counts: Floats, lengths_a: Floats, q_per_a: Floats) -> Floats:
    """Return the sum of counts times sin(q r)/(q r) over lengths, shape (n_q,)."""
    blocks = [
        counts @ np.sinc(np.outer(lengths_a, q_per_a[start : start + Q_ROWS]) / np.pi)
        for start in range(0, len(q_per_a), Q_ROWS)
    ]
    return np.concatenate(blocks)


def form_factor(symbol: str, q_per_a: Floats) -> Floats:
    """Return the X-ray form factor of a neutral atom in electrons, shape (n_q,)."""
    import gemmi  # noqa: PLC0415

    table = gemmi.Element(symbol).it92
    squares = (q_per_a / (4.0 * np.pi)) ** 2
    terms = zip(table.a, table.b, strict=True)
    return np.asarray(table.c + sum(a * np.exp(-b * squares) for a, b in terms))


def two_theta_deg(q_per_a: Floats, wavelength_a: float = WAVELENGTH_A) -> Floats:
    """Return the diffraction angles 2θ in degrees of lengths of the scattering vector."""
    return np.asarray(2.0 * np.degrees(np.arcsin(q_per_a * wavelength_a / (4.0 * np.pi))))
