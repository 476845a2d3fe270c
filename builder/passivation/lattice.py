"""How a crystal lies in a model, and the potentials of its sites in bulk."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.builder.geometry import kabsch

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints
    from epicarve.builder.crystal import Crystal

SAMPLE = 300
"""Bonds that judge how a crystal lies."""

SAME_A = 0.6
"""A bond of the model is one of bulk if its end is off by less than this, in Å."""

LEAST_SHARE = 0.7
"""Share of the bonds that have to be those of bulk."""

SAME_LENGTH_A = 0.4
"""Bonds are tried for each other if their lengths differ by less than this, in Å."""


class BulkBonds(NamedTuple):
    """The bonds of a crystal from each of its sites, by ascending site.

    Parameters
    ----------
    start, end : ndarray of int, shape (n_ends,)
        The site at each end; every bond stands there twice.
    vectors_a : ndarray of float, shape (n_ends, 3)
        From start to end, in Å.
    """

    start: Ints
    end: Ints
    vectors_a: Floats

    @classmethod
    def of(cls, crystal: Crystal) -> BulkBonds:
        """Return the bonds of a crystal."""
        bonds, fractional = crystal.bonds, crystal.fractional
        steps = fractional[bonds.anions] + bonds.shifts - fractional[bonds.cations]
        vectors_a = steps @ crystal.cell_a
        start = np.concatenate([bonds.cations, bonds.anions])
        end = np.concatenate([bonds.anions, bonds.cations])
        order = np.argsort(start, kind="stable")
        return cls(start[order], end[order], np.concatenate([vectors_a, -vectors_a])[order])


def rotation_of(bulk: BulkBonds, starts: Ints, ends: Ints, vectors_a: Floats) -> Floats | None:
    """Return how a crystal is turned in a model, from bonds between ions of known sites.

    Parameters
    ----------
    bulk : BulkBonds
        The bonds of the crystal.
    starts, ends : ndarray of int, shape (n_bonds,)
        Sites of the ions that each bond of the model joins.
    vectors_a : ndarray of float, shape (n_bonds, 3)
        From one to the other in Å.

    Returns
    -------
    ndarray of float, shape (3, 3), or None
        The rotation, which acts on column vectors; None if the bonds are not those of the crystal.
    """
    if not len(starts):
        return None
    step = -(-len(starts) // SAMPLE)
    starts, ends, vectors_a = starts[::step], ends[::step], vectors_a[::step]
    alike = [
        bulk.vectors_a[(bulk.start == s) & (bulk.end == e)]
        for s, e in zip(starts, ends, strict=True)
    ]

    def partners(turn: Floats) -> tuple[Floats, Floats]:
        """Return the nearest bond of bulk for each bond, and how far its end is off."""
        nearest, off_a = np.zeros_like(vectors_a), np.full(len(starts), np.inf)
        for bond, (vector, choice) in enumerate(zip(vectors_a, alike, strict=True)):
            if len(choice):
                apart = np.linalg.norm(choice @ turn.T - vector, axis=1)
                nearest[bond], off_a[bond] = choice[np.argmin(apart)], apart.min()
        return nearest, off_a

    best, most = None, LEAST_SHARE
    for turn in _turns(starts, vectors_a, alike):
        share = float((partners(turn)[1] < SAME_A).mean())
        if share >= most and (best is None or share > most):
            best, most = turn, share
        if share == 1.0:
            break
    if best is None:
        return None
    nearest, off_a = partners(best)
    good = off_a < SAME_A
    both = [np.concatenate([points, -points]) for points in (nearest[good], vectors_a[good])]
    fit = kabsch(*both)
    return fit.rotation if fit.is_unique else best


def _turns(starts: Ints, vectors_a: Floats, alike: list[Floats]) -> list[Floats]:
    """Return rotations to try: none, then those that lay two bonds of bulk on two of the model."""
    turns = [np.eye(3)]
    first = 0
    for second in range(1, len(starts)):
        sine = np.linalg.norm(np.cross(vectors_a[first], vectors_a[second]))
        sine /= np.linalg.norm(vectors_a[first]) * np.linalg.norm(vectors_a[second])
        if sine > 0.5:
            break
    else:
        return turns
    here = _frame(vectors_a[first], vectors_a[second])
    angle = _cosine(vectors_a[first], vectors_a[second])
    for one, other in product(alike[first], alike[second]):
        lengths = [np.linalg.norm(one), np.linalg.norm(other)]
        asked = [np.linalg.norm(vectors_a[first]), np.linalg.norm(vectors_a[second])]
        near = np.abs(np.subtract(lengths, asked)).max() < SAME_LENGTH_A
        if near and abs(_cosine(one, other) - angle) < 0.2:
            turns.append(here.T @ _frame(one, other))
    return turns


def _cosine(one: Floats, other: Floats) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def _frame(one: Floats, other: Floats) -> Floats:
    """Return the right-handed frame of two directions, its axes in rows."""
    x = one / np.linalg.norm(one)
    z = np.cross(one, other)
    z /= np.linalg.norm(z)
    return np.array([x, np.cross(z, x), z])


@lru_cache(maxsize=8)
def _ewald(
    cell: tuple[float, ...], symbols: tuple[str, ...], places: tuple[float, ...], q: tuple[int, ...]
) -> tuple[float, ...]:
    from pymatgen.analysis.ewald import EwaldSummation  # noqa: PLC0415  (costs a second)
    from pymatgen.core.lattice import Lattice  # noqa: PLC0415
    from pymatgen.core.periodic_table import Species  # noqa: PLC0415
    from pymatgen.core.structure import Structure  # noqa: PLC0415

    structure = Structure(
        Lattice(np.reshape(cell, (3, 3))),
        [Species(symbol, charge) for symbol, charge in zip(symbols, q, strict=True)],
        np.reshape(places, (-1, 3)),
    )
    summation = EwaldSummation(structure)  # type: ignore[no-untyped-call]
    return tuple(
        2.0 * float(summation.get_site_energy(site)) / charge  # type: ignore[no-untyped-call]
        for site, charge in enumerate(q)
    )


def bulk_potentials_v(crystal: Crystal) -> Floats | None:
    """Return the potential in V of the other charges at each site of a bulk crystal.

    By Ewald's sum, shape (n_sites,); None for a crystal with molecules.
    """
    if crystal.molecules:
        return None
    return np.array(
        _ewald(
            tuple(crystal.cell_a.ravel().tolist()),
            tuple(crystal.symbols.tolist()),
            tuple(crystal.fractional.ravel().tolist()),
            tuple(crystal.oxidation_states.tolist()),
        )
    )
