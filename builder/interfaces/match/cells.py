"""Coincidence cells: supercells of two plane lattices that nearly have the same shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field
from scipy.spatial import cKDTree

from epicarve.options import Options

from .hermite import plane_area_a2, sublattices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from epicarve.arrays import Bools, Floats, Ints

    from .hermite import Sublattices

LARGEST_STRAIN = 0.8
"""Up to this strain the least strained cell is looked for when none is within the tolerance."""

BLOCK_SUBLATTICES = 2000
"""Sublattices of the film that are compared at once, which bounds the memory."""


class MatchOptions(Options):
    """Which coincidence cells are wanted.

    Parameters
    ----------
    max_area_a2 : float
        Largest area in Å² of the substrate's supercell.
    max_strain : float
        Largest magnitude of a principal strain of the film's supercell onto the substrate's.
    """

    max_area_a2: float = Field(default=260.0, gt=0.0)
    max_strain: float = Field(default=0.06, ge=0.0, lt=LARGEST_STRAIN)


@dataclass(frozen=True, slots=True)
class CoincidenceCell:
    """A supercell of the film and one of the substrate that fit on each other.

    Parameters
    ----------
    film_matrix, substrate_matrix : ndarray of int, shape (2, 2)
        Rows are the vectors of the supercells in units of the lattice vectors; both supercells
        are right-handed, the substrate's is its shortest one, and rows match row by row.
    area_a2 : float
        Area of the substrate's supercell in Å², as it is in the unstrained crystal.
    strain : ndarray of float, shape (2,)
        Principal strains of the film if it is deformed onto the substrate, the one of larger
        magnitude first: singular values of the map of the supercells, minus 1.
    rotation_deg : float
        Angle in degrees by which the film's lattice is turned counter-clockwise from the frame it
        was given in (the rotation in the map's polar decomposition); in (−90, 90] for a cell that
        was found.
    """

    film_matrix: Ints
    substrate_matrix: Ints
    area_a2: float
    strain: Floats
    rotation_deg: float

    @property
    def max_strain(self) -> float:
        """Larger magnitude of the principal strains."""
        return float(abs(self.strain[0]))


def coincidence_cells(
    film_lattice_a: Floats,
    substrate_lattice_a: Floats,
    options: MatchOptions | None = None,
) -> tuple[CoincidenceCell, ...]:
    """Return all coincidence cells of two plane lattices within an area and a strain.

    A cell is a pair of supercells and the linear map that takes the one to the other. Each map
    is listed once, with its smallest cell: supercells of a cell listed, other bases of it, and
    the map turned by 180° (a symmetry of every plane lattice) are not listed again. Maps that
    reflect are none: the other side of the film is another face, with its own lattice.

    Parameters
    ----------
    film_lattice_a, substrate_lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows (x, y).
    options : MatchOptions, optional
        Largest area and strain.

    Returns
    -------
    tuple of CoincidenceCell
        By area, then strain; empty if there are none.

    Raises
    ------
    InputError
        If the vectors of a lattice are parallel, or the area asks for too long a list.

    Notes
    -----
    A basis (a, b) is written as τ = b/a, a point of the upper half-plane. A map between two
    bases has principal stretches exp((ln R ± d)/2), with R the ratio of the areas and d the
    hyperbolic distance of their τ. Matches are thus near neighbours among reduced bases, found
    with a tree; a substrate's basis enters with all its images near the reduced region.

    Examples
    --------
    Pb4S3Br2 (010) on CsPbCl3 (100): the smallest cell is the √2×√2 one turned by 45°.

    >>> film, substrate = np.diag([8.20261, 8.16986]), 5.605 * np.eye(2)
    >>> best = coincidence_cells(film, substrate)[0]
    >>> best.substrate_matrix.tolist(), round(best.area_a2, 2), best.strain.round(3).tolist()
    ([[1, 1], [-1, 1]], 62.83, [-0.034, -0.03])
    """
    options = options or MatchOptions()
    substrate = sublattices(substrate_lattice_a, _whole(options.max_area_a2, substrate_lattice_a))
    # the film's cell is at most this much larger
    film_area_a2 = options.max_area_a2 / (1.0 - options.max_strain) ** 2
    film = sublattices(film_lattice_a, _whole(film_area_a2, film_lattice_a))
    if len(film.index) == 0 or len(substrate.index) == 0:
        return ()
    reach = np.log((1.0 + options.max_strain) / (1.0 - options.max_strain)) + 1e-6
    images = _images(substrate, reach)
    tree = cKDTree(_place(images.tau, substrate.area_a2[images.of], reach))
    tau = film.vectors[:, 1] / film.vectors[:, 0]
    places = _place(tau, film.area_a2, reach)
    blocks = []
    for start in range(0, len(tau), BLOCK_SUBLATTICES):
        near = cKDTree(places[start : start + BLOCK_SUBLATTICES]).sparse_distance_matrix(
            tree, 1.0, p=np.inf, output_type="ndarray"
        )
        pairs = np.column_stack([near["i"] + start, near["j"]])
        blocks.append(_matches(film, substrate, images, pairs, options.max_strain))
    film_matrices, of, stretches, angles = (
        np.concatenate(parts) for parts in zip(*blocks, strict=True)
    )
    return _ordered(film_matrices, substrate.matrices[of], substrate.area_a2[of], stretches, angles)


def stated_cell(
    film_lattice_a: Floats,
    substrate_lattice_a: Floats,
    film_matrix: Ints,
    substrate_matrix: Ints,
) -> CoincidenceCell:
    """Return the coincidence cell of two supercells that are told.

    Parameters
    ----------
    film_lattice_a, substrate_lattice_a : ndarray of float, shape (2, 2)
        Lattice vectors in Å as rows (x, y).
    film_matrix, substrate_matrix : ndarray of int, shape (2, 2)
        Rows are the vectors of the supercells in units of the lattice vectors. Where those of
        one side are left-handed, its second vector is turned round.

    Examples
    --------
    >>> stated_cell(np.diag([8.2, 8.2]), 5.6 * np.eye(2), np.eye(2, dtype=int),
    ...     np.array([[1, 1], [-1, 1]])).strain.round(3).tolist()
    [-0.034, -0.034]
    """
    matrices = [
        matrix * np.array([[1], [1 if np.linalg.det(matrix @ lattice_a) > 0 else -1]])
        for matrix, lattice_a in (
            (film_matrix, film_lattice_a),
            (substrate_matrix, substrate_lattice_a),
        )
    ]
    film, substrate = matrices[0] @ film_lattice_a, matrices[1] @ substrate_lattice_a
    left, stretches, right = np.linalg.svd(np.linalg.solve(film, substrate))
    (cosine, sine), _ = (left @ right).tolist()
    strain = stretches - 1.0
    return CoincidenceCell(
        film_matrix=matrices[0],
        substrate_matrix=matrices[1],
        area_a2=float(abs(np.linalg.det(substrate))),
        strain=strain[np.argsort(-np.abs(strain), kind="stable")],
        rotation_deg=float(np.degrees(np.arctan2(sine, cosine))),
    )


def least_strained_cell(
    film_lattice_a: Floats,
    substrate_lattice_a: Floats,
    max_area_a2: float,
) -> CoincidenceCell | None:
    """Return the cell of least strain up to an area; None if even it is above `LARGEST_STRAIN`."""
    for max_strain in (0.025, 0.05, 0.1, 0.2, 0.4, np.nextafter(LARGEST_STRAIN, 0.0)):
        options = MatchOptions(max_area_a2=max_area_a2, max_strain=float(max_strain))
        found = coincidence_cells(film_lattice_a, substrate_lattice_a, options)
        if found:
            return min(found, key=lambda cell: (round(cell.max_strain, 9), cell.area_a2))
    return None


@dataclass(frozen=True, slots=True)
class _Images:
    """Bases of sublattices that lie near the reduced region.

    of : sublattice of each; changes : its basis in units of the shortest one; tau : its b/a.
    """

    of: Ints
    changes: Ints
    tau: NDArray[np.complex128]


def _whole(area_a2: float, lattice_a: Floats) -> int:
    """Cells that fit into an area."""
    return int(area_a2 / plane_area_a2(lattice_a) * (1.0 + 1e-9))


def _images(lattices: Sublattices, reach: float) -> _Images:
    """Return all bases, up to a half turn, within a hyperbolic distance of the reduced region.

    The region is |Re τ| ≤ 1/2, |τ| ≥ 1. A basis with first vector p a + q b has
    Im τ' = Im τ / |p + q τ|², which must be at least (√3/2) exp(−reach): few p, q can be. To
    the second vector the first one can be added as often as Re τ' stays near the region.
    """
    tau = lattices.vectors[:, 1] / lattices.vectors[:, 0]
    stretch = float(np.exp(reach))
    changes = _first_rows(stretch)
    a = changes[:, 0, 0] + changes[:, 0, 1] * tau[:, None]
    images = (changes[:, 1, 0] + changes[:, 1, 1] * tau[:, None]) / a
    of, which = np.nonzero(images.imag >= np.sqrt(0.75) / stretch)
    images = images[of, which]
    margin = 0.5 + images.imag * (stretch - 1.0)
    lowest = np.ceil(-margin - images.real).astype(np.int64)
    counts = np.maximum(np.floor(margin - images.real).astype(np.int64) - lowest + 1, 0)
    each = np.repeat(np.arange(len(images)), counts)
    steps = np.arange(len(each)) - np.repeat(np.cumsum(counts) - counts, counts) + lowest[each]
    bases = changes[which[each]]
    bases[:, 1] += steps[:, None] * bases[:, 0]
    return _Images(of[each], bases, images[each] + steps)


def _first_rows(stretch: float) -> Ints:
    """Unimodular matrices with each first row (p, q) that `_images` can need, shape (n, 2, 2)."""
    rows = [(1, 0, 0, 1)]
    for q in range(1, int(4.0 / 3.0 * stretch) + 1):
        # |p + q τ|² ≤ (4/3) stretch², and |Im q τ|² ≥ 3/4, |Re q τ| ≤ q/2
        widest = int(np.sqrt(4.0 / 3.0 * stretch**2 - 0.75) + 0.5 * q)
        for p in range(-widest, widest + 1):
            if gcd(p, q) == 1:
                s = pow(p, -1, q) if q > 1 else 0
                rows.append((p, q, (p * s - 1) // q, s))
    return np.array(rows, dtype=np.int64).reshape(-1, 2, 2)


def _place(tau: NDArray[np.complex128], area_a2: Floats, reach: float) -> Floats:
    """Coordinates in which two bases that match differ by at most 1 along each axis.

    If d is their hyperbolic distance, |Δ ln Im τ| ≤ d, and |Δ(Re τ/Im τ)| ≤ 1.58 (exp(d) − 1)
    for one of them reduced.
    """
    width = (1.0 + 1.0 / np.sqrt(3.0)) * np.expm1(reach)
    scale = 1.0 + 1e-9
    return np.column_stack(
        [
            np.log(area_a2) / (2.0 * reach * scale),
            np.log(tau.imag) / (reach * scale),
            tau.real / tau.imag / (width * scale),
        ]
    )


def _matches(
    film: Sublattices,
    substrate: Sublattices,
    images: _Images,
    pairs: Ints,
    max_strain: float,
) -> tuple[Ints, Ints, Floats, Floats]:
    """Keep the pairs (film, image of substrate) within the strain that are no supercells of others.

    Returns the film's matrices on the substrate's shortest bases, the substrate's sublattices,
    principal stretches (larger first), and angles in degrees.
    """
    i, j = pairs.T
    of, change = images.of[j], images.changes[j]
    target = np.einsum("nij,nj->ni", change, substrate.vectors[of])
    u, v = film.vectors[i].T
    # the map is z → α z + β z*, with stretches |α| ± |β| and the rotation arg α
    volume = u * v.conj() - v * u.conj()
    alpha = (target[:, 0] * v.conj() - target[:, 1] * u.conj()) / volume
    beta = (target[:, 1] * u - target[:, 0] * v) / volume
    stretches = np.abs(alpha)[:, None] + np.abs(beta)[:, None] * np.array([1.0, -1.0])
    fits = np.flatnonzero(np.abs(stretches - 1.0).max(axis=1) <= max_strain + 1e-9)
    of, change, stretches, alpha = of[fits], change[fits], stretches[fits], alpha[fits]
    film_matrices = adjugates(change) @ film.matrices[i[fits]]
    whole = _is_primitive(film_matrices, substrate.matrices[of])
    of, stretches, alpha = of[whole], stretches[whole], alpha[whole]
    film_matrices = film_matrices[whole]
    angles = np.degrees(np.angle(alpha))
    turned = (angles <= -90.0 + 1e-7) | (angles > 90.0 + 1e-7)
    film_matrices[turned] *= -1
    angles = np.where(turned, angles - np.copysign(180.0, angles), angles)
    return film_matrices, of, stretches, angles


def _is_primitive(film: Ints, substrate: Ints) -> Bools:
    """Whether two matrices have no common left factor: their 2×2 minors have no divisor."""
    rows = np.concatenate([film, substrate], axis=2)
    divisor = np.zeros(len(rows), dtype=np.int64)
    for k in range(3):
        for m in range(k + 1, 4):
            minor = rows[:, 0, k] * rows[:, 1, m] - rows[:, 0, m] * rows[:, 1, k]
            divisor = np.gcd(divisor, minor)
    return np.asarray(divisor == 1)


def _ordered(
    film: Ints,
    substrate: Ints,
    area_a2: Floats,
    stretches: Floats,
    angles: Floats,
) -> tuple[CoincidenceCell, ...]:
    """Cells by area, then by strain; ties by angle and by matrices."""
    strains = stretches - 1.0
    smaller_first = np.abs(strains[:, 0]) < np.abs(strains[:, 1])
    strains[smaller_first] = strains[smaller_first, ::-1]
    worst, angle = np.abs(strains[:, 0]).round(8), angles.round(6)
    whole = np.concatenate([film.reshape(-1, 4), substrate.reshape(-1, 4)], axis=1)
    order = np.lexsort((*whole.T[::-1], angle, np.abs(angle), worst, area_a2.round(6)))
    return tuple(
        map(
            CoincidenceCell,
            film[order],
            substrate[order],
            area_a2[order].tolist(),
            strains[order],
            angles[order].tolist(),
        )
    )


def adjugates(matrices: Ints) -> Ints:
    """Inverse times determinant of each 2×2 matrix, shape (n, 2, 2)."""
    turned = matrices[:, ::-1, ::-1].swapaxes(1, 2).copy()
    turned[:, 0, 1] *= -1
    turned[:, 1, 0] *= -1
    return turned
