"""The surface of a model: which ions stand on a terrace, an edge or a corner, and of what plane.

An ion belongs to the surface if it has fewer opposite neighbours than in bulk. Its class is read
from its *outward cone*: the directions in which it stands out beyond all its neighbours, that is,
makes an angle of at least 90° − `TOLERANCE_DEG` with the direction to every ion of the model
within `REACH` mean ion spacings. The mean of the cone is the local normal.

On a flat terrace the cone is a cap about the normal, as wide as the tolerance. On an edge it is
an arc from the normal of one face to that of the other, so it is wide in one direction. On a
corner it spans the normals of three faces or more and is wide in two. The width along each of
its two principal directions is the root mean square angle from the mean; a cap of half-angle
t has t/2, and an arc counts as wide above `WIDE_DEG`: faces must enclose less than about 140°.
So steps and kinks of a rounded surface count as edges and corners too, as they do in the
terrace-step-kink picture of Kossel (1927) and Stranski (1928).

An ion that stands out nowhere lies in a lower layer of a corrugated terrace or at the foot of a
step; it counts as terrace, and its normal points away from its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from epicarve.builder.model import composition
from epicarve.builder.report import SurfaceComposition, SurfaceFigures

from .valence_shares import HALF_BONDED, valence_shares

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from epicarve.arrays import Floats, Ints, Strings
    from epicarve.builder.crystal import Crystal
    from epicarve.builder.model import Model

CLASSES = ("bulk", "terrace", "edge", "corner")

REACH = 2.25
"""Neighbours are ions within this many mean ion spacings (cube root of volume per ion)."""

TOLERANCE_DEG = 20.0
"""How far an ion may rise above a plane, seen from its neighbour, and still lie in it."""

WIDE_DEG = 15.0
"""Root mean square width above which a cone spans the normals of more than one face."""

CUBE_POINTS = 9
"""Directions along the edge of each face of a cube by which cones are measured, 10° apart."""

MAX_INDEX = 1
"""Largest Miller index of the planes that normals are assigned to."""

BLOCK_IONS = 200

GRAINS = 1_000_000
"""Vectors to neighbours are told apart to this share of the reach."""


@dataclass(frozen=True)
class Surface:
    """What the surface of a model looks like, ion by ion.

    Parameters
    ----------
    model : Model
        The ions of the model, each molecule as one.
    classes : ndarray of str, shape (n_atoms,)
        One of `CLASSES`.
    normals : ndarray of float, shape (n_atoms, 3)
        Local outward unit normal in the frame of the model; zero for bulk ions.
    planes : ndarray of int, shape (n_atoms, 3)
        Miller indices, in the ion's own crystal, of the low-index plane nearest to the normal;
        zero for bulk ions.
    valence_shares : ndarray of float, shape (n_atoms,)
        Share of its bond valence in bulk that each ion has; 1 for bulk ions, not a number where no
        parameters of a bond are known.
    """

    model: Model
    classes: Strings
    normals: Floats
    planes: Ints
    valence_shares: Floats

    @property
    def broken_bonds(self) -> Ints:
        """Bonds that each ion lacks against bulk, shape (n_atoms,)."""
        return np.asarray(np.maximum(self.model.bulk_coordination - self.model.coordination, 0))

    @cached_property
    def labels(self) -> Strings:
        """Plane of each ion as text such as ``(1,0,-1)``, or ``-`` for bulk ions."""
        labels = np.full(self.model.n_atoms, "-", dtype="<U24")
        on_surface = np.flatnonzero(self.classes != "bulk")
        kinds, of_ion = np.unique(self.planes[on_surface], axis=0, return_inverse=True)
        names = [f"({','.join(map(str, hkl))})" for hkl in kinds.tolist()]
        if names:
            labels[on_surface] = np.array(names)[of_ion.ravel()]
        return labels

    @property
    def columns(self) -> dict[str, Strings]:
        """Columns of the ions for model.extxyz."""
        return {"surface": self.classes, "plane": self.labels}

    def figures(self) -> SurfaceFigures:
        """Return the surface in numbers.

        Ions by class, surface ions by domain and plane (most frequent first), broken bonds by
        element, the composition of the surface beside that of the whole, and the ions that have
        less than half of their bond valence.
        """
        model, on_surface = self.model, self.classes != "bulk"
        planes = {}
        for name in model.domain_names:
            found = self.labels[on_surface & (model.domains == name)]
            kinds, counts = np.unique(found, return_counts=True)
            order = np.argsort(-counts, kind="stable")
            planes[name] = {str(kinds[k]): int(counts[k]) for k in order}
        return SurfaceFigures(
            classes={kind: int((self.classes == kind).sum()) for kind in CLASSES},
            planes=planes,
            broken_bonds={
                symbol: int(self.broken_bonds[model.symbols == symbol].sum())
                for symbol in model.counts
            },
            composition=SurfaceComposition(
                surface=composition(model.symbols[on_surface], model.charges[on_surface]),
                whole=model.counts,
            ),
            half_bonded=self._half_bonded(),
        )

    def _half_bonded(self) -> dict[str, int] | None:
        if np.isnan(self.valence_shares).any():
            return None
        symbols = self.model.symbols[self.valence_shares < HALF_BONDED]
        return {symbol: int((symbols == symbol).sum()) for symbol in self.model.counts}


def surface_of(
    model: Model,
    crystals: Sequence[Crystal],
    rotations: Mapping[str, Floats] | None = None,
    max_index: int = MAX_INDEX,
) -> Surface:
    """Classify every ion of a model; the cost grows with the number of surface ions.

    Molecules count as ions at the centres of their charges.

    Parameters
    ----------
    model : Model
        A model of one or more domains.
    crystals : sequence of Crystal
        The crystals of its domains.
    rotations : mapping of str to ndarray of float, shape (3, 3), optional
        For each domain that was turned, the rotation from the frame of its crystal to that of
        the model, acting on column vectors.
    max_index : int
        Largest Miller index of the planes that normals are assigned to.

    Returns
    -------
    Surface
        Class, normal and plane of every ion.

    Examples
    --------
    >>> from epicarve.builder.carve import carve
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import Sphere
    >>> galena = bundled_crystal("PbS")
    >>> surface = surface_of(carve(galena, Sphere(radius_a=8.0)), [galena])
    >>> sum(surface.figures().classes.values()) == surface.model.n_atoms
    True
    """
    rotations, model = rotations or {}, model.ions
    on_surface = np.flatnonzero(model.is_surface)
    reach_a = max(
        REACH * (crystal.volume_a3 / crystal.n_sites) ** (1.0 / 3.0) for crystal in crystals
    )
    classes = np.full(model.n_atoms, "bulk", dtype="<U7")
    normals = np.zeros((model.n_atoms, 3))
    tree = cKDTree(model.positions_a)
    planes = np.zeros((model.n_atoms, 3), dtype=int)
    for crystal in crystals:
        of_domain = on_surface[model.domains[on_surface] == crystal.name]
        turn = rotations.get(crystal.name, np.eye(3))
        directions = even_directions(CUBE_POINTS) @ turn.T
        for start in range(0, len(of_domain), BLOCK_IONS):
            ions = of_domain[start : start + BLOCK_IONS]
            classes[ions], normals[ions] = _cones(
                model.positions_a, tree, ions, reach_a, directions
            )
        planes[of_domain] = nearest_planes(crystal, normals[of_domain] @ turn, max_index)
    shares = np.ones(model.n_atoms)
    shares[on_surface] = valence_shares(model, crystals, on_surface)
    return Surface(
        model=model, classes=classes, normals=normals, planes=planes, valence_shares=shares
    )


def nearest_planes(crystal: Crystal, normals: Floats, max_index: int = MAX_INDEX) -> Ints:
    """Return the Miller indices of the low-index planes nearest to normals, shape (n, 3).

    Parameters
    ----------
    crystal : Crystal
        The crystal whose planes are meant.
    normals : ndarray of float, shape (n, 3)
        Unit vectors in the frame of the crystal.
    max_index : int
        Largest index looked at.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> nearest_planes(bundled_crystal("PbS"), np.array([[0.0, -0.1, 0.99]])).tolist()
    [[0, 0, 1]]
    """
    steps = np.arange(max_index, -max_index - 1, -1)
    every = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    coprime = every[np.gcd.reduce(every, axis=1) == 1]
    simple_first = coprime[np.argsort(np.abs(coprime).sum(axis=1), kind="stable")]
    hkl_normals = simple_first @ np.linalg.inv(crystal.cell_a).T
    hkl_normals /= np.linalg.norm(hkl_normals, axis=1)[:, None]
    cosines = np.round(normals @ hkl_normals.T, 9)
    return np.asarray(simple_first[np.argmax(cosines, axis=1)])


def _cones(
    positions_a: Floats,
    tree: cKDTree,
    ions: Ints,
    reach_a: float,
    directions: Floats,
) -> tuple[Strings, Floats]:
    """Class and normal of some ions from their outward cones."""
    pairs = cKDTree(positions_a[ions]).sparse_distance_matrix(tree, reach_a, output_type="ndarray")
    pairs = pairs[pairs["v"] > 0.0]
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
    towards = (positions_a[pairs["j"]] - positions_a[ions[pairs["i"]]]) / pairs["v"][:, None]
    starts = np.searchsorted(pairs["i"], np.arange(len(ions)))
    outward = _outward(towards, pairs["v"], starts, directions, reach_a)
    weight = outward.sum(axis=1)
    stands_out = weight > 0
    away = -np.add.reduceat(towards, starts, axis=0)
    normals = np.where(stands_out[:, None], outward @ directions, away)
    lengths = np.linalg.norm(normals, axis=1)
    normals /= np.maximum(lengths, 1e-12)[:, None]
    # directions laid flat about the normal, each at its angle from it (azimuthal equidistant):
    # the sum over them of stretch² (d - c n)(d - c n)ᵀ, with c the cosine of d and n
    ion, of = np.nonzero(outward)
    cosine = np.clip((normals[ion] * directions[of]).sum(axis=1), -1.0, 1.0)
    stretch = np.zeros(outward.shape)
    stretch[ion, of] = np.arccos(cosine) ** 2 / np.maximum(1.0 - cosine**2, 1e-12)
    cosines = np.zeros(outward.shape)
    cosines[ion, of] = cosine
    products = (directions[:, :, None] * directions[:, None, :]).reshape(-1, 9)
    crossed = ((stretch * cosines) @ directions)[:, :, None] * normals[:, None, :]
    along = (stretch * cosines**2).sum(axis=1)[:, None, None]
    moments = (stretch @ products).reshape(-1, 3, 3) - crossed - np.swapaxes(crossed, 1, 2)
    moments += along * normals[:, :, None] * normals[:, None, :]
    moments /= np.maximum(weight, 1.0)[:, None, None]
    widths = np.degrees(np.sqrt(np.maximum(np.linalg.eigvalsh(moments)[:, ::-1], 0.0)))
    n_wide = (widths[:, :2] > WIDE_DEG).sum(axis=1)
    return np.array(CLASSES[1:])[n_wide], normals


def _outward(
    towards: Floats,
    lengths_a: Floats,
    starts: Ints,
    directions: Floats,
    reach_a: float,
) -> Floats:
    """Whether each ion stands out in each direction, 1 or 0, shape (n_ions, n_directions).

    Lattice vectors recur: the directions in the way of each are found once, as bits of one number
    after the other.
    """
    grains = np.rint(towards * lengths_a[:, None] * (GRAINS / reach_a)).astype(np.int64) + GRAINS
    key = (grains[:, 0] << 42) | (grains[:, 1] << 21) | grains[:, 2]
    _, first, vector = np.unique(key, return_index=True, return_inverse=True)
    limit = np.sin(np.radians(TOLERANCE_DEG))
    is_in_way = towards[first].astype(np.float32) @ directions.T > limit
    n_bits = is_in_way.shape[1]
    padded = np.pad(np.packbits(is_in_way, axis=1), ((0, 0), (0, (-n_bits // 8) % 8)))
    words = np.bitwise_or.reduceat(padded.view(np.uint64)[vector], starts, axis=0)
    bits = np.unpackbits(words.view(np.uint8), axis=1)[:, :n_bits]
    return np.asarray(1.0 - bits, dtype=np.float64)


def even_directions(n: int) -> Floats:
    """Return 6 n² unit vectors, n² on each face of a cube at equal angles, shape (6 n², 3).

    The set has the symmetry of the cube, so that equal faces of a cubic crystal count alike.
    """
    steps = np.tan((np.arange(n) + 0.5 - 0.5 * n) * np.pi / (2 * n))
    across, along = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
    face = np.stack([across, along, np.ones(n * n)], axis=1)
    points = np.concatenate(
        [sign * np.roll(face, axis, axis=1) for axis in range(3) for sign in (1, -1)]
    )
    return np.asarray(points / np.linalg.norm(points, axis=1)[:, None])
