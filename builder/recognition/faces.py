"""Where a domain ends along a plane, and on which layer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import termination
from epicarve.builder.interfaces import every_termination
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints
    from epicarve.builder.crystal import Crystal, Termination

    from .domain import Domain
    from .planes import Plane

FILLED = 0.5
"""The outermost layer of a face is the last one that is filled so far, against the fullest."""

SAME_CUT_A = 1e-3
"""Cuts whose heights differ by no more, in Å and beside whole layers, are the same."""


def outermost_cut(domain: Domain, hkl: Plane) -> tuple[float, Termination]:
    """Return where a domain ends along a plane's normal, in Å in the frame of its crystal.

    The cut runs above the outermost layer that is at least half as full as the fullest one.
    """
    crystal = domain.crystal
    normal, spacing = crystal.direction(hkl), crystal.spacing_a(hkl)
    cuts = sorted(every_termination(crystal, hkl), key=lambda one: one.offset_a)
    offsets = np.array([one.offset_a for one in cuts])

    def layer_of(heights: Floats) -> Ints:
        """Return the number of the cut above each height, counted through all periods."""
        period = np.floor(heights / spacing)
        above = np.searchsorted(offsets, heights - period * spacing)
        return np.asarray(period * len(cuts) + above, dtype=np.int64)

    sites = np.bincount(layer_of(crystal.positions_a @ normal) % len(cuts), minlength=len(cuts))
    members = layer_of(domain.places_a[domain.members] @ normal)
    layers, counts = np.unique(members, return_counts=True)
    filled = counts / sites[layers % len(cuts)]
    outermost = int(layers[filled >= FILLED * filled.max()].max())
    period, cut = divmod(outermost, len(cuts))
    return float(offsets[cut] + period * spacing), cuts[cut]


def is_natural(crystal: Crystal, hkl: Plane, layer: str, cut_a: float) -> bool:
    """Return whether a cut is the one that a recipe takes for a plane and an outermost layer."""
    with contextlib.suppress(InputError):
        spacing = crystal.spacing_a(hkl)
        away = (cut_a - termination(crystal, hkl, layer).offset_a) / spacing
        return abs(away - round(away)) * spacing <= SAME_CUT_A
    return False
