"""The best neutral change of each kind that gives some ions neighbours, or takes them away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .candidates import KINDS, changes_for
from .change import Change
from .donors import ligand_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from epicarve.builder.ligands import Ligand
    from epicarve.builder.model import Model

    from .candidates import Halide
    from .change import AddedLigand
    from .surroundings import Surroundings

TRIED = 60
"""Changes of each kind that are tried for an ion, by energy."""

SAME_EV = 1e-4
"""Energies in eV that agree to this are the same."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A neutral change, what it costs, and which ions it answers.

    Parameters
    ----------
    change : Change
        What is changed.
    energy_ev : float or None
        Its energy as point charges against bulk, see `Surroundings.energy_ev`.
    ions : tuple of int
        Ions that it was made for, by their places in `Model.ions`.
    answered : frozenset of int
        Ions that get neighbours or are taken away, by their places in `Model.ions`.
    """

    change: Change
    energy_ev: float | None
    ions: tuple[int, ...]
    answered: frozenset[int]

    def told(self, model: Model) -> str:
        """Say what is changed, and beside which ions of the model if it is put there."""
        told = self.change.told(model)
        if not self.change.kind.startswith("add"):
            return told
        names = (f"{model.ions.symbols[i]}{model.first_atoms[i] + 1}" for i in self.ions)
        return f"{told} beside {', '.join(names)}"

    @property
    def order(self) -> tuple[int, float, int]:
        """What ranks it: fewest atoms, then energy; one without an energy last."""
        energy = np.inf if self.energy_ev is None else round(self.energy_ev / SAME_EV)
        return self.change.n_atoms, energy, -len(self.answered)


def propose(
    around: Surroundings, ions: Sequence[int], halide: Halide, ligand: Ligand | None
) -> list[Proposal]:
    """Return the best change of each kind that answers all of some ions at once.

    A change answers an ion that it takes away or gives neighbours. It is neutral, makes no contact
    shorter than the model has, and leaves or puts no ion with as small a part of its full shell as
    the worst of those that it answers, unless the ion had no more before.

    Parameters
    ----------
    around : Surroundings
        The model.
    ions : sequence of int
        Ions that miss neighbours, by their places in `Model.ions`.
    halide : Halide
        Which anion of one charge is added.
    ligand : Ligand or None
        Which neutral ligand is put on cations; none if not given.
    """
    worst = min(around.filled(ion) for ion in ions)
    found = []
    for kind in KINDS:
        change = None
        for ion in ions:
            if change is not None and ion in _answered(around, change):
                continue
            around_ion = changes_for(around, ion, kind, halide)
            change = _with_ion(around, change, ion, around_ion, worst)
            if change is None:
                break
        if change is not None:
            answered = _answered(around, change)
            found.append(
                Proposal(change, around.energy_ev(change), tuple(ions), frozenset(answered))
            )
    on_all = _ligands(around, ions, ligand)
    if on_all is not None:
        found.append(Proposal(on_all, None, tuple(ions), frozenset(ions)))
    return sorted(found, key=lambda each: each.order)


def _with_ion(
    around: Surroundings, before: Change | None, ion: int, changes: Iterable[Change], worst: float
) -> Change | None:
    """Return the best of the changes for an ion, together with one for others."""
    wholes = [
        whole
        for each in changes
        if (whole := each if before is None else before.with_other(each)) is not None
    ]
    priced = sorted(
        (whole.n_atoms, round((around.energy_ev(whole) or 0.0) / SAME_EV), index)
        for index, whole in enumerate(wholes)
    )
    for _, _, index in priced[:TRIED]:
        whole = wholes[index]
        if _is_sound(around, whole, worst) and ion in _answered(around, whole):
            return whole
    return None


def _is_sound(around: Surroundings, change: Change, worst: float) -> bool:
    """Whether a change is neutral, without a short contact, and makes no ion as bare as `worst`."""
    if change.charge(around.model) != 0:
        return False
    after = around.shells_after(change)
    if after is None:
        return False
    parts, own = after
    stays = all(part > worst or part >= around.filled(ion) for ion, part in parts.items())
    return stays and all(part > worst for part in own)


def _answered(around: Surroundings, change: Change) -> set[int]:
    """Return the ions that a change takes away, or gives neighbours or a ligand."""
    after = around.shells_after(change)
    parts = {} if after is None else after[0]
    better = {ion for ion, part in parts.items() if part > around.filled(ion)}
    return better | set(change.removed) | {put.ion for put in change.ligands}


def _ligands(around: Surroundings, ions: Sequence[int], ligand: Ligand | None) -> Change | None:
    """Return a ligand on each of some cations; None if one has no room, or is no cation."""
    if ligand is None or any(around.signs[ion] < 1 for ion in ions):
        return None
    put: list[AddedLigand] = []
    for ion in ions:
        placed = ligand_on(around, ion, ligand, put)
        if placed is None:
            return None
        put.append(placed)
    return Change("ligand", ligands=tuple(put))
