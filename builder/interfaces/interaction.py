"""Interaction of the rigid ions of two stacks at any registry and gap, periodic in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A

from .contact import pair_table_a
from .splitting import ENDS, sharp_part, smooth_transform
from .translations import common_lattice_a, reduced_lattice_a

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .repulsion import Repulsion
    from .stack import Stack

SPLIT_PER_A = 1.0
"""α in 1/Å: the sharp parts end at 4.5 Å, the waves at 9/Å."""

DECAYS = 16.0
"""Stacks repeat upwards, for the sum over waves, where the slowest wave is down to e⁻¹⁶."""

NEAREST_A = 0.5
"""Ions closer than this, in Å, count as so close: an interaction of no interest, but finite."""

BLOCK_DISTANCES = 2_000_000
"""Distances held in memory at once."""


class Interaction:
    """Coulomb's and Born's interaction of a film with a substrate, per cell of their lattice.

    Each of the two laws is split into a sharp part, summed over the pairs within 4.5 Å, and a
    smooth part, summed over waves (G, k_z). Each wave is a product of one factor for the film,
    one for the substrate and exp(i G·shift + i k_z gap): the ions of both sides need not be
    told apart by height, corrugated faces may interlock. Only Coulomb's waves with G = 0, which
    have no sum of their own, are taken in closed form, −2π|z|/A with its Gaussians; between
    neutral stacks they vanish once the stacks do not overlap in height, whatever dipoles the
    stacks carry. What is left out is e⁻²⁰ of each part, and what the waves add by repeating the
    stacks upwards, e⁻¹⁶; tests hold the sum to 10⁻⁴ eV per cell.

    Parameters
    ----------
    film, substrate : Stack
        The two sides, neutral and in one lattice. The film lies as it is at shift 0 and gap 0.
    repulsion : Repulsion
        Born's repulsion between the elements.
    gaps_a : tuple of float
        Lowest and highest gap in Å that will be asked for.

    Raises
    ------
    InputError
        If the lattices differ, a side is not neutral, or a pair of elements has no contact.
    """

    def __init__(
        self, film: Stack, substrate: Stack, repulsion: Repulsion, gaps_a: tuple[float, float]
    ) -> None:
        self.lattice_a = common_lattice_a(film, substrate)
        for side, stack in (("film", film), ("substrate", substrate)):
            if stack.charges.sum():
                raise InputError(
                    f"the {side} carries {int(stack.charges.sum()):+d} e per cell, so that its "
                    "energy grows with the gap without end; take whole neutral repeats"
                )
        self.gaps_a = gaps_a
        self._exponent = repulsion.exponent
        self._list_pairs(film, substrate, repulsion)
        self._sum_waves(film, substrate, repulsion)

    def _sum_waves(self, film: Stack, substrate: Stack, repulsion: Repulsion) -> None:
        """Find amplitudes[G, k_z] of the smooth parts, for half of the waves G and for G = 0."""
        reciprocal = 2.0 * np.pi * np.linalg.inv(self.lattice_a).T
        largest = 2.0 * SPLIT_PER_A * ENDS
        lengths = np.linalg.norm(self.lattice_a, axis=1)
        reach = np.floor(largest * lengths / 2.0 / np.pi).astype(int)
        h, k = np.meshgrid(
            np.arange(reach[0] + 1), np.arange(-reach[1], reach[1] + 1), indexing="ij"
        )
        half = (h > 0) | ((h == 0) & (k >= 0))
        flat = np.stack([h[half], k[half]], axis=-1) @ reciprocal
        flat = flat[(flat**2).sum(axis=1) < largest**2]
        order = np.argsort((flat**2).sum(axis=1), kind="stable")
        self._flat = flat[order]  # the first is G = 0
        slowest = float(np.linalg.norm(self._flat[1]))
        lowest = film.positions_a[:, 2].min() - substrate.positions_a[:, 2].max() + self.gaps_a[0]
        highest = film.positions_a[:, 2].max() - substrate.positions_a[:, 2].min() + self.gaps_a[1]
        period = float(max(-lowest, highest) + DECAYS / slowest)
        n_upright = int(largest * period / 2.0 / np.pi)
        self._upright = 2.0 * np.pi / period * np.arange(-n_upright, n_upright + 1, dtype=float)
        above = _structure_factors(film, self._flat, self._upright)
        below = _structure_factors(substrate, self._flat, self._upright)
        squared = (self._flat**2).sum(axis=1)[:, None] + self._upright**2
        coulomb = np.zeros_like(squared)
        coulomb[1:] = smooth_transform(1, squared[1:], SPLIT_PER_A)
        charge_waves = sum(sign * wave for (_, sign), wave in above.items())
        partner_waves = sum(sign * wave for (_, sign), wave in below.items())
        amplitudes = coulomb * (charge_waves * np.conj(partner_waves))
        born = np.zeros_like(amplitudes)
        for (symbol, sign), wave in above.items():
            for (other, other_sign), other_wave in below.items():
                if sign < 0 or other_sign < 0:
                    coefficient = repulsion.coefficients[frozenset((symbol, other))]
                    born += coefficient * wave * np.conj(other_wave)
        amplitudes += smooth_transform(self._exponent, squared, SPLIT_PER_A) * born
        amplitudes[1:] *= 2.0  # the other half of the waves is their conjugate
        area = abs(float(np.linalg.det(self.lattice_a)))
        self._amplitudes = amplitudes * (COULOMB_V_A / (area * period))
        self._area_a2 = area

    def _list_pairs(self, film: Stack, substrate: Stack, repulsion: Repulsion) -> None:
        """Find the pairs of ions that come near each other at the lowest gap."""
        self._reach = ENDS / SPLIT_PER_A
        rise = film.positions_a[:, 2, None] - substrate.positions_a[:, 2]
        i, j = np.nonzero(rise + self.gaps_a[0] < self._reach)
        self._rise = rise[i, j]
        self._offset = film.positions_a[i, :2] - substrate.positions_a[j, :2]
        self._charge = COULOMB_V_A * (film.charges[i] * substrate.charges[j]).astype(float)
        touching = (film.charges[i] < 0) | (substrate.charges[j] < 0)
        coefficients = pair_table_a(film, substrate, repulsion.coefficients)[i, j]
        self._born = np.abs(self._charge) * coefficients * touching
        reduced = reduced_lattice_a(self.lattice_a)
        self._reduced = reduced
        # a reduced cell about 0 lies within half the sum of its edges
        far = self._reach + 0.5 * np.linalg.norm(reduced, axis=1).sum()
        heights = abs(np.linalg.det(reduced)) / np.linalg.norm(reduced[::-1], axis=1)
        n, m = np.ceil(far / heights).astype(int).tolist()
        images = np.stack(
            np.meshgrid(np.arange(-n, n + 1), np.arange(-m, m + 1), indexing="ij"), axis=-1
        ).reshape(-1, 2)
        points = images @ reduced
        self._images = points[np.linalg.norm(points, axis=1) <= far]

    def energies_ev(
        self,
        shifts_a: NDArray[np.float64],
        gaps_a: NDArray[np.float64],
        wanted: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float64]:
        """Return the interaction at each translation and each gap.

        Parameters
        ----------
        shifts_a : ndarray of float, shape (n, 2)
            Translations of the film in the plane in Å.
        gaps_a : ndarray of float, shape (m,)
            Heights in Å by which the film is raised, within those of the construction.
        wanted : ndarray of bool, shape (n, m), optional
            Where the energy is needed; infinite elsewhere. All by default.

        Returns
        -------
        ndarray of float, shape (n, m)
            Energy in eV per cell against sides infinitely far apart.
        """
        if wanted is None:
            wanted = np.ones((len(shifts_a), len(gaps_a)), dtype=bool)
        raised = self._amplitudes @ np.exp(1j * np.outer(self._upright, gaps_a))
        levels = np.array([self._level(float(gap))[0] for gap in gaps_a])
        energies = np.empty(wanted.shape)
        held = max(len(self._flat), len(self._rise) * len(self._images))
        rows = max(1, BLOCK_DISTANCES // held)
        for start in range(0, len(shifts_a), rows):
            block = slice(start, start + rows)
            phases = np.exp(1j * (shifts_a[block] @ self._flat.T))
            waves = phases.real @ raised.real - phases.imag @ raised.imag
            energies[block] = waves + levels + self._sharp(shifts_a[block], gaps_a, wanted[block])
        energies[~wanted] = np.inf
        return energies

    def energy_and_slope(
        self, shift_a: ArrayLike, gap_a: float
    ) -> tuple[float, NDArray[np.float64]]:
        """Return the energy in eV per cell at one place, and its slope along x, y, z in eV/Å."""
        shift = np.asarray(shift_a, dtype=float)
        phase = np.exp(1j * (self._flat @ shift))
        lift = np.exp(1j * self._upright * gap_a)
        columns = self._amplitudes @ np.column_stack([lift, 1j * self._upright * lift])
        waves = phase * columns[:, 0]
        level, level_slope = self._level(gap_a)
        energy = float(waves.real.sum()) + level
        slope = np.array([*(-waves.imag @ self._flat), (phase @ columns[:, 1]).real + level_slope])
        apart = self._images_of(shift[None])[0]
        steps = np.concatenate(
            [apart, np.broadcast_to((self._rise + gap_a)[:, None, None], (*apart.shape[:2], 1))],
            axis=-1,
        )
        squared = np.maximum((steps**2).sum(axis=-1), NEAREST_A**2)
        pair, image = np.nonzero(squared < self._reach**2)
        values, slopes = self._pair_energies(squared[pair, image], pair)
        return energy + float(values.sum()), slope + slopes @ steps[pair, image]

    def _level(self, gap_a: float) -> tuple[float, float]:
        """Coulomb's waves with G = 0 in eV per cell, and their slope over the gap.

        For neutral stacks z may be taken off the closed form, which leaves overlapping ions only.
        """
        z = self._rise + gap_a
        x = SPLIT_PER_A * z
        waves = z * erf(x) + np.exp(-(x**2)) / (SPLIT_PER_A * np.sqrt(np.pi)) - z
        factors = -2.0 * np.pi / self._area_a2 * self._charge
        return float(factors @ waves), float(factors @ (erf(x) - 1.0))

    def _images_of(self, shifts_a: NDArray[np.float64]) -> NDArray[np.float64]:
        """In-plane steps between near pairs and their images, shape (shifts, pairs, images, 2)."""
        parts = (shifts_a[:, None] + self._offset) @ np.linalg.inv(self._reduced)
        inside = (parts - np.rint(parts)) @ self._reduced
        return np.asarray(inside[:, :, None] + self._images)

    def _sharp(
        self,
        shifts_a: NDArray[np.float64],
        gaps_a: NDArray[np.float64],
        wanted: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Sum of the sharp parts in eV per cell, shape (n, m)."""
        flat = (self._images_of(shifts_a) ** 2).sum(axis=-1)
        low = np.maximum(self._rise + self.gaps_a[0], 0.0)
        place, pair, image = np.nonzero(flat < (self._reach**2 - low**2)[:, None])
        flat = flat[place, pair, image]
        sums = np.zeros((len(shifts_a), len(gaps_a)))
        for column, gap in enumerate(gaps_a.tolist()):
            squared = flat + (self._rise[pair] + gap) ** 2
            near = np.flatnonzero((squared < self._reach**2) & wanted[place, column])
            squared = np.maximum(squared[near], NEAREST_A**2)
            values, _ = self._pair_energies(squared, pair[near])
            sums[:, column] = np.bincount(place[near], values, minlength=len(shifts_a))
        return sums

    def _pair_energies(
        self, squared_a2: NDArray[np.float64], pair: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sharp energies in eV of pairs, and their slopes over r, divided by r."""
        coulomb, coulomb_slopes = sharp_part(1, squared_a2, SPLIT_PER_A)
        born, born_slopes = sharp_part(self._exponent, squared_a2, SPLIT_PER_A)
        charge, coefficient = self._charge[pair], self._born[pair]
        return (
            charge * coulomb + coefficient * born,
            charge * coulomb_slopes + coefficient * born_slopes,
        )


def _structure_factors(
    stack: Stack, flat: NDArray[np.float64], upright: NDArray[np.float64]
) -> dict[tuple[str, int], NDArray[np.complex128]]:
    """Σ |q| exp(i G·ρ + i k_z z) of each element and sign of charge, shape (n_flat, n_upright)."""
    signs = np.sign(stack.charges)
    found = {}
    for symbol, sign in sorted(set(zip(stack.symbols.tolist(), signs.tolist(), strict=True))):
        of_kind = stack.chosen((stack.symbols == symbol) & (signs == sign))
        in_plane = np.exp(1j * (flat @ of_kind.positions_a[:, :2].T)) * np.abs(of_kind.charges)
        along = np.exp(1j * np.outer(of_kind.positions_a[:, 2], upright))
        found[symbol, int(sign)] = in_plane @ along
    return found
