"""Core and shell: two crystals of one structure on one lattice, parted by a shape."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from epicarve.builder.crystal import refuse_molecules, refuse_one_name, refuse_same
from epicarve.builder.model import ION
from epicarve.builder.report import CoreShell
from epicarve.builder.shapes import ions_near
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Bools, Ints
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Edit, Model
    from epicarve.builder.shapes import Shape

MAX_MISFIT_A = 0.8
"""Sites of the two crystals further apart than this, in Å, are not the same site."""

MAX_STRAIN = 0.15
"""Largest relative difference of a cell vector between core and shell."""


def matching_sites(lattice: Crystal, other: Crystal) -> tuple[Ints, float]:
    """Return which site of another crystal is which site of a lattice, and how far they are off.

    Sites are compared by their fractional coordinates, for every shift of origin that puts the
    first site of `lattice` on one of `other` with the same charge; the best assignment of all
    sites, charge to equal charge, is kept.

    Parameters
    ----------
    lattice, other : Crystal
        Two crystals of one structure type, in the same setting.

    Returns
    -------
    ndarray of int, float
        For each site of `lattice` the site of `other`, and the root mean square distance in Å
        of the two in the cell of `lattice`.

    Raises
    ------
    InputError
        If the sites can't be mapped one to one with equal charges; the message says why.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> sites, rms_a = matching_sites(bundled_crystal("CsPbBr3"), bundled_crystal("CsPbCl3"))
    >>> sites.tolist(), rms_a
    ([0, 1, 2, 3, 4], 0.0)
    """
    for crystal in (lattice, other):
        refuse_molecules(crystal, "core and shell")
    names = f"{lattice.name} and {other.name}"
    if sorted(lattice.oxidation_states) != sorted(other.oxidation_states):
        raise InputError(
            f"{names} can't be core and shell: their cells differ in the number or the charge of "
            "the ions; give two crystals of one structure and equal charges"
        )
    lengths = np.linalg.norm(other.cell_a - lattice.cell_a, axis=1)
    strain = float((lengths / np.linalg.norm(lattice.cell_a, axis=1)).max())
    if strain > MAX_STRAIN:
        raise InputError(
            f"{names} can't be core and shell: their cells differ by {strain:.0%}, more than "
            f"{MAX_STRAIN:.0%}; give two crystals of one structure, in the same setting"
        )
    same_charge = lattice.oxidation_states[:, None] == other.oxidation_states[None, :]
    best, best_misfit = None, np.inf
    for origin in np.flatnonzero(same_charge[0]):
        shift = lattice.fractional[0] - other.fractional[origin]
        away = lattice.fractional[:, None, :] - other.fractional[None, :, :] - shift
        away -= np.rint(away)
        away -= away[np.arange(len(away)), np.argmin((away**2).sum(axis=2), axis=1)].mean(axis=0)
        squares = ((away @ lattice.cell_a) ** 2).sum(axis=2)
        rows, columns = linear_sum_assignment(np.where(same_charge, squares, 1e6))
        misfit = squares[rows, columns]
        if misfit.max() < MAX_MISFIT_A**2 and misfit.mean() < best_misfit - 1e-9:
            best, best_misfit = columns, float(misfit.mean())
    if best is None:
        raise InputError(
            f"{names} can't be core and shell: their sites do not lie on each other within "
            f"{MAX_MISFIT_A} Å; give two crystals of one structure, in the same setting"
        )
    return np.asarray(best), float(np.sqrt(best_misfit))


def refuse_large_core(crystal: Crystal, core: Shape, whole: Shape, centre: Sequence[float]) -> None:
    """Refuse a core that holds no ion, or one that the whole particle does not hold."""
    ions = ions_near(crystal, core, np.asarray(centre, dtype=float), 0.0)
    if ions.n_ions == 0:
        raise InputError("the core holds no ion; make it larger")
    beyond_a = float(whole.signed_distance_a(ions.positions_a).max())
    if beyond_a > 0.0:
        raise InputError(
            f"the core reaches {beyond_a / 10:.2f} nm out of the particle; make the core smaller "
            "than the shape of the whole"
        )


def with_core(
    model: Model,
    core: Crystal,
    shell: Crystal,
    *,
    region: Shape,
    centre: Sequence[float],
    lattice: Crystal,
) -> Model:
    """Give the ions of a carved model to core and shell, by the region in which they lie.

    As both crystals have the same charge on each site, a model that is neutral stays so.

    Parameters
    ----------
    model : Model
        A model carved from `lattice`; with ligands, that is the crystal of the shell.
    core, shell : Crystal
        What stands inside the region, and outside it.
    region : Shape
        The core.
    centre : sequence of float, length 3
        Fractional coordinates of the point of the crystal at the origin of the model.
    lattice : Crystal
        Which of the two gave the cell.

    Returns
    -------
    Model
        The model of two domains, core first, named after the crystals; its report tells under
        ``core_shell`` the lattice, the strain of the other crystal and the misfit of its sites.

    Raises
    ------
    InputError
        If the crystals have one name, do not match, no ion is left for core or shell, or ligands
        reach ions of the core.
    """
    refuse_same(core, shell, ("core", "shell"))
    refuse_one_name(core, shell)
    other = shell if lattice is core else core
    site_of_other, rms_a = matching_sites(lattice, other)
    is_ligand = model.is_ligand
    in_core = (region.signed_distance_a(model.positions_a) <= 0.0) & ~is_ligand
    in_shell = ~in_core & ~is_ligand
    if not in_shell.any() or not in_core.any():
        missing = core if in_shell.any() else shell
        raise InputError(
            f"no ion is left for {missing.name}; make the "
            f"{'core smaller' if missing is shell else 'core larger'}"
        )
    _refuse_bound_core(model, in_core)
    is_other = in_core if other is core else in_shell
    sites = np.where(is_other, site_of_other[model.sites], model.sites)
    symbols = np.where(is_other, other.symbols[sites], model.symbols)
    order = np.argsort(np.select([in_core, in_shell], [0, 1], 2), kind="stable")
    columns = {name: values[order] for name, values in model.columns.items()}
    if ION in columns:
        columns[ION] = np.where(is_ligand, model.columns[ION], symbols)[order]

    def renamed(edit: Edit) -> Edit:
        inside = region.signed_distance_a(np.array([edit.position_a]))[0] <= 0.0
        crystal = core if inside else shell
        if crystal is lattice:
            return edit
        point = np.array(edit.position_a) @ np.linalg.inv(lattice.cell_a) + centre
        away = lattice.fractional - point
        away -= np.rint(away)
        site = site_of_other[np.argmin(np.linalg.norm(away @ lattice.cell_a, axis=1))]
        return replace(edit, symbol=str(other.symbols[site]), domain=other.name)

    strain = np.linalg.norm(lattice.cell_a, axis=1) / np.linalg.norm(other.cell_a, axis=1) - 1.0
    along_a, along_b, along_c = (round(value, 5) + 0.0 for value in strain.tolist())
    told = CoreShell(
        core=core.name,
        shell=shell.name,
        lattice=lattice.name,
        strain={other.name: (along_a, along_b, along_c)},
        site_rms_a=round(rms_a, 4),
        n_core=int(in_core.sum()),
        n_shell=int(in_shell.sum()),
    )
    return replace(
        model,
        symbols=symbols[order],
        positions_a=model.positions_a[order],
        charges=model.charges[order],
        domains=np.select([in_core, in_shell], [core.name, shell.name], model.domains)[order],
        sites=sites[order],
        coordination=model.coordination[order],
        bulk_coordination=model.bulk_coordination[order],
        components=model.components[order],
        columns=columns,
        edits=tuple(renamed(edit) for edit in model.edits),
        report=replace(model.report, core_shell=told),
    )


def _refuse_bound_core(model: Model, in_core: Bools) -> None:
    """Refuse a core that comes to the surface where ligands were placed on ions of the shell."""
    ions = np.flatnonzero(~model.is_ligand)
    _, nearest = cKDTree(model.positions_a[ions]).query(model.positions_a[model.is_ligand])
    if in_core[ions[nearest]].any():
        raise InputError(
            "the core comes to the surface, where ligands bind ions of the shell; make the core "
            "smaller or leave the ligands out"
        )
