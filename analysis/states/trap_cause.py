"""What a trap comes from, as far as its ions tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from epicarve.arrays import Floats
    from epicarve.builder.model import Model

    from .trap_anatomy import Trap

HALF = 0.5
"""The ions that are looked at are the fewest that hold this part of a trap."""

MOST_IONS = 4
"""A trap half of which takes more ions than this is spread, and has no single cause."""

NOTABLE_V = 1.0
"""A potential differs from that of ions of its kind if it is off by more than this."""


@dataclass(frozen=True)
class TrapCause:
    """Why a state is a trap, by the ions that hold half of it.

    Parameters
    ----------
    kind : {"coordination", "potential", "spread", "unknown"}
        Neighbours are missing; the potential of all other ions is off; no single cause; or nothing
        of these.
    ions : tuple of int
        Ions to be mended, by their places in `Model.ions`; empty unless neighbours are missing.
    told : str
        The cause in a few words.
    """

    kind: str
    ions: tuple[int, ...]
    told: str


def cause_of(trap: Trap, atom_weights: Floats, model: Model, potentials_v: Floats) -> TrapCause:
    """Say what a trap comes from.

    The fewest ions that hold half of it are looked at. If more than half of what they hold is on
    ions that have a smaller part of their neighbours in bulk than ions of their element have on the
    mean, neighbours are missing. Else the potential of all other formal charges tells, where it
    pushes the state into the gap by more than `NOTABLE_V` against ions of the same element.

    Parameters
    ----------
    trap : Trap
        The trap.
    atom_weights : ndarray of float, shape (n_atoms,)
        What each atom holds of it.
    model : Model
        The model as it was built.
    potentials_v : ndarray of float, shape (n_ions,)
        Potential in V of all other formal charges at each ion.
    """
    ions = model.ions
    weights = np.bincount(model.ion_of, atom_weights, model.n_ions)
    order = np.argsort(-weights.round(9), kind="stable")
    held = np.cumsum(weights[order])
    heaviest = order[: int((held < HALF * held[-1]).sum()) + 1]
    if len(heaviest) > MOST_IONS:
        return TrapCause("spread", (), f"spread: half of it takes {len(heaviest)} ions")
    bulk = np.maximum(ions.bulk_coordination, 1)
    filled = np.where(ions.bulk_coordination > 0, ions.coordination / bulk, 1.0)
    alike = [
        (ions.symbols == ions.symbols[i]) & (ions.domains == ions.domains[i]) for i in heaviest
    ]
    mean = np.array([filled[same].mean() for same in alike])
    is_bare = (filled[heaviest] < mean - 1e-9) & (filled[heaviest] < 1.0)
    bare = np.sort(heaviest[is_bare])
    if weights[bare].sum() > HALF * weights[heaviest].sum():
        first = model.first_atoms
        told = ", ".join(
            f"{ions.symbols[i]}{first[i] + 1} has {ions.coordination[i]} of "
            f"{ions.bulk_coordination[i]}"
            for i in bare.tolist()
        )
        return TrapCause("coordination", tuple(bare.tolist()), f"{told} neighbours")
    off_v = potentials_v[heaviest] - np.array([potentials_v[same].mean() for same in alike])
    mean_off_v = float(off_v @ weights[heaviest] / weights[heaviest].sum())
    into_gap_v = -mean_off_v if trap.side == "valence" else mean_off_v
    if into_gap_v > NOTABLE_V:
        told = f"potential {mean_off_v:+.1f} V off (dipole or charged surroundings)"
        return TrapCause("potential", (), told)
    return TrapCause("unknown", (), "no ion barer than others of its kind")
