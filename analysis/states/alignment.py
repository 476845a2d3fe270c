"""Level alignment of the two domains of a heterostructure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .dos import by_domain
from .filtered_gap import difference

if TYPE_CHECKING:
    from epicarve.arrays import Bools
    from epicarve.builder.model import Model
    from epicarve.dft.states import OrbitalStates

    from .dos import Groups

DOMINANT_WEIGHT = 0.5
"""A state belongs to the domain that holds at least this much of it."""


@dataclass(frozen=True)
class DomainEdges:
    """Band edges of one domain or group in eV, None where no delocalised state belongs to it.

    Parameters
    ----------
    valence_edge_ev : float or None
        Energy of the highest occupied state kept that belongs to the domain.
    conduction_edge_ev : float or None
        Energy of the lowest empty state kept that belongs to the domain.
    """

    valence_edge_ev: float | None
    conduction_edge_ev: float | None


@dataclass(frozen=True)
class Alignment:
    """How the band edges of two domains stand to each other.

    Parameters
    ----------
    type : {"I", "II", "III", "quasi-type-II"} or None
        See `alignment_type`.
    valence_offset_ev, conduction_offset_ev : float or None
        Edge of the first domain minus edge of the second, in eV.
    margin_ev : float or None
        Smallest shift of one edge, in eV, that would give another type.
    reason : str
        Why something is None, empty if nothing is.
    """

    type: str | None = None
    valence_offset_ev: float | None = None
    conduction_offset_ev: float | None = None
    margin_ev: float | None = None
    reason: str = ""


def domain_edges(states: OrbitalStates, kept: Bools, model: Model) -> dict[str, DomainEdges]:
    """Find the band edges of each domain among its delocalised states.

    A state belongs to a domain if half of its weight or more is there, so a state that spreads over
    two domains belongs to the one that holds more of it.

    Parameters
    ----------
    states : OrbitalStates
        The states of the model.
    kept : ndarray of bool, shape (n_states,)
        Which states the trap filter keeps.
    model : Model
        The model, with a domain for each atom.

    Returns
    -------
    dict
        Edges by the name of the domain, in the model's order.
    """
    return group_edges(states, kept, by_domain(model))


def group_edges(states: OrbitalStates, kept: Bools, groups: Groups) -> dict[str, DomainEdges]:
    """Find the band edges of each group of atoms, as `domain_edges` does of domains.

    Parameters
    ----------
    states : OrbitalStates
        The states of the atoms.
    kept : ndarray of bool, shape (n_states,)
        Which states the trap filter keeps.
    groups : Groups
        A partition of the atoms.

    Returns
    -------
    dict
        Edges by the name of the group.
    """
    belongs = groups.weights(states.weights) >= DOMINANT_WEIGHT
    edges = {}
    for name, mine in zip(groups.names, belongs, strict=True):
        occupied = states.energies_ev[kept & mine & states.is_occupied]
        empty = states.energies_ev[kept & mine & ~states.is_occupied]
        edges[name] = DomainEdges(
            valence_edge_ev=float(occupied.max()) if occupied.size else None,
            conduction_edge_ev=float(empty.min()) if empty.size else None,
        )
    return edges


def alignment_type(
    valence_edges_ev: tuple[float, float],
    conduction_edges_ev: tuple[float, float],
    tolerance_ev: float,
) -> str:
    """Classify two pairs of band edges.

    Parameters
    ----------
    valence_edges_ev, conduction_edges_ev : tuple of float
        Edges of the first and of the second domain in eV.
    tolerance_ev : float
        Offsets smaller than this count as none.

    Returns
    -------
    str
        "III" if one domain's conduction edge lies below the other's valence edge (broken gap);
        else "quasi-type-II" if an offset is below the tolerance; "I" if both edges of the smaller
        gap lie within the larger gap; "II" if the gaps are staggered.

    Examples
    --------
    >>> alignment_type((-5.0, -6.0), (-3.0, -2.0), tolerance_ev=0.1)
    'I'
    >>> alignment_type((-5.0, -6.0), (-2.0, -3.0), tolerance_ev=0.1)
    'II'
    >>> alignment_type((-5.0, -6.0), (-3.02, -3.0), tolerance_ev=0.1)
    'quasi-type-II'
    >>> alignment_type((-2.0, -6.0), (-1.0, -3.0), tolerance_ev=0.1)
    'III'
    """
    if min(conduction_edges_ev) < max(valence_edges_ev):
        return "III"
    valence_offset = valence_edges_ev[0] - valence_edges_ev[1]
    conduction_offset = conduction_edges_ev[0] - conduction_edges_ev[1]
    if min(abs(valence_offset), abs(conduction_offset)) < tolerance_ev:
        return "quasi-type-II"
    return "II" if valence_offset * conduction_offset > 0 else "I"


def alignment_margin_ev(
    valence_edges_ev: tuple[float, float],
    conduction_edges_ev: tuple[float, float],
    tolerance_ev: float,
) -> float:
    """Return how far two pairs of band edges are from another type of alignment.

    Parameters
    ----------
    valence_edges_ev, conduction_edges_ev, tolerance_ev
        As those of `alignment_type`.

    Returns
    -------
    float
        The smallest shift of one edge, in eV, at which `alignment_type` changes. Of a quasi type
        whose offsets are both below the tolerance, no shift of one edge gives type I or II, only
        one that breaks the gap gives another.

    Examples
    --------
    >>> round(alignment_margin_ev((-5.0, -6.0), (-3.0, -2.8), tolerance_ev=0.1), 9)
    0.1
    """
    overlap_ev = max(valence_edges_ev) - min(conduction_edges_ev)
    if overlap_ev > 0.0:
        return overlap_ev
    smallest_ev, largest_ev = sorted(
        abs(first - second) for first, second in (valence_edges_ev, conduction_edges_ev)
    )
    if largest_ev < tolerance_ev:
        return -overlap_ev
    return min(-overlap_ev, abs(smallest_ev - tolerance_ev))


def align(edges: dict[str, DomainEdges], tolerance_ev: float) -> Alignment:
    """Compare the edges of two domains.

    Parameters
    ----------
    edges : dict
        Edges by the name of the domain.
    tolerance_ev : float
        Offsets smaller than this count as none: the broadening.

    Returns
    -------
    Alignment
        With None and a reason unless there are two domains with both edges each. States of one
        calculation are filled from below, so they never show a broken gap by themselves.
    """
    if len(edges) != 2:
        number = f"the model has {len(edges)}" if edges else "no model was given that names them"
        return Alignment(reason=f"levels are aligned between two domains, and {number}")
    lacking = [
        f"{name} has no delocalised {which} state"
        for name, domain in edges.items()
        for which, edge in (
            ("occupied", domain.valence_edge_ev),
            ("empty", domain.conduction_edge_ev),
        )
        if edge is None
    ]
    (v1, c1), (v2, c2) = (
        (domain.valence_edge_ev, domain.conduction_edge_ev) for domain in edges.values()
    )
    kind = margin_ev = None
    if v1 is not None and c1 is not None and v2 is not None and c2 is not None:
        kind = alignment_type((v1, v2), (c1, c2), tolerance_ev)
        margin_ev = alignment_margin_ev((v1, v2), (c1, c2), tolerance_ev)
    return Alignment(
        type=kind,
        valence_offset_ev=difference(v1, v2),
        conduction_offset_ev=difference(c1, c2),
        margin_ev=margin_ev,
        reason="; ".join(lacking),
    )
