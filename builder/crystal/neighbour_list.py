"""Pairs of sites of a lattice that are near each other, and cells and sites that can't be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gemmi
import numpy as np
from scipy.spatial import cKDTree

from epicarve.arrays import whole_points
from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Ints, Strings

OVERLAP = 0.6
"""Two atoms closer than this multiple of the sum of their covalent radii are an error of the
input. The shortest bonds of crystals are 0.67 (U=O) and 0.72 (V=O) of it."""

HYDROGEN_OVERLAP = 0.55
"""The same if one is hydrogen, whose place X-rays see too near."""

OVERLAP_A = 0.9
"""Atoms other than hydrogen are never closer than this, in Å."""

HYDROGEN_OVERLAP_A = 0.6
"""Hydrogen is never closer to another atom than this, in Å; X-rays see O-H 0.1 Å too short."""

SHORTEST_HEIGHT_A = 1.0
"""No cell of a crystal is thinner than this, in Å, between any two opposite faces."""

LONGEST_EDGE_A = 1000.0
"""Longer cells, in Å, are an error of the input."""

MAX_SITES = 20_000
"""More sites in one cell are refused: what follows would take minutes and gigabytes."""


def neighbours(
    cell_a: Floats, fractional: Floats, radius_a: float
) -> tuple[Ints, Ints, Ints, Floats]:
    """Return all ordered pairs of sites of a lattice that are closer than a radius.

    Parameters
    ----------
    cell_a : ndarray of float, shape (3, 3)
        Lattice vectors in Å as rows.
    fractional : ndarray of float, shape (n_sites, 3)
        Fractional coordinates in [0, 1).
    radius_a : float
        Largest distance in Å.

    Returns
    -------
    first, second : ndarray of int, shape (n_pairs,)
        Sites of each pair.
    shifts : ndarray of int, shape (n_pairs, 3)
        Cell of the second site when the first lies in cell (0, 0, 0).
    distances_a : ndarray of float, shape (n_pairs,)
        Distances in Å.
    """
    n_sites = len(fractional)
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell_a), axis=0)
    reach = np.ceil(radius_a / heights).astype(int) + 1
    cells = whole_points(-reach, reach + 1)
    images = (fractional[None, :, :] + cells[:, None, :]).reshape(-1, 3) @ cell_a
    positions = fractional @ cell_a
    found = cKDTree(images).query_ball_point(positions, radius_a, return_sorted=True)
    first = np.repeat(np.arange(n_sites), [len(each) for each in found])
    image = np.concatenate([np.asarray(each, dtype=int) for each in found])
    distances = np.linalg.norm(images[image] - positions[first], axis=1)
    second, shifts = image % n_sites, cells[image // n_sites]
    itself = (first == second) & ~shifts.any(axis=1)
    return first[~itself], second[~itself], shifts[~itself], distances[~itself]


def refuse_cell(name: str, cell_a: Floats, fractional: Floats | None = None) -> None:
    """Raise an InputError if no crystal can have such a cell, or so many sites, or such places."""
    cell_a = np.asarray(cell_a, dtype=float)
    if not np.isfinite(cell_a).all() or abs(np.linalg.det(cell_a)) < SHORTEST_HEIGHT_A**3:
        raise InputError(f"{name}: the cell has no volume; give its lengths in Å and its angles")
    thickness = float((1.0 / np.linalg.norm(np.linalg.inv(cell_a), axis=0)).min())
    longest = float(np.linalg.norm(cell_a, axis=1).max())
    if thickness < SHORTEST_HEIGHT_A or longest > LONGEST_EDGE_A:
        raise InputError(
            f"{name}: the cell is {longest:.3g} Å long and {thickness:.2g} Å thin; give its "
            f"lengths in Å, from {SHORTEST_HEIGHT_A:g} to {LONGEST_EDGE_A:g}, and its angles"
        )
    if fractional is None:
        return
    if len(fractional) > MAX_SITES:
        raise InputError(
            f"{name}: {len(fractional)} sites in the cell, more than the {MAX_SITES} that can be "
            "worked with; give the primitive or conventional cell of the crystal"
        )
    if not np.isfinite(fractional).all():
        raise InputError(f"{name}: a coordinate is not a finite number; mend it")


def refuse_overlaps(
    name: str,
    cell_a: Floats,
    fractional: Floats,
    symbols: Strings,
) -> None:
    """Raise an InputError that names two sites closer than atoms can be, if there are any."""
    first, second, distances = _too_close(cell_a, fractional, symbols, OVERLAP)
    if not first.size:
        return
    i, j = int(first[0]), int(second[0])
    remedy = "remove the duplicate or alternative site, or mend the cell or the space group"
    if "H" in {str(symbols[i]), str(symbols[j])}:
        remedy = "check the place of the hydrogen, and whether it is disordered"
    raise InputError(
        f"{name}: sites {i + 1} ({symbols[i]}) and {j + 1} ({symbols[j]}) "
        f"overlap, {distances[0]:.2f} Å apart; {remedy}"
    )


def shortest_contact(
    cell_a: Floats,
    fractional: Floats,
    symbols: Strings,
    fraction: float,
) -> tuple[str, str, float] | None:
    """Return the two elements and the distance in Å of the tightest contact of atoms.

    None if no contact is shorter than a fraction of the sum of covalent radii.
    """
    first, second, distances = _too_close(cell_a, fractional, symbols, fraction)
    if not first.size:
        return None
    radii = covalent_radii_a(symbols)
    tightest = int(np.argmin(distances / (radii[first] + radii[second])))
    pair = str(symbols[first[tightest]]), str(symbols[second[tightest]])
    return (*pair, float(distances[tightest]))


def covalent_radii_a(symbols: Strings) -> Floats:
    """Return the covalent radius of each site in Å (Cordero et al., Dalton Trans. 2008, 2832)."""
    names, places = np.unique(symbols, return_inverse=True)
    radii = np.array([gemmi.Element(name).covalent_r for name in names.tolist()], dtype=float)
    return np.asarray(radii[places])


def _too_close(
    cell_a: Floats,
    fractional: Floats,
    symbols: Strings,
    fraction: float,
) -> tuple[Ints, Ints, Floats]:
    """Return pairs of sites closer than atoms of their elements can be, and their distances."""
    radii = covalent_radii_a(symbols)
    reach = max(2.0 * fraction * float(radii.max()), OVERLAP_A)
    i, j, _, distances = neighbours(cell_a, fractional, reach)
    hydrogen = symbols == "H"
    least = np.where(hydrogen[i] | hydrogen[j], HYDROGEN_OVERLAP_A, OVERLAP_A)
    shares = np.where(hydrogen[i] | hydrogen[j], min(fraction, HYDROGEN_OVERLAP), fraction)
    close = distances < np.maximum(least, shares * (radii[i] + radii[j]))
    return i[close], j[close], distances[close]
