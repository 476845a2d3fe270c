"""Bulk crystals relaxed by CP2K: their inputs, and the crystal that comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from epicarve.builder.cif import crystal_cif
from epicarve.builder.crystal import PrimitiveCell, RelaxedCrystal, primitive_cell, relaxed_crystal
from epicarve.dft.read import RelaxedCell, read_relaxed_cell
from epicarve.dft.settings import (
    LevelSettings,
    PeriodicSettings,
    basis_elements,
    chosen_cutoff_ry,
    periodic_stages,
    symmetric_grid,
)
from epicarve.dft.write import System, write_periodic
from epicarve.errors import InputError
from epicarve.files import filled_folder, write_json, write_text
from epicarve.units import A_PER_BOHR, EV_PER_HARTREE
from epicarve.version import __version__

from .build import load_crystal, load_orderings
from .status import results_name

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.builder.crystal import Crystal
    from epicarve.dft.settings import Stage
    from epicarve.workflow.recipes import BulkRecipe

START = "start.cif"
"""The crystal before its relaxation, in the folder of a run."""

CRYSTAL = "crystal.cif"
"""The relaxed crystal, for recipes to take."""

BULK_COLUMNS = (
    "name",
    "state",
    "formula",
    "space_group",
    "energy_ev_per_formula_unit",
    "above_lowest_ev",
    "density_g_cm3",
    "max_force_ev_a",
    "pressure_gpa",
    "told",
)
"""The columns of a campaign's table of bulk crystals."""


@dataclass(frozen=True)
class Bulk:
    """A bulk crystal that is to be relaxed.

    Parameters
    ----------
    crystal : Crystal
        The crystal before.
    primitive : PrimitiveCell
        Its primitive cell.
    system : System
        What CP2K computes: the primitive cell.
    settings : PeriodicSettings
        How.
    assignment : dict of str to str
        Element on each site that the crystal's file shares; empty if it shares none.
    """

    crystal: Crystal
    primitive: PrimitiveCell
    system: System
    settings: PeriodicSettings
    assignment: dict[str, str]

    @property
    def stage(self) -> Stage:
        """The run of CP2K that relaxes it."""
        (stage,) = periodic_stages(self.settings.relax)
        return stage

    @property
    def n_formula_units(self) -> int:
        """Formula units in the primitive cell."""
        return self.system.n_atoms // sum(self.crystal.formula_unit.values())

    @property
    def summary(self) -> dict[str, Any]:
        """What is going to be computed, as plain data."""
        return {
            "name": self.crystal.name,
            "formula": self.crystal.formula,
            "ordering": self.assignment,
            "n_atoms": self.system.n_atoms,
            "n_formula_units": self.n_formula_units,
            "variable_cell": self.settings.variable_cell,
            "kpoints": list(self.settings.kpoints),
        }


@dataclass(frozen=True)
class RelaxedBulk:
    """A bulk crystal and what its relaxation came to.

    Parameters
    ----------
    recipe : BulkRecipe
        What was asked for.
    bulk : Bulk
        The crystal before, and how it was computed.
    cell : RelaxedCell
        What CP2K found.
    relaxed : RelaxedCrystal
        The crystal after.
    """

    recipe: BulkRecipe
    bulk: Bulk
    cell: RelaxedCell
    relaxed: RelaxedCrystal

    @property
    def energy_ev(self) -> float:
        """Energy of the primitive cell in eV."""
        return self.cell.energy_hartree * EV_PER_HARTREE

    @property
    def energy_ev_per_formula_unit(self) -> float:
        """Energy in eV per formula unit."""
        return self.energy_ev / self.bulk.n_formula_units

    @property
    def max_force_ev_a(self) -> float:
        """Largest force on an ion in eV/Å."""
        return self.cell.max_force_hartree_bohr * EV_PER_HARTREE / A_PER_BOHR

    def summary(self) -> dict[str, Any]:
        """Return the content of bulk.json."""
        crystal, pressure_gpa = self.relaxed.crystal, self.cell.pressure_gpa
        return {
            **self.bulk.summary,
            "status": crystal.status,
            "energy_ev": round(self.energy_ev, 6),
            "energy_ev_per_formula_unit": round(self.energy_ev_per_formula_unit, 6),
            "max_force_ev_a": round(self.max_force_ev_a, 5),
            "pressure_gpa": None if pressure_gpa is None else round(pressure_gpa, 4),
            "n_steps": self.cell.n_steps,
            **self.relaxed.as_dict(),
            "provenance": {
                "version": __version__,
                "cp2k": self.cell.version,
                "recipe": self.recipe.as_dict(),
                "source": crystal.source,
                "derivation": crystal.derivation,
            },
        }


def bulk_of(recipe: BulkRecipe) -> Bulk:
    """Return the crystal of a recipe with ``bulk`` and how it is computed.

    Raises
    ------
    InputError
        If the recipe has a series, or the crystal can't be read.
    """
    if recipe.series is not None:
        raise InputError("the recipe holds a series; use epicarve campaign, or take series: out")
    crystal = load_crystal(recipe.crystal)
    variants = load_orderings(recipe.crystal)
    rank = recipe.crystal.orderings.rank if recipe.crystal.orderings else 1
    primitive = primitive_cell(crystal)
    system = System(
        title=crystal.name,
        symbols=tuple(primitive.symbols.tolist()),
        positions_a=primitive.fractional @ primitive.cell_a,
        cell_a=primitive.cell_a,
        dimensions=3,
    )
    grid = system.kpoints(recipe.bulk.kpoint_spacing_per_a)
    settings = PeriodicSettings(
        **recipe.cp2k.model_dump(include=set(LevelSettings.model_fields)),
        relax=recipe.cp2k.relax,
        kpoints=symmetric_grid(grid, primitive.rotations(crystal.symmetry)),
        variable_cell=recipe.bulk.variable_cell,
    )
    assignment = variants[rank - 1].assignment if variants else {}
    return Bulk(crystal, primitive, system, settings, assignment)


def write_bulk(recipe: BulkRecipe, out: Path) -> tuple[Bulk, tuple[Stage, ...]]:
    """Write the input and the job scripts that relax the crystal of a recipe, and start.cif.

    Raises
    ------
    InputError
        As `bulk_of`, or if an element has no basis set.
    """
    bulk = bulk_of(recipe)
    stages = write_periodic(bulk.system, bulk.settings, recipe.machine, out)
    write_text(out / START, crystal_cif(bulk.crystal))
    return bulk, stages


def finish_bulk(recipe: BulkRecipe, out: Path) -> RelaxedBulk:
    """Write crystal.cif and bulk.json of a crystal whose relaxation is through.

    Raises
    ------
    InputError
        If the relaxation did not converge or was cut off.
    """
    bulk = bulk_of(recipe)
    variable_cell = bulk.settings.variable_cell
    cell = read_relaxed_cell(out, bulk.stage, bulk.system, variable_cell=variable_cell)
    relaxed = relaxed_crystal(
        bulk.crystal, bulk.primitive, cell.cell_a, cell.positions_a, _derivation(bulk, cell)
    )
    results = RelaxedBulk(recipe, bulk, cell, relaxed)
    with filled_folder(out, results_name(recipe)) as scratch:
        write_text(scratch / CRYSTAL, crystal_cif(relaxed.crystal))
        write_json(scratch / results_name(recipe), results.summary())
    return results


def _derivation(bulk: Bulk, cell: RelaxedCell) -> str:
    """Tell how the coordinates were computed, for the file and for all that is built from it."""
    level = bulk.settings
    elements = basis_elements(bulk.system.symbols, level)
    cutoff_ry = chosen_cutoff_ry(level, elements.values())
    force = cell.max_force_hartree_bohr
    start = bulk.crystal
    began = start.derivation or f"{start.status} coordinates."
    functional = " + ".join(filter(None, [level.xc.name, level.dispersion_name]))
    if level.method == "gapw":
        functional += " (GAPW)"
    for symbol, hubbard in (level.plus_u or {}).items():
        functional += f" + U of {hubbard.u_ev:g} eV on {symbol} {hubbard.l}"
    basis = ", ".join(dict.fromkeys(each.basis.family for each in elements.values()))
    potential = ", ".join(dict.fromkeys(each.potential.family for each in elements.values()))
    extras = (level.extra, level.relax.extra if level.relax else None)
    more = "" if extras == (None, None) else ", more keywords of CP2K (cp2k.extra of its recipe)"
    more += ", templates of the recipe's own" if level.templates else ""
    pressure = "" if cell.pressure_gpa is None else f", pressure {cell.pressure_gpa:.2f} GPa"
    return (
        f"{'Cell and ions' if level.variable_cell else 'Ions'} relaxed by CP2K {cell.version}"
        f"{'' if level.variable_cell else ' in the cell of the source'}: {functional}, "
        f"{basis}, {potential}, {cutoff_ry:g} Ry (relative {level.rel_cutoff_ry:g} Ry), "
        f"EPS_DEFAULT {level.eps_default:g}, {' × '.join(map(str, level.kpoints))} k-points for "
        f"the primitive cell of {bulk.system.n_atoms} ions{more}; "
        f"{cell.energy_hartree / bulk.n_formula_units:.6f} hartree per formula unit, largest force "
        f"{force:.1e} hartree/bohr ({force * EV_PER_HARTREE / A_PER_BOHR:.3f} eV/Å){pressure}. "
        f"Started from: {began}"
    )
