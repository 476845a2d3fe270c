"""What became of the bonds of a model: coordination, lengths, phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.bulk_displacement import known_displacements
from epicarve.record import Record

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints
    from epicarve.builder.geometry import BondRule
    from epicarve.builder.model import Model

    Bonded = tuple[Ints, Ints, Floats]

PHASE_KEPT = 0.8
"""A domain keeps its phase if at least this part of the bonds that its inner ions had before or
have after is there both before and after, and the ions have not moved too far."""

LARGEST_MOVE = 0.1
"""How far the inner ions may have moved against their neighbours, as a part of the mean length of
their bonds: as in Lindemann's rule for melting, beyond a tenth they have left their places."""


@dataclass(frozen=True)
class CoordinationChange(Record):
    """Neighbours of the ions of one element in one domain, before and after.

    Parameters
    ----------
    domain, element : str
        Which ions.
    n_atoms : int
        How many.
    mean_before, mean_after : float
        Mean number of opposite neighbours.
    n_changed : int
        Ions of which the number changed.
    histogram_before, histogram_after : dict of str to int
        Ions by their number of neighbours.
    """

    domain: str
    element: str
    n_atoms: int
    mean_before: float
    mean_after: float
    n_changed: int
    histogram_before: dict[str, int]
    histogram_after: dict[str, int]


@dataclass(frozen=True)
class BondLengths(Record):
    """The lengths of some bonds, in Å.

    Parameters
    ----------
    n_bonds : int
        How many.
    mean_a, std_a, min_a, max_a : float
        Mean, standard deviation and range of their lengths.
    """

    n_bonds: int
    mean_a: float
    std_a: float
    min_a: float
    max_a: float


@dataclass(frozen=True)
class BondChange(Record):
    """The bonds of a pair of elements, before and after.

    Parameters
    ----------
    pair : str
        Cation and anion: ``"Pb-S"``.
    longest_bond_a : float
        Distances up to this are bonds.
    before, after : BondLengths or None
        Their lengths; None where there is none.
    """

    pair: str
    longest_bond_a: float
    before: BondLengths | None
    after: BondLengths | None


@dataclass(frozen=True)
class PhaseChange(Record):
    """Whether the inner bonds of a domain are still the same.

    Parameters
    ----------
    kept : bool or None
        Whether the phase is kept (see `PHASE_KEPT`); None without an inner ion.
    bonds_kept : float or None
        Part of the bonds kept; None without an inner ion.
    n_bonds : int
        Their number before.
    rms_move_a : float or None
        How far ions moved against those they were bonded to, root mean square in Å for one ion:
        √(Σ|Δb|² / 2n) over the changes Δb of the n bond vectors. None without an inner ion.
    most_move_a : float or None
        The most at which the phase counts as kept, `LARGEST_MOVE` of the mean bond length.
    gfn1_bulk_rms_a : float or None
        How far GFN1-xTB moves the ions of the bulk crystal: what a relaxation with it owes to the
        method. None where that was not measured.
    """

    kept: bool | None
    bonds_kept: float | None
    n_bonds: int
    rms_move_a: float | None
    most_move_a: float | None
    gfn1_bulk_rms_a: float | None


def _numbers(model: Model, bonded: Bonded) -> Ints:
    return np.bincount(np.concatenate(bonded[:2]), minlength=model.n_atoms)


def coordination_rows(model: Model, then: Bonded, now: Bonded) -> tuple[CoordinationChange, ...]:
    """Count the neighbours of the ions of each element in each domain, before and after.

    Parameters
    ----------
    model : Model
        The model.
    then, now : tuple of ndarray
        Its bonds before and after, as `BondRule.bonds` returns them.

    Returns
    -------
    tuple of CoordinationChange
        One for each element of each domain.
    """
    before, after = _numbers(model, then), _numbers(model, now)
    rows = []
    for domain in model.domain_names:
        for symbol in model.domain(domain).counts:
            ions = (model.domains == domain) & (model.symbols == symbol)
            rows.append(
                CoordinationChange(
                    domain=domain,
                    element=symbol,
                    n_atoms=int(ions.sum()),
                    mean_before=round(float(before[ions].mean()), 4),
                    mean_after=round(float(after[ions].mean()), 4),
                    n_changed=int((before[ions] != after[ions]).sum()),
                    histogram_before=_histogram(before[ions]),
                    histogram_after=_histogram(after[ions]),
                )
            )
    return tuple(rows)


def _histogram(numbers: Ints) -> dict[str, int]:
    values, counts = np.unique(numbers, return_counts=True)
    return {str(value): n for value, n in zip(values.tolist(), counts.tolist(), strict=True)}


def bond_rows(model: Model, rule: BondRule, then: Bonded, now: Bonded) -> tuple[BondChange, ...]:
    """Describe the bond lengths of each pair of elements, before and after.

    Parameters
    ----------
    model, then, now
        As those of `coordination_rows`.
    rule : BondRule
        How long the bonds may be.

    Returns
    -------
    tuple of BondChange
        One for each pair of elements.
    """
    rows = []
    for (cation, anion), limit_a in rule.longest_a.items():
        before, after = (
            _lengths(
                lengths_a[(model.symbols[cations] == cation) & (model.symbols[anions] == anion)]
            )
            for cations, anions, lengths_a in (then, now)
        )
        rows.append(BondChange(f"{cation}-{anion}", round(limit_a, 4), before, after))
    return tuple(rows)


def _lengths(lengths_a: Floats) -> BondLengths | None:
    """Describe some bond lengths; None if there is none."""
    if not len(lengths_a):
        return None
    return BondLengths(
        n_bonds=len(lengths_a),
        mean_a=round(float(lengths_a.mean()), 4),
        std_a=round(float(lengths_a.std()), 4),
        min_a=round(float(lengths_a.min()), 4),
        max_a=round(float(lengths_a.max()), 4),
    )


def phases(
    model: Model, then: Bonded, now: Bonded, positions_a: Floats
) -> tuple[dict[str, PhaseChange], dict[str, str]]:
    """Tell of each domain whether its inner ions still have the same bonds, and keep their places.

    Inner ions are those that had all their bulk neighbours before. Strain and rotation keep their
    bonds; a change of phase or melting does not.

    Parameters
    ----------
    model, then, now
        As those of `coordination_rows`.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates after, in Å, laid onto those before.

    Returns
    -------
    phases : dict of str to PhaseChange
        By domain.
    reasons : dict of str to str
        Why something is None, by its dotted name.
    """
    n, inner = model.n_atoms, _numbers(model, then) >= model.bulk_coordination
    keys = []
    for cations, anions, _ in (then, now):
        chosen = inner[cations] | inner[anions]
        keys.append(np.unique(cations[chosen] * n + anions[chosen]))
    found: dict[str, PhaseChange] = {}
    reasons: dict[str, str] = {}
    for name in model.domain_names:
        of_domain = model.domains == name
        before, after = (key[of_domain[key // n] & of_domain[key % n]] for key in keys)
        either = np.union1d(before, after).size
        kept = np.intersect1d(before, after).size / either if either else None
        move_a, most_a = _moves(model.positions_a, positions_a, before // n, before % n)
        measured = known_displacements().get(name)
        found[name] = PhaseChange(
            kept=None if kept is None else kept >= PHASE_KEPT and move_a <= most_a,
            bonds_kept=None if kept is None else round(kept, 4),
            n_bonds=len(before),
            rms_move_a=None if kept is None else round(move_a, 4),
            most_move_a=None if kept is None else round(most_a, 4),
            gfn1_bulk_rms_a=None if measured is None else measured.rms_a,
        )
        if kept is None:
            reasons |= dict.fromkeys(
                (
                    f"phase.{name}.{field}"
                    for field in ("kept", "bonds_kept", "rms_move_a", "most_move_a")
                ),
                f"no ion of {name} has all its bulk neighbours, so there is no inner part to judge",
            )
        if measured is None:
            reasons[f"phase.{name}.gfn1_bulk_rms_a"] = (
                f"how far GFN1-xTB moves the ions of bulk {name} was not measured; if it relaxed "
                "the model, epicarve.dft.bulk_displacement tells"
            )
    return found, reasons


def _moves(
    before_a: Floats,
    after_a: Floats,
    cations: Ints,
    anions: Ints,
) -> tuple[float, float]:
    """Return how far ions moved against those they were bonded to, and how far they may."""
    if not cations.size:
        return 0.0, 0.0
    before, after = (where[anions] - where[cations] for where in (before_a, after_a))
    moved_a = np.sqrt(((after - before) ** 2).sum(axis=1).mean() / 2.0)
    return float(moved_a), LARGEST_MOVE * float(np.linalg.norm(before, axis=1).mean())
