"""The gap between states that a filter keeps: at one threshold, at many, and its plateau."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from epicarve.analysis.options import N_IPR_OF_1S_ENVELOPE

from .localization import DEGENERATE_EV

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Bools, Floats, Ints


HIGHEST_THRESHOLD = 0.5
"""Plateaus of the gap end here at the latest: a filter above it keeps states on a pair of atoms."""

STEPS_PER_IPR = 1e6
"""Resolution of the thresholds of a scan: they are multiples of 1e-6."""


@dataclass(frozen=True)
class FilteredGap:
    """Band edges among the states that a threshold on their localization keeps.

    Parameters
    ----------
    measure : {"IPR", "N·IPR"}
        What the threshold is of.
    limit : float
        The threshold: states of a larger measure are traps.
    kept : ndarray of bool, shape (n_states,)
        Which states pass.
    valence_edge_ev : float or None
        Energy of the highest occupied state kept; None if none passes.
    conduction_edge_ev : float or None
        Energy of the lowest empty state kept; None if none passes.
    n_valence_traps : int or None
        Number of dropped states from above the valence edge up to the HOMO, those degenerate with
        the edge not among them; None without an edge.
    n_conduction_traps : int or None
        Number of dropped states from the LUMO up to below the conduction edge; None without one.
    valence_reason, conduction_reason : str
        Why that edge is None, empty if it is not.
    """

    measure: str
    limit: float
    kept: Bools = field(repr=False)
    valence_edge_ev: float | None
    conduction_edge_ev: float | None
    n_valence_traps: int | None
    n_conduction_traps: int | None
    valence_reason: str = ""
    conduction_reason: str = ""

    @property
    def gap_ev(self) -> float | None:
        """Distance of the edges in eV, None if one is missing."""
        return difference(self.conduction_edge_ev, self.valence_edge_ev)

    @property
    def n_edges(self) -> int:
        """Number of edges found, 0 to 2."""
        return (self.valence_edge_ev is not None) + (self.conduction_edge_ev is not None)

    @property
    def told(self) -> str:
        """What it keeps, such as ``"IPR ≤ 0.03"``."""
        return f"{self.measure} ≤ {self.limit:g}"


def trap_filter(
    energies_ev: Floats,
    occupied: Bools,
    measure: Floats,
    limit: float,
    name: Literal["IPR", "N·IPR"] = "IPR",
) -> FilteredGap:
    """Drop the states more localised than a limit and find the edges of those left.

    Parameters
    ----------
    energies_ev : ndarray, shape (n_states,)
        Energies in eV, in any order.
    occupied : ndarray of bool, shape (n_states,)
        Which states are occupied.
    measure : ndarray, shape (n_states,)
        Localization of each state, larger for the more localised: IPR, or N·IPR.
    limit : float
        Keep states of at most this measure.
    name : {"IPR", "N·IPR"}
        Name of the measure.

    Returns
    -------
    FilteredGap
        The edges, None with a reason where no state passes.

    Examples
    --------
    The HOMO at −1 eV is a trap; the valence edge lies at −2 eV.

    >>> found = trap_filter(
    ...     energies_ev=np.array([-2.0, -1.0, 1.0]),
    ...     occupied=np.array([True, True, False]),
    ...     measure=np.array([0.01, 0.40, 0.02]),
    ...     limit=0.03,
    ... )
    >>> found.gap_ev, found.n_valence_traps, found.n_conduction_traps
    (3.0, 1, 0)
    """
    valence_edge_ev, n_valence_traps, valence_reason = _edge(
        -energies_ev, occupied, measure, limit, name=name, which="occupied"
    )
    conduction_edge_ev, n_conduction_traps, conduction_reason = _edge(
        energies_ev, ~occupied, measure, limit, name=name, which="empty"
    )
    return FilteredGap(
        measure=name,
        limit=limit,
        kept=measure <= limit,
        valence_edge_ev=None if valence_edge_ev is None else -valence_edge_ev,
        conduction_edge_ev=conduction_edge_ev,
        n_valence_traps=n_valence_traps,
        n_conduction_traps=n_conduction_traps,
        valence_reason=valence_reason,
        conduction_reason=conduction_reason,
    )


def threshold_scan(energies_ev: Floats, occupied: Bools, ipr: Floats) -> tuple[FilteredGap, ...]:
    """Return the filtered gap at every threshold where an edge of it moves.

    Going away from the gap, an edge can only be a state of lower IPR than all states before it. So
    the gap is a step function of the threshold with few steps, and these are all of them: each
    entry holds from its own limit up to the next one's.

    Parameters
    ----------
    energies_ev : ndarray, shape (n_states,)
        Energies in eV, in any order.
    occupied : ndarray of bool, shape (n_states,)
        Which states are occupied.
    ipr : ndarray, shape (n_states,)
        Inverse participation ratio of each state.

    Returns
    -------
    tuple of FilteredGap
        By ascending limit, each rounded up to 1e-6; the last is the gap without a filter.

    Examples
    --------
    >>> scan = threshold_scan(
    ...     energies_ev=np.array([-2.0, -1.0, 1.0]),
    ...     occupied=np.array([True, True, False]),
    ...     ipr=np.array([0.01, 0.40, 0.02]),
    ... )
    >>> [(step.limit, step.gap_ev) for step in scan]
    [(0.01, None), (0.02, 3.0), (0.4, 2.0)]
    """
    lowest_iprs = [
        np.minimum.accumulate(ipr[side][np.argsort(sign * energies_ev[side], kind="stable")])
        for side, sign in ((occupied, -1.0), (~occupied, 1.0))
    ]
    lowest = np.concatenate(lowest_iprs)
    steps = np.ceil(lowest * STEPS_PER_IPR)
    steps += steps / STEPS_PER_IPR < lowest  # a product rounded down to a whole number
    limits = np.unique(steps) / STEPS_PER_IPR
    return tuple(trap_filter(energies_ev, occupied, ipr, limit) for limit in limits.tolist())


@dataclass(frozen=True)
class Plateau:
    """A range of thresholds over which the gap hardly changes.

    Parameters
    ----------
    ipr_from, ipr_to : float
        The range; `ipr_to` itself is not in it.
    gap_ev : float
        The gap in the middle of the range, on a logarithmic axis, in eV.
    """

    ipr_from: float
    ipr_to: float
    gap_ev: float

    def holds(self, limit: float) -> bool:
        """Whether a threshold lies in the range."""
        return self.ipr_from <= limit < self.ipr_to


def sensible_thresholds(n_atoms: int, n_ipr_to: float) -> tuple[float, float]:
    """Return the range of thresholds on the IPR in which a plateau means something.

    Below it even the 1S envelope of an ideal quantum dot would be dropped; above it states are kept
    that sit on a handful of the atoms.

    Parameters
    ----------
    n_atoms : int
        Number of atoms.
    n_ipr_to : float
        The N·IPR at which states sit on a handful of the atoms: N_eff / N is its inverse.

    Returns
    -------
    tuple of float
        No more than `HIGHEST_THRESHOLD`, so that the range is empty for a few atoms.

    Examples
    --------
    >>> sensible_thresholds(1000, 20.0)
    (0.002815, 0.02)
    """
    return N_IPR_OF_1S_ENVELOPE / n_atoms, min(n_ipr_to / n_atoms, HIGHEST_THRESHOLD)


def plateau(
    scan: Sequence[FilteredGap], tolerance_ev: float, within: tuple[float, float]
) -> Plateau | None:
    """Find the widest range of thresholds over which the gap changes by no more than a tolerance.

    The width is a ratio: from 0.01 to 0.02 is as wide as from 0.1 to 0.2. Of equally wide ranges
    the lowest counts. A threshold on the plateau is a choice on which the gap does not depend.

    Parameters
    ----------
    scan : sequence of FilteredGap
        What `threshold_scan` returns. The gap never grows from one to the next.
    tolerance_ev : float
        Largest difference in eV between the gaps of the range, such as the broadening.
    within : tuple of float
        The thresholds looked at, such as `sensible_thresholds`.

    Returns
    -------
    Plateau or None
        None if none of these thresholds leaves a gap.

    Examples
    --------
    >>> scan = threshold_scan(
    ...     energies_ev=np.array([-2.0, -1.0, 1.0]),
    ...     occupied=np.array([True, True, False]),
    ...     ipr=np.array([0.01, 0.40, 0.02]),
    ... )
    >>> plateau(scan, tolerance_ev=0.1, within=(0.01, 0.3))
    Plateau(ipr_from=0.02, ipr_to=0.3, gap_ev=3.0)
    """
    known = [(step.limit, step.gap_ev) for step in scan if step.gap_ev is not None]
    if not known:
        return None
    starts = np.maximum([limit for limit, _ in known], within[0])
    ends = np.minimum([*(limit for limit, _ in known[1:]), np.inf], within[1])
    inside = np.flatnonzero(starts < ends)
    if not inside.size:
        return None
    limits, ends = starts[inside], ends[inside]
    gaps_ev = np.array([gap_ev for _, gap_ev in known])[inside]
    last = np.searchsorted(-gaps_ev, tolerance_ev - gaps_ev + 1e-9, side="right") - 1
    ratios = ends[last] / limits
    first = int(np.argmax(np.round(ratios, 9)))
    ipr_from, ipr_to = float(limits[first]), float(ends[last[first]])
    middle = np.searchsorted(limits, np.sqrt(ipr_from * ipr_to), side="right") - 1
    return Plateau(ipr_from, ipr_to, float(gaps_ev[max(int(middle), first)]))


def difference(upper: float | None, lower: float | None) -> float | None:
    """Subtract energies of which one may not exist."""
    return None if upper is None or lower is None else upper - lower


def before_edge(depths_ev: Floats, side: Bools, edge_ev: float) -> Bools:
    """Tell which states of one side lie before an edge, seen from the gap: its traps.

    Parameters
    ----------
    depths_ev : ndarray, shape (n_states,)
        Energies in eV counted into the band: upwards for empty states, downwards for occupied ones.
    side : ndarray of bool, shape (n_states,)
        States of that side.
    edge_ev : float
        Depth of the first state kept.

    Returns
    -------
    ndarray of bool, shape (n_states,)
        States degenerate with the edge are not among them.
    """
    return np.asarray(side & (depths_ev < edge_ev - DEGENERATE_EV))


def trap_states(energies_ev: Floats, occupied: Bools, filtered: FilteredGap) -> dict[str, Ints]:
    """Return the traps of each side that has an edge, in their order from the edge into the gap.

    Parameters
    ----------
    energies_ev : ndarray, shape (n_states,)
        Energies in eV, in any order.
    occupied : ndarray of bool, shape (n_states,)
        Which states are occupied.
    filtered : FilteredGap
        What a filter leaves of them.

    Returns
    -------
    dict
        Indices of states by ``"valence"`` and ``"conduction"``.

    Examples
    --------
    >>> energies_ev = np.array([-2.0, -1.5, -1.0, 1.0])
    >>> occupied = energies_ev < 0.0
    >>> found = trap_filter(energies_ev, occupied, np.array([0.01, 0.2, 0.4, 0.02]), 0.03)
    >>> {side: traps.tolist() for side, traps in trap_states(energies_ev, occupied, found).items()}
    {'valence': [1, 2], 'conduction': []}
    """
    found = {}
    for side, edge_ev, sign, of_side in (
        ("valence", filtered.valence_edge_ev, -1.0, occupied),
        ("conduction", filtered.conduction_edge_ev, 1.0, ~occupied),
    ):
        if edge_ev is not None:
            traps = np.flatnonzero(before_edge(sign * energies_ev, of_side, sign * edge_ev))
            depths_ev = sign * (edge_ev - energies_ev[traps])
            found[side] = traps[np.argsort(depths_ev, kind="stable")]
    return found


def _edge(
    depths_ev: Floats,
    side: Bools,
    measure: Floats,
    limit: float,
    *,
    name: str,
    which: str,
) -> tuple[float | None, int | None, str]:
    """Return the least deep state of one side that passes, how many lie before it, or why none."""
    passing = side & (measure <= limit)
    if passing.any():
        edge_ev = float(depths_ev[passing].min())
        return edge_ev, int(np.count_nonzero(before_edge(depths_ev, side, edge_ev))), ""
    if not side.any():
        return None, None, f"there is no {which} state"
    n_states, lowest = int(side.sum()), float(measure[side].min())
    if n_states == 1:
        return None, None, f"the one {which} state has an {name} of {lowest:.4g}, above {limit:g}"
    reason = f"none of the {n_states} {which} states has an {name} of at most {limit:g}"
    return None, None, f"{reason}; the lowest is {lowest:.4g}"
