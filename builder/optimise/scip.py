"""The fewest steps of any edits, by branch and cut.

Where the relaxed program lies far below the edits found, its rows are cut tighter: OR-Tools' SCIP
adds the cuts, and searches near what it finds on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .dipole import directions
from .dipole_terms import dipole_terms
from .highs import DIPOLE_SLACK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from epicarve.arrays import Bools, Floats, Ints

    from .cp_sat import Effort
    from .dipole_lattice import DipoleLattice
    from .highs import Highs

EFFORT_OF_NODE, ROOT_NODES = 1.5e-5, 200
"""Effort of a node, times the edits; the first takes as much as so many. Measured, about s of a
processor."""

CLOSE_GAP = 2e-3
"""Relative gap of the steps at which the search ends."""


@dataclass(frozen=True)
class Fewest:
    """Edits, if any were found, and how many steps any edits have at least.

    Parameters
    ----------
    y : ndarray of float, shape (n_columns,), or None
        Edits.
    least : int
        Steps; one more than there may be if there are no edits of so few.
    """

    y: Floats | None
    least: int


def fewest_steps(
    highs: Highs,
    columns: Ints,
    taken: Bools,
    steps: int,
    most_levels: Floats,
    *,
    effort: Effort,
) -> Fewest:
    """Look for the edits of fewest steps.

    Parameters
    ----------
    highs : Highs
        The program.
    columns : ndarray of int
        Edits that may be done; others are left undone.
    taken : ndarray of bool, shape (len(columns),)
        Those that are done.
    steps : int
        Most steps of all edits and of the levels of the dipoles.
    most_levels : ndarray of float, shape (n_dipoles,)
        Largest level of each dipole.
    effort : Effort
        What the search may cost; it is taken off.
    """
    from ortools.math_opt.python import mathopt  # noqa: PLC0415  (costs half a second)

    per_node = EFFORT_OF_NODE * (1 + len(columns))
    nodes = int(effort.left / per_node) - ROOT_NODES
    if nodes <= 0:
        return Fewest(None, 0)
    model, y = _model(highs, columns, taken, steps, most_levels)
    result = mathopt.solve(
        model,
        mathopt.SolverType.GSCIP,
        params=mathopt.SolveParameters(
            threads=1, node_limit=nodes, relative_gap_tolerance=CLOSE_GAP
        ),
    )
    effort.left -= per_node * (ROOT_NODES + result.solve_stats.node_count)
    least = result.termination.objective_bounds.dual_bound
    least = steps + 1 if least > steps else int(np.ceil(least - 1e-5))
    if not result.has_primal_feasible_solution():
        return Fewest(None, least)
    values = result.variable_values(y)
    found = np.zeros(highs.program.edits.n_columns)
    found[columns] = np.rint(values)
    return Fewest(found, least)


def _model(
    highs: Highs,
    columns: Ints,
    taken: Bools,
    steps: int,
    most_levels: Floats,
) -> tuple[Any, list[Any]]:
    """Return the program as SCIP takes it, and the variables of edits."""
    from ortools.math_opt.python import mathopt  # noqa: PLC0415

    program = highs.program
    model = mathopt.Model()
    y = [model.add_integer_variable(lb=float(is_done), ub=1.0) for is_done in taken.tolist()]
    rows = highs.rows(columns, charge=True, ratio=True, dipole=False)
    anything = np.full(len(rows.upper_limit), -np.inf)
    for matrix, lows, highest in (
        (rows.upper, anything, rows.upper_limit),
        (rows.equal, rows.equal_limit, rows.equal_limit),
    ):
        for number, (low, high) in enumerate(zip(lows.tolist(), highest.tolist(), strict=True)):
            part = slice(matrix.indptr[number], matrix.indptr[number + 1])
            chosen = [y[column] for column in matrix.indices[part].tolist()]
            _row(model, zip(matrix.data[part].tolist(), chosen, strict=True), low, high)
    prices = np.array([limit.level_steps for limit in program.dipoles])
    levels = _levels(model, y, highs, columns, np.minimum(most_levels, steps // prices))
    costs = [*program.edits.steps[columns].tolist(), *prices.tolist()]
    costed = list(zip(costs, [*y, *levels], strict=True))
    _row(model, costed, -np.inf, float(steps))
    spare = steps - int(highs.least.sum())
    domain = np.r_[program.edits.domain[columns], np.arange(len(levels))]
    for number, own in enumerate(highs.least.tolist() if len(highs.least) > 1 else ()):
        share = [costed[each] for each in np.flatnonzero(domain == number).tolist()]
        _row(model, share, float(own), float(own + spare))
    model.minimize(mathopt.fast_sum(cost * each for cost, each in costed))
    return model, y


def _levels(
    model: Any,
    y: list[Any],
    highs: Highs,
    columns: Ints,
    most_levels: Floats,
) -> list[Any]:
    """Add the dipoles to a model, as points of lattices or within faces; return their levels."""
    lasts = most_levels.astype(int).tolist()
    terms = dipole_terms(highs.program.dipoles, columns, lasts)
    levels = [model.add_integer_variable(lb=0.0, ub=float(last)) for last in lasts]
    points: list[list[Any]] = []
    for number, (level, term) in enumerate(zip(levels, terms, strict=True)):
        if term.lattice is not None:
            points.append(_points(model, y, term.lattice, level))
            continue
        points.append([])
        free_e_a = highs.program.dipoles[number].free
        lattices = [lattice for part in term.parts if (lattice := terms[part].lattice) is not None]
        moments = np.hstack([term.moments, *(lattice.dipoles.T for lattice in lattices)])
        play = DIPOLE_SLACK + sum(lattice.off_e_a for lattice in lattices)
        chosen = [*y, *(point for part in term.parts for point in points[part]), level]
        for normal in np.vstack([highs.faces[number], directions()]):
            factors = [*(normal @ moments).tolist(), -free_e_a]
            most = free_e_a + play - float(normal @ term.start)
            _row(model, zip(factors, chosen, strict=True), -np.inf, most)
    return levels


def _points(model: Any, y: list[Any], lattice: DipoleLattice, level: Any) -> list[Any]:
    """Let a dipole take one point of its lattice, which tells its level; return what says which."""
    points = [model.add_binary_variable() for _ in lattice.levels]
    _row(model, [(1.0, point) for point in points], 1.0, 1.0)
    _row(model, [*zip(lattice.levels.tolist(), points, strict=True), (-1.0, level)], 0.0, 0.0)
    for row, values in zip(lattice.multiples.tolist(), lattice.allowed.T, strict=True):
        sums = zip((-values).tolist(), points, strict=True)
        _row(model, [*zip(row, y, strict=True), *sums], 0.0, 0.0)
    return points


def _row(model: Any, terms: Iterable[tuple[float, Any]], low: float, high: float) -> None:
    """Hold a sum of factors and variables between two limits."""
    row = model.add_linear_constraint(lb=low, ub=high)
    for factor, each in terms:
        if factor:
            row.set_coefficient(each, factor)
