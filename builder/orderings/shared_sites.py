"""Sites that several elements share: how many ions of each, and all ways to put them there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.builder.cif import NEARLY_FULL
from epicarve.builder.crystal import MAX_SITES, space_group
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from epicarve.arrays import Ints, Strings
    from epicarve.builder.cif import FilledCell

OCCUPANCY_GRAIN = 0.02
"""How far the occupancies of a site may miss 1, and counts of the cell a whole number."""

MAX_ORDERINGS = 50_000
"""Assignments that are looked at; more are refused."""

MAX_IMAGES = 10_000_000
"""Images of assignments under the symmetry that are compared; more are refused."""

LARGEST_SUPERCELL = 64
"""Cells of the largest supercell that is proposed for whole numbers of ions."""

ROUNDED = "{supercell: [4, 4, 4], nearest: true}"
"""What is proposed where no supercell of `LARGEST_SUPERCELL` cells gives whole numbers."""

Variant = tuple["Strings", int]
"""Elements of all sites, and how many assignments the symmetry makes equal to it."""


@dataclass(frozen=True)
class SharedSites:
    """The sites of a cell, some of them shared by several elements, all of them full.

    Parameters
    ----------
    cell : FilledCell
        The cell.
    nearest : bool
        Whether numbers of ions that are not whole are taken as the nearest whole ones.
    supercell : tuple of int
        Cells of the file along each axis of the cell.
    """

    cell: FilledCell
    nearest: bool = False
    supercell: tuple[int, int, int] = (1, 1, 1)

    @cached_property
    def mixed(self) -> dict[tuple[str, ...], list[int]]:
        """The shared sites by the elements that share them."""
        found: dict[tuple[str, ...], list[int]] = {}
        for site, occupants in enumerate(self.cell.occupants):
            if len(occupants) > 1:
                found.setdefault(tuple(sorted(occupants)), []).append(site)
        return found

    def amounts(self, elements: tuple[str, ...]) -> dict[str, float]:
        """Ions of each element on the sites that these share, by the occupancies."""
        sites = self.mixed[elements]
        return {e: sum(self.cell.occupants[site][e] for site in sites) for e in elements}

    def counts(self, elements: tuple[str, ...]) -> dict[str, int]:
        """Whole numbers of ions of each element on the sites that they share.

        Raises
        ------
        InputError
            If the occupancies give none, and the nearest are not wanted.
        """
        n_sites, amounts = len(self.mixed[elements]), self.amounts(elements)
        whole = {element: int(amount) for element, amount in amounts.items()}
        left = n_sites - sum(whole.values())
        for element in sorted(elements, key=lambda e: whole[e] - amounts[e])[: max(left, 0)]:
            whole[element] += 1
        off = {e: a for e, a in amounts.items() if abs(a - whole[e]) > OCCUPANCY_GRAIN * n_sites}
        if off and not self.nearest:
            element, amount = next(iter(off.items()))
            ways = self._larger()
            if 0 not in whole.values():
                nearest = f"{{nearest: true}} to take {_describe(whole)}"
                ways = f"{ways} or {nearest}" if ways else nearest
            raise InputError(
                f"{self.cell.name}: the occupancies give {amount:.2f} {element} on {n_sites} sites "
                f"of the cell, not a whole number; give orderings: {ways or ROUNDED}"
            )
        if 0 in whole.values():
            raise InputError(
                f"{self.cell.name}: {n_sites} sites are too few for {_describe(amounts)}; give "
                f"orderings: {self._larger() or ROUNDED}"
            )
        return whole

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on a supercell, and on numbers of ions that were rounded."""
        told = [
            f"{_describe(self.counts(elements))} for {_describe(self.amounts(elements))}"
            for elements in self.mixed
            if any(
                abs(amount - self.counts(elements)[element]) > 0.01
                for element, amount in self.amounts(elements).items()
            )
        ]
        cells = "×".join(map(str, self.supercell))
        return (
            *([f"Supercell of {cells} cells."] if set(self.supercell) != {1} else []),
            *([f"Numbers of ions in the cell rounded: {'; '.join(told)}."] if told else []),
        )

    def _larger(self) -> str:
        """Propose the smallest supercell with whole numbers of ions, as text of a recipe."""
        lengths = np.linalg.norm(self.cell.cell_a, axis=1)
        for n_cells in range(2, LARGEST_SUPERCELL + 1):
            if all(
                abs(n_cells * a - round(n_cells * a)) <= OCCUPANCY_GRAIN * len(sites)
                and round(n_cells * a) > 0
                for elements, sites in self.mixed.items()
                for a in self.amounts(elements).values()
            ):
                shapes = [
                    (a, b, n_cells // (a * b))
                    for a in range(1, n_cells + 1)
                    for b in range(1, n_cells + 1)
                    if n_cells % (a * b) == 0
                ]
                best = min(shapes, key=lambda shape: np.ptp(np.log(lengths * shape)))
                return f"{{supercell: {list(best)}}}"
        return ""

    def variants(self, keep_symmetry: bool | None) -> list[Variant]:
        """Return the elements of all sites for each distinct ordering.

        Raises
        ------
        InputError
            If there are too many, or none keeps the symmetry that has to be kept.
        """
        cell = self.cell
        kinds = np.unique([" ".join(sorted(here)) for here in cell.occupants], return_inverse=True)
        group = space_group(cell.cell_a, cell.fractional, kinds[1] + 1, cell.name)
        permutations = group.site_permutations(cell.fractional)
        if keep_symmetry is not False:
            found = list(self._assignments(cell.labels))
            if found or keep_symmetry:
                if not found:
                    raise InputError(
                        f"{cell.name}: no ordering keeps the symmetry and the composition; set "
                        "keep_symmetry: false"
                    )
                return self._distinct(found, permutations)
        found = []
        if set(self.supercell) == {1}:
            centring = (group.rotations == np.eye(3, dtype=int)).all(axis=(1, 2))
            first = permutations[centring].min(axis=0)  # site that a lattice vector leads to
            found = list(self._assignments(first))
        if not found:
            found = list(self._assignments(np.arange(len(cell.labels))))
        return self._distinct(found, permutations)

    def _assignments(self, units: NDArray[Any]) -> Iterator[Strings]:
        """All ways to put elements on the shared sites; sites of one unit take the same."""
        choices = []
        for elements, sites in self.mixed.items():
            blocks = [
                [site for site in sites if units[site] == unit]
                for unit in dict.fromkeys(units[sites].tolist())
            ]
            choices.append(list(self._filled(self.counts(elements), blocks)))
        if np.prod([len(choice) for choice in choices], dtype=float) > MAX_ORDERINGS:
            raise self._too_many()
        for parts in product(*choices):
            symbols = self.cell.symbols
            for part in parts:
                for site, element in part.items():
                    symbols[site] = element
            yield symbols

    def _filled(self, counts: dict[str, int], blocks: list[list[int]]) -> list[dict[int, str]]:
        """All ways to fill blocks of sites with the counted elements, each block with one."""
        partial: list[tuple[dict[str, int], dict[int, str]]] = [(counts, {})]
        for block in blocks:
            partial = [
                (
                    {**left, element: left[element] - len(block)},
                    {**placed, **dict.fromkeys(block, element)},
                )
                for left, placed in partial
                for element in left
                if left[element] >= len(block)
            ]
            if len(partial) > MAX_ORDERINGS:
                raise self._too_many()
        return [placed for _, placed in partial]

    def _distinct(self, found: list[Strings], permutations: Ints) -> list[Variant]:
        """One ordering of each set that the symmetry makes equal, and the size of the set."""
        if len(found) * len(permutations) > MAX_IMAGES:
            raise self._too_many()
        elements = np.unique(found)
        codes = np.searchsorted(elements, np.array(found)).astype(np.uint8)
        names = [min(row[turned].tobytes() for turned in permutations) for row in codes]
        first = {name: found[index] for index, name in reversed(list(enumerate(names)))}
        return [(first[name], names.count(name)) for name in dict.fromkeys(names)]

    def _too_many(self) -> InputError:
        return InputError(
            f"{self.cell.name}: more orderings of the shared sites than the {MAX_ORDERINGS} that "
            "can be ranked; give orderings: {quasirandom: true} for one near a random mixture, a "
            "smaller cell, or keep_symmetry: true"
        )

    def assignment(self, symbols: Strings) -> dict[str, str]:
        """Return which element stands on each shared site, with numbers where several do."""
        mixed = sorted(site for sites in self.mixed.values() for site in sites)
        labels = self.cell.labels[mixed]
        found = {}
        for label in dict.fromkeys(labels.tolist()):
            elements, counts = np.unique(symbols[mixed][labels == label], return_counts=True)
            told = [f"{element}{count}" for element, count in zip(elements, counts, strict=True)]
            found[str(label)] = str(elements[0]) if len(elements) == 1 else "".join(told)
        return found


def shared_sites(
    cell: FilledCell, supercell: tuple[int, int, int] = (1, 1, 1), *, nearest: bool = False
) -> SharedSites:
    """Return the shared sites of a cell, or of a supercell of it.

    Raises
    ------
    InputError
        If a site is not full, or none is shared.
    """
    partial = [
        cell.partly_occupied(site)
        for site, here in enumerate(cell.occupants)
        if abs(sum(here.values()) - 1.0) > (OCCUPANCY_GRAIN if len(here) > 1 else NEARLY_FULL)
    ]
    if not any(len(here) > 1 for here in cell.occupants):
        also = f"; {partial[0]}" if partial else ""
        raise InputError(
            f"{cell.name}: no site is shared by several elements, so leave orderings out{also}"
        )
    if partial:
        raise InputError(f"{cell.name}: {partial[0]}")
    n_cells = int(np.prod(supercell))
    if n_cells * len(cell.labels) > MAX_SITES:
        raise InputError(
            f"{cell.name}: a supercell of {n_cells * len(cell.labels)} sites is more than the "
            f"{MAX_SITES} that can be worked with; give a smaller one"
        )
    if n_cells == 1:
        return SharedSites(cell, nearest)
    corners = np.stack(np.meshgrid(*map(np.arange, supercell), indexing="ij"), axis=-1)
    points = cell.fractional[None, :, :] + corners.reshape(-1, 1, 3)
    larger = replace(
        cell,
        cell_a=cell.cell_a * np.array(supercell)[:, None],
        fractional=(points / supercell).reshape(-1, 3),
        labels=np.tile(cell.labels, n_cells),
        occupants=cell.occupants * n_cells,
        kinds=np.tile(cell.kinds, n_cells),
        charges=np.tile(cell.charges, n_cells),
        mass_u=cell.mass_u * n_cells,
    )
    return SharedSites(larger, nearest, supercell)


def _describe(counts: dict[str, Any]) -> str:
    return " ".join(f"{element}{round(count, 2):g}" for element, count in counts.items())
