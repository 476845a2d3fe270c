"""Surface ions moved to vacant sites where the charges of all others bind them better.

The 0/1 program knows charge, coordination and dipole, but no energy: of edits that cost the same
it takes some at which ions lie where the others repel them. From the edits that it finds, one ion
after the other is moved to a vacant site of its kind, always by the move that lowers the energy of
the formal charges most, and no row of the program is broken: neutrality, ratio, coordination, one
piece. That is a heuristic: nothing is proven of the energy.

The dipole stays within what the program allowed. First all moves that pay are made, whatever the
dipole becomes. Then its square is added to the energy, at a price that doubles until the dipole is
short enough, and at last moves are made that keep it so; where no single one pays, two at once. If
it never is, only such moves are made, from the beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.point_charges import (
    electrostatics_at,
    electrostatics_of,
    potentials_at_v,
)
from epicarve.builder.report import NotRelocated, Relocation, UnheldDipole

from .descent import LEAST_GAIN_EV, SLACK, Descent, Moves
from .surface_region import STEP_A
from .tabu_search import better_edits

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints
    from epicarve.builder.point_charges import Electrostatics

    from .program import Program

MOST_IONS = 20_000
"""Larger models are left as they are."""

FIRST_PRICES_EV = (0.0, 0.3, 1.0, 3.0, 10.0)
LEAST_PRICE_EV, PRICE_ROUNDS = 0.1, 12
"""Prices of the square of the dipoles, in units of the free ones, at which moves begin, the next
one where those before end too long; that which a price of none is raised to, and how often it is
doubled."""


def relocated_edits(program: Program, y: Floats) -> tuple[Floats, Relocation | NotRelocated | None]:
    """Move ions of the surface so that the energy of the formal charges falls.

    Parameters
    ----------
    program : Program
        The program, whose rows are kept, and the level of its dipoles.
    y : ndarray of float, shape (n_columns,)
        Edits that satisfy it.

    Returns
    -------
    ndarray of float, Relocation or NotRelocated or None
        The edits after the moves, and what came of them; None if no ion should be moved.
    """
    if all(domain.options.relocations == 0 for domain in program.shell.ions.domains):
        return y, None
    if program.shell.ions.poses is not None:
        return y, NotRelocated("ligands hold the surface")
    if int(program.applied(y)[0].sum()) > MOST_IONS:
        return y, NotRelocated(f"more than {MOST_IONS:,} ions")
    if program.edits.n_columns == 0:
        return y, NotRelocated("no ion of the surface may be edited")
    moves, unheld = relocated(program, y)
    kept, _, charges = program.applied(y)
    before = electrostatics_of(program.shell.ions.positions_a[kept], charges[kept])
    after, anyhow = (_moved(program, (kept, charges), before, to.y) for to in (moves, unheld))
    return moves.y, Relocation(
        n_moved=moves.n_moved,
        gained_ev=round(before.energy_ev - after.energy_ev, 3),
        energy_ev=round(after.energy_ev, 3),
        n_wrong_sign=after.n_wrong_sign,
        n_wrong_sign_before=before.n_wrong_sign,
        dipole_debye=round(after.dipole_debye, 3),
        dipole_debye_before=round(before.dipole_debye, 3),
        fidelity_a=STEP_A * (program.steps(moves.y) + program.shell.never_steps),
        without_dipole_limit=UnheldDipole(
            n_moved=unheld.n_moved,
            gained_ev=round(before.energy_ev - anyhow.energy_ev, 3),
            dipole_debye=round(anyhow.dipole_debye, 3),
        ),
    )


def relocated(program: Program, y: Floats) -> tuple[Moves, Moves]:
    """Return the moves with dipoles of the same level as before, and whatever the dipoles."""
    limits = np.array([1.0 + dipole.level(y) for dipole in program.dipoles])
    unheld: Moves | None = None
    for first_ev in FIRST_PRICES_EV:
        descent = Descent(program, y)
        descent.descend(price_ev=first_ev)
        unheld = unheld or descent.moves()
        if _shortened(descent, limits, first_ev) and descent.gained_ev >= LEAST_GAIN_EV:
            break
    else:
        descent = Descent(program, y)
    descent.descend(price_ev=0.0, limits=limits)
    held, anyhow = better_edits(descent, limits)
    descent.change(anyhow)
    found = [unheld or descent.moves(), descent.moves()]
    descent.change(np.setxor1d(anyhow, held))
    descent.descend_by_two(limits)
    found.append(descent.moves())
    return found[-1], max(found, key=lambda moves: moves.gained_ev)


def _shortened(descent: Descent, limits: Floats, price_ev: float) -> bool:
    """Raise the price of the dipoles until they are short, and tell whether they are."""
    for _ in range(PRICE_ROUNDS):
        if (descent.lengths() <= limits + SLACK).all():
            return True
        price_ev = max(2.0 * price_ev, LEAST_PRICE_EV)
        descent.descend(price_ev=price_ev)
    return bool((descent.lengths() <= limits + SLACK).all())


def _moved(
    program: Program, first: tuple[Bools, Ints], before: Electrostatics, y: Floats
) -> Electrostatics:
    """Return energy, dipole and wrong signs after edits, from those of the ions kept before."""
    positions_a = program.shell.ions.positions_a
    kept, _, charges = program.applied(y)
    was, had = first
    change = np.where(kept, charges, 0) - np.where(was, had, 0)
    changed, new = np.flatnonzero(change), kept & ~was
    potentials = np.zeros(len(kept))
    potentials[was] = before.potentials_v
    potentials[new] = potentials_at_v(positions_a[new], positions_a[was], had[was])
    potentials[kept] += potentials_at_v(positions_a[kept], positions_a[changed], change[changed])
    return electrostatics_at(potentials[kept], positions_a[kept], charges[kept])
