"""Any edits of a number of steps, or the proof that there are none, by constraint programming.

With the number of steps fixed, charge, composition and fidelity are sums of small whole numbers,
and so are dipoles in units of the grain of coordinates. Branching on single edits settles little
there: any edit left out is made up for by another like it. OR-Tools' CP-SAT, which learns from
every dead end and keeps all numbers whole, settles in a second what a relaxation leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from .dipole_lattice import DipoleLattice
from .frame import GRAIN_A

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .dipole import DipoleLimit
    from .highs import Highs

MOST_DENOMINATOR = 10**6
LIMIT = 10**15
"""Stands for no limit; sums are smaller."""

WHOLE = 1e-6


@dataclass
class Effort:
    """How much work a search may still do, in CP-SAT's units, about seconds of one processor.

    The unit counts operations, so that a search ends at the same point on every machine.

    Parameters
    ----------
    left : float
        What is left of it.
    """

    left: float


@dataclass(frozen=True)
class Answer:
    """What a search came to.

    Parameters
    ----------
    y : ndarray of float, shape (n_columns,), or None
        Edits, if any were found.
    decided : bool
        Whether it is proven that there are none if none were found, and that they are the best if
        the best were looked for.
    """

    y: NDArray[np.float64] | None
    decided: bool


def any_edits(
    highs: Highs,
    columns: NDArray[np.int64],
    taken: NDArray[np.bool_],
    steps: int,
    most_levels: NDArray[np.float64],
    *,
    effort: Effort,
    save_bonds: bool = False,
) -> Answer:
    """Look for any edits of a number of steps, or for those that save most bonds.

    Parameters
    ----------
    highs : Highs
        The program.
    columns : ndarray of int
        Edits that may be done; others are left undone.
    taken : ndarray of bool, shape (len(columns),)
        Those that are done.
    steps : int
        Steps of all edits and of the levels of the dipoles.
    most_levels : ndarray of float, shape (n_dipoles,)
        Largest level of each dipole.
    effort : Effort
        What the search may cost at most; it is taken off.
    save_bonds : bool
        Whether the fewest broken bonds are looked for.

    Returns
    -------
    Answer
        Edits, or whether it is proven that there are none, or none better.
    """
    if effort.left <= 0.0:
        return Answer(None, decided=False)
    from ortools.sat.python import cp_model  # noqa: PLC0415  (costs half a second, seldom needed)

    program = highs.program
    model: Any = cp_model.CpModel()
    y = [model.new_bool_var("") for _ in columns]
    for number in np.flatnonzero(taken).tolist():
        model.add(y[number] == 1)
    rows = highs.rows(columns, charge=True, ratio=True, dipole=False)
    for matrix, limits, is_equal in (
        (rows.upper, rows.upper_limit, False),
        (rows.equal, rows.equal_limit, True),
    ):
        for start, stop, limit in zip(
            matrix.indptr[:-1], matrix.indptr[1:], limits.tolist(), strict=True
        ):
            factors, most = _in_whole_numbers(matrix.data[start:stop], limit)
            terms = [y[column] for column in matrix.indices[start:stop].tolist()]
            total = cp_model.LinearExpr.weighted_sum(terms, factors)
            model.add_linear_constraint(total, most if is_equal else -LIMIT, most)
    levels = [
        _level(model, y, limit, columns, int(min(most, steps // limit.level_steps)))
        for limit, most in zip(program.dipoles, most_levels, strict=True)
    ]
    costs = [*program.edits.steps[columns].astype(int).tolist()]
    prices = [limit.level_steps for limit in program.dipoles]
    model.add(cp_model.LinearExpr.weighted_sum([*y, *levels], [*costs, *prices]) == steps)
    if save_bonds:
        bonds = program.edits.bonds[columns].astype(int).tolist()
        model.minimize(cp_model.LinearExpr.weighted_sum(y, bonds))
    solver: Any = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.linearization_level = 2
    solver.parameters.max_deterministic_time = effort.left
    status = solver.solve(model)
    effort.left -= float(solver.response_proto.deterministic_time)
    if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return Answer(None, decided=bool(status == cp_model.INFEASIBLE))
    found = np.zeros(program.edits.n_columns)
    found[columns] = [solver.value(each) for each in y]
    is_right = program.steps(found) <= steps  # a dipole may lie a rounding beyond its level
    decided = is_right and (status == cp_model.OPTIMAL or not save_bonds)
    return Answer(found if is_right else None, decided=bool(decided))


def _level(
    model: Any,
    y: Sequence[Any],
    limit: DipoleLimit,
    columns: NDArray[np.int64],
    last: int,
) -> Any:
    """Add a dipole to a model, and return the variable of its level."""
    level = model.new_int_var(0, last, "")
    lattice = DipoleLattice.of(limit, columns, last)
    if lattice is not None:
        sums = [
            _sum(model, y, row, 0, values)
            for row, values in zip(lattice.multiples, lattice.allowed.T, strict=True)
        ]
        points = np.column_stack([lattice.allowed, lattice.levels]).tolist()
        model.add_allowed_assignments([*sums, level], points)
        return level
    moments = limit.moments[:, columns] / GRAIN_A
    start = limit.start / GRAIN_A
    off = np.abs(moments - np.rint(moments)).sum() + np.abs(start - np.rint(start)).sum()
    free, play = int(np.ceil(limit.free / GRAIN_A)), int(np.ceil(off)) + 1
    reach = free * (last + 1) + play
    components = [
        _sum(model, y, row, int(begin), np.array([-reach, reach]))
        for row, begin in zip(np.rint(moments), np.rint(start), strict=True)
    ]
    squares = [model.new_int_var(0, reach**2, "") for _ in range(4)]
    for square, length in zip(squares, [*components, free * (level + 1) + play], strict=True):
        model.add_multiplication_equality(square, [length, length])
    model.add(sum(squares[:3]) <= squares[3])
    return level


def _sum(
    model: Any, y: Sequence[Any], factors: NDArray[Any], begin: int, bounds: NDArray[Any]
) -> Any:
    """Return a variable that is a sum over the edits, within the bounds of some values."""
    total = model.new_int_var(int(bounds.min(initial=0)), int(bounds.max(initial=0)), "")
    terms = [int(factor) * each for factor, each in zip(factors.tolist(), y, strict=True) if factor]
    model.add(total == sum(terms) + begin)
    return total


def _in_whole_numbers(factors: NDArray[np.float64], limit: float) -> tuple[list[int], int]:
    """Return a row of fractions and its limit, times the least number that makes them whole."""
    parts = [Fraction(value).limit_denominator(MOST_DENOMINATOR) for value in factors.tolist()]
    scale = lcm(*(part.denominator for part in parts)) if parts else 1
    return [int(part * scale) for part in parts], int(np.floor(limit * scale + WHOLE))
