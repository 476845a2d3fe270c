"""Which ions of the surface shell to keep: a 0/1 optimisation with neutrality as a constraint."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import connected_components

from epicarve.errors import InputError
from epicarve.options import Options
from epicarve.units import COULOMB_V_A

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .lattice import LatticeIons

BULK_SHARE = Fraction(1, 3)
"""Share of its bulk neighbours that an ion must keep, rounded up, unless told otherwise."""

GAP_LIMIT = 5e-4
"""Proven relative gap at which the optimisation may stop."""

TIME_LIMIT_S = 120.0

FREE_DIPOLE_V = 0.15
"""Potential in V at the surface that a component of the dipole may cause at no cost."""

DIPOLE_COST = 4.0
"""Cost in Å of one elementary charge moved by one radius, beyond the free dipole."""

MAX_CONNECTION_ROUNDS = 20


class BalanceOptions(Options):
    """What a charge-balanced cut must satisfy.

    Parameters
    ----------
    ratio_tolerance : float
        Largest relative deviation of an element's count from the bulk ratio; 0 means exact.
    min_coordination : dict of str to int
        Fewest opposite neighbours of an ion, by element; others keep a third of their bulk
        neighbours, rounded up.
    shell_nm : float or None
        Depth below the surface, in nm, to which ions may be removed. None means the longest
        bond of the crystal. Above the surface ions may be added up to half of it.
    """

    ratio_tolerance: float = Field(default=0.02, ge=0.0, lt=1.0)
    min_coordination: dict[str, int] = Field(default_factory=dict)
    shell_nm: float | None = Field(default=None, gt=0.0)


@dataclass(frozen=True)
class Balance:
    """The outcome of the optimisation.

    Parameters
    ----------
    kept : ndarray of bool, shape (n_ions,)
        Which ions belong to the model.
    objective : float
        Costs in Å of all ions removed from or added to the plain cut, and of the dipole.
    bound : float
        Proven lower bound of the objective, in Å.
    gap : float
        (objective − bound) / objective, 0 if the plain cut needed no edit.
    n_free : int
        Number of ions that could be chosen.
    """

    kept: NDArray[np.bool_]
    objective: float
    bound: float
    gap: float
    n_free: int


def minimum_coordination(ions: LatticeIons, given: Mapping[str, int]) -> NDArray[np.int64]:
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


def balance(
    ions: LatticeIons, adjacency: csr_array, shell_a: float, options: BalanceOptions
) -> Balance:
    """Choose the ions of a neutral, connected, well-coordinated model closest to the plain cut.

    Variables are the ions within the trimmable shell: 1 keeps an ion, 0 drops it. The sum of
    formal charges is 0, each element's count stays within the tolerance of the bulk ratio, each
    kept ion keeps its minimum of opposite neighbours, and the model is one piece (a cut is added
    for every piece that comes loose, and the problem is solved again). The objective is the sum
    of the costs of the edits: an ion's distance to the surface in Å, plus up to 1 Å for taking
    away a well-coordinated ion or adding a poorly coordinated one; and of the dipole, as far as
    its potential at the surface, p/(4πε₀R²), exceeds `FREE_DIPOLE_V` (a larger one would close
    the gap of the model).

    Parameters
    ----------
    ions : LatticeIons
        Ions inside the shape and up to half a shell outside it.
    adjacency : csr_array, shape (n_ions, n_ions)
        Bonds between them.
    shell_a : float
        Depth of the free shell in Å.
    options : BalanceOptions
        Tolerances.

    Returns
    -------
    Balance
        The choice, with its proven gap.

    Raises
    ------
    InputError
        If no choice satisfies all constraints; the message names the one that is in the way.
    """
    problem = _Problem(ions, adjacency, shell_a, options)
    for _ in range(MAX_CONNECTION_ROUNDS):
        result = problem.solve()
        if result is None:
            raise InputError(problem.explain())
        pieces = problem.loose_pieces(result.kept)
        if not pieces:
            return result
        problem.tie(pieces)
    raise InputError(
        f"{ions.crystal.name}: the model stays in several pieces after {MAX_CONNECTION_ROUNDS} "
        "rounds; make the shape thicker or raise min_coordination"
    )


class _Problem:
    """The mixed-integer program of one cut: minimise c·x subject to rows, x in {0, 1}."""

    def __init__(
        self, ions: LatticeIons, adjacency: csr_array, shell_a: float, options: BalanceOptions
    ) -> None:
        self.ions = ions
        self.adjacency = adjacency
        self.options = options
        self.inside = ions.signed_distance_a <= 0.0
        self.minimum = minimum_coordination(ions, options.min_coordination)
        self.fixed = self.inside & (ions.trim_distance_a < -shell_a)
        free = ~self.fixed & (ions.trim_distance_a <= 0.5 * shell_a)
        self.free = np.flatnonzero(self._peel(free))
        self.column = np.full(ions.n_ions, -1)
        self.column[self.free] = np.arange(len(self.free))
        self.cost = self._costs()
        self.radius_a = float(np.linalg.norm(ions.positions_a[self.inside], axis=1).max())
        self.dipole_cost = np.full(3, DIPOLE_COST / max(self.radius_a, 1.0))
        self.rows = [self._charge_row(), *self._coordination_rows(), *self._dipole_rows()]
        self.ratio_rows = self._ratio_rows()
        self.ties: list[LinearConstraint] = []

    def _peel(self, free: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Leave out, again and again, free ions that can never reach their minimum."""
        while True:
            available = self.adjacency @ (free | self.fixed).astype(np.int32)
            hopeless = free & (available < self.minimum)
            if not hopeless.any():
                return free
            free = free & ~hopeless

    def _costs(self) -> NDArray[np.float64]:
        """Cost in Å of flipping each free ion against the plain cut."""
        coordination = self.adjacency @ self.inside.astype(np.int32)
        share = coordination / np.maximum(self.ions.bulk_coordination, 1)
        inside = self.inside[self.free]
        bonding = np.where(inside, share[self.free], 1.0 - np.minimum(share[self.free], 1.0))
        return np.asarray(np.abs(self.ions.signed_distance_a[self.free]) + bonding)

    def _row(self, coefficients: NDArray[np.int64]) -> tuple[csr_array, int]:
        """Return a row over the free ions, and what the fixed ions add to it."""
        row = self._widen(csr_array(coefficients[self.free].astype(float)[None, :]))
        return row, int(coefficients[self.fixed].sum())

    def _dipole_rows(self) -> list[LinearConstraint]:
        """Three continuous columns: dipole along x, y and z beyond the slack, in e Å."""
        arms = self.ions.charges[:, None] * self.ions.positions_a
        fixed = arms[self.fixed].sum(axis=0)
        moments = csr_array(arms[self.free].T)
        size = eye_array(3, format="csr")
        slack = FREE_DIPOLE_V / COULOMB_V_A * self.radius_a**2
        return [
            LinearConstraint(hstack([moments, -size], format="csr"), -np.inf, slack - fixed),
            LinearConstraint(hstack([-moments, -size], format="csr"), -np.inf, slack + fixed),
        ]

    def _widen(self, rows: csr_array) -> csr_array:
        """Add the three columns of the dipole to rows over the free ions."""
        return hstack([rows, csr_array((rows.shape[0], 3))], format="csr")

    def _charge_row(self) -> LinearConstraint:
        row, fixed = self._row(self.ions.charges)
        return LinearConstraint(row, -fixed, -fixed)

    def _ratio_rows(self) -> list[LinearConstraint]:
        """Each element's count within the tolerance of its share of the whole."""
        unit = self.ions.crystal.formula_unit
        total = sum(unit.values())
        tolerance = Fraction(self.options.ratio_tolerance).limit_denominator(10**4)
        rows = []
        for symbol, share in unit.items():
            of_symbol = (self.ions.symbols == symbol).astype(np.int64)
            for sign, limit in ((1, 1 + tolerance), (-1, 1 - tolerance)):
                # sign * (total * count - limit * share * all) <= 0, in whole numbers
                weight = limit.denominator * total * of_symbol - limit.numerator * share
                row, fixed = self._row(sign * weight)
                scale = limit.denominator * total
                rows.append(LinearConstraint(row / scale, -np.inf, -fixed / scale))
        return rows

    def _coordination_rows(self) -> list[LinearConstraint]:
        """For each ion that may lose neighbours: enough of them stay if it stays."""
        held = self.adjacency @ self.fixed.astype(np.int32)
        concerned = self.minimum > held
        of_free = self.free[concerned[self.free]]
        of_fixed = np.flatnonzero(self.fixed & concerned)
        rows = []
        if len(of_free):
            chooser = csr_array(
                (
                    self.minimum[of_free] - held[of_free] * 1.0,
                    (np.arange(len(of_free)), self.column[of_free]),
                ),
                shape=(len(of_free), len(self.free)),
            )
            neighbours = self.adjacency[of_free][:, self.free].astype(float)
            rows.append(LinearConstraint(self._widen(neighbours - chooser), 0.0, np.inf))
        if len(of_fixed):
            neighbours = self.adjacency[of_fixed][:, self.free].astype(float)
            needed = (self.minimum - held)[of_fixed]
            rows.append(LinearConstraint(self._widen(neighbours), needed, np.inf))
        return rows

    def solve(self, *, with_ratio: bool = True) -> Balance | None:
        """Return the best choice, or None if there is none.

        The program is handed over in terms of edits, y = |x − plain cut|, so that its objective
        is the cost of the edits itself and a relative gap of it means what it says.
        """
        n_free = len(self.free)
        plain = np.concatenate([self.inside[self.free], np.zeros(3)]).astype(float)
        sign = np.where(plain > 0, -1.0, 1.0)
        rows = [*self.rows, *self.ties, *(self.ratio_rows if with_ratio else [])]
        outcome = milp(
            np.concatenate([self.cost, self.dipole_cost]),
            integrality=np.concatenate([np.ones(n_free), np.zeros(3)]),
            bounds=Bounds(0, np.concatenate([np.ones(n_free), np.full(3, np.inf)])),
            constraints=[
                LinearConstraint(
                    row.A * sign[None, :], row.lb - row.A @ plain, row.ub - row.A @ plain
                )
                for row in rows
            ],
            options={"mip_rel_gap": GAP_LIMIT, "time_limit": TIME_LIMIT_S},
        )
        if outcome.x is None:
            return None
        kept = self.fixed.copy()
        kept[self.free] = (outcome.x[:n_free] > 0.5) ^ self.inside[self.free]
        if not kept.any():
            return None
        never = self.inside & ~self.fixed
        never[self.free] = False  # ions of the plain cut that no choice can keep
        base = -float(self.ions.signed_distance_a[never].sum())
        objective = float(outcome.fun) + base
        bound = min(float(outcome.mip_dual_bound) + base, objective)
        gap = (objective - bound) / objective if objective > 1e-9 else 0.0
        return Balance(kept, objective, bound, gap, n_free)

    def loose_pieces(self, kept: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
        """Pieces of the bond graph of the kept ions other than the largest one."""
        chosen = np.flatnonzero(kept)
        n_pieces, label = connected_components(self.adjacency[chosen][:, chosen], directed=False)
        largest = int(np.argmax(np.bincount(label)))
        return [chosen[label == piece] for piece in range(n_pieces) if piece != largest]

    def tie(self, pieces: list[NDArray[np.int64]]) -> None:
        """Forbid each loose piece, unless one of the ions around it is kept as well."""
        rows, limits = [], []
        for piece in pieces:
            member = np.zeros(self.ions.n_ions, dtype=np.int32)
            member[piece] = 1
            around = ((self.adjacency @ member) > 0) & (member == 0)
            row = around.astype(np.int64) - member
            rows.append(self._row(row)[0])
            limits.append(1 - len(piece) + int(self.fixed[piece].sum()))
        self.ties.append(LinearConstraint(vstack(rows), np.array(limits), np.inf))

    def explain(self) -> str:
        """Say which constraint stands in the way of any solution, and what to change."""
        crystal = self.ions.crystal
        held = self.adjacency @ self.fixed.astype(np.int32)
        free = np.zeros(self.ions.n_ions, dtype=np.int32)
        free[self.free] = 1
        short = np.flatnonzero(self.fixed & (held + self.adjacency @ free < self.minimum))
        if len(short):
            ion = short[0]
            return (
                f"{crystal.name}: the cut leaves {self.ions.symbols[ion]} with "
                f"{held[ion]} of {self.ions.bulk_coordination[ion]} neighbours, fewer than the "
                f"{self.minimum[ion]} it must keep; choose another termination or set "
                f"min_coordination: {{{self.ions.symbols[ion]}: {max(int(held[ion]), 0)}}}"
            )
        relaxed = self.solve(with_ratio=False)
        if relaxed is not None:
            deviation = ratio_deviation(self.ions.symbols[relaxed.kept], crystal.formula_unit)
            return (
                f"{crystal.name}: no neutral cut keeps the ratio {crystal.formula} within "
                f"{self.options.ratio_tolerance:g}; ratio_tolerance: {deviation * 1.001:.4f} is "
                "in reach, or change the size or the centre of the shape"
            )
        charge = int(self.ions.charges[self.inside].sum())
        return (
            f"{crystal.name}: the plain cut carries {charge:+d} e and no choice among "
            f"{len(self.free)} surface ions makes it neutral with the minimum coordination; "
            "make the shape larger, the shell thicker (shell_nm) or min_coordination smaller"
        )


def ratio_deviation(symbols: NDArray[np.str_], formula_unit: Mapping[str, int]) -> float:
    """Return the largest relative deviation of an element's count from its share in bulk.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements of the model.
    formula_unit : mapping of str to int
        Ions of each element in a formula unit.

    Examples
    --------
    >>> ratio_deviation(np.array(["Ca", "F", "F"]), {"Ca": 1, "F": 2})
    0.0
    """
    total = sum(formula_unit.values())
    expected = {symbol: share / total * len(symbols) for symbol, share in formula_unit.items()}
    return max(
        abs(int((symbols == symbol).sum()) / count - 1.0) for symbol, count in expected.items()
    )
