"""The Brillouin zones that states belong to: those of the crystals, as they lie in a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import spglib
from ase import Atoms

from epicarve.builder.crystal import primitive_cell
from epicarve.builder.recognition import identify
from epicarve.dft.bands import Zone, ZonePath, read_bulk_bands
from epicarve.errors import InputError
from epicarve.workflow.recipes import HeterostructureRecipe, ParticleRecipe

from .build import load_crystal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.arrays import Floats
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.recognition import Domain
    from epicarve.dft.bands import BulkBands, UnfoldedBands
    from epicarve.dft.read import Reading, RunGeometry
    from epicarve.dft.states import OrbitalStates
    from epicarve.workflow.recipes import Recipe

POINTS_PER_WIDTH = 2.0
"""Points of a path per 2π over the diameter of a domain, the width of its states in the zone."""

MOST_POINTS = 100
"""About as many points has a path, at most."""

SAME_A = 0.05
"""Atoms of a periodic cell that lie so near to where symmetry has them count as there."""

ROOM = 4.0
"""Standard deviations of the broadening beyond the window whose states are projected too."""


def bands_of_reading(
    reading: Reading,
    states: OrbitalStates,
    options: AnalysisOptions,
    recipe: Recipe | None,
    *,
    is_periodic: bool,
) -> tuple[UnfoldedBands, ...]:
    """Project the states in the window of figures on the zone of each crystal.

    Parameters
    ----------
    reading : Reading
        The orbitals.
    states : OrbitalStates
        The states.
    options : AnalysisOptions
        Their window and broadening count.
    recipe : Recipe or None
        The recipe of the model, which names its crystals.
    is_periodic : bool
        Whether the model repeats.

    Raises
    ------
    InputError
        If there are no orbitals, it is not known where the atoms are, or no crystal is found.
    """
    run = reading.run
    if run is None or reading.positions_a is None:
        raise InputError(
            f"{reading.folder}: bands need orbitals of CP2K and where their atoms are; put the "
            ".wfn file and the input of the run into the folder, or leave bands out"
        )
    if is_periodic:
        zones = _of_cell(states.symbols, run.geometry)
    else:
        zones = zones_of_particle(states.symbols, reading.positions_a, _crystals_of(recipe))
    levels_ev = [level for level in (states.homo_ev, states.lumo_ev) if level is not None]
    room_ev = ROOM * options.broadening_ev
    low_ev = min(levels_ev) - options.window_below_ev - room_ev
    high_ev = max(levels_ev) + options.window_above_ev + room_ev
    return tuple(reading.bands(zone, (low_ev, high_ev)) for zone in zones)


def read_bulk(
    given: Mapping[str, Path | str] | Path | str | None, bands: Sequence[UnfoldedBands]
) -> dict[str, BulkBands]:
    """Read the bulk bands of crystals.

    Parameters
    ----------
    given : mapping of str to Path or str, Path, str, or None
        A file of CP2K by the name of each crystal, or one if there is one crystal.
    bands : sequence of UnfoldedBands
        Bands of the crystals that were found.

    Raises
    ------
    InputError
        If a crystal is not among these, or a file cannot be read.
    """
    names = [each.zone.name for each in bands]
    if given is None:
        return {}
    if isinstance(given, (Path, str)):
        if len(names) != 1:
            raise InputError(
                f"bulk_bands: the model has several crystals ({', '.join(names)}); name the one "
                "that each file is of"
            )
        given = {names[0]: given}
    for name in given:
        if name not in names:
            raise InputError(
                f"bulk_bands: no crystal {name!r} is found; there are {', '.join(names)}"
            )
    return {name: read_bulk_bands(Path(path)) for name, path in given.items()}


def zones_of_particle(
    symbols: tuple[str, ...], positions_a: Floats, crystals: list[Crystal] | None
) -> list[Zone]:
    """Return the zone of each crystal that is found in a particle, strained as it is there.

    Parameters
    ----------
    symbols : tuple of str
        Elements of its atoms.
    positions_a : ndarray of float, shape (n_atoms, 3)
        Where they are, in Å.
    crystals : list of Crystal or None
        What to look for; the bundled crystals if None.

    Raises
    ------
    InputError
        If no crystal is found.
    """
    why = "none is found in these atoms"
    lattices: tuple[Domain, ...] = ()
    try:
        lattices = identify(Atoms(list(symbols), positions=positions_a), crystals).lattices
    except InputError as error:
        why = str(error).partition(";")[0]
    if not lattices:
        raise InputError(
            f"bands are drawn in the zone of a crystal: {why}; leave bands out, or run the model "
            "from a recipe that names its crystal"
        )
    zones = []
    for domain in lattices:
        primitive = primitive_cell(domain.crystal)
        own_a = np.linalg.solve(primitive.multiples, domain.crystal.cell_a)
        width = 2.0 * np.pi / _diameter_a(positions_a[domain.region])
        path = _path(primitive.cell_a, width / POINTS_PER_WIDTH)
        cell_a = own_a @ domain.fit.matrix.T
        zones.append(Zone(domain.crystal.name, cell_a, domain.region, path))
    return zones


def _of_cell(symbols: tuple[str, ...], geometry: RunGeometry) -> list[Zone]:
    """Return the zone of the crystal whose supercell a periodic run has."""
    if geometry.cell_a is None or not all(geometry.periodic):
        raise InputError(
            "bands are of particles and of cells that repeat in all directions, and this one does "
            "not; leave bands out"
        )
    cell_a, numbers = geometry.cell_a, Atoms(list(symbols)).numbers
    fractional = np.linalg.solve(cell_a.T, geometry.positions_a.T).T
    found = spglib.standardize_cell(
        (cell_a.tolist(), fractional.tolist(), numbers.tolist()),
        to_primitive=True,
        no_idealize=True,
        symprec=SAME_A,
    )
    if found is None:
        raise InputError("no symmetry of the periodic cell can be found; leave bands out")
    primitive_a = np.asarray(found[0], dtype=np.float64)
    supercell = np.asarray(np.linalg.solve(primitive_a.T, cell_a.T).T.round(), dtype=np.float64)
    own_a = np.asarray(np.linalg.solve(supercell, cell_a), dtype=np.float64)
    path = ZonePath.of(primitive_a, 1.0, supercell)
    formula = Atoms(numbers=found[2]).symbols.formula.reduce()[0].format("metal")
    return [Zone(formula, own_a, np.ones(len(symbols), dtype=bool), path, supercell)]


def _crystals_of(recipe: Recipe | None) -> list[Crystal] | None:
    """Return the crystals that a recipe names, None if it is not known or names none."""
    if isinstance(recipe, HeterostructureRecipe):
        return [load_crystal(half.crystal) for half in (recipe.film, recipe.substrate)]
    if isinstance(recipe, ParticleRecipe):
        cores = [] if recipe.core is None else [recipe.core.crystal]
        return [load_crystal(spec) for spec in (recipe.crystal, *cores)]
    return None


def _path(cell_a: Floats, step: float) -> ZonePath:
    """Return a path with points at a step, or fewer if these are too many."""
    path = ZonePath.of(cell_a, step)
    more = len(path.fractional) / MOST_POINTS
    return path if more <= 1.0 else ZonePath.of(cell_a, step * more)


def _diameter_a(positions_a: Floats) -> float:
    """Return about how wide some atoms are: twice their radius of gyration times sqrt(5/3)."""
    centred = positions_a - positions_a.mean(axis=0)
    return float(2.0 * np.sqrt(5.0 / 3.0 * np.square(centred).sum(axis=1).mean())) or 1.0
