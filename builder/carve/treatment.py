"""Surface treatment of a carved model: halide-rich or halide-terminated, and still neutral."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, diags_array, eye_array, hstack
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from epicarve.builder.model import Edit, Model
from epicarve.builder.optimise import minimum_coordination
from epicarve.builder.shapes import LatticeIons, ions_near
from epicarve.errors import InputError
from epicarve.options import Options
from epicarve.units import COULOMB_V_A

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.shapes import Shape

HALIDE_CHARGE = -1

SAME_PLACE_A = 1e-3

FOREIGN_SITE_COST = 0.5
"""Cost in Å of a halide on an empty site where the bulk holds another anion."""

FREE_DIPOLE_V = 0.15
"""Potential in V at the surface that a component of the dipole may cause at no cost."""

DIPOLE_COST = 4.0
"""Cost in Å of one elementary charge moved by one radius, beyond the free dipole."""

GAP_LIMIT = 5e-3

NODE_LIMIT = 5000
"""Nodes of the search after which the best choice found is taken; not a time, to be the same
everywhere."""


class TreatmentOptions(Options):
    """How the surface of a carved model is treated.

    Parameters
    ----------
    kind : {"halide_rich", "halide_terminated"}
        ``halide_rich`` adds neutral salt units (PbCl2 for Pb and Cl) on empty bulk sites at the
        surface. ``halide_terminated`` replaces surface anions of higher charge (S²⁻) by the
        halide and puts the halides that balance the charge on empty anion sites.
    halide : str
        Element of the halide.
    cation : str, optional
        Cation of the salt of ``halide_rich``; may be left out if the crystal holds only one.
    coverage : float
        ``halide_rich``: salt units added per cation of that element at the surface;
        ``halide_terminated``: share of the surface anions of higher charge that are replaced.
    """

    kind: Literal["halide_rich", "halide_terminated"]
    halide: str
    cation: str | None = None
    coverage: float = Field(gt=0.0, le=1.0)


@dataclass(frozen=True)
class _Lattice:
    """The lattice around a model: its ions, the model's index of each (−1 if empty), its bonds."""

    ions: LatticeIons
    of_model: NDArray[np.int64]
    adjacency: csr_array

    @property
    def taken(self) -> NDArray[np.bool_]:
        """Which sites an ion of the model takes."""
        return self.of_model >= 0


@dataclass(frozen=True)
class _Places:
    """Where the surface can change, in the numbering of the lattice ions.

    `replaced` are kept anions that may become halides; `filled` are empty sites that may be
    taken, by an ion of charge `charges`; cations first.
    """

    replaced: NDArray[np.int64]
    filled: NDArray[np.int64]
    charges: NDArray[np.int64]

    @property
    def steps(self) -> NDArray[np.int64]:
        """Which site each variable of the program is about."""
        return np.concatenate([self.replaced, self.filled])


def treat(
    model: Model,
    crystal: Crystal,
    shape: Shape,
    options: TreatmentOptions,
    *,
    centre: Sequence[float] = (0.0, 0.0, 0.0),
    min_coordination: Mapping[str, int] | None = None,
) -> Model:
    """Return a model with its surface treated: neutral, connected, coordinated as before.

    A 0/1 program chooses the sites: the number of units is fixed by the coverage, the charge
    stays 0, and each ion added has the minimum coordination that `carve` asks for, one bond at
    least to an ion that was there. It minimises the distance from the surface of the shape, the
    bonds that the ions added lack, and the dipole. A face that must stay as it was cut is left
    alone.

    Parameters
    ----------
    model : Model
        A model that `carve` made, in its own frame.
    crystal, shape, centre
        What `carve` was given.
    options : TreatmentOptions
        What to do.
    min_coordination : mapping of str to int, optional
        Fewest opposite neighbours of an ion added, by element of the site; as in `carve`.

    Returns
    -------
    Model
        The treated model. Its ledger goes on where that of the model ends, with a substitution
        told as ``"S→Cl"``; report["treatment"] tells what was done.

    Raises
    ------
    InputError
        If the crystal has no such cation or no anion to replace, or the empty sites do not
        take as much as asked; the message tells how much they take.

    Examples
    --------
    >>> from epicarve.builder.carve import carve
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import Sphere
    >>> galena, ball = bundled_crystal("PbS"), Sphere(radius_a=9.0)
    >>> options = TreatmentOptions(kind="halide_rich", halide="Cl", coverage=0.1)
    >>> dot = treat(carve(galena, ball), galena, ball, options)
    >>> dot.net_charge, dot.counts["Cl"] == 2 * dot.report["treatment"]["n_units"]
    (0, True)
    """
    cation = _cation(crystal, options)
    shell_a = float(max(crystal.bonds.lengths_a))
    ions = ions_near(crystal, shape, np.asarray(centre, dtype=float), margin_a=shell_a)
    lattice = _Lattice(ions, _matched(model, ions), ions.adjacency())
    places = _places(model, lattice, options, cation, shell_a)
    wanted, asked_of = _wanted(model, places, options, cation)
    minimum = minimum_coordination(ions, min_coordination or {})
    program = _Program(model, lattice, places, options, minimum)
    chosen = program.solve(wanted)
    if chosen is None:
        most = program.most()
        raise InputError(
            f"{crystal.name}: the surface takes no more than {most} of the {wanted} units that "
            f"coverage {options.coverage:g} asks for; set coverage: {most / asked_of:.2f} or less"
            if 0 < most < wanted
            else f"{crystal.name}: no {wanted} units of treatment fit on the empty sites of this "
            "surface with the minimum coordination; change coverage or the size of the shape"
        )
    return _treated(model, lattice, places, chosen, options)


def _cation(crystal: Crystal, options: TreatmentOptions) -> str:
    """Element of the salt's cation; empty if none is added."""
    cations = [symbol for symbol, charge in crystal.charge_of.items() if charge > 0]
    charges = crystal.charges_of.get(options.halide, (HALIDE_CHARGE,))
    if charges != (HALIDE_CHARGE,):
        told = " or ".join(f"{charge:+d}" for charge in charges)
        raise InputError(
            f"{crystal.name}: {options.halide} carries {told} e here, so it is no halide; "
            "name an anion of charge -1"
        )
    if options.kind == "halide_terminated":
        return ""
    if options.cation is None and len(cations) == 1:
        return cations[0]
    if options.cation not in cations:
        raise InputError(
            f"{crystal.name}: treatment needs cation, one of {', '.join(cations)}; "
            f"it is {options.cation or 'not given'}"
        )
    return options.cation


def _matched(model: Model, ions: LatticeIons) -> NDArray[np.int64]:
    """Index in the model of each lattice ion, −1 for empty sites, shape (n_ions,)."""
    distance, nearest = cKDTree(ions.positions_a).query(model.positions_a)
    if (distance > SAME_PLACE_A).any() or (ions.sites[nearest] != model.sites).any():
        raise InputError(
            f"the model does not lie on the lattice of {ions.crystal.name}; treat it with the "
            "crystal, shape and centre that it was carved with, before it is turned"
        )
    of_model = np.full(ions.n_ions, -1)
    of_model[nearest] = np.arange(model.n_atoms)
    return of_model


def _places(
    model: Model, lattice: _Lattice, options: TreatmentOptions, cation: str, shell_a: float
) -> _Places:
    """Find what can be replaced or filled within a shell around the surface."""
    ions, kept = lattice.ions, lattice.taken
    reachable = np.abs(ions.trim_distance_a) <= shell_a
    touched = lattice.adjacency @ kept.astype(np.int32) > 0
    empty = ~kept & reachable & touched
    for_cations = np.flatnonzero(empty & (ions.symbols == cation))
    for_halides = np.flatnonzero(empty & (ions.charges < 0))
    replaced = np.empty(0, dtype=int)
    if options.kind == "halide_terminated":
        on_surface = np.zeros(ions.n_ions, dtype=bool)
        on_surface[kept] = model.is_surface[lattice.of_model[kept]]
        replaced = np.flatnonzero(on_surface & reachable & (ions.charges < HALIDE_CHARGE))
        if len(replaced) == 0:
            raise InputError(
                f"{ions.crystal.name}: the surface holds no anion of a charge below "
                f"{HALIDE_CHARGE} to replace by {options.halide}; use kind: halide_rich"
            )
    charges = np.concatenate([ions.charges[for_cations], np.full(len(for_halides), HALIDE_CHARGE)])
    return _Places(replaced, np.concatenate([for_cations, for_halides]), charges)


def _wanted(
    model: Model, places: _Places, options: TreatmentOptions, cation: str
) -> tuple[int, int]:
    """Units to place, and the number of surface ions that the coverage is a share of."""
    if options.kind == "halide_terminated":
        of_ions = len(places.replaced)
    else:
        of_ions = int((model.is_surface & (model.symbols == cation)).sum())
    return max(1, round(options.coverage * of_ions)), of_ions


class _Program:
    """The 0/1 program of a treatment: one variable for each place, three for the dipole."""

    def __init__(
        self,
        model: Model,
        lattice: _Lattice,
        places: _Places,
        options: TreatmentOptions,
        minimum: NDArray[np.int64],
    ) -> None:
        ions, adjacency = lattice.ions, lattice.adjacency
        n_replaced, n_filled = len(places.replaced), len(places.filled)
        self.n_steps = n_replaced + n_filled
        charge = np.concatenate([HALIDE_CHARGE - ions.charges[places.replaced], places.charges])
        counted = np.concatenate([np.ones(n_replaced), np.zeros(n_filled)])
        if options.kind == "halide_rich":
            counted = np.concatenate([np.zeros(n_replaced), places.charges > 0]).astype(float)
        self.counted = counted
        held = adjacency @ lattice.taken.astype(np.int32)
        bulk = np.maximum(ions.bulk_coordination, 1)
        lacking = 1.0 - np.minimum(held[places.filled] / bulk[places.filled], 1.0)
        foreign = (places.charges < 0) & (ions.symbols[places.filled] != options.halide)
        depth = -ions.signed_distance_a[places.replaced]  # the outermost are replaced first
        height = ions.signed_distance_a[places.filled]  # the nearest are filled first
        cost = np.concatenate(
            [
                depth - depth.min(initial=0.0),
                height - height.min(initial=0.0) + lacking + FOREIGN_SITE_COST * foreign,
            ]
        )
        radius_a = float(np.linalg.norm(model.positions_a, axis=1).max())
        self.cost = np.concatenate([cost, np.full(3, DIPOLE_COST / max(radius_a, 1.0))])
        need = minimum[places.filled] - held[places.filled]
        between = adjacency[places.filled][:, places.filled].astype(float)
        coordinated = hstack(
            [csr_array((n_filled, n_replaced)), between - diags_array(need.astype(float))]
        )
        arms = charge[:, None] * ions.positions_a[places.steps]
        before = model.charges @ model.positions_a
        free = FREE_DIPOLE_V / COULOMB_V_A * radius_a**2
        moment, size = csr_array(arms.T), eye_array(3, format="csr")
        self.rows = [
            LinearConstraint(self._wide(charge.astype(float)), 0.0, 0.0),
            LinearConstraint(
                hstack([coordinated, csr_array((n_filled, 3))], format="csr"), 0.0, np.inf
            ),
            LinearConstraint(hstack([moment, -size], format="csr"), -np.inf, free - before),
            LinearConstraint(hstack([-moment, -size], format="csr"), -np.inf, free + before),
        ]

    def _wide(self, row: NDArray[np.float64]) -> csr_array:
        return csr_array(np.concatenate([row, np.zeros(3)])[None, :])

    def solve(self, n_units: int) -> NDArray[np.bool_] | None:
        """Return which places to change so that n_units are placed, None if it can't be."""
        exactly = LinearConstraint(self._wide(self.counted), n_units, n_units)
        return self._solved(self.cost, [*self.rows, exactly])

    def most(self) -> int:
        """Return the largest number of units that can be placed."""
        found = self._solved(np.concatenate([-self.counted, np.zeros(3)]), self.rows)
        return 0 if found is None else int(self.counted[found].sum())

    def _solved(
        self, cost: NDArray[np.float64], rows: list[LinearConstraint]
    ) -> NDArray[np.bool_] | None:
        outcome = milp(
            cost,
            integrality=np.concatenate([np.ones(self.n_steps), np.zeros(3)]),
            bounds=Bounds(0, np.concatenate([np.ones(self.n_steps), np.full(3, np.inf)])),
            constraints=rows,
            options={"mip_rel_gap": GAP_LIMIT, "node_limit": NODE_LIMIT},
        )
        return None if outcome.x is None else outcome.x[: self.n_steps] > 0.5


def _treated(
    model: Model,
    lattice: _Lattice,
    places: _Places,
    chosen: NDArray[np.bool_],
    options: TreatmentOptions,
) -> Model:
    """Put the chosen ions into the model and its ledger."""
    ions, present = lattice.ions, lattice.taken
    n_replaced = len(places.replaced)
    replaced = places.replaced[chosen[:n_replaced]]
    filled = places.filled[chosen[n_replaced:]]
    halides = filled[ions.charges[filled] < 0]
    symbols, charges = ions.symbols.copy(), ions.charges.copy()
    symbols[present] = model.symbols[lattice.of_model[present]]
    charges[present] = model.charges[lattice.of_model[present]]
    edits = [
        _edit(ions, ion, "substituted", f"{symbols[ion]}→{options.halide}", options)
        for ion in replaced
    ]
    symbols = symbols.astype(np.result_type(symbols, np.array(options.halide)))
    for changed in (replaced, halides):
        symbols[changed] = options.halide
        charges[changed] = HALIDE_CHARGE
    edits += [_edit(ions, ion, "added", str(symbols[ion]), options) for ion in np.sort(filled)]
    present[filled] = True
    kept = np.flatnonzero(present)
    between = lattice.adjacency[kept][:, kept]
    links = ions.links(lattice.adjacency)[kept][:, kept]
    _, components = connected_components(links, directed=False)
    added, counts = np.unique(symbols[filled], return_counts=True)
    return replace(
        model,
        symbols=symbols[kept],
        positions_a=ions.positions_a[kept],
        charges=charges[kept],
        domains=np.full(len(kept), ions.crystal.name),
        sites=ions.sites[kept],
        coordination=np.asarray(between.sum(axis=1), dtype=int),
        bulk_coordination=ions.bulk_coordination[kept],
        components=components.astype(int),
        edits=(*model.edits, *edits),
        report={
            **model.report,
            "treatment": {
                **options.model_dump(mode="json"),
                "n_units": len(filled) - len(halides) or len(replaced),
                "n_replaced": len(replaced),
                "n_added": dict(zip(added.tolist(), counts.tolist(), strict=True)),
            },
        },
    )


def _edit(ions: LatticeIons, ion: int, action: str, symbol: str, options: TreatmentOptions) -> Edit:
    x, y, z = ions.positions_a[ion].tolist()
    return Edit(
        action=action,
        symbol=symbol,
        position_a=(x, y, z),
        depth_a=-float(ions.signed_distance_a[ion]),
        domain=ions.crystal.name,
        reason=f"{options.kind.replace('_', ' ')} surface",
    )
