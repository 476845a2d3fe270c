"""The 0/1 program of a surface treatment: places of a lattice that may be filled or replaced.

What a model must satisfy is as in `epicarve.builder.optimise`: the same dipole limit with the same
price, the same symmetry, the same net charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, diags_array, hstack
from scipy.spatial import cKDTree

from epicarve.builder.optimise import (
    GAP_LIMIT,
    MATCH_A,
    NODE_LIMIT,
    STEP_A,
    SURFACE_A,
    Candidates,
    DipoleLimit,
    Shell,
    directions,
    kept_operations,
    minimum_coordination,
    orbits,
)
from epicarve.errors import InputError

from .cut import shell_depth_a

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.builder.model import Model
    from epicarve.builder.optimise import BalanceOptions
    from epicarve.builder.shapes import LatticeIons

HALIDE_CHARGE = -1

FOREIGN_SITE_COST = 0.5
"""Cost in Å of a halide on an empty site where the bulk holds another anion."""

TANGENT_ROUNDS = 20
"""How often a direction in which the dipole is still too long is added to those it is held by."""


@dataclass(frozen=True)
class FilledLattice:
    """The lattice around a model: its ions, the model's index of each (−1 if empty), its bonds."""

    ions: LatticeIons
    of_model: NDArray[np.int64]
    adjacency: csr_array

    @property
    def taken(self) -> NDArray[np.bool_]:
        """Which sites an ion of the model takes."""
        return self.of_model >= 0


@dataclass(frozen=True)
class Places:
    """Where the surface can change, in the numbering of the lattice ions.

    Parameters
    ----------
    replaced : ndarray of int
        Kept anions that may become halides.
    filled : ndarray of int
        Empty sites that may be taken, cations first.
    charges : ndarray of int
        Charges of the ions that would take these.
    """

    replaced: NDArray[np.int64]
    filled: NDArray[np.int64]
    charges: NDArray[np.int64]

    @property
    def sites(self) -> NDArray[np.int64]:
        """Which site each place is."""
        return np.concatenate([self.replaced, self.filled])


@dataclass(frozen=True)
class Chosen:
    """The places that a treatment changes.

    Parameters
    ----------
    places : ndarray of bool, shape (n_places,)
        Which.
    objective_a, bound_a : float
        Their cost in Å, and a proven lower bound of it.
    dipole_level : int
        Times that the dipole exceeds the free one; 0 if it does not.
    """

    places: NDArray[np.bool_]
    objective_a: float
    bound_a: float
    dipole_level: int


class TreatmentProgram:
    """Minimise depth, bonds lacking and the level of the dipole, with a number of units fixed.

    One variable for each place, or for each orbit of places under the symmetry to be kept, and one
    for the level of the dipole.

    Parameters
    ----------
    model : Model
        The model before the treatment.
    lattice : FilledLattice
        The sites around it.
    places : Places
        Where it can change.
    halide : str
        Element of the halide.
    balance : BalanceOptions
        What the model was carved with, and shall keep.
    """

    def __init__(
        self,
        model: Model,
        lattice: FilledLattice,
        places: Places,
        halide: str,
        balance: BalanceOptions,
    ) -> None:
        ions, adjacency = lattice.ions, lattice.adjacency
        self.name, n_replaced = ions.crystal.name, len(places.replaced)
        held = adjacency @ lattice.taken.astype(np.int32)
        bulk = np.maximum(ions.bulk_coordination, 1)
        lacking = 1.0 - np.minimum(held[places.filled] / bulk[places.filled], 1.0)
        foreign = (places.charges < 0) & (ions.symbols[places.filled] != halide)
        depth = -ions.signed_distance_a[places.replaced]  # the outermost are replaced first
        height = ions.signed_distance_a[places.filled]  # the nearest are filled first
        cost = np.concatenate(
            [
                depth - depth.min(initial=0.0),
                height - height.min(initial=0.0) + lacking + FOREIGN_SITE_COST * foreign,
            ]
        )
        charge = np.concatenate([HALIDE_CHARGE - ions.charges[places.replaced], places.charges])
        units = np.concatenate([np.ones(n_replaced), np.zeros(len(places.filled))])
        if n_replaced == 0:
            units = (places.charges > 0).astype(float)
        minimum = minimum_coordination(ions, balance.min_coordination)
        need = (minimum - held)[places.filled].astype(float)
        between = adjacency[places.filled][:, places.filled].astype(float)
        coordination = hstack([csr_array((len(need), n_replaced)), between - diags_array(need)])
        orbit = _orbits(model, lattice, places, balance)
        self.members = csr_array(
            (np.ones(len(orbit)), (np.arange(len(orbit)), np.unique(orbit, return_inverse=True)[1]))
        )
        self.cost, self.units = cost @ self.members, units @ self.members
        inside = ions.positions_a[ions.signed_distance_a <= SURFACE_A]
        self.dipole = DipoleLimit.of(
            (charge[:, None] * ions.positions_a[places.sites]).T @ self.members,
            model.charges @ model.positions_a,
            balance.free_dipole_v,
            float(np.linalg.norm(inside, axis=1).max()),
        )
        self.level_cost = STEP_A * self.dipole.level_steps
        neutral = csr_array(self._wide(charge @ self.members)[None])
        coordinated = hstack([coordination @ self.members, csr_array((len(need), 1))])
        self.rows = [
            LinearConstraint(neutral, 0.0, 0.0),
            LinearConstraint(csr_array(coordinated), 0.0, np.inf),
        ]

    def solve(self, n_units: int) -> Chosen | None:
        """Return what to change so that a number of units is placed, None if it can't be."""
        exactly = LinearConstraint(self._wide(self.units)[None], n_units, n_units)
        return self._solved(np.append(self.cost, self.level_cost), [exactly])

    def most(self) -> int:
        """Return the largest number of units that can be placed."""
        found = self._solved(self._wide(-self.units), [])
        return 0 if found is None else round(-found.objective_a)

    def nearest(self, n_units: int) -> int:
        """Return the number of units that can be placed nearest to one; 0 if none can be.

        Where places go together by symmetry, few numbers can be met.
        """
        units, near = self._wide(self.units), []
        for sign, low, high in ((-1.0, 1, n_units), (1.0, n_units, np.inf)):
            found = self._solved(sign * units, [LinearConstraint(units[None], low, high)])
            if found is not None:
                near.append(round(sign * found.objective_a))
        return min(near, key=lambda n: (abs(n - n_units), n), default=0)

    def _wide(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.append(row, 0.0)

    def _solved(self, cost: NDArray[np.float64], rows: list[LinearConstraint]) -> Chosen | None:
        n, limit = len(self.cost), self.dipole
        planes = directions()
        for _ in range(TANGENT_ROUNDS):
            held = np.hstack([planes @ limit.moments, np.full((len(planes), 1), -limit.free)])
            small = LinearConstraint(held, -np.inf, limit.free - planes @ limit.start)
            found = milp(
                cost,
                integrality=np.ones(n + 1),
                bounds=Bounds(0, np.append(np.ones(n), np.inf)),
                constraints=[*self.rows, *rows, small],
                options={"mip_rel_gap": GAP_LIMIT, "node_limit": NODE_LIMIT},
            )
            if found.x is None and found.status != 2:
                raise InputError(
                    f"{self.name}: no treatment was found within {NODE_LIMIT} nodes of the search, "
                    "and none was ruled out; change coverage a little"
                )
            if found.x is None:
                return None
            y = np.rint(found.x[:n])
            level = limit.level(y)
            if level <= round(found.x[n]):
                break
            planes = np.vstack([planes, limit.after(y) / np.linalg.norm(limit.after(y))])
        return Chosen(
            places=np.asarray(self.members @ y > 0.5),
            objective_a=float(cost @ np.append(y, level)),
            bound_a=float(found.mip_dual_bound),
            dipole_level=level,
        )


def _orbits(
    model: Model, lattice: FilledLattice, places: Places, balance: BalanceOptions
) -> NDArray[np.int64]:
    """Orbit of each place under the operations of the cut that the model must keep."""
    ions, sites = lattice.ions, places.sites
    if balance.symmetry == "none":
        return np.arange(len(sites))
    shell = Shell(Candidates.of_one(ions, shell_depth_a(ions.crystal, balance), balance))
    points, is_filled = ions.positions_a[sites], np.arange(len(sites)) >= len(places.replaced)
    images = []
    for operation in kept_operations(shell, balance.symmetry):
        distances, image = cKDTree(points).query(points @ operation.T)
        same = (ions.symbols[sites] == ions.symbols[sites[image]]) & (is_filled == is_filled[image])
        if distances.max() > MATCH_A or not same.all():
            raise InputError(
                f"{ions.crystal.name}: the model does not keep symmetry {balance.symmetry}, which "
                "its treatment shall keep; carve it with the same balance"
            )
        images.append(image)
    return orbits(images, len(sites))
