"""What is measured on one geometry of a model, ours or the published one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.signal import find_peaks

from epicarve.analysis.compare import Distances, radial_distribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.analysis.compare import RadialDistribution
    from epicarve.builder.recognition import FoundDomain, Identification

REACH_A, WIDTH_A, STEPS_PER_WIDTH = 8.0, 0.15, 6
"""Largest distance of the pair distribution, the standard deviation of each distance, in Å, and
points of the curve within that."""

FIRST_PEAK = 0.5
"""The first peak is the first one that is at least so high as this part of the highest."""


@dataclass(frozen=True)
class Measured:
    """One geometry of a model of the study.

    Parameters
    ----------
    found : Identification
        What it is made of.
    """

    found: Identification

    @cached_property
    def radial(self) -> RadialDistribution:
        """Neighbours at each distance."""
        reach_a = REACH_A + 6.0 * WIDTH_A  # what the Gaussians bring in from beyond
        distances = Distances.within(self.found.symbols, self.found.positions_a, reach_a)
        return radial_distribution(distances, REACH_A, WIDTH_A, STEPS_PER_WIDTH)

    def domain(self, crystal: str) -> FoundDomain | None:
        """Return the domain of a crystal; None if it was not found."""
        return next((one for one in self.found.domains if one.crystal == crystal), None)

    def density_g_cm3(self, crystal: str) -> float | None:
        """Return the density of a crystal in the cell of its core; None without such a domain."""
        for domain, lattice in zip(self.found.domains, self.found.lattices, strict=True):
            if domain.crystal == crystal:
                stretch = domain.core_cell.volume_a3 / domain.crystal_cell.volume_a3
                return float(lattice.crystal.density_g_cm3 / stretch)
        return None

    def ratio_deviation(self) -> float | None:
        """Return the largest relative deviation of an element of a domain from its bulk ratio."""
        found = []
        for domain, lattice in zip(self.found.domains, self.found.lattices, strict=True):
            unit: Mapping[str, int] = lattice.crystal.formula_unit
            share = sum(domain.counts.values()) / sum(unit.values())
            found += [abs(domain.counts.get(e, 0) / (share * n) - 1.0) for e, n in unit.items()]
        return max(found, default=None)

    def first_peak_a(self, one: str, other: str) -> float | None:
        """Return the first distance in Å at which two elements lie often; None if they do not.

        The first maximum of the pair distribution, neighbours divided by r², that is no lower than
        half of the highest one; its place is that of a parabola through three points.
        """
        name = "-".join(sorted((one, other)))
        if name not in self.radial.names:
            return None
        r = self.radial.distances_a
        heights = self.radial.values[self.radial.names.index(name)] / np.maximum(r, 1.0) ** 2
        peaks, _ = find_peaks(heights, height=FIRST_PEAK * heights.max())
        if len(peaks) == 0:
            return None
        k = int(peaks[0])
        low, top, high = heights[k - 1 : k + 2].tolist()
        shift = 0.5 * (low - high) / (low - 2.0 * top + high)
        return float(r[k] + shift * (r[1] - r[0]))

    def as_dict(self) -> dict[str, Any]:
        """Return what `epicarve identify` tells, and what is measured beyond that."""
        pairs = [name.split("-") for name in self.radial.names if name != "total"]
        peaks = {"-".join(pair): self.first_peak_a(*pair) for pair in pairs}
        densities = {one.crystal: self.density_g_cm3(one.crystal) for one in self.found.domains}
        return {
            **self.found.as_dict(),
            "density_g_cm3": {name: _rounded(x) for name, x in densities.items()},
            "ratio_deviation": _rounded(self.ratio_deviation()),
            "first_peaks_a": {name: _rounded(x) for name, x in peaks.items()},
        }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
