"""Interaction of the rigid ions of two stacks at any registry and gap, periodic in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

from epicarve.builder.interfaces import (
    common_lattice_a,
    inverse_2x2,
    limits_of_pairs,
    reduced_lattice_a,
)
from epicarve.errors import InputError
from epicarve.units import COULOMB_V_A

from .ewald_split import ENDS, short_range, short_range_part
from .reciprocal_sum import Waves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from epicarve.arrays import Bools, Floats
    from epicarve.builder.interfaces import Stack

    from .repulsion import Repulsion

SPLIT_PER_A = 1.0
"""α in 1/Å: the sharp parts end at 4.5 Å, the waves at 9/Å."""

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
        self._waves = Waves(film, substrate, repulsion, gaps_a, SPLIT_PER_A)
        self._area_a2 = film.area_a2

    def _list_pairs(self, film: Stack, substrate: Stack, repulsion: Repulsion) -> None:
        """Find the pairs of ions that come near each other at the lowest gap."""
        self._reach = ENDS / SPLIT_PER_A
        rise = film.positions_a[:, 2, None] - substrate.positions_a[:, 2]
        i, j = np.nonzero(rise + self.gaps_a[0] < self._reach)
        self._rise = rise[i, j]
        self._charge = COULOMB_V_A * (film.charges[i] * substrate.charges[j]).astype(float)
        touching = (film.charges[i] < 0) | (substrate.charges[j] < 0)
        coefficients = limits_of_pairs(
            film.symbols[i], substrate.symbols[j], repulsion.coefficients
        )
        self._born = np.abs(self._charge) * coefficients * touching
        self._reduced = reduced_lattice_a(self.lattice_a)
        self._inverse = inverse_2x2(self._reduced)
        offsets = film.positions_a[i, :2] - substrate.positions_a[j, :2]
        self._offsets = (offsets @ self._inverse).T  # in units of the reduced lattice
        heights = film.area_a2 / np.linalg.norm(self._reduced[::-1], axis=1)
        cells = self._reach / heights
        low, high = -np.floor(cells).astype(int), np.ceil(cells).astype(int) + 1
        images = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
        self._images = images.reshape(-1, 2) @ self._reduced

    def energies_ev(
        self,
        shifts_a: Floats,
        gaps_a: Floats,
        wanted: Bools | None = None,
    ) -> Floats:
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
        levels = np.concatenate(
            [self._level(gaps_a[block])[0] for block in _blocks(len(gaps_a), len(self._rise))]
        )
        energies = np.empty(wanted.shape)
        for block in _blocks(len(shifts_a), max(len(self._waves), len(self._rise))):
            energies[block] = self._waves.energies_ev(shifts_a[block], gaps_a) + levels
            energies[block] += self._short_range(shifts_a[block], gaps_a, wanted[block])
        energies[~wanted] = np.inf
        return energies

    def energy_and_slope(self, shift_a: ArrayLike, gap_a: float) -> tuple[float, Floats]:
        """Return the energy in eV per cell at one place, and its slope along x, y, z in eV/Å."""
        shifts, gaps = np.asarray(shift_a, dtype=float)[None], np.array([gap_a])
        energy, slope = self._waves.energy_and_slope(shifts[0], gap_a)
        level, climb = self._level(gaps)
        x, y = np.stack(list(self._steps_a(shifts)), axis=1)[:, :, 0]
        steps = np.stack([x, y, np.broadcast_to(self._rise + gap_a, x.shape)])
        squared = np.maximum((steps**2).sum(axis=0), NEAREST_A**2)
        image, pair = np.nonzero(squared < self._reach**2)
        # energies, and slopes over r divided by r
        coulomb = np.array(short_range_part(1, squared[image, pair], SPLIT_PER_A))
        born = np.array(short_range_part(self._exponent, squared[image, pair], SPLIT_PER_A))
        values, slopes = self._charge[pair] * coulomb + self._born[pair] * born
        slope += steps[:, image, pair] @ slopes
        slope[2] += climb[0]
        return energy + float(level[0] + values.sum()), slope

    def _level(self, gaps_a: Floats) -> tuple[Floats, Floats]:
        """Coulomb's waves with G = 0 in eV per cell at each gap, and their slopes over it.

        For neutral stacks z may be taken off the closed form, which leaves overlapping ions only.
        """
        z = self._rise + gaps_a[:, None]
        x = SPLIT_PER_A * z
        beyond = erf(x) - 1.0
        waves = z * beyond + np.exp(-(x**2)) / (SPLIT_PER_A * np.sqrt(np.pi))
        factors = -2.0 * np.pi / self._area_a2 * self._charge
        return waves @ factors, beyond @ factors

    def _steps_a(self, shifts_a: Floats) -> Iterator[Floats]:
        """In-plane steps of the near pairs, image by image, each of shape (2, shifts, pairs)."""
        parts = (shifts_a @ self._inverse).T[:, :, None] + self._offsets[:, None]
        parts -= np.floor(parts)
        inside = (self._reduced.T @ parts.reshape(2, -1)).reshape(parts.shape)
        for image in self._images:
            yield inside - image[:, None, None]

    def _short_range(
        self,
        shifts_a: Floats,
        gaps_a: Floats,
        wanted: Bools,
    ) -> Floats:
        """Sum of the sharp parts in eV per cell, shape (n, m)."""
        first = np.where(wanted, gaps_a, np.inf).min(axis=1)  # of each translation
        reach = self._reach**2 - np.maximum(self._rise + first[:, None], 0.0) ** 2
        found = []
        for steps in self._steps_a(shifts_a):
            flat = np.einsum("ijk,ijk->jk", steps, steps).ravel()
            near = np.flatnonzero(flat < reach.ravel())
            found.append((near, flat[near]))
        near, flat = (np.concatenate(parts) for parts in zip(*found, strict=True))
        place, pair = np.divmod(near, len(self._rise))
        sums = np.zeros((len(shifts_a), len(gaps_a)))
        for block in _blocks(len(gaps_a), len(place)):
            squared = flat + (self._rise[pair] + gaps_a[block, None]) ** 2
            within = np.flatnonzero((squared < self._reach**2) & wanted.T[block, place])
            gap, one = np.divmod(within, len(place))
            squared = np.maximum(squared.ravel()[within], NEAREST_A**2)
            values = self._charge[pair[one]] * short_range(1, squared, SPLIT_PER_A)
            values += self._born[pair[one]] * short_range(self._exponent, squared, SPLIT_PER_A)
            here = place[one] * len(gaps_a) + (gap + block.start)
            sums += np.bincount(here, values, minlength=sums.size).reshape(sums.shape)
        return sums


def _blocks(n: int, held: int) -> Iterator[slice]:
    """Part n rows, so many numbers each, into blocks that memory holds."""
    rows = max(1, BLOCK_DISTANCES // max(held, 1))
    for start in range(0, n, rows):
        yield slice(start, min(start + rows, n))
