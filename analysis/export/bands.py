"""The table of bands: bands.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

from .tables import labels

if TYPE_CHECKING:
    from epicarve.analysis.states import Analysis

LEAST = 0.01
"""Weights that are a smaller part of the largest one are not listed."""


def bands_csv(analysis: Analysis) -> str:
    """Return a line for each state at each point of a path where its weight is not small.

    Parameters
    ----------
    analysis : Analysis
        Results with bands.

    Returns
    -------
    str
        Comma-separated values under the header ``crystal,from,to,place,kx,ky,kz,state,spin,
        energy_ev,weight``: the ends of the part of the path, the place on it from 0 to 1, k in
        units of the reciprocal vectors of the primitive cell, and the state as numbered in
        states.csv.
    """
    if not analysis.bands:
        raise InputError("there are no bands; ask for them by bands=True")
    numbers, spins = labels(analysis.states)
    lines = ["crystal,from,to,place,kx,ky,kz,state,spin,energy_ev,weight"]
    for bands in analysis.bands:
        floor, row = LEAST * float(bands.weights.max(initial=0.0)), 0
        for segment in bands.zone.path.segments:
            for place, point in zip(segment.places, segment.fractional, strict=True):
                at = ",".join(f"{x:.6f}" for x in (place, *point + 0.0))
                head = f"{bands.zone.name},{segment.start},{segment.end},{at}"
                for n in np.flatnonzero(bands.weights[row] >= max(floor, 1e-12)).tolist():
                    state = int(bands.states[n])
                    lines.append(
                        f"{head},{numbers[state]},{spins[state]},{bands.energies_ev[n]:.6f},"
                        f"{bands.weights[row, n]:.4f}"
                    )
                row += 1
    return "\n".join(lines) + "\n"
