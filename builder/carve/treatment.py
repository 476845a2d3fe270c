"""Surface treatment of a carved model: halide-rich or halide-terminated, and still neutral."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from epicarve.builder.model import Edit, Model
from epicarve.builder.optimise import BalanceOptions
from epicarve.builder.report import Treatment, TreatmentOptimum
from epicarve.builder.shapes import LatticeIons, ions_near
from epicarve.errors import InputError
from epicarve.options import Options

from .treatment_program import HALIDE_CHARGE, Chosen, FilledLattice, Places, TreatmentProgram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal
    from epicarve.builder.shapes import Shape

SAME_PLACE_A = 1e-3


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

    @classmethod
    def named(cls) -> str:
        """Return the name by which users know the class."""
        return "Treatment"


def treat(
    model: Model,
    crystal: Crystal,
    shape: Shape,
    options: TreatmentOptions,
    *,
    centre: Sequence[float] = (0.0, 0.0, 0.0),
    balance: BalanceOptions | None = None,
) -> Model:
    """Return a model with its surface treated: charged, connected, coordinated as before.

    A 0/1 program chooses the sites: the number of units is fixed by the coverage, the net charge
    stays, and each ion added has the minimum coordination that `carve` asks for, one bond at
    least to an ion that was there. It minimises the distance from the surface of the shape, the
    bonds that the ions added lack, and the dipole beyond the free one, priced as `carve` does. A
    symmetry that the model was carved with is kept: the number of units is then the nearest that
    can be. A face that must stay as it was cut is left alone.

    Parameters
    ----------
    model : Model
        A model that `carve` made, in its own frame.
    crystal, shape, centre
        What `carve` was given.
    options : TreatmentOptions
        What to do.
    balance : BalanceOptions, optional
        What `carve` was given: minimum coordination, free dipole and symmetry hold here too.

    Returns
    -------
    Model
        The treated model. Its ledger goes on where that of the model ends, with a substitution
        told as ``"S→Cl"``; report.treatment tells what was done, and how far it is proven best.

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
    >>> dot.net_charge, dot.counts["Cl"] == 2 * dot.report.treatment.n_units
    (0, True)
    """
    cation = _cation(crystal, options)
    shell_a = float(max(crystal.bonds.lengths_a))
    ions = ions_near(crystal, shape, np.asarray(centre, dtype=float), margin_a=shell_a)
    lattice = FilledLattice(ions, _matched(model, ions), ions.adjacency())
    places = _places(model, lattice, options, cation, shell_a)
    wanted, asked_of = _wanted(model, places, options, cation)
    balance = balance or BalanceOptions()
    program = TreatmentProgram(model, lattice, places, options.halide, balance)
    chosen = program.solve(wanted)
    if chosen is None and balance.symmetry != "none":
        chosen = program.solve(program.nearest(wanted))
    if chosen is None or not chosen.places.any():
        most = program.most()
        kept = "" if balance.symmetry == "none" else f" and symmetry {balance.symmetry}"
        raise InputError(
            f"{crystal.name}: the surface takes no more than {most} of the {wanted} units that "
            f"coverage {options.coverage:g} asks for; set coverage: {most / asked_of:.2f} or less"
            if 0 < most < wanted
            else f"{crystal.name}: no {wanted} units of treatment fit on the empty sites of this "
            f"surface with the minimum coordination{kept}; change coverage or the size of the shape"
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
    model: Model, lattice: FilledLattice, options: TreatmentOptions, cation: str, shell_a: float
) -> Places:
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
    return Places(replaced, np.concatenate([for_cations, for_halides]), charges)


def _wanted(
    model: Model, places: Places, options: TreatmentOptions, cation: str
) -> tuple[int, int]:
    """Units to place, and the number of surface ions that the coverage is a share of."""
    if options.kind == "halide_terminated":
        of_ions = len(places.replaced)
    else:
        of_ions = int((model.is_surface & (model.symbols == cation)).sum())
    return max(1, round(options.coverage * of_ions)), of_ions


def _treated(
    model: Model,
    lattice: FilledLattice,
    places: Places,
    chosen: Chosen,
    options: TreatmentOptions,
) -> Model:
    """Put the chosen ions into the model and its ledger."""
    ions, present = lattice.ions, lattice.taken
    n_replaced = len(places.replaced)
    replaced = places.replaced[chosen.places[:n_replaced]]
    filled = places.filled[chosen.places[n_replaced:]]
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
        report=replace(
            model.report,
            treatment=Treatment(
                **options.model_dump(),
                n_units=len(filled) - len(halides) or len(replaced),
                n_replaced=len(replaced),
                n_added=dict(zip(added.tolist(), counts.tolist(), strict=True)),
                optimum=TreatmentOptimum(
                    objective_a=round(chosen.objective_a, 6),
                    bound_a=round(min(chosen.bound_a, chosen.objective_a), 6),
                    dipole_level=chosen.dipole_level,
                ),
            ),
        ),
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
