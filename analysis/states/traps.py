"""The anatomy of traps: on which atoms each of them sits, and what kind of place that is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .gap import before_edge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from epicarve.dft.states import OrbitalStates

    from .gap import FilteredGap
    from .sites import Sites

SHARES = (0.5, 0.9)
"""Parts of a trap for which the fewest atoms that hold it are listed."""

SITS_ON = 0.5
"""A trap sits on a kind of atoms that holds more than this part of it."""

SIDES = ("valence", "conduction")

LEVELS = (
    ("element", "coordination", "position", "domain"),
    ("element", "position", "domain"),
    ("element", "domain"),
    ("position", "domain"),
    ("element",),
    ("domain",),
)
"""Kinds of atoms from narrow to wide: a trap sits on the first kind that holds enough of it."""

MOST_KINDS = 3
"""Kinds of atoms that a sentence names before it sums up two or more others."""

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

Kind = tuple[tuple[str, str], ...]
"""A kind of atoms as pairs of field and value, such as (("element", "S"), ("domain", "PbS"))."""


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
    atoms: NDArray[np.int64]
    weights: NDArray[np.float64]
    n_atoms: tuple[int, ...]
    kind: Kind
    kind_weight: float


@dataclass(frozen=True)
class Traps:
    """All traps at the edges of the filtered gap.

    Parameters
    ----------
    traps : tuple of Trap
        Valence traps from the edge upwards, then conduction traps from the edge downwards.
    reasons : dict of str to str
        For each side without a delocalised edge, hence without traps, why it has none.
    """

    traps: tuple[Trap, ...]
    reasons: dict[str, str]

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
        occupied = states.is_occupied
        kinds = _kinds_by_level(sites)
        found: list[Trap] = []
        reasons = {}
        for side, edge_ev, reason, sign, of_side in (
            ("valence", filtered.valence_edge_ev, filtered.valence_reason, -1.0, occupied),
            ("conduction", filtered.conduction_edge_ev, filtered.conduction_reason, 1.0, ~occupied),
        ):
            if edge_ev is None:
                reasons[side] = reason
                continue
            depths_ev = sign * (edge_ev - states.energies_ev)
            traps = np.flatnonzero(before_edge(sign * states.energies_ev, of_side, sign * edge_ev))
            traps = traps[np.argsort(depths_ev[traps], kind="stable")]
            found += _anatomies(states.weights[:, traps], traps, side, depths_ev[traps], kinds)
        return cls(tuple(found), reasons)

    def of_side(self, side: str) -> tuple[Trap, ...]:
        """Return the traps of one of `SIDES`."""
        return tuple(trap for trap in self.traps if trap.side == side)

    def atom_weights(self, side: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum the weight of each atom over the traps of one side, shape (n_atoms,)."""
        return np.asarray(weights[:, [trap.state for trap in self.of_side(side)]].sum(axis=1))

    def kinds(self, side: str) -> dict[Kind, int]:
        """Count the traps of one side by the kind of atoms they sit on, most frequent first."""
        counts = Counter(trap.kind for trap in self.of_side(side))
        return dict(sorted(counts.items(), key=lambda item: (not item[0], -item[1])))

    def sentence(self, side: str) -> str:
        """Say on what the traps of one side sit.

        Returns
        -------
        str
            For instance "14 of 17 valence traps sit on two-coordinated S of the Pb4S3Cl2 surface,
            3 on S of the Pb4S3Cl2 surface". Every trap is counted once, under the narrowest kind
            of atoms that holds more than half of it.
        """
        if side in self.reasons:
            return f"no {side} traps can be told: {self.reasons[side]}"
        counts = self.kinds(side)
        total = sum(counts.values())
        if not total:
            return f"there is no {side} trap"
        told = [kind for kind in counts if kind]
        rest = told[MOST_KINDS:] if len(told) > MOST_KINDS + 1 else []
        parts = [(counts[kind], f"on {_phrase(kind)}") for kind in told[: len(told) - len(rest)]]
        if rest:
            n_rest = sum(counts[kind] for kind in rest)
            parts.append((n_rest, f"on {_word(len(rest))} other kinds of atoms"))
        if () in counts:
            parts.append((counts[()], "on no single kind of atoms"))
        (first, where), *others = parts
        if total == 1:
            return f"the one {side} trap sits {where}"
        head = f"{first} of {total} {side} traps {'sit' if first > 1 else 'sits'} {where}"
        return ", ".join([head, *(f"{n} {place}" for n, place in others)])


def _anatomies(
    weights: NDArray[np.float64],
    traps: NDArray[np.int64],
    side: str,
    depths_ev: NDArray[np.float64],
    kinds: Sequence[tuple[list[Kind], NDArray[np.int64]]],
) -> Iterator[Trap]:
    """Take apart the traps whose atomic weights are given, shape (n_atoms, n_traps)."""
    order = np.argsort(-weights, axis=0, kind="stable")
    held = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0)
    # weights sum to 1 up to the digits of their file, so shares are of what is there
    needed = [(held < share * held[-1] * (1.0 - 1e-12)).sum(axis=0) + 1 for share in SHARES]
    by_level = [
        np.stack([np.bincount(of_atom, column, len(names)) for column in weights.T])
        for names, of_atom in kinds
        if len(traps)
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


def _sits_on(levels: Sequence[tuple[list[Kind], NDArray[np.float64]]]) -> tuple[Kind, float]:
    """Return the first kind, narrow ones before wide, that holds enough of a trap."""
    for names, weights in levels:
        largest = int(np.argmax(weights))
        if weights[largest] > SITS_ON * weights.sum():
            return names[largest], float(weights[largest])
    return (), 0.0


def _kinds_by_level(sites: Sites) -> list[tuple[list[Kind], NDArray[np.int64]]]:
    """Return, for each level that is known, the kinds of atoms and the kind of each atom."""
    columns = {
        "element": sites.symbols,
        "coordination": sites.coordination,
        "position": sites.positions,
        "domain": sites.domains,
    }
    words = {name: c.astype(str).tolist() for name, c in columns.items() if c is not None}
    levels = dict.fromkeys(tuple(f for f in level if f in words) for level in LEVELS)
    found = []
    for fields in filter(None, levels):
        rows = zip(*(words[field] for field in fields), strict=True)
        of_atom = [tuple(zip(fields, row, strict=True)) for row in rows]
        index = {kind: i for i, kind in enumerate(dict.fromkeys(of_atom))}
        found.append((list(index), np.array([index[kind] for kind in of_atom])))
    return found


def _word(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _phrase(kind: Kind) -> str:
    """Put a kind of atoms into words."""
    told = dict(kind)
    told_apart = {"element", "position", "domain"} <= told.keys()  # all but the coordination
    words = ["differently coordinated"] if told_apart else []
    if "coordination" in told:
        words = [f"{_word(int(told['coordination']))}-coordinated"]
    words.append(told.get("element", "ions"))
    place = " ".join(told[field] for field in ("domain", "position") if field in told)
    return " ".join(words) + (f" of {'the ' if 'position' in told else ''}{place}" if place else "")
