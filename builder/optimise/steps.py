"""The search for edits of a given number of steps, and what follows from steps being whole."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from .cp_sat import Answer, Effort, any_edits
from .dual_bounds import CUTS_COLUMNS, EXACT_COLUMNS, PART_NODES, POOL_COLUMNS, Alone, DualBounds
from .highs import WHOLE, Highs
from .numbers import search_numbers
from .scip import fewest_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

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
    priced: DualBounds, found: NDArray[np.float64], bound: float, *, effort: Effort
) -> tuple[NDArray[np.float64], float]:
    """Look for any edits with the fewest steps, then with one step more, and so on.

    That no solution has so few steps is proven over the columns that one could hold. Of the
    first ones found, those that save most bonds are looked for if the gap is still too wide.
    """
    best = priced.program.steps(found)
    for target in range(priced.least_steps(bound, best), best + 1):
        bound = max(bound, priced.of_steps(target, found))
        bonds = priced.highs.most_bonds * best / priced.highs.weight
        columns, taken, levels = priced.pool_of_steps(target, bonds)
        if len(columns) > POOL_COLUMNS:
            break
        search = partial(_with_steps, priced, columns, taken, target, levels)
        if target < best:
            answer = _any_of(priced, (columns, taken, levels), target, effort)
            if answer.y is None and answer.decided:
                continue
            y = priced.balance_dipole(answer.y, columns[~taken])
            if y is None:
                break
            found = y
        bound = raised(priced, found, bound)
        if priced.gap(found, bound) > priced.gap_limit and len(columns) <= EXACT_COLUMNS:
            answer = any_edits(
                priced.highs, columns, taken, target, levels, effort=effort, save_bonds=True
            )
            if answer.y is not None and priced.value(answer.y) < priced.value(found):
                found = answer.y
            if answer.decided:
                bound = max(bound, priced.value(found))
        if priced.gap(found, bound) > priced.gap_limit:
            y, proven, _ = search(save_bonds=True)
            bound = max(bound, proven) if y is not None else bound
            if y is not None and priced.value(y) < priced.value(found):
                found = y
        break
    return found, bound


def by_cuts(
    priced: DualBounds,
    found: NDArray[np.float64],
    bound: float,
    *,
    effort: Effort,
    share: float = 1.0,
    most_level: float = np.inf,
) -> tuple[NDArray[np.float64], float]:
    """Look for edits of fewer steps, by branch and cut over all columns that they could hold.

    Parameters
    ----------
    priced : DualBounds
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
    if priced.gap(found, bound) <= CUTS_GAP:
        return found, bound
    most = priced.program.steps(found) - 1
    bonds = priced.highs.most_bonds * most / priced.highs.weight
    columns, taken, levels = priced.pool_of_steps(most, bonds)
    looked = np.minimum(levels, most_level)
    budget = Effort(share * effort.left)
    effort.left -= budget.left
    fewest = fewest_steps(priced.highs, columns, taken, most, looked, effort=budget)
    effort.left += budget.left
    if (looked == levels).all():
        bound = max(bound, priced.of_steps(fewest.least, found))
    y = priced.balance_dipole(fewest.y, columns[~taken])
    if y is not None and priced.value(y) < priced.value(found):
        found = y
    return found, bound


def _any_of(
    priced: DualBounds,
    pool: tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]],
    steps: int,
    effort: Effort,
) -> Answer:
    """Look for any edits of a number of steps in a pool, by one search after the other."""
    columns, taken, levels = pool
    y, _, decided = _with_steps(priced, columns, taken, steps, levels, save_bonds=False)
    answer = Answer(y, decided)
    first, second = (
        [
            partial(any_edits, effort=effort, linearization=number, most=most)
            for number, most in enumerate(shares, start=1)
        ]
        for shares in (SHORT, LONG)
    )
    searches: list[Search] = [*first, partial(search_numbers, effort=effort), *second]
    for look in searches:
        if answer.y is None and not answer.decided:
            answer = look(priced.highs, columns, taken, steps, levels)
    return answer


def each_alone(
    priced: DualBounds, found: NDArray[np.float64], *, effort: Effort
) -> tuple[Alone, ...]:
    """Return each domain of several by itself, and the fewest steps that it has.

    Parameters
    ----------
    priced : DualBounds
        The whole.
    found : ndarray of float, shape (n_columns,)
        Edits of the whole; no domain by itself has more steps than in these.
    effort : Effort
        What the searches may cost together; it is taken off.
    """
    each = []
    for number in range(len(priced.program.charges)):
        program, columns = priced.program.alone(number)
        highs = Highs(program, 0)
        relaxed = highs.relax(charge=True, ratio=True, dipole=True)
        if relaxed is None:
            return ()
        itself = DualBounds(program, highs, relaxed)
        itself.nodes = PART_NODES
        itself.proven = itself.lagrange(*itself.pool(np.inf))[1]
        is_own = priced.program.edits.domain[columns] == number
        share = Effort(effort.left / (len(priced.program.charges) - number))
        effort.left -= share.left
        most = program.steps(found[columns])
        each.append(Alone(itself, columns, is_own, _fewest(itself, most, share)))
        effort.left += share.left
    return tuple(each)


def _fewest(priced: DualBounds, most: int, effort: Effort) -> int:
    """Fewest steps of any edits, as far as that can be proven; there are some of `most` steps."""
    steps = priced.least_steps(priced.proven, most)
    if len(priced.relaxed.y) > CUTS_COLUMNS and steps < most:
        bonds = priced.highs.most_bonds * most / priced.highs.weight
        columns, taken, levels = priced.pool_of_steps(most - 1, bonds)
        budget = Effort(min(ALONE_CUTS, effort.left))
        effort.left -= budget.left
        fewest = fewest_steps(priced.highs, columns, taken, most - 1, levels, effort=budget)
        effort.left += budget.left
        return max(steps, fewest.least)
    while steps < most:
        bonds = priced.highs.most_bonds * steps / priced.highs.weight
        pool = priced.pool_of_steps(steps, bonds)
        if len(pool[0]) > POOL_COLUMNS:
            break
        answer = _any_of(priced, pool, steps, effort)
        if answer.y is not None or not answer.decided:
            break
        steps += 1
    return steps


def _with_steps(
    priced: DualBounds,
    columns: NDArray[np.int64],
    taken: NDArray[np.bool_],
    steps: int,
    levels: NDArray[np.float64],
    *,
    save_bonds: bool,
) -> tuple[NDArray[np.float64] | None, float, bool]:
    """Edits of at most so many steps, any or the best, their bound, and if that is final.

    Without an objective a search for any is often sooner at its end, but not always.
    """
    limit = priced.highs.shares(columns, steps)
    objective = priced.highs.objective(columns) * save_bonds
    for _ in range(TANGENT_ROUNDS):
        y, proven, decided = priced.highs.whole(
            objective,
            columns,
            taken,
            priced.gap_limit,
            most_levels=levels,
            extra=limit,
            nodes=BOND_NODES if save_bonds else QUICK_NODES,
        )
        if y is None:
            return None, proven, decided
        fits = priced.program.steps(y) <= steps
        if fits and (not save_bonds or priced.gap(y, proven) <= priced.gap_limit):
            return y, proven, decided
        if priced.highs.is_tangent(y):
            return (y if fits else None), proven, fits and decided
    return None, -np.inf, False


def raised(priced: DualBounds, found: NDArray[np.float64], bound: float) -> float:
    """Raise a bound that is not good enough by what follows from steps being whole."""
    steps = priced.program.steps(found)
    if priced.gap(found, bound) <= priced.gap_limit or priced.least_steps(bound, steps) < steps:
        return bound
    return max(bound, _fewest_bonds(priced, steps))


def _fewest_bonds(priced: DualBounds, steps: int) -> float:
    """Bound of the objective of all solutions with this many steps, the fewest there are."""
    program = priced.program
    reach = steps + priced.highs.most_bonds * steps / priced.highs.weight - priced.relaxed.value
    columns, taken = priced.pool(reach, whole=True)
    limit = np.r_[program.edits.steps[columns], priced.highs.beyond]
    rows = priced.highs.rows(columns, charge=True, ratio=True, dipole=True)
    low, high = priced.highs.bounds(taken.astype(float))
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
        return priced.relaxed.value
    return float(steps + np.ceil(found.fun - WHOLE) / priced.highs.weight)
