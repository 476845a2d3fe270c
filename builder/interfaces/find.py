"""The search: planes, terminations, coincidence cells and registries of two crystals, ranked."""

from __future__ import annotations

from itertools import groupby, product
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from epicarve.builder.crystal import Indices, refuse_four_indices, refuse_same, told_apart
from epicarve.builder.interfaces.match import (
    MatchOptions,
    StrainRule,
    coincidence_cells,
    common_cell,
    distinct_cells,
    least_strained_cell,
)
from epicarve.errors import InputError
from epicarve.options import Options

from .contact import contact_gap_a
from .contacts import contact_limits_a
from .continuity import Boundary, cation_spacing_a
from .face import Face, distinct_planes, faces, plane_basis
from .interface import Interface
from .plane import Plane
from .polarity import Polarity
from .registries import Ranks, Registries
from .translations import registry_lattice_a

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from epicarve.builder.crystal import Crystal, Termination

    from .continuity import Side
    from .stack import Stack

CANDIDATES = 4
"""Ranks of registries of a pair of terminations that are weighed with their contacts."""

STEPS_PER_S = 3e8
"""Distances that the search weighs in a second of one core."""

MAX_STEPS = 3.6e10
"""Distances above which a search is refused, with the estimate."""

MAX_PAIRS = 4000
"""Pairs of a site and a cation of one cell above which a search is refused: about 1 GB."""

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
    film, substrate = told_apart((film, substrate))
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
    film: Crystal, film_face: Termination, substrate: Crystal, substrate_face: Termination
) -> Interface:
    """Return the best interface of two given faces.

    Parameters
    ----------
    film, substrate : Crystal
        The two crystals.
    film_face, substrate_face : Termination
        The faces that meet.

    Raises
    ------
    InputError
        If these have no coincidence cell up to the default area and strain, or the crystals are
        the same.
    """
    refuse_same(film, substrate, ("film", "substrate"))
    film_faces, substrate_faces = (
        [(Face(crystal, face, plane_basis(crystal, face.hkl)),)]
        for crystal, face in ((film, film_face), (substrate, substrate_face))
    )
    try:
        return _ranked(film_faces, substrate_faces, SearchOptions())[0]
    except InputError as error:
        raise InputError(
            f"{error}, or give film_directions and substrate_directions that lie along each other"
        ) from error


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
    spacings_a: dict[Side, float] = {
        "film": cation_spacing_a(film),
        "substrate": cation_spacing_a(substrate),
    }
    above = [Plane.of(cuts, "film", spacings_a) for cuts in film_faces]
    below = [Plane.of(cuts, "substrate", spacings_a) for cuts in substrate_faces]
    limits_a = contact_limits_a(film, substrate)
    pairs, steps = [], 0.0
    for films, substrates in product(above, below):
        pairs.append(_PlanePair(films, substrates, options, spacings_a, limits_a))
        steps += pairs[-1].steps
        _refuse_long_search(pairs, steps, options)
    found = [ranked for pair in pairs for ranked in pair.interfaces()]
    if not found:
        raise InputError(_nearest_miss(above, below, options))
    return tuple(interface for _, interface in sorted(found, key=lambda ranked: ranked[0]))


class _PlanePair:
    """All interfaces of two planes: what their terminations share is computed once."""

    def __init__(
        self,
        films: Plane,
        substrates: Plane,
        options: SearchOptions,
        spacings_a: Mapping[Side, float],
        limits_a: Mapping[frozenset[str], float],
    ) -> None:
        self.planes: dict[Side, Plane] = {"film": films, "substrate": substrates}
        self.options, self.spacings_a, self.limits_a = options, spacings_a, limits_a
        film, substrate = films.faces[0], substrates.faces[0]
        film_lattice, lattice = films.lattice_a, substrates.lattice_a
        self.cells = distinct_cells(
            coincidence_cells(film_lattice, lattice, options.match),
            UPSIDE_DOWN @ film.point_group @ UPSIDE_DOWN,
            substrate.point_group,
        )
        self.commons = [
            common_cell(cell, film_lattice, lattice, options.strain) for cell in self.cells
        ]
        self.registry_lattices_a = [
            registry_lattice_a(common.lattice_a, cell.film_matrix, cell.substrate_matrix)
            for cell, common in zip(self.cells, self.commons, strict=True)
        ]
        self.n_film, self.n_substrate = (
            [round(abs(float(np.linalg.det(matrix)))) for matrix in matrices]
            for matrices in (
                [cell.film_matrix for cell in self.cells],
                [cell.substrate_matrix for cell in self.cells],
            )
        )
        self._in_cells: dict[tuple[Side, int, str, int], Stack] = {}

    @property
    def most_pairs(self) -> int:
        """Most pairs of a site and a cation of any cell and pair of terminations."""
        return int(max((each.max(initial=0) for each in self._n_pairs()), default=0))

    @property
    def steps(self) -> float:
        """Distances that finding all registries would take, if every cell had to be looked at."""
        return float(sum((each.astype(float) ** 2).sum() for each in self._n_pairs()))

    def _n_pairs(self) -> Iterator[NDArray[np.int64]]:
        """Pairs of a site and a cation in each cell, for all terminations and either side."""
        counts = np.array(self.n_film, dtype=np.int64) * np.array(self.n_substrate, dtype=np.int64)
        films, substrates = (plane.stacks for plane in self.planes.values())
        for film, substrate, side in product(films, substrates, self.spacings_a):
            yield counts * film[side].n_ions * substrate[side].n_ions

    def interfaces(self) -> Iterator[tuple[tuple[float, ...], Interface]]:
        """Yield the best interface of each pair of terminations, after its rank."""
        if self.cells:
            films, substrates = (range(len(plane.faces)) for plane in self.planes.values())
            for film, substrate in product(films, substrates):
                yield self._best(film, substrate)

    def _best(self, film: int, substrate: int) -> tuple[tuple[float, ...], Interface]:
        """Return the most continuous interface of two terminations, contacts minded."""
        tries = [
            (self._best_possible(film, substrate, k, side), k, side)
            for k in range(len(self.cells))
            for side in self.spacings_a
        ]
        found: list[Registries] = []
        ranks = Ranks(CANDIDATES)
        for possible, k, side in sorted(tries, key=lambda one: -one[0]):
            if possible < ranks.level[0]:
                break  # no registry of this cell, nor of the next ones, is as continuous
            boundary = Boundary(
                self._in_cell("film", film, side, k),
                self._in_cell("substrate", substrate, side, k),
                side,
                self.spacings_a[side],
                self.registry_lattices_a[k],
            )
            found.append(Registries.of(k, boundary))
            ranks.add(found[-1])
        rested = self._rested(film, substrate, [one.reaching(ranks.level) for one in found])
        best = min((one for one in rested if one.n_registries), key=self._rank)
        x, y, z = best.shifts_a[best.best].tolist()
        faces = self.planes["film"].faces[film], self.planes["substrate"].faces[substrate]
        fraction, *rest = self._rank(best)
        repels = Polarity.of(faces[0].termination, faces[1].termination).repels
        return (fraction, float(repels), *rest), Interface(
            film=faces[0],
            substrate=faces[1],
            cell=self.cells[best.cell],
            strain_rule=self.options.strain,
            shift_a=(x, y, z),
            continued=best.boundary.continued,
        )

    def _rank(self, registries: Registries) -> tuple[float, ...]:
        """Return the rank of the best registry of a cell, of two faces of given charges."""
        best, cell = registries.best, self.cells[registries.cell]
        return (
            -float(registries.fractions[best]),
            float(registries.rms_a[best]),
            round(cell.area_a2, 3),
            round(cell.max_strain, 6),
            round(float(registries.vacua_a[best]), 3),
        )

    def _rested(self, film: int, substrate: int, found: list[Registries]) -> Iterator[Registries]:
        """Raise the film, where it must be, until no contact is too short."""
        # both sides continued in one cell follow each other, and their contacts are looked at once
        for k, group in groupby(found, key=lambda one: one.cell):
            of_cell = list(group)
            least = contact_gap_a(
                self._in_cell("film", film, "ions", k),
                self._in_cell("substrate", substrate, "ions", k),
                self.limits_a,
                np.concatenate([one.shifts_a[:, :2] for one in of_cell]),
            )
            for one in of_cell:
                yield one.raised(least[: one.n_registries])
                least = least[one.n_registries :]

    def _best_possible(self, film: int, substrate: int, k: int, side: Side) -> float:
        """Return the matched fraction if as many cations matched as their numbers allow."""
        n_film = self.planes["film"].stacks[film][side].n_ions * self.n_film[k]
        below = self.planes["substrate"].stacks[substrate]
        n_substrate = below[side].n_ions * self.n_substrate[k]
        return 2.0 * min(n_film, n_substrate) / (n_film + n_substrate)

    def _in_cell(self, side: Side, which: int, what: str, k: int) -> Stack:
        """Return ions or cations of a face, as the common cell strains them.

        Ions, of which only contacts are asked, are those of one cell of the plane in the lattice of
        registries: there each meets all others that its copies meet in the common cell.
        """
        key = (side, which, what, k)
        if key not in self._in_cells:
            cell, common = self.cells[k], self.commons[k]
            on_film = (cell.film_matrix, common.film_deformation)
            on_substrate = (cell.substrate_matrix, common.substrate_deformation)
            matrix, deformation = on_film if side == "film" else on_substrate
            own = self.planes[side].stacks[which][what]
            if what == "ions":
                strained = own.deformed(deformation).repeated(self.registry_lattices_a[k])
            else:
                strained = own.supercell(matrix).deformed(deformation)
            self._in_cells[key] = strained
        return self._in_cells[key]


def _refuse_long_search(pairs: Sequence[_PlanePair], steps: float, options: SearchOptions) -> None:
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
