"""A crystal as it is looked for in a particle: its sites by kind, and their surroundings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.crystal import neighbours

from .ions import kinds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from epicarve.arrays import Bools, Floats, Ints, Strings
    from epicarve.builder.crystal import Crystal

ENVIRONMENT_A = 7.5
"""Radius in Å of the surroundings of a site by which it is recognised."""

SHELLS_A = 4.3
"""Sites of a lattice up to this, in Å, are neighbours: the first shell of opposite ions, and the
nearest of like ones."""


class Placed(NamedTuple):
    """Points held against the sites of a lattice.

    Parameters
    ----------
    sites : ndarray of int, shape (n,)
        Nearest site of the cell of the same kind; -1 where there is none of that kind.
    cells : ndarray of int, shape (n, 3)
        The unit cell in which that site lies.
    places_a : ndarray of float, shape (n, 3)
        Where it lies, in Å, in the frame of the crystal.
    distances_a : ndarray of float, shape (n,)
        How far the point is from it, in Å.
    """

    sites: Ints
    cells: Ints
    places_a: Floats
    distances_a: Floats


@dataclass(frozen=True)
class Pattern:
    """A crystal that may be found in a particle.

    Parameters
    ----------
    crystal : Crystal
        The crystal.
    told : str
        Name that users know, such as ``"Pb4S3Cl2 with Br for Cl"``.
    bundled : str, optional
        Name of the bundled crystal that it is, or was made of.
    replaced : tuple of pairs of str
        Elements of that, and those put in their place.
    named : mapping of tuple of str to str, optional
        All crystals that are looked for with the same lattice, by the element that they have on
        each orbit of anions; empty if it is the only one.
    """

    crystal: Crystal
    told: str
    bundled: str | None = None
    replaced: tuple[tuple[str, str], ...] = ()
    named: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    @cached_property
    def kinds(self) -> Strings:
        """Kind of each site of the cell, shape (n_sites,)."""
        return kinds_of(self.crystal.symbols, self.crystal.charge_of)

    @property
    def cations(self) -> set[str]:
        """Elements of the cations."""
        return {symbol for symbol, charge in self.crystal.charge_of.items() if charge > 0}

    @cached_property
    def _images(self) -> dict[str, tuple[Ints, Ints, Floats, cKDTree]]:
        """Sites, cells, places and a tree of the sites of each kind in and around one cell."""
        steps = np.arange(-1, 2)
        around = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
        found = {}
        for kind in np.unique(self.kinds).tolist():
            members = np.flatnonzero(self.kinds == kind)
            sites = np.tile(members, len(around))
            cells = np.repeat(around, len(members), axis=0)
            places = (self.crystal.fractional[sites] + cells) @ self.crystal.cell_a
            found[kind] = sites, cells, places, cKDTree(places)
        return found

    def placed(self, kinds: Strings, points_a: Floats) -> Placed:
        """Return the site of its own kind that is nearest to each point.

        Parameters
        ----------
        kinds : ndarray of str, shape (n,)
            Kinds of the points.
        points_a : ndarray of float, shape (n, 3)
            Coordinates in Å in the frame of the crystal.
        """
        base = np.floor(points_a @ np.linalg.inv(self.crystal.cell_a)).astype(np.int64)
        within = points_a - base @ self.crystal.cell_a
        sites = np.full(len(points_a), -1, dtype=np.int64)
        cells = np.zeros((len(points_a), 3), dtype=np.int64)
        places = np.array(points_a)
        distances = np.full(len(points_a), np.inf)
        for kind, (members, shifts, images, tree) in self._images.items():
            mine = np.flatnonzero(kinds == kind)
            if len(mine) == 0:
                continue
            distances[mine], nearest = tree.query(within[mine])
            sites[mine] = members[nearest]
            cells[mine] = base[mine] + shifts[nearest]
            places[mine] = images[nearest] + base[mine] @ self.crystal.cell_a
        return Placed(sites, cells, places, distances)

    @cached_property
    def neighbourhood(self) -> tuple[Ints, Ints, Ints]:
        """Pairs of neighbouring sites: first, second, and the cell of the second."""
        first, second, shifts, _ = neighbours(
            self.crystal.cell_a, self.crystal.fractional, SHELLS_A
        )
        return first, second, shifts

    def environment(self, site: int) -> tuple[Strings, Floats]:
        """Return the kinds of the sites around one, and vectors to them in Å, nearest first."""
        first, second, vectors, distances = self._surroundings
        here = first == site
        order = np.argsort(distances[here], kind="stable")
        return self.kinds[second[here]][order], vectors[here][order]

    @cached_property
    def _surroundings(self) -> tuple[Ints, Ints, Floats, Floats]:
        crystal = self.crystal
        first, second, shifts, distances = neighbours(
            crystal.cell_a, crystal.fractional, ENVIRONMENT_A
        )
        away = crystal.fractional[second] + shifts - crystal.fractional[first]
        return first, second, away @ crystal.cell_a, distances

    @cached_property
    def motions(self) -> tuple[Floats, Floats]:
        """Rotations and translations in Å of the proper operations of the crystal's space group.

        They act on cartesian coordinates in the frame of the crystal; shapes (n, 3, 3) and (n, 3).
        """
        group, cell = self.crystal.symmetry, self.crystal.cell_a
        proper = np.linalg.det(group.rotations) > 0
        turns = cell.T @ group.rotations[proper] @ np.linalg.inv(cell).T
        return turns, group.translations[proper] @ cell

    def distinct_sites(self, symbol: str) -> list[int]:
        """Return sites of an element of which no proper rotation makes another of them."""
        crystal, group = self.crystal, self.crystal.symmetry
        proper = np.linalg.det(group.rotations) > 0
        found: list[int] = []
        seen: Bools = np.zeros(crystal.n_sites, dtype=bool)
        for site in np.flatnonzero(crystal.symbols == symbol).tolist():
            if seen[site]:
                continue
            found.append(site)
            images = group.images(crystal.fractional[[site]])[proper, 0] @ crystal.cell_a
            kinds = np.full(len(images), self.kinds[site])
            seen[self.placed(kinds, images).sites] = True
        return found
