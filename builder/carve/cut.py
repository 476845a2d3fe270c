"""Carving a charge-balanced model out of a crystal."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components

from epicarve.builder.crystal import refuse_molecules
from epicarve.builder.model import Edit, Model
from epicarve.builder.optimise import (
    SURFACE_A,
    Balance,
    BalanceOptions,
    Candidates,
    TreatmentOptions,
    balance,
    outer_share,
    ratio_deviation,
)
from epicarve.builder.placing import placement
from epicarve.builder.report import BuildReport, Composition, Optimality, PlainCut, Treatment
from epicarve.builder.shapes import LatticeIons, ions_near
from epicarve.errors import InputError
from epicarve.units import A_PER_NM

from .with_ligands import (
    LIGAND_SHARE,
    anchors_of,
    refuse_covered,
    refuse_none_placed,
    with_ligands,
)
from .written_out import in_atoms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.placing import LigandOptions
    from epicarve.builder.shapes import Shape


BALANCE = "neutrality, ratio and coordination at least cost"
HALIDE = "halide of the treated surface"
CLASH = "too close to an ion across the interface"
RELOCATION = "moved to lower the energy of the formal charges"


def carve(
    crystal: Crystal,
    shape: Shape,
    centre: Sequence[float] = (0.0, 0.0, 0.0),
    options: BalanceOptions | None = None,
    *,
    treatment: TreatmentOptions | None = None,
    ligands: LigandOptions | None = None,
    at_most_a: float = math.inf,
) -> Model:
    """Cut a shape out of a crystal so that the ions kept are neutral, connected and coordinated.

    Parameters
    ----------
    crystal : Crystal
        The bulk crystal.
    shape : Shape
        The region to keep, about the origin of the model's frame.
    centre : sequence of float, length 3
        Fractional coordinates of the point of the crystal that lies at the shape's origin.
    options : BalanceOptions, optional
        Tolerances of the optimisation.
    treatment : TreatmentOptions, optional
        How the surface is treated.
    ligands : LigandOptions, optional
        Ligands on the surface.
    at_most_a : float
        What the edits may cost, in Å.

    Returns
    -------
    Model
        A model of one domain named after the crystal, its net charge exactly 0 or as asked for;
        molecules are chosen as ions, whole, and stand in it by their atoms.

    Raises
    ------
    InputError
        If the shape holds no ion, is smaller than the unit cell, no choice of surface ions
        satisfies all constraints, or a crystal with molecules is to be treated or covered.
    TooDearError
        If all edits are proven to cost more than they may.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import Sphere
    >>> dot = carve(bundled_crystal("PbS"), Sphere(radius_a=8.0))
    >>> dot.net_charge, dot.n_components, dot.counts["Pb"] == dot.counts["S"]
    (0, 1, True)
    """
    options = options or BalanceOptions()
    if treatment is not None:
        refuse_molecules(crystal, "treatments of the surface")
    if ligands is not None:
        refuse_covered(crystal, options, treatment)
    shell_a = shell_depth_a(crystal, options)
    reach_a = outer_share(treatment) * shell_a
    if ligands is not None:
        reach_a = LIGAND_SHARE * max(shell_a, float(max(crystal.bonds.lengths_a)))
    margin_a = reach_a + 2.0 * SURFACE_A
    ions = ions_near(crystal, shape, np.asarray(centre, dtype=float), margin_a)
    _refuse_too_small(crystal, shape, ions)
    candidates = Candidates.of_one(ions, shell_a, options, treatment)
    placed = None if ligands is None else placement(candidates, ligands)
    if placed is not None:
        candidates = replace(candidates, poses=placed.poses)
    outcome = balance(candidates, at_most_a=at_most_a)
    model = chosen_model(candidates, outcome)
    stoichiometry = Composition(
        target=dict(crystal.formula_unit),
        actual=model.counts,
        deviation=ratio_deviation(model.symbols, crystal.formula_unit),
    )
    model = in_atoms(model, crystal)
    if placed is not None and outcome.cover is not None:
        refuse_none_placed(crystal, placed, outcome.cover)
        model = with_ligands(model, candidates, placed, outcome, outcome.cover)
    report = replace(model.report, stoichiometry=stoichiometry)
    if treatment is not None:
        report = replace(report, treatment=_treated(candidates, outcome, treatment))
    return replace(model, report=report)


def shell_depth_a(crystal: Crystal, options: BalanceOptions) -> float:
    """Return the depth of the free shell in Å: what is asked for, or the longest bond."""
    if options.shell_nm is not None:
        return A_PER_NM * options.shell_nm
    return float(max(crystal.bonds.lengths_a))


def chosen_model(ions: Candidates, outcome: Balance) -> Model:
    """Return the ions that the optimisation keeps, with the ledger and what it proves.

    Parameters
    ----------
    ions : Candidates
        What could be chosen.
    outcome : Balance
        What was chosen.

    Returns
    -------
    Model
        In the frame of the candidates, one domain after the other; its report tells the plain
        cut and the optimum.
    """
    kept = np.flatnonzero(outcome.kept)
    between_kept = ions.adjacency[kept][:, kept]
    _, components = connected_components(ions.connectivity[kept][:, kept], directed=False)
    names = np.array([domain.ions.crystal.name for domain in ions.domains])
    return Model(
        symbols=outcome.symbols[kept],
        positions_a=ions.positions_a[kept],
        charges=outcome.charges[kept],
        domains=names[ions.domain[kept]],
        sites=ions.sites[kept],
        coordination=np.diff(between_kept.indptr).astype(int)
        + anchors_of(ions, outcome.cover)[kept],
        bulk_coordination=ions.bulk_coordination[kept],
        components=components.astype(int),
        edits=_edits(ions, outcome),
        report=_report(ions, outcome),
    )


def _refuse_too_small(crystal: Crystal, shape: Shape, ions: LatticeIons) -> None:
    low, high = shape.bounds_a
    extent_a, edges_a = float((high - low).min()), crystal.cell_parameters[:3]
    if extent_a < min(edges_a):
        raise InputError(
            f"{crystal.name}: a shape of {extent_a / 10:.2f} nm is smaller than the unit cell, "
            f"whose shortest edge is {min(edges_a) / 10:.2f} nm; make it larger"
        )
    if not (ions.signed_distance_a <= SURFACE_A).any():
        raise InputError(
            f"{crystal.name}: the shape holds no ion; make it larger or move its centre"
        )


def _edits(ions: Candidates, outcome: Balance) -> tuple[Edit, ...]:
    """Every difference between the model and the plain cut, in the order of the ions."""
    names = [domain.ions.crystal.name for domain in ions.domains]
    clashes = ions.clashes[outcome.kept[ions.clashes].sum(axis=1) == 1]
    clashing = np.zeros(ions.n_ions, dtype=bool)
    clashing[clashes] = True
    inside = ions.signed_distance_a <= SURFACE_A
    before, after = ions.symbols, outcome.symbols
    replaced = inside & outcome.kept & (before != after)
    reason = np.where(clashing & ~outcome.kept, CLASH, BALANCE)
    reason = np.where(outcome.relocated, RELOCATION, reason)
    reason = np.where(outcome.halides, HALIDE, reason).tolist()
    return tuple(
        Edit(
            action="substituted" if replaced[ion] else "removed" if inside[ion] else "added",
            symbol=f"{before[ion]}→{after[ion]}" if replaced[ion] else str(after[ion]),
            position_a=tuple(ions.positions_a[ion].tolist()),
            depth_a=-float(ions.signed_distance_a[ion]),
            domain=names[ions.domain[ion]],
            reason=reason[ion],
        )
        for ion in np.flatnonzero((inside != outcome.kept) | replaced)
    )


def _treated(ions: Candidates, outcome: Balance, options: TreatmentOptions) -> Treatment:
    """Tell what the treatment did to the surface of a particle of one crystal."""
    inside = ions.signed_distance_a <= SURFACE_A
    n_replaced = int((outcome.halides & inside).sum())
    return Treatment(
        **options.model_dump(),
        n_units=outcome.n_units,
        n_replaced=n_replaced,
        n_added={options.halide: int(outcome.halides.sum()) - n_replaced},
    )


def _report(ions: Candidates, outcome: Balance) -> BuildReport:
    inside = ions.signed_distance_a <= SURFACE_A
    return BuildReport(
        plain_cut=PlainCut(int(inside.sum()), int(ions.charges[inside].sum())),
        optimum=Optimality(
            objective=outcome.objective,
            bound=outcome.bound,
            gap=outcome.gap,
            n_free=outcome.n_free,
            fidelity_a=outcome.fidelity_a,
            broken_bonds=outcome.broken_bonds,
            dipole_level=outcome.dipole_level,
            costs_a={name: round(cost, 6) + 0.0 for name, cost in outcome.costs.items()},
        ),
        relocation=outcome.relocation,
    )
