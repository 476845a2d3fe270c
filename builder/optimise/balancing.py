"""Which ions of the surface shell to keep, drop, add or replace: the provably best choice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .connection import connection_rows, loose_fragments
from .cover import Cover, covered
from .cp_sat import Effort
from .edits import possible_edits
from .program import Program
from .relocation import relocated_edits
from .solver import EFFORT, Solver
from .surface_region import STEP_A, Shell
from .treatment_amount import units_to_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Bools, Ints, Strings
    from epicarve.builder.report import NotRelocated, Relocation

    from .candidates import Candidates

MAX_CONNECTION_ROUNDS = 20


@dataclass(frozen=True)
class Balance:
    """The outcome of the optimisation.

    Parameters
    ----------
    kept : ndarray of bool, shape (n_ions,)
        Which ions belong to the model.
    symbols : ndarray of str, shape (n_ions,)
        Element of each ion, after substitution.
    charges : ndarray of int, shape (n_ions,)
        Formal charge of each ion in units of e, after substitution.
    halides : ndarray of bool, shape (n_ions,)
        Where halides of a treatment stand.
    n_units : int
        Units of the treatment, 0 if there is none.
    objective : float
        Fidelity, and broken bonds as a small fraction of one step of it, in Å.
    bound : float
        Proven lower bound of the objective, in Å.
    gap : float
        (objective - bound) / objective, 0 if the plain cut needed no edit.
    n_free : int
        Number of ions that could be chosen.
    fidelity_a : float
        Loss of fidelity in Å, of the edits and of dipoles beyond the free ones.
    broken_bonds : int
        Change of the number of broken bonds, each edit counted against the plain cut.
    dipole_level : int
        Times that the dipoles exceed the free ones; 0 if none does.
    costs : mapping of str to float
        What each constraint adds to the objective in Å, in the order in which they are imposed.
    relocated : ndarray of bool, shape (n_ions,)
        Ions that differ from the optimum, as they were moved afterwards; all else that is told of
        costs and bounds is that of the optimum.
    relocation : Relocation or NotRelocated, optional
        What moving them came to, or why none were.
    cover : Cover, optional
        The ligands that are placed, where there may be any.
    """

    kept: Bools
    symbols: Strings
    charges: Ints
    halides: Bools
    n_units: int
    objective: float
    bound: float
    gap: float
    n_free: int
    fidelity_a: float
    broken_bonds: int
    dipole_level: int
    costs: Mapping[str, float]
    relocated: Bools
    relocation: Relocation | NotRelocated | None
    cover: Cover | None = None


class TooDearError(Exception):
    """No edits are as cheap as asked for.

    Parameters
    ----------
    least_a : float
        What they cost at least, in Å.
    """

    def __init__(self, least_a: float) -> None:
        super().__init__(f"edits cost {least_a:.4f} Å at least")
        self.least_a = least_a


def balance(ions: Candidates, *, at_most_a: float = math.inf) -> Balance:
    """Choose the ions of a charged-balanced, connected, well-coordinated model near the plain cut.

    docs/optimisation.md states the program. A cut is added for every piece that comes loose,
    and the program is solved again. Then ions are moved to where the others bind them better.

    Parameters
    ----------
    ions : Candidates
        Ions inside the shape and up to half a shell outside it, of one or more domains, and what
        each domain must satisfy.
    at_most_a : float
        Edits that are proven to cost more than this, in Å, are not looked for.

    Returns
    -------
    Balance
        The choice, with its proven gap.

    Raises
    ------
    InputError
        If no choice satisfies all constraints; the message names the one that is in the way.
    TooDearError
        If all choices cost more than they may.
    """
    shell = Shell(ions)
    edits = possible_edits(shell)
    n_units = units_to_place(shell, edits)
    program = Program(shell, edits, (n_units, n_units))
    unsatisfiable = float(shell.never_steps)
    if at_most_a < math.inf and ions.poses is None:
        least_a = STEP_A * (Solver(program).relaxed_value() + unsatisfiable)
        if at_most_a < least_a < math.inf:
            raise TooDearError(least_a)
    unconnected: float | None = None
    least, effort = 0, Effort(EFFORT)
    for _ in range(MAX_CONNECTION_ROUNDS):
        cover: Cover | None = None
        if ions.poses is None:
            solution = Solver(program, least=least, effort=effort).solve()
        else:
            solution, cover = covered(program) or (None, None)
        if solution is None:
            from .infeasibility import explain  # noqa: PLC0415  (it balances again)

            raise InputError(explain(ions))
        if unconnected is None:
            unconnected = solution.value
        least = solution.least
        kept, symbols, charges = program.applied(solution.y)
        pieces = loose_fragments(ions.connectivity, kept)
        if not pieces:
            break
        program.local = program.local + connection_rows(program, pieces, ions.connectivity)
    else:
        raise InputError(
            f"{ions.name}: the model stays in several pieces after "
            f"{MAX_CONNECTION_ROUNDS} rounds; make the shape thicker or raise min_coordination"
        )
    if not kept.any():
        raise InputError(
            f"{ions.name}: no ion of the shape keeps its minimum coordination; make the "
            "shape larger or min_coordination smaller"
        )
    objective = STEP_A * (solution.value + unsatisfiable)
    bound = STEP_A * (solution.bound + unsatisfiable)
    costs = {name: STEP_A * cost for name, cost in solution.costs.items()}
    costs["coordination"] += STEP_A * unsatisfiable
    y, relocation = relocated_edits(program, solution.y)
    before = kept, symbols
    kept, symbols, charges = program.applied(y)
    return Balance(
        kept=kept,
        symbols=symbols,
        charges=charges,
        halides=program.halides(y),
        n_units=n_units,
        objective=objective,
        bound=bound,
        gap=(objective - bound) / objective if objective > 1e-9 else 0.0,
        n_free=len(shell.free),
        fidelity_a=STEP_A * (program.steps(solution.y) + unsatisfiable),
        broken_bonds=program.bonds(solution.y),
        dipole_level=program.level(solution.y),
        costs={**costs, "connection": STEP_A * (solution.value - unconnected)},
        relocated=(kept != before[0]) | (symbols != before[1]),
        relocation=relocation,
        cover=cover,
    )


def ratio_deviation(symbols: Strings, formula_unit: Mapping[str, int]) -> float:
    """Return the largest relative deviation of an element's count from its share in bulk.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements of the model.
    formula_unit : mapping of str to int
        Ions of each element in a formula unit; other elements do not count.

    Examples
    --------
    >>> import numpy as np
    >>> ratio_deviation(np.array(["Ca", "F", "F"]), {"Ca": 1, "F": 2})
    0.0
    """
    counts = {symbol: int((symbols == symbol).sum()) for symbol in formula_unit}
    whole, total = sum(counts.values()), sum(formula_unit.values())
    return max(
        abs(counts[symbol] * total / (share * whole) - 1.0)
        for symbol, share in formula_unit.items()
    )
