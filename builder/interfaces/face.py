"""A half-crystal as it is seen at its face: lattice of the plane, and the ions behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from epicarve.builder.crystal import (
    LAYER_GAP_A,
    Termination,
    primitive_vectors,
    refuse_molecules,
    row_hermite,
    shortest_steps,
    terminations,
)
from epicarve.builder.interfaces.match import face_group
from epicarve.errors import InputError

from .stack import Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats, Ints
    from epicarve.builder.crystal import Crystal

FACE_GAP_A = 0.25
"""Atomic layers closer than this, in Å along the normal, are not parted by a face."""

SAME_A = 1e-6

SAME_SITE_A = 0.05
"""Sites closer than this, in Å, after a lattice vector are one; CIF files are rounded."""

MOST_CENTRINGS = 1000
"""Largest number of lattice points in a cell; lattice vectors are multiples of its inverse."""

SAME_STEP = 1e-3
"""A direction so close to a lattice vector, in steps of the lattice, is one: thirds are rounded."""

SAME_HEIGHT = 1e-3
"""Heights that differ by less than this share of the spacing of the planes are the same."""


@dataclass(frozen=True)
class Face:
    """A crystal cut on a plane, in the frame of that plane.

    The outward normal of the face points along +z, and x runs along the first vector of its
    lattice; the cut lies at z = 0, so that all ions have z < 0.

    Parameters
    ----------
    crystal : Crystal
        What was cut.
    termination : Termination
        Where; its outward normal points along +hkl.
    basis : ndarray of float, shape (3, 3)
        Primitive lattice vectors [uvw]: two of the face, and one inwards (`plane_basis`).
    """

    crystal: Crystal
    termination: Termination
    basis: Floats

    def __post_init__(self) -> None:
        refuse_molecules(self.crystal, "interfaces")

    @property
    def directions(self) -> Floats:
        """Lattice vectors [uvw] of the face, shape (2, 3), reduced; halves occur if centred."""
        return self.basis[:2]

    def steps(self, directions: Sequence[Sequence[float]]) -> Ints:
        """Return lattice vectors [uvw] of the face in units of its two, shape (n, 2).

        Raises
        ------
        InputError
            If one is no lattice vector of the face.
        """
        found = np.array(directions, dtype=float) @ np.linalg.inv(self.basis)
        whole = np.rint(found).astype(np.int64)
        wrong = (np.abs(found - whole) > SAME_STEP).any(axis=1) | (whole[:, 2] != 0)
        if wrong.any():
            uvw = list(directions[int(np.argmax(wrong))])
            raise InputError(
                f"{self.crystal.name}: direction {uvw} is no lattice vector of the face "
                f"{list(self.termination.hkl)}; give [u, v, w] with hu + kv + lw = 0"
            )
        return np.asarray(whole[:, :2])

    @cached_property
    def rotation(self) -> Floats:
        """The rotation that takes the crystal's cartesian frame to that of the face."""
        along = self.directions[0] @ self.crystal.cell_a
        x = along / np.linalg.norm(along)
        z = self.crystal.direction(self.termination.hkl)
        return np.stack([x, np.cross(z, x), z])

    @cached_property
    def lattice_a(self) -> Floats:
        """Lattice vectors of the face in Å as rows (x, y), shape (2, 2), right-handed."""
        vectors = self.directions @ self.crystal.cell_a @ self.rotation.T
        return np.asarray(vectors[:, :2])

    @cached_property
    def inward_a(self) -> Floats:
        """The lattice vector in Å that leads one period into the crystal, shape (3,)."""
        return np.asarray(self.basis[2] @ self.crystal.cell_a @ self.rotation.T)

    @cached_property
    def point_group(self) -> Ints:
        """Point group of the face in the plane, shape (n, 2, 2).

        A matrix W turns the lattice vector m (a row, in units of `lattice_a`) into m W. Only
        operations count that leave every ion at its height.
        """
        crystal, hkl = self.crystal, self.termination.hkl
        group = crystal.symmetry
        rises = group.translations @ hkl / _common_divisor(primitive_vectors(crystal) @ hkl)
        level = np.abs(rises - np.rint(rises)) < SAME_HEIGHT
        return face_group(group.rotations[level], hkl, self.directions)

    @property
    def period_a(self) -> float:
        """Thickness in Å of the layers that repeat along the normal."""
        return float(-self.inward_a[2])

    def stack(self, n_periods: int, first_period: int = 0) -> Stack:
        """Return the ions of some periods of the crystal, counted from the face inwards.

        Parameters
        ----------
        n_periods : int
            How many periods.
        first_period : int
            The outermost of them; negative periods lie beyond the face, where the crystal's
            lattice goes on.
        """
        sites, positions = self._period
        steps = np.arange(first_period, first_period + n_periods)
        moved = positions[None, :, :] + steps[:, None, None] * self.inward_a
        return Stack(
            lattice_a=self.lattice_a,
            symbols=np.tile(self.crystal.symbols[sites], n_periods),
            charges=np.tile(self.crystal.oxidation_states[sites], n_periods),
            positions_a=moved.reshape(-1, 3),
            sites=np.tile(sites, n_periods),
        )

    def whole_depth_a(self, least_a: float) -> float:
        """Return the thickness in Å of the fewest whole periods that are so thick, or thicker."""
        return self.period_a * float(np.ceil(least_a / self.period_a - SAME_A))

    def ions(self, depth_a: float) -> Stack:
        """Return the ions of the crystal down to a depth in Å below the face."""
        stack = self.stack(1 + int(depth_a / self.period_a))
        return stack.chosen(stack.positions_a[:, 2] >= -depth_a)

    def outermost_cations(self, depth_a: float) -> Stack:
        """Return the cations from the outermost one to some depth in Å below it."""
        cations = self.stack(2 + int(depth_a / self.period_a)).cations
        heights = cations.positions_a[:, 2]
        return cations.chosen(heights >= heights.max() - depth_a)

    def continued_cations(self, depth_a: float) -> Stack:
        """Return the cation sites of the lattice beyond the face, from the first to some depth."""
        n_periods = 2 + int(depth_a / self.period_a)
        cations = self.stack(n_periods, first_period=-n_periods).cations
        heights = cations.positions_a[:, 2]
        return cations.chosen(heights <= heights.min() + depth_a)

    @cached_property
    def _period(self) -> tuple[Ints, Floats]:
        """Sites and positions of the ions of the first period behind the face."""
        crystal = self.crystal
        cut = self.termination.offset_a * crystal.direction(self.termination.hkl)
        in_basis = (crystal.positions_a - cut) @ np.linalg.inv(self.basis @ crystal.cell_a)
        # fractions of the inward vector in (0, 1): the cut runs between atomic layers
        wrapped = in_basis - np.floor(in_basis + SAME_A)
        away = wrapped[:, None] - wrapped
        away -= np.rint(away)
        same = np.linalg.norm(away @ self.basis @ crystal.cell_a, axis=2) < SAME_SITE_A
        chosen = np.flatnonzero(np.argmax(same, axis=1) == np.arange(crystal.n_sites))
        return chosen, wrapped[chosen] @ self.basis @ crystal.cell_a @ self.rotation.T


def faces(crystal: Crystal, hkl: tuple[int, int, int]) -> tuple[Face, ...]:
    """Return the faces of all terminations along a plane, most natural first.

    Terminations that a lattice vector or a proper operation of the space group takes to one
    another are the same face and stand once; no others are merged.

    A plane whose atomic layers are nowhere `FACE_GAP_A` apart is cut at its widest gaps.
    """
    group = crystal.symmetry
    proper = np.linalg.det(group.rotations) > 0
    keeps = (np.array(hkl) @ group.rotations == hkl).all(axis=1) & proper
    # hkl·w is the rise of an operation in units of the spacing of the planes hkl
    spacing_a, basis = crystal.spacing_a(hkl), plane_basis(crystal, hkl)
    rises = group.translations[keeps] @ hkl / np.gcd.reduce(hkl)
    kept: list[Face] = []
    for termination in every_termination(crystal, hkl, FACE_GAP_A):
        apart = [
            (termination.offset_a - other.termination.offset_a) / spacing_a - rises
            for other in kept
        ]
        if not any((np.abs(each - np.rint(each)) < SAME_HEIGHT).any() for each in apart):
            kept.append(Face(crystal, termination, basis))
    return tuple(kept)


def every_termination(
    crystal: Crystal, hkl: tuple[int, int, int], layer_gap_a: float = LAYER_GAP_A
) -> tuple[Termination, ...]:
    """Return all cuts at gaps of a width in Å, or of half of it as often as it takes."""
    try:
        return terminations(crystal, hkl, layer_gap_a)
    except InputError:
        if layer_gap_a < SAME_A:
            raise
        return every_termination(crystal, hkl, 0.5 * layer_gap_a)


def distinct_planes(crystal: Crystal, max_index: int) -> tuple[tuple[int, int, int], ...]:
    """Return one of each set of equivalent planes up to an index, lowest indices first.

    A plane and its opposite are two unless the point group makes them equal.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> distinct_planes(bundled_crystal("CsPbCl3"), 1)
    ((1, 0, 0), (1, 1, 0), (1, 1, 1))
    """
    group = crystal.symmetry
    steps = range(-max_index, max_index + 1)
    every = [hkl for hkl in product(steps, steps, steps) if np.gcd.reduce(hkl) == 1]
    every.sort(key=lambda hkl: (sum(i * i for i in hkl), [-i for i in hkl]))
    found: dict[tuple[int, int, int], None] = {}
    known: set[tuple[int, int, int]] = set()
    for hkl in every:
        if hkl not in known:
            found[hkl] = None
            known.update(group.equivalent_planes(hkl))
    return tuple(found)


def plane_basis(crystal: Crystal, hkl: tuple[int, int, int]) -> Floats:
    """Return primitive lattice vectors [uvw], shape (3, 3): two of a plane, and one inwards.

    Those of the plane are reduced, and right-handed about its outward normal hkl.
    """
    primitive = primitive_vectors(crystal)
    # whole numbers that tell on which lattice plane each primitive vector ends
    planes = np.rint(primitive @ hkl / _common_divisor(primitive @ hkl)).astype(int)
    in_face, inward = _split(planes)
    vectors = in_face @ primitive
    vectors = shortest_steps(vectors @ crystal.cell_a) @ vectors
    normal = crystal.direction(hkl)
    first, second = vectors @ crystal.cell_a
    if np.cross(first, second) @ normal < 0:
        vectors[1] = -vectors[1]
    inwards = inward @ primitive
    away = inwards @ crystal.cell_a
    sideways = np.linalg.lstsq((vectors @ crystal.cell_a).T, away, rcond=None)[0]
    return np.vstack([vectors, inwards - np.rint(sideways.round(6)) @ vectors])


def _common_divisor(values: Floats) -> float:
    """Return the largest number of which all values are whole multiples."""
    parts = [Fraction(x).limit_denominator(MOST_CENTRINGS) for x in values.tolist()]
    whole = math.lcm(*(part.denominator for part in parts))
    return math.gcd(*(int(part * whole) for part in parts)) / whole


def _split(planes: Ints) -> tuple[Ints, Ints]:
    """Return whole combinations of three vectors: two that end on plane 0, one on plane -1."""
    work = np.hstack([planes[:, None], np.eye(3, dtype=int)])
    done = row_hermite(work)
    inward = -done[0, 1:] * np.sign(done[0, 0])
    return done[1:, 1:], inward
