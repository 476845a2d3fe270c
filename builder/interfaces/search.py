"""The search: planes, terminations, coincidence cells and registries of two crystals, ranked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from epicarve.errors import InputError
from epicarve.options import Options

from ..join import contact_limits_a
from ..shapes.spec import Indices
from .cells import MatchOptions, coincidence_cells, least_strained_cell
from .contact import contact_gap_a
from .continuity import Boundary, cation_spacing_a, meeting_cations
from .equivalence import distinct_cells
from .face import distinct_planes, faces
from .interface import CONTACT_DEPTH_A, Interface
from .registry import registry_lattice_a
from .strain import StrainRule, common_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..crystal import Crystal
    from .cells import CoincidenceCell
    from .continuity import Side
    from .face import Face
    from .stack import Stack

CANDIDATES = 4
"""Ranks of registries of a pair of terminations that are weighed with their contacts."""

REGISTRIES = 2
"""Values of the rms of a coincidence cell whose registries are kept."""

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
        One for each pair of terminations that has a coincidence cell: by matched fraction, then
        rms, then area and strain.

    Raises
    ------
    InputError
        If both crystals are the same, or no pair of planes has a coincidence cell; the message
        then tells the nearest.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> options = SearchOptions(film_hkl=(0, 1, 0), substrate_hkl=(1, 0, 0))
    >>> best = search(bundled_crystal("Pb4S3Br2"), bundled_crystal("CsPbBr3"), options)[0]
    >>> best.continuity.matched_fraction, dict(best.continuity.pairs)
    (1.0, {'Pb→Cs': 2})
    """
    options = options or SearchOptions()
    if film.name == substrate.name:
        raise InputError(f"film and substrate are both {film.name}; give two different crystals")
    above = _all_faces(film, options.film_hkl, options.max_index)
    below = _all_faces(substrate, options.substrate_hkl, options.max_index)
    found = [
        interface
        for films, substrates in product(above, below)
        for interface in _PlanePair(films, substrates, options).interfaces()
    ]
    if not found:
        raise InputError(_nearest_miss(above, below, options))
    return tuple(sorted(found, key=lambda interface: interface.rank))


def _all_faces(
    crystal: Crystal, hkl: tuple[int, int, int] | None, max_index: int
) -> list[tuple[Face, ...]]:
    """Return the faces of each plane that is looked at."""
    planes = distinct_planes(crystal, max_index) if hkl is None else [hkl]
    return [faces(crystal, plane) for plane in planes]


class _PlanePair:
    """All interfaces of two planes: what their terminations share is computed once."""

    def __init__(
        self, films: tuple[Face, ...], substrates: tuple[Face, ...], options: SearchOptions
    ) -> None:
        self.films, self.substrates, self.options = films, substrates, options
        film, substrate = films[0], substrates[0]
        film_lattice, lattice = film.stack(1).flipped().lattice_a, substrate.lattice_a
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
        self.limits_a = contact_limits_a(film.crystal, substrate.crystal)
        self.spacings_a: dict[Side, float] = {
            "film": cation_spacing_a(film.crystal),
            "substrate": cation_spacing_a(substrate.crystal),
        }
        self._ions: dict[tuple[str, int, int], Stack] = {}

    def interfaces(self) -> Iterator[Interface]:
        """Yield the best interface of each pair of terminations."""
        if self.cells:
            for film, substrate in product(range(len(self.films)), range(len(self.substrates))):
                yield self._best(film, substrate)

    def _best(self, film: int, substrate: int) -> Interface:
        """Return the most continuous interface of two terminations, contacts minded."""
        meeting = {
            side: meeting_cations(self.films[film], self.substrates[substrate], side)
            for side in self.spacings_a
        }
        tries = [
            (_best_possible(self.cells[k], *meeting[side]), k, side)
            for k in range(len(self.cells))
            for side in self.spacings_a
        ]
        found: list[_Candidate] = []
        for possible, k, side in sorted(tries, key=lambda one: -one[0]):
            ranks = sorted({one.rank for one in found})
            if len(ranks) >= CANDIDATES and -ranks[CANDIDATES - 1][0] > possible:
                break  # no registry of this cell, nor of the next ones, is as continuous
            boundary = self._boundary(*meeting[side], k, side)
            found += [
                _Candidate(boundary.continuity(shift).rank, k, boundary, shift)
                for shift in boundary.registries(REGISTRIES)
            ]
        worst = sorted({one.rank for one in found})[:CANDIDATES][-1]
        best = min(
            (self._rested(film, substrate, one) for one in found if one.rank <= worst),
            key=lambda one: (
                one.rank,
                round(self.cells[one.cell].max_strain, 6),
                round(float(one.shift_a[2]), 3),
            ),
        )
        x, y, z = best.shift_a.tolist()
        return Interface(
            film=self.films[film],
            substrate=self.substrates[substrate],
            cell=self.cells[best.cell],
            strain_rule=self.options.strain,
            shift_a=(x, y, z),
            continued=best.boundary.continued,
        )

    def _rested(self, film: int, substrate: int, candidate: _Candidate) -> _Candidate:
        """Raise the film, if it must be, until no contact is too short."""
        shift = candidate.shift_a.copy()
        sides = (
            self._in_cell("film", film, candidate.cell),
            self._in_cell("substrate", substrate, candidate.cell),
        )
        least = float(contact_gap_a(*sides, self.limits_a, shift[:2]))
        if least <= shift[2]:
            return candidate
        shift[2] = least
        rank = candidate.boundary.continuity(shift).rank
        return replace(candidate, rank=rank, shift_a=shift)

    def _boundary(self, film: Stack, substrate: Stack, k: int, side: Side) -> Boundary:
        """Return the cations that meet, in the common cell."""
        cell, common = self.cells[k], self.commons[k]
        return Boundary(
            film.supercell(cell.film_matrix).deformed(common.film_deformation),
            substrate.supercell(cell.substrate_matrix).deformed(common.substrate_deformation),
            side,
            self.spacings_a[side],
            self.registry_lattices_a[k],
        )

    def _in_cell(self, side: Side, which: int, k: int) -> Stack:
        """Return the ions behind a face, in the common cell."""
        key = (side, which, k)
        if key not in self._ions:
            cell, common = self.cells[k], self.commons[k]
            if side == "film":
                ions = self.films[which].ions(CONTACT_DEPTH_A).flipped()
                matrix, deformation = cell.film_matrix, common.film_deformation
            else:
                ions = self.substrates[which].ions(CONTACT_DEPTH_A)
                matrix, deformation = cell.substrate_matrix, common.substrate_deformation
            self._ions[key] = ions.supercell(matrix).deformed(deformation)
        return self._ions[key]


@dataclass(frozen=True)
class _Candidate:
    """A registry of one cell: rank of its continuity, index of the cell, cations, translation."""

    rank: tuple[float, float]
    cell: int
    boundary: Boundary
    shift_a: NDArray[np.float64]


def _best_possible(cell: CoincidenceCell, film: Stack, substrate: Stack) -> float:
    """Return the matched fraction of a cell if as many cations matched as numbers allow."""
    n_film = film.n_ions * abs(np.linalg.det(cell.film_matrix))
    n_substrate = substrate.n_ions * abs(np.linalg.det(cell.substrate_matrix))
    return float(2.0 * min(n_film, n_substrate) / (n_film + n_substrate))


def _nearest_miss(
    above: list[tuple[Face, ...]], below: list[tuple[Face, ...]], options: SearchOptions
) -> str:
    """Say which coincidence cell comes nearest, when none is within the tolerances."""
    area_a2, limit = options.match.max_area_a2, options.match.max_strain
    pairs = [(films[0], substrates[0]) for films, substrates in product(above, below)]
    names = f"{pairs[0][0].crystal.name} and {pairs[0][1].crystal.name}"
    missed = (
        f"no planes of {names} have a coincidence cell up to {area_a2:g} Å² strained by "
        f"{limit:.1%} or less"
    )
    nearest = [
        (cell.max_strain, cell.area_a2, film.termination.hkl, substrate.termination.hkl)
        for film, substrate in pairs
        if (
            cell := least_strained_cell(
                film.stack(1).flipped().lattice_a, substrate.lattice_a, area_a2
            )
        )
    ]
    if not nearest:
        return f"{missed}, nor nearly; raise max_area_a2"
    strain, area, film_hkl, substrate_hkl = min(nearest)
    return (
        f"{missed}; the nearest is {list(film_hkl)} on {list(substrate_hkl)} with {area:.1f} Å² "
        f"and {strain:.1%}: raise max_strain or max_area_a2"
    )
