"""Cations across an interface: whether they stay in line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.crystal import CONTACT_RANGE_A, first_shell_limit_a
from epicarve.builder.geometry import kabsch
from epicarve.record import Record

if TYPE_CHECKING:
    from epicarve.analysis.states import Axis
    from epicarve.arrays import Floats
    from epicarve.builder.model import Model

STAYS = 0.2
"""A cation stays in line with one across the interface if their offset in the plane changes by no
more than this part of the spacing of the cations in it."""


@dataclass(frozen=True)
class CationAlignment(Record):
    """The cations across a flat interface, before and after.

    Parameters
    ----------
    n_pairs : int
        Pairs of nearest cations of the two domains.
    spacing_a : float
        Spacing of the cations in the plane in Å.
    gap_before_a, gap_after_a : float
        Mean distance of the pairs along the normal in Å.
    rms_offset_before_a, rms_offset_after_a : float
        Root mean square offset of the pairs in the plane in Å.
    rms_change_a : float
        Root mean square change of the offsets in Å.
    in_line_fraction : float
        Part of the pairs that stay in line (see `STAYS`).
    """

    n_pairs: int
    spacing_a: float
    gap_before_a: float
    gap_after_a: float
    rms_offset_before_a: float
    rms_offset_after_a: float
    rms_change_a: float
    in_line_fraction: float


def cation_alignment(
    model: Model, after_a: Floats, axis: Axis
) -> tuple[CationAlignment | None, str]:
    """Follow the offsets in the plane between cations across a flat interface.

    They are taken between the nearest cations of the two domains: those within the first shell of
    distances before. The second domain is laid onto itself, so that only what the first one does
    relative to it counts.

    Parameters
    ----------
    model : Model
        The model before.
    after_a : ndarray of float, shape (n_atoms, 3)
        Its ions after, in Å.
    axis : Axis
        The normal of the interface.

    Returns
    -------
    alignment : CationAlignment or None
        How they lie before and after.
    reason : str
        Why there is none, empty if there is one.
    """
    if axis.normal is None:
        return None, "the model has no flat interface between two domains"
    normal, cations = np.array(axis.normal), model.charges > 0
    above, below = (
        np.flatnonzero(cations & (model.domains == name)) for name in model.domain_names
    )
    near = cKDTree(model.positions_a[above]).sparse_distance_matrix(
        cKDTree(model.positions_a[below]), CONTACT_RANGE_A, output_type="ndarray"
    )
    if len(near):
        near = np.sort(near[near["v"] <= first_shell_limit_a(near["v"])], order=["i", "j"])
    if len(np.unique(near["i"])) < 2:
        return None, "fewer than two cations face one of the other domain across the interface"
    first, second = above[near["i"]], below[near["j"]]

    def apart(positions_a: Floats) -> tuple[Floats, Floats]:
        vectors = positions_a[first] - positions_a[second]
        heights = vectors @ normal
        return heights, vectors - heights[:, None] * normal

    heights, offsets = apart(model.positions_a)
    second_domain = model.domains == model.domain_names[1]
    fit = kabsch(after_a[second_domain], model.positions_a[second_domain])
    heights_after, offsets_after = apart(fit.applied(after_a))
    moved_a = np.linalg.norm(offsets_after - offsets, axis=1)
    layer = model.positions_a[np.unique(first)]
    spacing_a = float(np.median(cKDTree(layer).query(layer, k=2)[0][:, 1]))
    return CationAlignment(
        n_pairs=len(near),
        spacing_a=round(spacing_a, 4),
        gap_before_a=round(float(heights.mean()), 4),
        gap_after_a=round(float(heights_after.mean()), 4),
        rms_offset_before_a=_rms(offsets),
        rms_offset_after_a=_rms(offsets_after),
        rms_change_a=round(float(np.sqrt((moved_a**2).mean())), 4),
        in_line_fraction=round(float((moved_a <= STAYS * spacing_a).mean()), 4),
    ), ""


def _rms(vectors_a: Floats) -> float:
    return round(float(np.sqrt((vectors_a**2).sum(axis=1).mean())), 4)
