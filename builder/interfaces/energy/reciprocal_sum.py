"""Waves (G, k_z) that two stacks share, and the smooth parts of their interaction as a sum of them.

The stacks repeat in the plane, so that G is a vector of the reciprocal lattice; upwards they are
repeated where the interaction has decayed, so that k_z is a multiple of 2π over that period.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.units import COULOMB_V_A

from .ewald_split import ENDS, long_range_transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.arrays import Floats, Ints
    from epicarve.builder.interfaces import Stack

    from .repulsion import Repulsion

    Kind = tuple[str, int]

DECAYS = 16.0
"""Stacks repeat upwards, for the sum over waves, where the slowest wave is down to e⁻¹⁶."""

VANISHES = 1e-10
"""A layer has no part in a wave to which its ions add up to less than this."""


class Waves:
    """Smooth parts of Coulomb's and Born's interaction of a film with a substrate.

    Coulomb's waves with G = 0, which have no sum of their own, are left out.

    Parameters
    ----------
    film, substrate : Stack
        The two sides in one lattice. The film lies as it is at shift 0 and gap 0.
    repulsion : Repulsion
        Born's repulsion between the elements.
    gaps_a : tuple of float
        Lowest and highest gap in Å that will be asked for.
    split_per_a : float
        α in 1/Å, see `epicarve.builder.interfaces.energy.ewald_split`.
    """

    def __init__(
        self,
        film: Stack,
        substrate: Stack,
        repulsion: Repulsion,
        gaps_a: tuple[float, float],
        split_per_a: float,
    ) -> None:
        largest = 2.0 * split_per_a * ENDS
        self._reciprocal = np.asarray(2.0 * np.pi * np.linalg.inv(substrate.lattice_a).T)
        self._indices, squared = _half_of_vectors(self._reciprocal, substrate.lattice_a, largest)
        lowest = film.positions_a[:, 2].min() - substrate.positions_a[:, 2].max() + gaps_a[0]
        highest = film.positions_a[:, 2].max() - substrate.positions_a[:, 2].min() + gaps_a[1]
        period = float(max(-lowest, highest) + DECAYS / np.sqrt(squared[1]))
        self._upright = 2.0 * np.pi / period * np.arange(int(largest * period / 2.0 / np.pi) + 1)
        layers = [self._layers(stack) for stack in (film, substrate)]
        # a side has the waves of its own lattice only; its cell may be smaller than the common one
        shared = np.logical_and(*(np.abs(sums).max(axis=0) > VANISHES for _, _, sums in layers))
        self._indices, squared = self._indices[shared], squared[shared]
        (kinds, above), (others, below) = (
            self._structure_factors(kinds, heights_a, sums[:, shared])
            for kinds, heights_a, sums in layers
        )
        charges, born = _tables(kinds, others, repulsion)
        below = below.conj()
        total = squared[:, None] + self._upright**2
        amplitudes = _products(born, above, below)
        amplitudes *= _both_ways(long_range_transform(repulsion.exponent, total, split_per_a))
        coulomb = _products(charges, above[:, 1:], below[:, 1:])
        coulomb *= _both_ways(long_range_transform(1, total[1:], split_per_a))
        amplitudes[1:] += coulomb
        amplitudes[1:] *= 2.0  # the other half of the waves is their conjugate
        self._amplitudes = amplitudes * (COULOMB_V_A / (film.area_a2 * period))

    def __len__(self) -> int:
        """Return the number of waves in the plane."""
        return len(self._indices)

    def energies_ev(self, shifts_a: Floats, gaps_a: Floats) -> Floats:
        """Return the energy in eV per cell at each translation and each gap, shape (n, m).

        Parameters
        ----------
        shifts_a : ndarray of float, shape (n, 2)
            Translations of the film in the plane in Å.
        gaps_a : ndarray of float, shape (m,)
            Heights in Å by which the film is raised.
        """
        factors = [self._phases(shifts_a), self._amplitudes, self._lifts(gaps_a)]
        return np.asarray(np.linalg.multi_dot(factors).real)

    def energy_and_slope(self, shift_a: Floats, gap_a: float) -> tuple[float, Floats]:
        """Return the energy in eV per cell at one place, and its slope along x, y, z in eV/Å."""
        lift = self._lifts(np.array([gap_a]))
        climb = 1j * _both_ways(self._upright, -self._upright)[:, None] * lift
        columns = self._amplitudes @ np.hstack([lift, climb])
        waves, climbing = self._phases(shift_a[None])[0] * columns.T
        x, y = -(waves.imag @ self._indices) @ self._reciprocal
        return float(waves.real.sum()), np.array([x, y, climbing.real.sum()])

    def _phases(self, points_a: Floats) -> NDArray[np.complex128]:
        """exp(i G·ρ) of points of the plane, shape (n_points, n_waves)."""
        h, k = self._indices.T
        along, across = (points_a @ self._reciprocal.T).T[:, :, None]
        # few exponentials, many products
        turns = np.exp(1j * along * np.arange(h.max() + 1))
        others = np.exp(1j * across * np.arange(k.min(), k.max() + 1))
        return np.asarray(turns[:, h] * others[:, k - k.min()])

    def _lifts(self, heights_a: Floats) -> NDArray[np.complex128]:
        """exp(i k_z z) of some heights, shape (n_upright, n_heights)."""
        lifts = np.exp(1j * np.outer(heights_a, self._upright))
        return _both_ways(lifts, lifts.conj()).T

    def _layers(self, stack: Stack) -> tuple[list[Kind], Floats, NDArray[np.complex128]]:
        """Kind and height in Å of each layer of like ions, and Σ exp(i G·ρ) over its ions."""
        ions = sorted(
            zip(
                stack.symbols.tolist(),
                stack.charges.tolist(),
                stack.positions_a[:, 2].tolist(),  # copies of an ion in a supercell have one height
                range(stack.n_ions),
                strict=True,
            )
        )
        first: dict[tuple[str, int, float], int] = {}
        for place, (symbol, charge, height, _) in enumerate(ions):
            first.setdefault((symbol, charge, height), place)
        phases = self._phases(stack.positions_a[[ion for *_, ion in ions], :2])
        sums = np.add.reduceat(phases, list(first.values()), axis=0)
        kinds = [(symbol, charge) for symbol, charge, _ in first]
        return kinds, np.array([height for _, _, height in first]), sums

    def _structure_factors(
        self, kinds: list[Kind], heights_a: Floats, sums: NDArray[np.complex128]
    ) -> tuple[list[Kind], NDArray[np.complex128]]:
        """Kinds of ions, and Σ exp(i G·ρ + i k_z z) of each: (n_kinds, n_waves, n_upright)."""
        lifts = self._lifts(heights_a).T
        distinct = sorted(set(kinds))
        members = [[n for n, kind in enumerate(kinds) if kind == one] for one in distinct]
        return distinct, np.array([sums[layers].T @ lifts[layers] for layers in members])


def _half_of_vectors(reciprocal: Floats, lattice_a: Floats, largest: float) -> tuple[Ints, Floats]:
    """Waves G up to a length, shortest first, without opposites: their indices and G²."""
    reach = np.floor(largest * np.linalg.norm(lattice_a, axis=1) / 2.0 / np.pi).astype(int)
    h, k = np.meshgrid(np.arange(reach[0] + 1), np.arange(-reach[1], reach[1] + 1), indexing="ij")
    half = (h > 0) | ((h == 0) & (k >= 0))
    indices = np.stack([h[half], k[half]], axis=-1)
    squared = ((indices @ reciprocal) ** 2).sum(axis=1)
    order = np.argsort(squared, kind="stable")
    order = order[squared[order] < largest**2]
    return indices[order], squared[order]


def _tables(kinds: list[Kind], others: list[Kind], repulsion: Repulsion) -> tuple[Floats, Floats]:
    """Coefficients of 1/r and of 1/rⁿ between kinds of ions, shape (n_kinds, n_others)."""
    coulomb, born = np.zeros((2, len(kinds), len(others)))
    for i, (symbol, charge) in enumerate(kinds):
        for j, (other, its_charge) in enumerate(others):
            coulomb[i, j] = charge * its_charge
            if charge < 0 or its_charge < 0:
                coefficient = repulsion.coefficients[frozenset((symbol, other))]
                born[i, j] = abs(charge * its_charge) * coefficient
    return coulomb, born


def _products(
    table: Floats, above: NDArray[np.complex128], below: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    """Sum over kinds a and b of table[a, b] above[a] below[b], wave by wave."""
    return np.asarray((above * np.tensordot(table, below, 1)).sum(axis=0))


def _both_ways(upwards: NDArray[Any], downwards: NDArray[Any] | None = None) -> NDArray[Any]:
    """Continue values at k_z ≥ 0, along the last axis, to those below; even if not given."""
    below = upwards if downwards is None else downwards
    return np.concatenate([below[..., :0:-1], upwards], axis=-1)
