"""The anatomy of traps: on which atoms each of them sits, and what kind of place that is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .filtered_gap import trap_states
from .own_groups import REST
from .site_kinds import Kind, kinds_by_level, number_word, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epicarve.arrays import Floats, Ints
    from epicarve.dft.states import OrbitalStates

    from .filtered_gap import FilteredGap
    from .sites import Sites

SHARES = (0.5, 0.9)
"""Parts of a trap for which the fewest atoms that hold it are listed."""

SITS_ON = 0.5
"""A trap sits on a kind of atoms that holds more than this part of it."""

SIDES = ("valence", "conduction")

MOST_KINDS = 3
"""Kinds of atoms that a sentence names before it sums up two or more others."""

COMPARED = (("element",), ("position",), ("domain",), ("group",))
"""Fields by which the share of all traps is compared to that of all states."""

STATES_OF = {"valence": "occupied", "conduction": "empty"}
"""Which states the traps of each side are compared to."""


@dataclass(frozen=True)
class Trap:
    """One trap state.

    Parameters
    ----------
    state : int
        Its column among the states, from 0.
    side : {"valence", "conduction"}
        Which band edge it belongs to: an occupied trap is a valence trap.
    depth_ev : float
        Distance in eV from the edge of the delocalised states, into the gap.
    atoms : ndarray of int, shape (n,)
        The fewest atoms that hold the last of `SHARES`, from 0, the largest weight first.
    weights : ndarray of float, shape (n,)
        Their weights.
    n_atoms : tuple of int
        How many of them hold each of `SHARES`.
    kind : tuple of (str, str)
        The narrowest kind of atoms that holds more than `SITS_ON` of the trap; empty if none does.
    kind_weight : float
        How much that kind holds; 0 if there is none.
    """

    state: int
    side: str
    depth_ev: float
    atoms: Ints
    weights: Floats
    n_atoms: tuple[int, ...]
    kind: Kind
    kind_weight: float


@dataclass(frozen=True)
class Share:
    """How much a kind of atoms holds of the traps of one side, and of all states of that side.

    Parameters
    ----------
    kind : tuple of (str, str)
        The kind of atoms.
    share : float
        The part of the traps' weight that it holds.
    base_share : float
        The part of the weight of all states of the side that it holds.
    """

    kind: Kind
    share: float
    base_share: float

    @property
    def enrichment(self) -> float:
        """How many times as much of the traps as of all states it holds: 1 tells nothing."""
        return self.share / self.base_share


@dataclass(frozen=True)
class Traps:
    """All traps at the edges of the filtered gap.

    Parameters
    ----------
    traps : tuple of Trap
        Valence traps from the edge upwards, then conduction traps from the edge downwards.
    reasons : dict of str to str
        For each side without a delocalised edge, hence without traps, why it has none.
    shares : dict of str to tuple of Share
        For each side that has traps, what each element, position, domain and own group holds of
        them.
    base_shares : dict of str to dict of Kind to float
        For each side that has traps, what each kind of atoms holds of all states of the side, traps
        or not, on average: what a trap would leave there by chance.
    """

    traps: tuple[Trap, ...]
    reasons: dict[str, str]
    shares: dict[str, tuple[Share, ...]]
    base_shares: dict[str, dict[Kind, float]]

    @classmethod
    def of(cls, states: OrbitalStates, filtered: FilteredGap, sites: Sites) -> Traps:
        """Take apart the traps between the edges that a filter leaves and the frontier orbitals.

        Parameters
        ----------
        states : OrbitalStates
            The states.
        filtered : FilteredGap
            What the filter leaves of them.
        sites : Sites
            What kind of place each atom is.

        Returns
        -------
        Traps
            The traps of both sides.
        """
        kinds, compared = kinds_by_level(sites), kinds_by_level(sites, COMPARED)
        traps_of = trap_states(states.energies_ev, states.is_occupied, filtered)
        found: list[Trap] = []
        reasons: dict[str, str] = {}
        shares: dict[str, tuple[Share, ...]] = {}
        base_shares: dict[str, dict[Kind, float]] = {}
        for side, edge_ev, reason, of_side in (
            ("valence", filtered.valence_edge_ev, filtered.valence_reason, states.is_occupied),
            (
                "conduction",
                filtered.conduction_edge_ev,
                filtered.conduction_reason,
                ~states.is_occupied,
            ),
        ):
            if edge_ev is None:
                reasons[side] = reason
                continue
            traps = traps_of[side]
            if not traps.size:
                continue
            depths_ev = np.abs(states.energies_ev[traps] - edge_ev)
            weights, base = states.weights[:, traps], _mean_weights(states.weights[:, of_side])
            found += _anatomies(weights, traps, side, depths_ev, kinds)
            base_shares[side] = _summed(base, kinds)
            shares[side] = _shares(_mean_weights(weights), base, compared)
        return cls(tuple(found), reasons, shares, base_shares)

    def of_side(self, side: str) -> tuple[Trap, ...]:
        """Return the traps of one of `SIDES`."""
        return tuple(trap for trap in self.traps if trap.side == side)

    def atom_weights(self, side: str, weights: Floats) -> Floats:
        """Sum the weight of each atom over the traps of one side, shape (n_atoms,)."""
        return np.asarray(weights[:, [trap.state for trap in self.of_side(side)]].sum(axis=1))

    def kinds(self, side: str) -> dict[Kind, int]:
        """Count the traps of one side by the kind of atoms they sit on, most frequent first."""
        counts = Counter(trap.kind for trap in self.of_side(side))
        return dict(sorted(counts.items(), key=lambda item: (not item[0], -item[1])))

    def share_of(self, side: str, kind: Kind) -> Share:
        """Return how much a kind of atoms holds of the traps of one side that sit on it."""
        mine = [trap for trap in self.of_side(side) if trap.kind == kind]
        share = float(np.mean([trap.kind_weight for trap in mine]))
        return Share(kind, share, self.base_shares[side][kind])

    def sentence(self, side: str) -> str:
        """Say on what the traps of one side sit.

        Returns
        -------
        str
            For instance "14 of 17 valence traps sit on two-coordinated S of the Pb4S3Cl2 surface
            (8.7 times its 9 % of all occupied states), 3 on no single kind of atoms; the surface
            holds 83 % of all, 1.1 times its 76 % of all occupied states". Every trap is counted
            once, under the narrowest kind of atoms that holds more than half of it.
        """
        if side in self.reasons:
            return f"no {side} traps can be told: {self.reasons[side]}"
        counts = self.kinds(side)
        total = sum(counts.values())
        if not total:
            return f"there is no {side} trap"
        told = [kind for kind in counts if kind]
        rest = told[MOST_KINDS:] if len(told) > MOST_KINDS + 1 else []
        parts = [
            (counts[kind], f"on {phrase(kind)} ({_base_rate(self.share_of(side, kind), side)})")
            for kind in told[: len(told) - len(rest)]
        ]
        if rest:
            n_rest = sum(counts[kind] for kind in rest)
            parts.append((n_rest, f"on {number_word(len(rest))} other kinds of atoms"))
        if () in counts:
            parts.append((counts[()], "on no single kind of atoms"))
        (first, where), *others = parts
        head = f"{first} of {total} {side} traps {'sit' if first > 1 else 'sits'} {where}"
        if total == 1:
            head = f"the one {side} trap sits {where}"
        sentence = ", ".join([head, *(f"{n} {place}" for n, place in others)])
        return "; ".join([sentence, *self._places(side)])

    def _places(self, side: str) -> Iterator[str]:
        """Yield how much of the traps of one side surface and interface hold."""
        for share in self.shares[side]:
            ((field, place),) = share.kind
            told = {"position": f"the {place}", "group": f"group {place}"}.get(field)
            if told is not None and place not in {"core", REST}:
                held = f"{told} holds {100 * share.share:.0f} % of all"
                yield f"{held}, {_base_rate(share, side)}"


def _base_rate(share: Share, side: str) -> str:
    return (
        f"{share.enrichment:.1f} times its {100 * share.base_share:.2g} % of all "
        f"{STATES_OF[side]} states"
    )


def _mean_weights(weights: Floats) -> Floats:
    """Return the mean weight of each atom in some states, of a sum of 1."""
    total = weights.sum(axis=1)
    return np.asarray(total / total.sum())


def _shares(
    weights: Floats,
    base: Floats,
    compared: Sequence[tuple[list[Kind], Ints]],
) -> tuple[Share, ...]:
    """Compare what kinds of atoms hold of traps and of all states, where there are several."""
    several = [(kinds, of_atom) for kinds, of_atom in compared if len(kinds) > 1]
    shares, base_shares = _summed(weights, several), _summed(base, several)
    return tuple(
        Share(kind, shares[kind], base_share)
        for kind, base_share in base_shares.items()
        if base_share > 0.0
    )


def _summed(weights: Floats, kinds: Sequence[tuple[list[Kind], Ints]]) -> dict[Kind, float]:
    """Sum the weights of the atoms of each kind."""
    return {
        kind: float(weight)
        for names, of_atom in kinds
        for kind, weight in zip(names, np.bincount(of_atom, weights, len(names)), strict=True)
    }


def _anatomies(
    weights: Floats,
    traps: Ints,
    side: str,
    depths_ev: Floats,
    kinds: Sequence[tuple[list[Kind], Ints]],
) -> Iterator[Trap]:
    """Take apart the traps whose atomic weights are given, shape (n_atoms, n_traps)."""
    order = np.argsort(-weights, axis=0, kind="stable")
    held = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0)
    # weights sum to 1 up to the digits of their file, so shares are of what is there
    needed = [(held < share * held[-1] * (1.0 - 1e-12)).sum(axis=0) + 1 for share in SHARES]
    by_level = [
        np.stack([np.bincount(of_atom, column, len(names)) for column in weights.T])
        for names, of_atom in kinds
    ]
    for k, state in enumerate(traps.tolist()):
        kind, kind_weight = _sits_on(
            [(names, w[k]) for (names, _), w in zip(kinds, by_level, strict=True)]
        )
        atoms = order[: needed[-1][k], k]
        yield Trap(
            state=state,
            side=side,
            depth_ev=float(depths_ev[k]),
            atoms=atoms,
            weights=weights[atoms, k],
            n_atoms=tuple(int(n[k]) for n in needed),
            kind=kind,
            kind_weight=kind_weight,
        )


def _sits_on(levels: Sequence[tuple[list[Kind], Floats]]) -> tuple[Kind, float]:
    """Return the first kind, narrow ones before wide, that holds enough of a trap."""
    for names, weights in levels:
        largest = int(np.argmax(weights))
        if weights[largest] > SITS_ON * weights.sum():
            return names[largest], float(weights[largest])
    return (), 0.0
