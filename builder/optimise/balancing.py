"""Which ions of the surface shell to keep, drop, add or replace: the provably best choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from scipy.sparse import csr_array, vstack
from scipy.sparse.csgraph import connected_components

from epicarve.errors import InputError
from epicarve.options import Options

from .cp_sat import Effort
from .edits import possible_edits
from .program import Program
from .rows import Rows
from .solver import EFFORT, Solver
from .surface_region import STEP_A, Shell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal

    from .candidates import Candidates

MAX_CONNECTION_ROUNDS = 20


class Substitution(Options):
    """An element that may be replaced by another on sites of the shell.

    Parameters
    ----------
    replace : str
        The element of the crystal.
    by : str
        What may stand in its place, charged with the same sign.
    charge : int, optional
        Formal charge of that; needed if the crystal does not hold the element.
    """

    replace: str
    by: str
    charge: int | None = None

    @model_validator(mode="after")
    def _two_elements(self) -> Self:
        if self.replace == self.by:
            raise ValueError(f"{self.replace} can't be replaced by itself; give another element")
        return self

    def charge_in(self, crystal: Crystal) -> int:
        """Formal charge of the new element in units of e.

        Raises
        ------
        InputError
            If the crystal lacks the element to be replaced, or the new charge is unknown, one of
            several, or has the other sign.
        """
        charges = crystal.charges_of
        if self.replace not in charges:
            raise InputError(
                f"{crystal.name}: substitution of {self.replace}, which it does not hold; "
                f"it holds {', '.join(charges)}"
            )
        known = charges.get(self.by, ()) if self.charge is None else (self.charge,)
        if len(known) != 1:
            told = " or ".join(f"{charge:+d}" for charge in known)
            raise InputError(
                f"{crystal.name}: {f'{self.by} carries {told}' if known else 'no charge is known'}"
                f"{'' if known else f' of {self.by}'}, which shall replace {self.replace}; give "
                "the substitution a charge"
            )
        for before in charges[self.replace]:
            if known[0] * before <= 0:
                raise InputError(
                    f"{crystal.name}: {self.by} of charge {known[0]:+d} can't replace "
                    f"{self.replace} of charge {before:+d}; give an ion of the same sign"
                )
        return known[0]


class BalanceOptions(Options):
    """What a charge-balanced cut must satisfy, and what may be done to reach it.

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
    net_charge : int
        Sum of the formal charges in units of e.
    free_dipole_v : float
        Potential in V at the surface, p/(4πε₀R²), that the dipole may cause at no cost.
    substitutions : tuple of Substitution
        Elements that may be replaced by others in the shell.
    symmetry : {"none", "inversion", "rotations", "full"}
        Operations of the cut that the model must keep: none; the inversion; all rotations; all.
    """

    ratio_tolerance: float = Field(default=0.02, ge=0.0, lt=1.0)
    min_coordination: dict[str, int] = Field(default_factory=dict)
    shell_nm: float | None = Field(default=None, gt=0.0)
    net_charge: int = 0
    free_dipole_v: float = Field(default=0.15, gt=0.0)
    substitutions: tuple[Substitution, ...] = ()
    symmetry: Literal["none", "inversion", "rotations", "full"] = "none"

    @classmethod
    def named(cls) -> str:
        """Return the name by which users know the class."""
        return "Balance"


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
    """

    kept: NDArray[np.bool_]
    symbols: NDArray[np.str_]
    charges: NDArray[np.int64]
    objective: float
    bound: float
    gap: float
    n_free: int
    fidelity_a: float
    broken_bonds: int
    dipole_level: int
    costs: Mapping[str, float]


def balance(ions: Candidates) -> Balance:
    """Choose the ions of a charged-balanced, connected, well-coordinated model near the plain cut.

    docs/optimisation.md states the program. A cut is added for every piece that comes loose,
    and the program is solved again.

    Parameters
    ----------
    ions : Candidates
        Ions inside the shape and up to half a shell outside it, of one or more domains, and what
        each domain must satisfy.

    Returns
    -------
    Balance
        The choice, with its proven gap.

    Raises
    ------
    InputError
        If no choice satisfies all constraints; the message names the one that is in the way.
    """
    shell = Shell(ions)
    program = Program(shell, possible_edits(shell))
    unconnected: float | None = None
    least, effort = 0, Effort(EFFORT)
    for _ in range(MAX_CONNECTION_ROUNDS):
        solution = Solver(program, least=least, effort=effort).solve()
        if solution is None:
            from .infeasibility import explain  # noqa: PLC0415  (it balances again)

            raise InputError(explain(ions))
        if unconnected is None:
            unconnected = solution.value
        least = solution.least
        kept, symbols, charges = program.applied(solution.y)
        pieces = _loose_pieces(ions.links, kept)
        if not pieces:
            break
        program.local = program.local + _ties(program, pieces, ions.links)
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
    hopeless = float(shell.steps[shell.never].sum())
    objective = STEP_A * (solution.value + hopeless)
    bound = STEP_A * (solution.bound + hopeless)
    costs = {name: STEP_A * cost for name, cost in solution.costs.items()}
    costs["coordination"] += STEP_A * hopeless
    return Balance(
        kept=kept,
        symbols=symbols,
        charges=charges,
        objective=objective,
        bound=bound,
        gap=(objective - bound) / objective if objective > 1e-9 else 0.0,
        n_free=len(shell.free),
        fidelity_a=STEP_A * (program.steps(solution.y) + hopeless),
        broken_bonds=program.bonds(solution.y),
        dipole_level=program.level(solution.y),
        costs={**costs, "connection": STEP_A * (solution.value - unconnected)},
    )


def _loose_pieces(links: csr_array, kept: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Pieces of the bond graph of the kept ions other than the largest one."""
    chosen = np.flatnonzero(kept)
    n_pieces, label = connected_components(links[chosen][:, chosen], directed=False)
    if n_pieces <= 1:
        return []
    largest = int(np.argmax(np.bincount(label)))
    return [chosen[label == piece] for piece in range(n_pieces) if piece != largest]


def _ties(program: Program, pieces: list[NDArray[np.int64]], links: csr_array) -> Rows:
    """Forbid each loose piece, unless one of the ions around it is kept as well."""
    shell, edits = program.shell, program.edits
    sign = np.where(shell.inside[shell.free], -1.0, 1.0)
    rows, limits = [], []
    for piece in pieces:
        weight = np.zeros(shell.ions.n_ions)
        weight[links[piece].indices] = 1.0
        weight[piece] = -1.0
        row = (weight[shell.free] * sign) @ edits.occupancy
        rows.append(csr_array(-row[None]))
        limits.append(float(weight[shell.base].sum()) - 1.0 + len(piece))
    return Rows(csr_array(vstack(rows, format="csr")), np.array(limits))


def ratio_deviation(symbols: NDArray[np.str_], formula_unit: Mapping[str, int]) -> float:
    """Return the largest relative deviation of an element's count from its share in bulk.

    Parameters
    ----------
    symbols : ndarray of str, shape (n_atoms,)
        Elements of the model.
    formula_unit : mapping of str to int
        Ions of each element in a formula unit; other elements do not count.

    Examples
    --------
    >>> ratio_deviation(np.array(["Ca", "F", "F"]), {"Ca": 1, "F": 2})
    0.0
    """
    counts = {symbol: int((symbols == symbol).sum()) for symbol in formula_unit}
    whole, total = sum(counts.values()), sum(formula_unit.values())
    return max(
        abs(counts[symbol] * total / (share * whole) - 1.0)
        for symbol, share in formula_unit.items()
    )
