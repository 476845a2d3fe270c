"""The search for edits of a given number of steps, and what follows from steps being whole."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from .cp_sat import Answer, Effort, any_feasible
from .dual_bounds import CUTS_COLUMNS, EXACT_COLUMNS, PART_NODES, POOL_COLUMNS, Alone, DualBounds
from .highs import WHOLE, Highs
from .scip import fewest_steps
from .search_by_counts import search_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from epicarve.arrays import Bools, Floats, Ints

    Search = Callable[..., Answer]

TANGENT_ROUNDS = 20

QUICK_NODES, BOND_NODES = 10, 500
"""Nodes of a search for any edits of a number of steps, and of one for the best of them."""


CUTS_GAP = 0.01
"""Proven relative gap at which nothing is searched by branch and cut."""

ALONE_CUTS = 1.0
"""Effort of branch and cut for a domain by itself."""

SHORT, LONG = (0.5, 1.0), (5.0, np.inf)
"""Effort of constraint programming with linearization 1 and 2, before and after the numbers."""


def with_fewest_steps(
    dual: DualBounds, found: Floats, bound: float, *, effort: Effort
) -> tuple[Floats, float]:
    """Look for any edits with the fewest steps, then with one step more, and so on.

    That no solution has so few steps is proven over the columns that one could hold. Of the
    first ones found, those that save most bonds are looked for if the gap is still too wide.
    """
    best = dual.program.steps(found)
    for target in range(dual.least_steps(bound, best), best + 1):
        bound = max(bound, dual.of_steps(target, found))
        bonds = dual.highs.most_bonds * best / dual.highs.weight
        columns, taken, levels = dual.pool_of_steps(target, bonds)
        if len(columns) > POOL_COLUMNS:
            break
        search = partial(_with_steps, dual, columns, taken, target, levels)
        if target < best:
            answer = _any_of(dual, (columns, taken, levels), target, effort)
            if answer.y is None and answer.decided:
                continue
            y = dual.balance_dipole(answer.y, columns[~taken])
            if y is None:
                break
            found = y
        bound = tightened(dual, found, bound)
        if dual.gap(found, bound) > dual.gap_limit and len(columns) <= EXACT_COLUMNS:
            answer = any_feasible(
                dual.highs, columns, taken, target, levels, effort=effort, save_bonds=True
            )
            if answer.y is not None and dual.value(answer.y) < dual.value(found):
                found = answer.y
            if answer.decided:
                bound = max(bound, dual.value(found))
        if dual.gap(found, bound) > dual.gap_limit:
            y, proven, _ = search(save_bonds=True)
            bound = max(bound, proven) if y is not None else bound
            if y is not None and dual.value(y) < dual.value(found):
                found = y
        break
    return found, bound


def by_cuts(
    dual: DualBounds,
    found: Floats,
    bound: float,
    *,
    effort: Effort,
    share: float = 1.0,
    most_level: float = np.inf,
) -> tuple[Floats, float]:
    """Look for edits of fewer steps, by branch and cut over all columns that they could hold.

    Parameters
    ----------
    dual : DualBounds
        The program.
    found : ndarray of float, shape (n_columns,)
        The best edits so far.
    bound : float
        What is proven.
    effort : Effort
        What all searches may cost; it is taken off.
    share : float
        Of that, what this one may cost.
    most_level : float
        Largest level of a dipole that is looked for. If there may be larger ones, nothing is
        proven.
    """
    if dual.gap(found, bound) <= CUTS_GAP:
        return found, bound
    most = dual.program.steps(found) - 1
    bonds = dual.highs.most_bonds * most / dual.highs.weight
    columns, taken, levels = dual.pool_of_steps(most, bonds)
    looked = np.minimum(levels, most_level)
    budget = Effort(share * effort.left)
    effort.left -= budget.left
    fewest = fewest_steps(dual.highs, columns, taken, most, looked, effort=budget)
    effort.left += budget.left
    if (looked == levels).all():
        bound = max(bound, dual.of_steps(fewest.least, found))
    y = dual.balance_dipole(fewest.y, columns[~taken])
    if y is not None and dual.value(y) < dual.value(found):
        found = y
    return found, bound


def _any_of(
    dual: DualBounds,
    pool: tuple[Ints, Bools, Floats],
    steps: int,
    effort: Effort,
) -> Answer:
    """Look for any edits of a number of steps in a pool, by one search after the other."""
    columns, taken, levels = pool
    y, _, decided = _with_steps(dual, columns, taken, steps, levels, save_bonds=False)
    answer = Answer(y, decided)
    first, second = (
        [
            partial(any_feasible, effort=effort, linearization=number, most=most)
            for number, most in enumerate(shares, start=1)
        ]
        for shares in (SHORT, LONG)
    )
    searches: list[Search] = [*first, partial(search_numbers, effort=effort), *second]
    for look in searches:
        if answer.y is None and not answer.decided:
            answer = look(dual.highs, columns, taken, steps, levels)
    return answer


def domains_separately(dual: DualBounds, found: Floats, *, effort: Effort) -> tuple[Alone, ...]:
    """Return each domain of several by itself, and the fewest steps that it has.

    Parameters
    ----------
    dual : DualBounds
        The whole.
    found : ndarray of float, shape (n_columns,)
        Edits of the whole; no domain by itself has more steps than in these.
    effort : Effort
        What the searches may cost together; it is taken off.
    """
    each = []
    for number in range(len(dual.program.charges)):
        program, columns = dual.program.alone(number)
        highs = Highs(program, 0)
        relaxed = highs.relax(charge=True, ratio=True, dipole=True)
        if relaxed is None:
            return ()
        itself = DualBounds(program, highs, relaxed)
        itself.nodes = PART_NODES
        itself.proven = itself.lagrange(*itself.pool(np.inf))[1]
        is_own = dual.program.edits.domain[columns] == number
        share = Effort(effort.left / (len(dual.program.charges) - number))
        effort.left -= share.left
        most = program.steps(found[columns])
        each.append(Alone(itself, columns, is_own, _fewest(itself, most, share)))
        effort.left += share.left
    return tuple(each)


def _fewest(dual: DualBounds, most: int, effort: Effort) -> int:
    """Fewest steps of any edits, as far as that can be proven; there are some of `most` steps."""
    steps = dual.least_steps(dual.proven, most)
    if len(dual.relaxed.y) > CUTS_COLUMNS and steps < most:
        bonds = dual.highs.most_bonds * most / dual.highs.weight
        columns, taken, levels = dual.pool_of_steps(most - 1, bonds)
        budget = Effort(min(ALONE_CUTS, effort.left))
        effort.left -= budget.left
        fewest = fewest_steps(dual.highs, columns, taken, most - 1, levels, effort=budget)
        effort.left += budget.left
        return max(steps, fewest.least)
    while steps < most:
        bonds = dual.highs.most_bonds * steps / dual.highs.weight
        pool = dual.pool_of_steps(steps, bonds)
        if len(pool[0]) > POOL_COLUMNS:
            break
        answer = _any_of(dual, pool, steps, effort)
        if answer.y is not None or not answer.decided:
            break
        steps += 1
    return steps


def _with_steps(
    dual: DualBounds,
    columns: Ints,
    taken: Bools,
    steps: int,
    levels: Floats,
    *,
    save_bonds: bool,
) -> tuple[Floats | None, float, bool]:
    """Edits of at most so many steps, any or the best, their bound, and if that is final.

    Without an objective a search for any is often sooner at its end, but not always.
    """
    limit = dual.highs.shares(columns, steps)
    objective = dual.highs.objective(columns) * save_bonds
    for _ in range(TANGENT_ROUNDS):
        y, proven, decided = dual.highs.whole(
            objective,
            columns,
            taken,
            dual.gap_limit,
            most_levels=levels,
            extra=limit,
            nodes=BOND_NODES if save_bonds else QUICK_NODES,
        )
        if y is None:
            return None, proven, decided
        fits = dual.program.steps(y) <= steps
        if fits and (not save_bonds or dual.gap(y, proven) <= dual.gap_limit):
            return y, proven, decided
        if dual.highs.is_tangent(y):
            return (y if fits else None), proven, fits and decided
    return None, -np.inf, False


def tightened(dual: DualBounds, found: Floats, bound: float) -> float:
    """Raise a bound that is not good enough by what follows from steps being whole."""
    steps = dual.program.steps(found)
    if dual.gap(found, bound) <= dual.gap_limit or dual.least_steps(bound, steps) < steps:
        return bound
    return max(bound, _fewest_bonds(dual, steps))


def _fewest_bonds(dual: DualBounds, steps: int) -> float:
    """Bound of the objective of all solutions with this many steps, the fewest there are."""
    program = dual.program
    reach = steps + dual.highs.most_bonds * steps / dual.highs.weight - dual.relaxed.value
    columns, taken = dual.pool(reach, whole=True)
    limit = np.r_[program.edits.steps[columns], dual.highs.beyond]
    rows = dual.highs.rows(columns, charge=True, ratio=True, dipole=True)
    low, high = dual.highs.bounds(taken.astype(float))
    found = linprog(
        np.r_[program.edits.bonds[columns], np.zeros(len(low) - len(columns))],
        A_ub=vstack([rows.upper, csr_array(limit[None].astype(float))], format="csr"),
        b_ub=np.r_[rows.upper_limit, float(steps)],
        A_eq=rows.equal,
        b_eq=rows.equal_limit,
        bounds=np.column_stack([low, high]),
        method="highs-ds",
    )
    if found.x is None:
        return dual.relaxed.value
    return float(steps + np.ceil(found.fun - WHOLE) / dual.highs.weight)
