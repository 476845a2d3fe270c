"""The surface shell of a plain cut: which ions may be edited, and what surrounds them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from epicarve.errors import InputError

from .frame import in_grains, own_frames
from .strong_bonds import strong_bonds_needed
from .treatment_options import outer_share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Bools, Floats, Ints
    from epicarve.builder.shapes import LatticeIons

    from .candidates import Candidates

BULK_SHARE = Fraction(1, 3)
"""Share of its bulk neighbours that an ion must keep, rounded up, unless told otherwise."""

STEP_A = 0.5
"""Grain of fidelity in Å: an edit costs one step, and one more for each of this in depth."""

SURFACE_A = 1e-6
"""An ion this far outside the surface, in Å, still counts as inside."""


def minimum_coordination(ions: LatticeIons, given: Mapping[str, int]) -> Ints:
    """Return the fewest opposite neighbours that each ion must keep, shape (n_ions,).

    Parameters
    ----------
    ions : LatticeIons
        The ions of the cut.
    given : mapping of str to int
        Minima by element that replace the default of a third of the bulk's, rounded up.
    """
    crystal = ions.crystal
    foreign = [symbol for symbol in given if symbol not in crystal.charge_of]
    if foreign:
        raise InputError(
            f"min_coordination names {', '.join(foreign)}, which is not in {crystal.name}; "
            f"it holds {', '.join(crystal.charge_of)}"
        )
    share = -(-crystal.coordination * BULK_SHARE.numerator // BULK_SHARE.denominator)
    by_site = [
        given.get(symbol, int(default))
        for symbol, default in zip(crystal.symbols.tolist(), share, strict=True)
    ]
    return np.array(by_site)[ions.sites]


@dataclass(frozen=True)
class Need:
    """What ions must keep of their neighbours.

    Parameters
    ----------
    neighbours : csr_array of int, shape (n_ions, n_ions)
        1 for each neighbour of the ion in the row that counts.
    minimum : ndarray of int, shape (n_ions,)
        How many of them each ion must keep.
    held : ndarray of int, shape (n_ions,)
        How many each ion has in the base.
    """

    neighbours: csr_array
    minimum: Ints
    held: Ints


class Shell:
    """Ions of a cut, sorted into those that stay, those that may be edited, and those that go.

    Parameters
    ----------
    ions : Candidates
        Ions inside the shape and the sites around it that may be filled. The depth of the shell is
        reckoned from the trimmable surface.

    Attributes
    ----------
    inside : ndarray of bool, shape (n_ions,)
        Ions of the plain cut.
    minimum : ndarray of int, shape (n_ions,)
        Fewest opposite neighbours that each ion must keep.
    fixed : ndarray of bool, shape (n_ions,)
        Ions that stay whatever happens: those below the shell, unless they clash with another
        ion of the plain cut.
    free : ndarray of int, shape (n_free,)
        Ions that may be edited, in an order that follows from the geometry alone.
    never : ndarray of int
        Ions of the plain cut that no choice can keep.
    base : ndarray of bool, shape (n_ions,)
        The plain cut without those: the model if nothing is edited.
    clashes : ndarray of int, shape (n_clashes, 2)
        Pairs of free ions of which one at most can be kept.
    held : ndarray of int, shape (n_ions,)
        Opposite neighbours of each ion in the base.
    needs : tuple of Need
        The minimum coordination, and the strong bonds where these ask for more.
    steps : ndarray of int, shape (n_ions,)
        Loss of fidelity if an ion is edited: 1, and 1 more for each `STEP_A` between it and the
        surface.
    frames : ndarray of float, shape (n_frames, 3, 3)
        Axes that belong to the shell; the first are used, the others lie the same way in it.
    """

    def __init__(self, ions: Candidates) -> None:
        self.ions = ions
        self.adjacency = ions.adjacency
        self.inside = ions.signed_distance_a <= SURFACE_A
        self.minimum = np.concatenate(
            [minimum_coordination(d.ions, d.options.min_coordination) for d in ions.domains]
        )
        self.fixed = self.inside & (ions.trim_distance_a < -ions.depth_a - SURFACE_A)
        clashing = ions.clashes[self.inside[ions.clashes].all(axis=1)]
        self.fixed[clashing] = False
        reach_a = outer_share(ions.treatment) * ions.depth_a
        candidates = ~self.fixed & (ions.trim_distance_a <= reach_a + SURFACE_A)
        one, other = ions.clashes.T
        candidates[one[self.fixed[other]]] = False
        candidates[other[self.fixed[one]]] = False
        wanted = [(self.adjacency, self.minimum)]
        strong, needed = self._strong_bonds(candidates)
        if needed.any():
            wanted.append((strong, needed))
        is_free = self._peeled(candidates, wanted)
        self.clashes = ions.clashes[is_free[ions.clashes].all(axis=1)]
        self.base = self.fixed | (self.inside & is_free)
        self.needs = tuple(
            Need(neighbours, minimum, np.asarray(neighbours @ self.base.astype(np.int32)))
            for neighbours, minimum in wanted
        )
        self.held = self.needs[0].held
        self.never = np.flatnonzero(self.inside & ~self.base)
        depth = np.abs(ions.signed_distance_a)
        self.steps = 1 + np.floor((depth + SURFACE_A) / STEP_A).astype(np.int64)
        free = np.flatnonzero(is_free)
        self.frames = own_frames(ions.positions_a[free], self.kinds(free))
        self.free = self.ordered(free)

    @property
    def axes(self) -> Floats:
        """The axes in use, as rows, shape (3, 3)."""
        return np.asarray(self.frames[0])

    @property
    def never_steps(self) -> int:
        """Loss of fidelity by the ions that no choice can keep."""
        return int(self.steps[self.never].sum())

    def kinds(self, chosen: Ints) -> Ints:
        """Return what tells ions apart besides where they lie, shape (n, 6)."""
        ions = self.ions
        elements = {symbol: n for n, symbol in enumerate(ions.charge_of)}
        return np.column_stack(
            [
                ions.domain[chosen],
                [elements[symbol] for symbol in ions.symbols[chosen].tolist()],
                ions.charges[chosen],
                self.held[chosen],
                self.inside[chosen],
                self.steps[chosen],
            ]
        )

    def ordered(self, chosen: Ints) -> Ints:
        """Sort ions by their coordinates along the shell's own axes."""
        grains = in_grains(self.ions.positions_a[chosen] @ self.axes.T)
        return chosen[np.lexsort(grains.T)]

    def _strong_bonds(self, free: Bools) -> tuple[csr_array, Ints]:
        """Return strong neighbours and how many of them each ion needs, where that is a need."""
        concerned = free.copy()
        concerned[self.adjacency[free].indices] = True
        strong, needed = strong_bonds_needed(self.ions, np.flatnonzero(concerned), self.minimum)
        most = np.asarray(strong @ (free | self.fixed).astype(np.int32))
        return strong, np.where(self.fixed, np.minimum(needed, most), needed)

    def _peeled(self, free: Bools, wanted: list[tuple[csr_array, Ints]]) -> Bools:
        """Leave out, again and again, free ions that can never reach what they need."""
        free = free.copy()
        available = [near @ (free | self.fixed).astype(np.int32) for near, _ in wanted]
        of_which = [self.adjacency, *(csr_array(near.T) for near, _ in wanted[1:])]
        around = np.flatnonzero(free)
        while len(around):
            short = np.zeros(len(around), dtype=bool)
            for have, (_, minimum) in zip(available, wanted, strict=True):
                short |= have[around] < minimum[around]
            unsatisfiable = around[short]
            free[unsatisfiable] = False
            lost = [counted[unsatisfiable].indices for counted in of_which]
            for have, ions in zip(available, lost, strict=True):
                np.subtract.at(have, ions, 1)
            around = np.unique(np.concatenate(lost))
            around = around[free[around]]
        return free
