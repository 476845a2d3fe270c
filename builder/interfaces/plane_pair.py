"""All interfaces of two planes: every pair of terminations in every coincidence cell."""

from __future__ import annotations

from itertools import groupby, product
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.interfaces.match import common_cell

from .boundary import Boundary
from .contacts import contact_gap_a
from .interface import Interface
from .plane import spacings_of_a
from .polarity import Polarity
from .registries import Ranks, Registries
from .translations import registry_lattice_a

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from epicarve.arrays import Ints
    from epicarve.builder.interfaces.match import CoincidenceCell, StrainRule

    from .continuity import Side
    from .plane import Plane
    from .stack import Stack

CANDIDATES = 4
"""Ranks of registries of a pair of terminations that are weighed with their contacts."""


class PlanePair:
    """All interfaces of two planes: what their terminations share is computed once."""

    def __init__(
        self,
        films: Plane,
        substrates: Plane,
        cells: Sequence[CoincidenceCell],
        rule: StrainRule,
        limits_a: Mapping[frozenset[str], float],
    ) -> None:
        self.planes: dict[Side, Plane] = {"film": films, "substrate": substrates}
        self.cells, self.rule, self.limits_a = cells, rule, limits_a
        self.spacings_a = spacings_of_a(films.faces[0].crystal, substrates.faces[0].crystal)
        self.commons = [
            common_cell(cell, films.lattice_a, substrates.lattice_a, rule) for cell in cells
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

    def _n_pairs(self) -> Iterator[Ints]:
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
                self.spacings_a,
                self.registry_lattices_a[k],
            )
            found.append(Registries.of(k, boundary))
            ranks.add(found[-1])
        rested = self._rested(film, substrate, [one.reaching(ranks.level) for one in found])
        best = min((one for one in rested if one.n_registries), key=self._rank)
        x, y, z = best.shifts_a[best.best].tolist()
        faces = self.planes["film"].faces[film], self.planes["substrate"].faces[substrate]
        fraction, rms_a, *size = self._rank(best)
        polarity = Polarity.of(faces[0].termination, faces[1].termination)
        rank = (fraction, float(polarity.repels), rms_a, float(polarity.is_polar), *size)
        return rank, Interface(
            film=faces[0],
            substrate=faces[1],
            cell=self.cells[best.cell],
            strain_rule=self.rule,
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
