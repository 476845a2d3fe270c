"""The search: planes, terminations, coincidence cells and registries of two crystals, ranked."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from epicarve.builder.crystal import Indices, distinct_names, refuse_four_indices, refuse_same
from epicarve.builder.interfaces.match import (
    MatchOptions,
    StrainRule,
    coincidence_cells,
    distinct_cells,
    least_strained_cell,
    stated_cell,
)
from epicarve.errors import InputError
from epicarve.options import Options

from .contact_limits import contact_limits_a
from .face import Face, distinct_planes, faces, plane_basis
from .plane import Plane, spacings_of_a
from .plane_pair import PlanePair

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.builder.crystal import Crystal, Termination

    from .interface import Direction, Interface

    Directions = tuple[Direction, Direction]

STEPS_PER_S = 3e8
"""Distances that the search weighs in a second of one core."""

MAX_STEPS = 3.6e10
"""Distances above which a search is refused, with the estimate."""

MAX_PAIRS = 4000
"""Pairs of a site and a cation of one cell above which a search is refused: about 1 GB."""

MAX_TOLD_PAIRS = 1_000_000
"""Such pairs above which a cell that is told is refused."""

AS_TOLD = StrainRule(max_strain=0.99)
"""Directions that are told may strain the film by any amount: a finite film keeps its lattice."""

UPSIDE_DOWN = np.diag([1, -1])
"""Takes units of a face's lattice vectors to those of the lattice turned upside down."""


class SearchOptions(Options):
    """Where to look for interfaces of two crystals.

    Parameters
    ----------
    max_index : int
        Largest Miller index of the planes.
    film_hkl, substrate_hkl : tuple of int, optional
        A plane to look at instead of all up to the index.
    match : MatchOptions
        Largest area and strain of the coincidence cells.
    strain : StrainRule
        Who gives way.
    """

    max_index: int = Field(default=1, ge=1, le=4)
    film_hkl: Indices | None = None
    substrate_hkl: Indices | None = None
    match: MatchOptions = MatchOptions()
    strain: StrainRule = StrainRule()


def search(
    film: Crystal, substrate: Crystal, options: SearchOptions | None = None
) -> tuple[Interface, ...]:
    """Return the best interface of every pair of faces of two crystals, most continuous first.

    All planes up to an index, all terminations and all coincidence cells are looked at. For each
    pair of terminations, every registry that puts a cation on a site of the other side's
    continued lattice is refined; the film then lies where that lattice puts it, or as much higher
    as contacts of 90 % of the bulk's demand, and is scored there.

    Parameters
    ----------
    film, substrate : Crystal
        The two crystals.
    options : SearchOptions, optional
        Planes, area, strain.

    Returns
    -------
    tuple of Interface
        One for each pair of terminations that has a coincidence cell: by matched fraction (of
        equal ones those last whose charges repel), then rms, then area and strain.

    Raises
    ------
    InputError
        If both crystals are the same, the search would take too long, or no pair of planes has a
        coincidence cell; the message then tells the nearest.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> options = SearchOptions(film_hkl=(0, 1, 0), substrate_hkl=(1, 0, 0))
    >>> best = search(bundled_crystal("Pb4S3Br2"), bundled_crystal("CsPbBr3"), options)[0]
    >>> best.continuity.matched_fraction, dict(best.continuity.pairs)
    (1.0, {'Pb→Cs': 2})
    """
    options = options or SearchOptions()
    refuse_same(film, substrate, ("film", "substrate"))
    film, substrate = distinct_names((film, substrate))
    refuse_four_indices(film, options.film_hkl)
    refuse_four_indices(substrate, options.substrate_hkl)
    film_faces, substrate_faces = (
        [faces(crystal, plane) for plane in planes]
        for crystal, planes in (
            (film, _looked_at(film, options.film_hkl, options.max_index)),
            (substrate, _looked_at(substrate, options.substrate_hkl, options.max_index)),
        )
    )
    return _ranked(film_faces, substrate_faces, options)


def best_of_faces(
    film: Crystal,
    film_face: Termination,
    substrate: Crystal,
    substrate_face: Termination,
    *,
    directions: tuple[Directions, Directions] | None = None,
) -> Interface:
    """Return the best interface of two given faces.

    Parameters
    ----------
    film, substrate : Crystal
        The two crystals.
    film_face, substrate_face : Termination
        The faces that meet.
    directions : pair of pairs of tuples of float, optional
        Two lattice vectors [uvw] of the film's face, and two of the substrate's that lie along
        them: the coincidence cell. All cells up to the default area and strain if not given.

    Raises
    ------
    InputError
        If the faces have no coincidence cell, the directions do not lie in them, or the crystals
        are the same.

    Examples
    --------
    >>> from epicarve.builder.crystal import termination
    >>> from epicarve.builder.library import bundled_crystal
    >>> film, substrate = bundled_crystal("Pb4S3Br2"), bundled_crystal("CsPbBr3")
    >>> faces = termination(film, (0, 1, 0), "Pb"), termination(substrate, (1, 0, 0), "CsBr")
    >>> along = ((1, 0, 0), (0, 0, 1)), ((0, 1, 1), (0, -1, 1))
    >>> best = best_of_faces(film, faces[0], substrate, faces[1], directions=along)
    >>> best.substrate_directions, dict(best.continuity.pairs)
    (((0, 1, 1), (0, -1, 1)), {'Pb→Pb': 2})
    """
    refuse_same(film, substrate, ("film", "substrate"))
    faces = [
        Face(crystal, face, plane_basis(crystal, face.hkl))
        for crystal, face in ((film, film_face), (substrate, substrate_face))
    ]
    if directions is not None:
        return _along(faces[0], faces[1], directions)
    try:
        return _ranked([(faces[0],)], [(faces[1],)], SearchOptions())[0]
    except InputError as error:
        raise InputError(
            f"{error}, or give film_directions and substrate_directions that lie along each other"
        ) from error


def _along(film: Face, substrate: Face, directions: tuple[Directions, Directions]) -> Interface:
    """Return the best interface of two faces in the cell that directions span."""
    spacings_a = spacings_of_a(film.crystal, substrate.crystal)
    above, below = (
        Plane.of((film,), "film", spacings_a),
        Plane.of((substrate,), "substrate", spacings_a),
    )
    cell = stated_cell(
        above.lattice_a,
        below.lattice_a,
        film.steps(directions[0]) @ UPSIDE_DOWN,
        substrate.steps(directions[1]),
    )
    limits_a = contact_limits_a(film.crystal, substrate.crystal)
    pair = PlanePair(above, below, (cell,), AS_TOLD, limits_a)
    if pair.most_pairs > MAX_TOLD_PAIRS:
        raise InputError(
            f"film_directions and substrate_directions span a cell of {cell.area_a2:.0f} Å² with "
            f"up to {pair.most_pairs} pairs of cations, more than {MAX_TOLD_PAIRS}; give shorter "
            "ones, or leave them out, to have the best ones found"
        )
    return next(pair.interfaces())[1]


def _looked_at(
    crystal: Crystal, hkl: tuple[int, int, int] | None, max_index: int
) -> Sequence[tuple[int, int, int]]:
    """Return the planes of a crystal that are looked at."""
    return distinct_planes(crystal, max_index) if hkl is None else (hkl,)


def _ranked(
    film_faces: Sequence[tuple[Face, ...]],
    substrate_faces: Sequence[tuple[Face, ...]],
    options: SearchOptions,
) -> tuple[Interface, ...]:
    """Return the best interface of every pair of faces, given those of each plane, in order."""
    film, substrate = film_faces[0][0].crystal, substrate_faces[0][0].crystal
    spacings_a = spacings_of_a(film, substrate)
    above = [Plane.of(cuts, "film", spacings_a) for cuts in film_faces]
    below = [Plane.of(cuts, "substrate", spacings_a) for cuts in substrate_faces]
    limits_a = contact_limits_a(film, substrate)
    pairs, steps = [], 0.0
    for films, substrates in product(above, below):
        cells = distinct_cells(
            coincidence_cells(films.lattice_a, substrates.lattice_a, options.match),
            UPSIDE_DOWN @ films.faces[0].point_group @ UPSIDE_DOWN,
            substrates.faces[0].point_group,
        )
        pairs.append(PlanePair(films, substrates, cells, options.strain, limits_a))
        steps += pairs[-1].steps
        _refuse_long_search(pairs, steps, options)
    found = [ranked for pair in pairs for ranked in pair.interfaces()]
    if not found:
        raise InputError(_nearest_miss(above, below, options))
    return tuple(interface for _, interface in sorted(found, key=lambda ranked: ranked[0]))


def _refuse_long_search(pairs: Sequence[PlanePair], steps: float, options: SearchOptions) -> None:
    """Refuse a search that would take too long or too much memory, before it is made."""
    most, n_cells = pairs[-1].most_pairs, sum(len(pair.cells) for pair in pairs)
    if steps <= MAX_STEPS and most <= MAX_PAIRS:
        return
    raise InputError(
        f"the search would look at {n_cells} coincidence cells or more of up to "
        f"{options.match.max_area_a2:g} Å², with up to {most} pairs of cations in one, for longer "
        f"than {MAX_STEPS / STEPS_PER_S / 60:.0f} min; lower max_area_a2 or max_strain, or give "
        "film_hkl and substrate_hkl"
    )


def _nearest_miss(above: list[Plane], below: list[Plane], options: SearchOptions) -> str:
    """Say which coincidence cell comes nearest, when none is within the tolerances."""
    area_a2, limit = options.match.max_area_a2, options.match.max_strain
    names = " and ".join(planes[0].faces[0].crystal.name for planes in (above, below))
    missed = (
        f"no planes of {names} have a coincidence cell up to {area_a2:g} Å² strained by "
        f"{limit:.1%} or less"
    )
    nearest = [
        (cell.max_strain, cell.area_a2, one.hkl, other.hkl)
        for one, other in product(above, below)
        if (cell := least_strained_cell(one.lattice_a, other.lattice_a, area_a2))
    ]
    if not nearest:
        return f"{missed}, nor nearly; raise max_area_a2"
    strain, area, film_hkl, substrate_hkl = min(nearest)
    return (
        f"{missed}; the nearest is {list(film_hkl)} on {list(substrate_hkl)} with {area:.1f} Å² "
        f"and {strain:.1%}: raise max_strain or max_area_a2"
    )
