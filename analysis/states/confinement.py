"""The gap against the size of a particle: E(d) = E_bulk + A / d^n."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.errors import InputError

from .filtered_gap import difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .filtered_gap import FilteredGap
    from .spectrum import Spectrum


_POWERS = {1.0: "", 2.0: "²", 3.0: "³"}


@dataclass(frozen=True)
class SizePoint:
    """One particle of a series of sizes.

    Parameters
    ----------
    label : str
        Its name.
    formula : str or None
        What it consists of.
    n_atoms : int or None
        Number of atoms.
    diameter_nm : float
        Largest distance between two atoms, or the diameter that was told.
    homo_lumo_gap_ev : float or None
        Gap without a filter; 0 for a metal.
    filtered_gap_ev : float or None
        Gap with the filter of the series.
    n_valence_traps, n_conduction_traps : int or None
        Traps of that filter.
    valence_depth_ev, conduction_depth_ev : float or None
        How far the outermost trap lies from the edge of the delocalised states; 0 without traps.
    """

    label: str
    formula: str | None
    n_atoms: int | None
    diameter_nm: float
    homo_lumo_gap_ev: float | None
    filtered_gap_ev: float | None
    n_valence_traps: int | None
    n_conduction_traps: int | None
    valence_depth_ev: float | None
    conduction_depth_ev: float | None


@dataclass(frozen=True)
class Confinement:
    r"""A gap fitted by :math:`E(d) = E_\mathrm{bulk} + A\,d^{-n}`, by least squares.

    With n = 2 it is the law of a particle in a box of infinite walls (Efros and Efros, Sov. Phys.
    Semicond. 1982, 16, 772); other exponents are empirical.

    Parameters
    ----------
    gap : str
        Which gap.
    exponent : float
        The exponent n, as it was asked for.
    n_points : int
        Number of particles.
    bulk_ev : float
        Limit at infinite size, in eV.
    coefficient_ev_nm : float
        A in eV nm^n.
    bulk_error_ev, coefficient_error_ev_nm : float or None
        Standard errors of both; None with two particles, which any line meets.
    """

    gap: str
    exponent: float
    n_points: int
    bulk_ev: float
    coefficient_ev_nm: float
    bulk_error_ev: float | None
    coefficient_error_ev_nm: float | None

    @classmethod
    def fit(
        cls, gap: str, diameters_nm: Sequence[float], gaps_ev: Sequence[float], exponent: float
    ) -> Confinement | None:
        """Fit the gaps of particles; None with fewer than two sizes.

        Examples
        --------
        >>> found = Confinement.fit("plain", [2.0, 3.0, 4.0], [3.0, 2.0 + 4 / 9, 2.25], 2.0)
        >>> round(found.bulk_ev, 9), round(found.coefficient_ev_nm, 9)
        (2.0, 4.0)
        """
        if len(set(diameters_nm)) < 2:
            return None
        x = np.power(diameters_nm, -exponent)
        slope, intercept = np.polyfit(x, gaps_ev, 1)
        errors: tuple[float | None, float | None] = (None, None)
        if len(gaps_ev) > 2:
            _, covariance = np.polyfit(x, gaps_ev, 1, cov=True)
            errors = float(np.sqrt(covariance[1, 1])), float(np.sqrt(covariance[0, 0]))
        return cls(gap, exponent, len(gaps_ev), float(intercept), float(slope), *errors)

    def at(self, diameter_nm: float) -> float:
        """Return the gap in eV that the fit gives at a diameter."""
        return self.bulk_ev + self.coefficient_ev_nm * math.pow(diameter_nm, -self.exponent)

    @property
    def sentence(self) -> str:
        """The fit in words, with its standard errors."""
        bulk, coefficient = (
            f"{value:.2f}{'' if error is None else f' ± {error:.2f}'}"
            for value, error in (
                (self.bulk_ev, self.bulk_error_ev),
                (self.coefficient_ev_nm, self.coefficient_error_ev_nm),
            )
        )
        power = _POWERS.get(self.exponent, f"^{self.exponent:g}")
        told = (
            (
                f"{self.gap}: E(d) = E(∞) + A/d{power}, E(∞) {bulk} eV, "
                f"A {coefficient} eV nm{power}, "
                f"{self.n_points} particles"
            )
            .replace("-", "−")
            .replace("HOMO−LUMO", "HOMO–LUMO")
        )
        return told if self.bulk_error_ev is not None else f"{told}, so without a standard error"

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as plain data, rounded to 1e-6."""
        return {
            key: round(value, 6) if isinstance(value, float) else value
            for key, value in vars(self).items()
        }


@dataclass(frozen=True)
class SizeSeries:
    """Particles of several sizes with their gaps and traps, and fits of the gaps.

    Parameters
    ----------
    points : tuple of SizePoint
        The particles, the smallest first.
    filter_told : str
        The filter of all filtered gaps and traps, such as ``"IPR ≤ 0.03"``; empty if they differ.
    fits : tuple of Confinement
        Of the gap without a filter and of the filtered gap, as far as there are two sizes.
    notes : tuple of str
        What was left out of a fit, and why.
    """

    points: tuple[SizePoint, ...]
    filter_told: str
    fits: tuple[Confinement, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        spectra: Sequence[Spectrum],
        exponent: float = 2.0,
        diameters_nm: Sequence[float] | None = None,
    ) -> SizeSeries:
        """Order particles by size and fit their gaps.

        All filtered gaps are of one filter: the fixed one if it leaves a gap in each particle, else
        the size-aware one if that does, else the fixed one where it leaves a gap.

        Parameters
        ----------
        spectra : sequence of Spectrum
            The particles.
        exponent : float
            The exponent n of the fit.
        diameters_nm : sequence of float, optional
            Their diameters, in the place of those that are known.

        Raises
        ------
        InputError
            If a diameter is not known or not positive, or there is not one for each particle.
        """
        if not math.isfinite(exponent) or exponent <= 0.0:
            raise InputError(f"exponent {exponent:g} gives no bulk limit; give one above 0, as 2")
        sizes = _diameters(spectra, diameters_nm)
        name = _common_filter(spectra)
        filters = [getattr(one.gap, name) for one in spectra]
        measures = {used.told for used in filters}
        points = sorted(
            (
                _point(one, size, used)
                for one, size, used in zip(spectra, sizes, filters, strict=True)
            ),
            key=lambda point: (point.diameter_nm, point.label),
        )
        notes: list[str] = []
        fits = [_fit("HOMO-LUMO gap", points, "homo_lumo_gap_ev", exponent, notes)]
        if len(measures) == 1:
            title = f"gap at {min(measures)}"
            fits.append(_fit(title, points, "filtered_gap_ev", exponent, notes))
        else:
            told = ", ".join(sorted(measures))
            notes.append(f"Filtered gaps are of different thresholds ({told}), so none is fitted.")
        return cls(
            tuple(points),
            min(measures) if len(measures) == 1 else "",
            tuple(fit for fit in fits if fit is not None),
            tuple(notes),
        )


def _diameters(spectra: Sequence[Spectrum], given: Sequence[float] | None) -> list[float]:
    """Return the diameter of each particle in nm."""
    if given is not None and len(given) != len(spectra):
        raise InputError(
            f"there are {len(given)} diameters for {len(spectra)} particles; give one for each"
        )
    told = [one.diameter_nm for one in spectra] if given is None else list(given)
    for one, size in zip(spectra, told, strict=True):
        if size is None:
            raise InputError(
                f"{one.label}: its diameter is not known, as it is not told where the atoms are, "
                "or they are those of a periodic cell; analyse it again, or give --diameters"
            )
        if not (math.isfinite(size) and size > 0.0):
            raise InputError(f"{one.label}: {size:g} nm is no diameter; give one above 0")
    return [size for size in told if size is not None]


def _common_filter(spectra: Sequence[Spectrum]) -> str:
    """Return the name of the filter that filtered gaps and traps of all particles are of."""
    for name in ("filtered", "size_aware"):
        if all(getattr(one.gap, name).gap_ev is not None for one in spectra):
            return name
    return "filtered"


def _point(one: Spectrum, diameter_nm: float, used: FilteredGap) -> SizePoint:
    """Return a particle with the gap and the traps of a filter."""
    valence_ev = difference(one.gap.homo_ev, used.valence_edge_ev)
    conduction_ev = difference(used.conduction_edge_ev, one.gap.lumo_ev)
    return SizePoint(
        one.label,
        one.formula,
        one.n_atoms,
        diameter_nm,
        one.gap.homo_lumo_gap_ev,
        used.gap_ev,
        used.n_valence_traps,
        used.n_conduction_traps,
        valence_ev if used.n_valence_traps is None or used.n_valence_traps else 0.0,
        conduction_ev if used.n_conduction_traps is None or used.n_conduction_traps else 0.0,
    )


def _fit(
    title: str, points: Sequence[SizePoint], field: str, exponent: float, notes: list[str]
) -> Confinement | None:
    """Fit a gap of the particles that have one, and note those that have none."""
    known = [(p.diameter_nm, gap) for p in points if (gap := getattr(p, field)) and gap > 0.0]
    without = [p.label for p in points if not (getattr(p, field) or 0.0) > 0.0]
    if without:
        notes.append(f"Without a {title}, and not in its fit: {', '.join(without)}.")
    sizes, gaps = zip(*known, strict=True) if known else ((), ())
    found = Confinement.fit(title, sizes, gaps, exponent)
    if found is None:
        notes.append(f"No fit of the {title}: that takes two sizes.")
    return found
