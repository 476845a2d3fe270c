"""Electrostatics of a model as point charges: potential at each ion, energy, and a ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import dctn, irfftn, next_fast_len, rfftn
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.special import erf, erfc

from epicarve.builder.dimensions import dipole_debye
from epicarve.units import COULOMB_V_A

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epicarve.arrays import Floats, Ints
    from epicarve.builder.model import Model

EXACT_IONS = 20_000
"""Up to this many ions every pair is summed; above, the mesh is used."""

MESH_ERROR_V = 1e-4
"""Largest error in V that the mesh leaves in a potential, times the largest charge in e."""

BLOCK_PAIRS = 1_000_000
"""Pairs whose distances are held in memory at once."""

CUTOFF_A = 10.0
"""Distance in Å beyond which a pair is left to the mesh."""

SCREENING_PER_A = 4.0 / CUTOFF_A
"""Inverse width in 1/Å of the Gaussians; the cutoff leaves out erfc(4) = 2e-8 of each pair."""

MESH_SPACING_A = 1.0

SPLINE_ORDER = 8

WRAP_POINTS = 12
"""Spare points of the mesh, over which the spline's filter decays at the seam of the kernel."""


@dataclass(frozen=True)
class Electrostatics:
    """A model as point charges in vacuum, every ion at its place with its formal charge.

    Parameters
    ----------
    potentials_v : ndarray of float, shape (n_atoms,)
        Potential in V that all other ions cause at each ion.
    n_wrong_sign : int
        Ions that sit where the potential of all others repels them, q φ > 0.
    energy_ev : float
        Energy in eV against ions infinitely far apart, Σ q φ / 2.
    dipole_debye : float
        Magnitude of the dipole about the centroid, in debye.
    error_v : float
        Bound of the error of each potential in V: 0 for the sum over pairs. Errors of the mesh
        differ from ion to ion and all but cancel in the energy.
    """

    potentials_v: Floats
    n_wrong_sign: int
    energy_ev: float
    dipole_debye: float
    error_v: float


def electrostatics(model: Model) -> Electrostatics:
    """Return potential, energy and dipole of a model's formal charges.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    Electrostatics
        Exact up to `EXACT_IONS` ions, by a mesh in O(N log N) above.

    Examples
    --------
    >>> from epicarve.builder.carve import carve
    >>> from epicarve.builder.library import bundled_crystal
    >>> from epicarve.builder.shapes import Sphere
    >>> dot = carve(bundled_crystal("PbS"), Sphere(radius_a=8.0))
    >>> electrostatics(dot).energy_ev / dot.n_atoms < -12.0
    True
    """
    return electrostatics_of(model.positions_a, model.charges)


def electrostatics_of(positions_a: Floats, charges: Ints) -> Electrostatics:
    """Return potential, energy and dipole of charges in units of e at positions in Å."""
    return electrostatics_at(potentials_v(positions_a, charges), positions_a, charges)


def electrostatics_at(potentials_v: Floats, positions_a: Floats, charges: Ints) -> Electrostatics:
    """Return energy and dipole of charges whose potentials are known."""
    mesh_error = MESH_ERROR_V * int(np.abs(charges).max())
    return Electrostatics(
        potentials_v=potentials_v,
        n_wrong_sign=int((charges * potentials_v > 0.0).sum()),
        energy_ev=0.5 * float(charges @ potentials_v),
        dipole_debye=dipole_debye(positions_a, charges),
        error_v=0.0 if len(charges) <= EXACT_IONS else mesh_error,
    )


def rank(models: Sequence[Model], grain_ev: float = 1e-5) -> tuple[int, ...]:
    """Order models of one crystal by point-charge energy per ion, then by dipole.

    Parameters
    ----------
    models : sequence of Model
        The candidates.
    grain_ev : float
        Energies in eV per ion that agree to this are a tie, which the smaller dipole wins.

    Returns
    -------
    tuple of int
        Indices of the models, best first; the first in order of those that tie in both.
    """
    found = [electrostatics(model) for model in models]
    keys = [
        (round(one.energy_ev / model.n_atoms / grain_ev), round(one.dipole_debye, 3))
        for one, model in zip(found, models, strict=True)
    ]
    return tuple(sorted(range(len(models)), key=lambda index: keys[index]))


def potentials_v(positions_a: Floats, charges: Ints | Floats) -> Floats:
    """Return the potential in V that all other charges cause at each, shape (n_atoms,).

    Parameters
    ----------
    positions_a : ndarray of float, shape (n_atoms, 3)
        Coordinates in Å.
    charges : ndarray, shape (n_atoms,)
        Charges in units of e.

    Examples
    --------
    Two elementary charges 1 Å apart:

    >>> potentials_v(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), np.array([1, -1])).round(3)
    array([-14.4,  14.4])
    """
    if len(charges) <= EXACT_IONS:
        return pairwise_potentials_v(positions_a, charges)
    return mesh_potentials_v(positions_a, charges)


def potentials_at_v(points_a: Floats, positions_a: Floats, charges: Ints | Floats) -> Floats:
    """Return the potential in V that charges cause at points, in blocks; cost O(points × charges).

    Parameters
    ----------
    points_a : ndarray of float, shape (n_points, 3)
        Where, in Å. A charge at the point itself does not count.
    positions_a : ndarray of float, shape (n_charges, 3)
        Coordinates of the charges in Å.
    charges : ndarray, shape (n_charges,)
        Charges in units of e.

    Returns
    -------
    ndarray of float, shape (n_points,)
        The potentials.
    """
    potentials = np.zeros(len(points_a))
    rows = max(1, BLOCK_PAIRS // max(len(charges), 1))
    for start in range(0, len(points_a), rows):
        block = slice(start, start + rows)
        potentials[block] = COULOMB_V_A * (
            inverse_distances(points_a[block], positions_a) @ charges
        )
    return potentials


def inverse_distances(first_a: Floats, second_a: Floats) -> Floats:
    """Return inverse distances in 1/Å, 0 from a point to itself, shape (n_first, n_second)."""
    found = cdist(first_a, second_a)
    found[found == 0.0] = np.inf
    return np.asarray(np.reciprocal(found, out=found))


def pairwise_potentials_v(positions_a: Floats, charges: Ints | Floats) -> Floats:
    """Return the potentials in V by the sum over all pairs, in blocks; cost O(N²)."""
    n = len(charges)
    q = np.asarray(charges, dtype=float)
    potentials = np.zeros(n)
    rows = max(1, BLOCK_PAIRS // max(n, 1))
    for start in range(0, n, rows):
        block = slice(start, min(start + rows, n))
        inverse = cdist(positions_a[block], positions_a[start:])
        np.fill_diagonal(inverse, np.inf)
        np.reciprocal(inverse, out=inverse)
        potentials[block] += inverse @ q[start:]
        potentials[block.stop :] += q[block] @ inverse[:, block.stop - start :]
    return COULOMB_V_A * potentials


def mesh_potentials_v(positions_a: Floats, charges: Ints | Floats) -> Floats:
    """Return the potentials in V by a particle mesh in vacuum; cost O(N log N).

    Each charge is split into a screened point, summed over the pairs within `CUTOFF_A`, and a
    Gaussian, whose potential erf(αr)/r is smooth and is taken from a mesh: charges are spread
    by cardinal B-splines (smooth particle-mesh Ewald, Essmann et al., J. Chem. Phys. 1995,
    103, 8577), the kernel is that of free space on a mesh of twice the size, so that no image
    of the model acts on it (Hockney and Eastwood, Computer Simulation Using Particles, 1988).

    The potentials are right to `MESH_ERROR_V` times the largest charge.
    """
    q = np.asarray(charges, dtype=float)
    own = 2.0 * SCREENING_PER_A / np.sqrt(np.pi) * q
    smooth = _long_range_potentials(positions_a, q)
    return np.asarray(COULOMB_V_A * (_screened_potentials(positions_a, q) + smooth - own))


def _screened_potentials(positions_a: Floats, q: Floats) -> Floats:
    """Sum of q erfc(αr)/r over the pairs within the cutoff, in 1/Å."""
    tree = cKDTree(positions_a)
    n_near = tree.query_ball_point(positions_a[: min(len(q), 1000)], CUTOFF_A, return_length=True)
    rows = max(1, BLOCK_PAIRS // int(np.max(n_near)))
    sums = np.zeros(len(q))
    order = np.argsort(positions_a[:, 0], kind="stable")  # compact blocks make shallow searches
    for start in range(0, len(q), rows):
        block = order[start : start + rows]
        pairs = cKDTree(positions_a[block]).sparse_distance_matrix(
            tree, CUTOFF_A, output_type="ndarray"
        )
        pairs = pairs[pairs["v"] > 0.0]
        terms = q[pairs["j"]] * erfc(SCREENING_PER_A * pairs["v"]) / pairs["v"]
        sums[block] = np.bincount(pairs["i"], terms, minlength=len(block))
    return sums


def _long_range_potentials(positions_a: Floats, q: Floats) -> Floats:
    """Sum of q erf(αr)/r over all charges, itself included, from the mesh, in 1/Å."""
    scaled = (positions_a - positions_a.min(axis=0)) / MESH_SPACING_A
    points = np.ceil(scaled.max(axis=0)).astype(int) + SPLINE_ORDER + 1
    halves = [next_fast_len(int(n) + WRAP_POINTS // 2) for n in points]
    size = [2 * half for half in halves]
    kernel = _kernel_transform(halves)
    folded = [np.minimum(np.arange(n), n - np.arange(n)) for n in size[:2]]
    spectrum = rfftn(_spread(scaled, q, size), overwrite_x=True)
    for x, wave in enumerate(folded[0]):
        spectrum[x] *= kernel[wave, folded[1]]
    return _gather(scaled, irfftn(spectrum, s=size, overwrite_x=True))


def _kernel_transform(halves: Sequence[int]) -> Floats:
    """Transform of erf(αr)/r over that of the splines: even in each axis, so an octant of it."""
    x, y, z = (np.arange(half + 1) * MESH_SPACING_A for half in halves)
    kernel = np.empty((len(x), len(y), len(z)))
    in_plane = y[:, None] ** 2 + z**2
    for plane, height in zip(kernel, x, strict=True):
        r = np.sqrt(height**2 + in_plane)
        with np.errstate(invalid="ignore"):  # 0/0 at the origin, put right below
            np.divide(erf(SCREENING_PER_A * r), r, out=plane)
    kernel[0, 0, 0] = 2.0 * SCREENING_PER_A / np.sqrt(np.pi)
    transform = dctn(kernel, type=1, overwrite_x=True)
    fx, fy, fz = (_spline_filter(half) for half in halves)
    transform /= fx[:, None, None]
    transform /= fy[:, None]
    transform /= fz
    return np.asarray(transform)


def _spline_filter(half: int) -> Floats:
    """Fourier transform of the spline's overlap with itself, on a mesh of 2 × half points.

    Divided by it, the mesh gives each charge the right energy in its own potential on average,
    so that errors of the potentials do not add up in the energy.
    """
    order = 2 * SPLINE_ORDER  # the overlap of two cardinal B-splines is one of twice the order
    samples = _spline_weights(np.zeros(1), order)[0]
    steps = np.arange(order) - SPLINE_ORDER
    return np.asarray(np.cos(np.pi / half * np.outer(np.arange(half + 1), steps)) @ samples)


def _spline_weights(fraction: Floats, order: int) -> Floats:
    """Cardinal B-spline of an order at fraction + j for j = 0 ... order − 1, shape (n, order)."""
    values = np.zeros((len(fraction), order))
    values[:, 0] = 1.0
    for k in range(2, order + 1):
        for j in range(k - 1, -1, -1):
            before = values[:, j - 1] if j else 0.0
            u = fraction + j
            values[:, j] = (u * values[:, j] + (k - u) * before) / (k - 1)
    return values


def _stencils(scaled: Floats, size: Sequence[int]) -> Iterator[tuple[slice, Ints, Floats]]:
    """Blocks of ions with the mesh points that they touch and the weights there."""
    rows = max(1, BLOCK_PAIRS // SPLINE_ORDER**3)
    steps = np.arange(SPLINE_ORDER - 1, -1, -1)
    for start in range(0, len(scaled), rows):
        block = slice(start, start + rows)
        whole = np.floor(scaled[block]).astype(int)
        x, y, z = (_spline_weights(w, SPLINE_ORDER) for w in (scaled[block] - whole).T)
        i, j, k = (whole[:, axis, None] + steps for axis in range(3))
        plane = i[:, :, None] * size[1] + j[:, None, :]
        points = plane[:, :, :, None] * size[2] + k[:, None, None, :]
        weights = (x[:, :, None] * y[:, None, :])[:, :, :, None] * z[:, None, None, :]
        yield block, points.reshape(len(whole), -1), weights.reshape(len(whole), -1)


def _spread(scaled: Floats, q: Floats, size: Sequence[int]) -> Floats:
    """Charges on the mesh, shape `size`."""
    mesh = np.zeros(int(np.prod(size)))
    for block, points, weights in _stencils(scaled, size):
        np.add.at(mesh, points.ravel(), (q[block, None] * weights).ravel())
    return mesh.reshape(size)


def _gather(scaled: Floats, mesh: Floats) -> Floats:
    """Values of the mesh at the ions, shape (n_atoms,)."""
    values = np.empty(len(scaled))
    flat = mesh.ravel()
    for block, points, weights in _stencils(scaled, mesh.shape):
        values[block] = np.einsum("ij,ij->i", flat[points], weights)
    return values
