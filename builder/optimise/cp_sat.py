"""Any edits of a number of steps, or the proof that there are none, by constraint programming.

With the number of steps fixed, charge, composition and fidelity are sums of small whole numbers,
and so are dipoles in units of the grain of coordinates. Branching on single edits settles little
there: any edit left out is made up for by another like it. OR-Tools' CP-SAT, which learns from
every dead end and keeps all numbers whole, settles in a second what a relaxation leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from .dipole_terms import dipole_terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epicarve.arrays import Bools, Floats, Ints

    from .dipole_lattice import DipoleLattice
    from .highs import Highs

MOST_DENOMINATOR = 10**6
LIMIT = 10**15
"""Stands for no limit; sums are smaller."""

WHOLE = 1e-6

GRAINS_E_A = (1e-2, 1e-4)
"""Grains of the dipole along a face, in e Å; rounding only ever loosens a face. Short numbers are
searched sooner; the finer ones are taken if a dipole lies within a rounding of its limit."""

LINEARIZATIONS = (1, 2)
"""How much of the program CP-SAT also relaxes; each settles what the other leaves open."""


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

    y: Floats | None
    decided: bool


@dataclass(frozen=True)
class _Wanted:
    """What `any_feasible` is asked for, and how much of it CP-SAT also relaxes."""

    highs: Highs
    columns: Ints
    taken: Bools
    steps: int
    most_levels: Floats
    linearization: int
    save_bonds: bool


def any_feasible(
    highs: Highs,
    columns: Ints,
    taken: Bools,
    steps: int,
    most_levels: Floats,
    *,
    effort: Effort,
    save_bonds: bool = False,
    linearization: int = 2,
    most: float = np.inf,
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
    budget = Effort(min(most, effort.left))
    effort.left -= budget.left
    cases = highs.alike.cases(columns, taken)
    best: Floats | None = None
    is_decided = True
    for number, (some, done) in enumerate(cases):
        share = Effort(budget.left / (len(cases) - number))
        budget.left -= share.left
        wanted = _Wanted(highs, some, done, steps, most_levels, linearization, save_bonds)
        answer = _asked(wanted, share)
        budget.left += share.left
        is_decided &= answer.decided
        if answer.y is not None and (
            best is None or highs.program.bonds(answer.y) < highs.program.bonds(best)
        ):
            best = answer.y
        if best is not None and not save_bonds:
            is_decided = True
            break
    effort.left += budget.left
    return Answer(best, is_decided)


def _asked(wanted: _Wanted, effort: Effort) -> Answer:
    """Ask CP-SAT, with a face more as long as a dipole pokes through."""
    from ortools.sat.python import cp_model  # noqa: PLC0415  (costs half a second, seldom needed)

    highs, columns, steps = wanted.highs, wanted.columns, wanted.steps
    program = highs.program
    grains = list(GRAINS_E_A)
    while effort.left > 0.0:
        model, y = _model(wanted, grains[0])
        if wanted.save_bonds:
            bonds = program.edits.bonds[columns].astype(int).tolist()
            model.minimize(cp_model.LinearExpr.weighted_sum(y, bonds))
        solver: Any = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.catch_sigint_signal = False  # it would end Ctrl-C for good
        solver.parameters.linearization_level = wanted.linearization
        solver.parameters.max_deterministic_time = effort.left
        status = solver.solve(model)
        effort.left -= float(solver.response_proto.deterministic_time)
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return Answer(None, decided=bool(status == cp_model.INFEASIBLE))
        found = np.zeros(program.edits.n_columns)
        found[columns] = [solver.value(each) for each in y]
        if program.steps(found) <= steps:
            is_best = status == cp_model.OPTIMAL or not wanted.save_bonds
            return Answer(found, decided=bool(is_best))
        if highs.is_tangent(found):  # a dipole lies a rounding beyond its level
            if len(grains) == 1:
                break
            del grains[0]
    return Answer(None, decided=False)


def _model(wanted: _Wanted, grain_e_a: float) -> tuple[Any, list[Any]]:
    """Return the program with its steps fixed as CP-SAT takes it, and the variables of edits."""
    from ortools.sat.python import cp_model  # noqa: PLC0415

    highs, columns, steps = wanted.highs, wanted.columns, wanted.steps
    program = highs.program
    model: Any = cp_model.CpModel()
    y = [model.new_bool_var("") for _ in columns]
    for number in np.flatnonzero(wanted.taken).tolist():
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
    play_e_a = highs.alike.play_e_a
    lasts = [
        int(min(most, steps // limit.level_steps))
        for limit, most in zip(program.dipoles, wanted.most_levels, strict=True)
    ]
    terms = dipole_terms(program.dipoles, columns, lasts)
    levels: list[Any] = []
    points: list[list[Any]] = []
    for number, (limit, term, last) in enumerate(zip(program.dipoles, terms, lasts, strict=True)):
        level = model.new_int_var(0, last, "")
        levels.append(level)
        if term.lattice is not None:
            points.append(_points(model, y, term.lattice, level))
            continue
        points.append([])
        lattices = [lattice for part in term.parts if (lattice := terms[part].lattice) is not None]
        moments = np.hstack([term.moments, *(lattice.dipoles.T for lattice in lattices)])
        play = play_e_a + sum(lattice.off_e_a for lattice in lattices)
        faces = _Faces(highs.faces[number], grain_e_a, limit.free, play)
        chosen = [*y, *(point for part in term.parts for point in points[part])]
        for factors, most, more in faces.rows(moments, term.start):
            sums = [factor * each for factor, each in zip(factors, chosen, strict=True) if factor]
            model.add(sum(sums) <= most + more * level)
    edits = program.edits
    costs = [
        cost * each for cost, each in zip(edits.steps[columns].astype(int).tolist(), y, strict=True)
    ]
    costs += [limit.level_steps * each for limit, each in zip(program.dipoles, levels, strict=True)]
    model.add(sum(costs) == steps)
    spare = steps - int(highs.least.sum())
    for number, least in enumerate(highs.least.tolist() if len(highs.least) > 1 else ()):
        own = np.flatnonzero(np.r_[edits.domain[columns], np.arange(len(levels))] == number)
        share = sum(costs[each] for each in own.tolist())
        model.add_linear_constraint(share, least, least + spare)
    return model, y


@dataclass(frozen=True)
class _Faces:
    """Normals of the faces that hold a dipole, their grain, what is free, and how far they lie out.

    Along each face the moments are rounded down and the limit is rounded up, each to a whole
    multiple of the grain, so that no edits are lost.
    """

    normals: Floats
    grain_e_a: float
    free_e_a: float
    play_e_a: float

    def rows(self, moments: Floats, start: Floats) -> Iterator[tuple[list[int], int, int]]:
        """Each face: factors of the terms, what they sum to at most, and how much more a level."""
        reach = self.free_e_a + self.play_e_a
        along = np.floor(self.normals @ moments / self.grain_e_a + WHOLE).astype(np.int64)
        most = np.ceil((reach - self.normals @ start) / self.grain_e_a - WHOLE).astype(np.int64)
        free = int(np.ceil(self.free_e_a / self.grain_e_a))
        for factors, largest in zip(along.tolist(), most.tolist(), strict=True):
            yield factors, largest, free


def _points(model: Any, y: Sequence[Any], lattice: DipoleLattice, level: Any) -> list[Any]:
    """Let a dipole take one point of its lattice, which tells its level; return what says which."""
    points = [model.new_bool_var("") for _ in lattice.levels]
    model.add_exactly_one(points)
    levels = zip(lattice.levels.tolist(), points, strict=True)
    model.add(level == sum(each * point for each, point in levels))
    for row, values in zip(lattice.multiples.tolist(), lattice.allowed.T.tolist(), strict=True):
        terms = [factor * each for factor, each in zip(row, y, strict=True) if factor]
        sums = [value * point for value, point in zip(values, points, strict=True) if value]
        model.add(sum(terms) == sum(sums))
    return points


def _in_whole_numbers(factors: Floats, limit: float) -> tuple[list[int], int]:
    """Return a row of fractions and its limit, times the least number that makes them whole."""
    parts = [_fraction(value) for value in factors.tolist()]
    scale = lcm(*(part.denominator for part in parts))
    whole = [part.numerator * (scale // part.denominator) for part in parts]
    return whole, int(np.floor(limit * scale + WHOLE))


@lru_cache(maxsize=4096)
def _fraction(value: float) -> Fraction:
    """Return the fraction that a coefficient stands for; few differ."""
    return Fraction(value).limit_denominator(MOST_DENOMINATOR)
