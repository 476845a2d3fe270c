"""Tauc plots: the onset of absorption as experiments read it off a spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats

GAPS = {"direct": 2.0, "indirect": 0.5}
"""Power of αE that rises in proportion to the distance from a gap of allowed transitions."""

STRAIGHT = 0.995
"""Least R² of a part of the curve that counts as straight."""

LEAST_WIDTH_EV = 0.3
"""A straight part is at least so wide, and at least `BROADENINGS` standard deviations."""

BROADENINGS = 4.0
"""A single broadened level must not look straight."""

NEARLY = 0.8
"""Parts of the curve are nearly as wide as the widest from this part of its width on."""

MOST_POINTS = 400
"""Points of a curve that lines are fitted to; more are thinned out."""


@dataclass(frozen=True)
class TaucFit:
    """A line through the straight part of a Tauc plot.

    Parameters
    ----------
    onset_ev : float
        Energy in eV at which the line is zero.
    slope : float
        Its slope, in units of the curve per eV.
    from_ev, to_ev : float
        The part of the curve that was fitted.
    r_squared : float
        Coefficient of determination of the line there.
    lowest_ev, highest_ev : float
        Range of the onsets of all parts of the curve that are straight.
    """

    onset_ev: float
    slope: float
    from_ev: float
    to_ev: float
    r_squared: float
    lowest_ev: float
    highest_ev: float


def tauc_curve(grid_ev: Floats, spectrum: Floats, power: float) -> Floats:
    """Return (αE)^power of a spectrum, α in units of oscillator strength per eV."""
    return np.asarray((spectrum * grid_ev) ** power)


def tauc_fit(
    grid_ev: Floats, spectrum: Floats, power: float, broadening_ev: float
) -> TaucFit | None:
    """Fit a line to the straight part of a Tauc plot (J. Tauc, R. Grigorovici, A. Vancu, 1966).

    A part is straight if the R² of a line is `STRAIGHT` or more, the curve at least doubles in it,
    so that the line is zero no further below than the part is wide, and it has the least width. Of
    those that are nearly as wide as the widest, the straightest is taken.

    Parameters
    ----------
    grid_ev, spectrum : ndarray of float, shape (n_grid,)
        Energies in eV, equally spaced, and oscillator strength per eV.
    power : float
        2 for direct gaps, 1/2 for indirect ones.
    broadening_ev : float
        Standard deviation of the Gaussians in the spectrum, in eV.

    Returns
    -------
    TaucFit or None
        None if no part is straight.

    Examples
    --------
    >>> energies = np.linspace(0.0, 4.0, 201)
    >>> spectrum = np.sqrt(np.maximum(energies - 1.5, 0.0)) / np.maximum(energies, 0.1)
    >>> round(tauc_fit(energies, spectrum, 2.0, 0.05).onset_ev, 2)
    1.5
    """
    stride = max(1, -(-len(grid_ev) // MOST_POINTS))
    energies, curve = grid_ev[::stride], tauc_curve(grid_ev, spectrum, power)[::stride]
    if len(energies) < 3 or not curve.any():
        return None
    middle, top = float(energies.mean()), float(curve.max())
    x, y = energies - middle, curve / top
    sums = [_running(part) for part in (np.ones_like(x), x, y, x * x, x * y, y * y)]
    width_ev = max(LEAST_WIDTH_EV, BROADENINGS * broadening_ev)
    least = int(np.ceil(width_ev / (energies[1] - energies[0]) - 1e-9))
    first, last = np.triu_indices(len(x), least)
    n, sx, sy, sxx, sxy, syy = (each[last + 1] - each[first] for each in sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_x, of_y, of_both = n * sxx - sx**2, n * syy - sy**2, n * sxy - sx * sy
        slope = of_both / of_x
        onset = (sx - sy / slope) / n
        r_squared = of_both**2 / (of_x * of_y)
        fits = (r_squared >= STRAIGHT) & (slope > 0.0) & (y[last] >= 2.0 * y[first])
        fits &= (onset >= 2.0 * x[first] - x[last]) & (onset + middle > 0.0)
    if not fits.any():
        return None
    first, last, onset, r_squared = first[fits], last[fits], onset[fits] + middle, r_squared[fits]
    widths = last - first
    best = int(np.where(widths >= NEARLY * widths.max(), r_squared, 0.0).argmax())
    return TaucFit(
        onset_ev=float(onset[best]),
        slope=float(top * slope[fits][best]),
        from_ev=float(energies[first[best]]),
        to_ev=float(energies[last[best]]),
        r_squared=float(r_squared[best]),
        lowest_ev=float(onset.min()),
        highest_ev=float(onset.max()),
    )


def _running(values: Floats) -> Floats:
    """Return sums of the first so many values, from none on."""
    return np.concatenate([[0.0], np.cumsum(values)])
