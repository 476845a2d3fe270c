"""What is seen of an isosurface and of atoms from one side: depth, direction and shade by pixel.

Rays go from the eye through the grid, in steps of its spacing; where the size of the orbital first
comes to the isovalue they have met the surface. It takes memory for the pixels alone, and no mesh;
what hides what follows pixel by pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import map_coordinates

from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from epicarve.arrays import Floats, Floats32, Ints
    from epicarve.dft.cube import OrbitalGrid

LIGHT = (-0.4, 0.5, 0.77)
"""Where the light comes from: to the right, up, and to the eye."""

AMBIENT = 0.42
"""Brightness of what the light does not reach."""

OPACITY = 0.72
"""How much of a surface is seen before the atoms behind it."""


@dataclass(frozen=True)
class Window:
    """The picture's plane: square, with the middle of the atoms at its own.

    Parameters
    ----------
    middle_a : ndarray of float, shape (3,)
        Middle of the atoms in Å.
    view : ndarray of float, shape (3, 3)
        Rows that point right, up and to the eye.
    extent_a : float
        Half of the width that is shown.
    n_pixels : int
        Pixels along each side.
    """

    middle_a: Floats
    view: Floats
    extent_a: float
    n_pixels: int

    @property
    def pixel_a(self) -> float:
        """Width of a pixel in Å."""
        return 2.0 * self.extent_a / self.n_pixels

    @property
    def ticks_a(self) -> Floats:
        """Middle of each pixel along a side, ascending."""
        ticks_a = (np.arange(self.n_pixels) + 0.5) * self.pixel_a - self.extent_a
        return np.asarray(ticks_a, dtype=np.float64)


@dataclass(frozen=True)
class Seen:
    """What is seen at each pixel, rows upwards.

    Parameters
    ----------
    depth_a : ndarray of float, shape (n_pixels, n_pixels)
        Height towards the eye in Å, minus infinity where there is nothing.
    kind : ndarray of int, shape (n_pixels, n_pixels)
        Which colour it has; -1 where there is nothing.
    shade : ndarray of float, shape (n_pixels, n_pixels)
        Brightness from 0 to 1.
    """

    depth_a: Floats
    kind: Ints
    shade: Floats


def surface_seen(grid: OrbitalGrid, isovalue: float, window: Window) -> Seen:
    """Follow rays to the isosurface of an orbital.

    Parameters
    ----------
    grid : OrbitalGrid
        The orbital.
    isovalue : float
        Its size on the surface, in bohr^(-3/2).
    window : Window
        The picture's plane.

    Returns
    -------
    Seen
        Its kind is 0 where the orbital is positive, 1 where it is negative.
    """
    n, step_a = window.n_pixels, grid.step_bohr * A_PER_BOHR
    right, up = np.meshgrid(window.ticks_a, window.ticks_a)
    plane_a = right.reshape(-1, 1) * window.view[0] + up.reshape(-1, 1) * window.view[1]
    start = ((window.middle_a + plane_a) / A_PER_BOHR - grid.origin_bohr) / grid.step_bohr
    toward = window.view[2]
    counts = np.array(grid.values.shape)
    middle_a = (grid.origin_bohr + 0.5 * (counts - 1) * grid.step_bohr) * A_PER_BOHR
    half_a = 0.5 * step_a * float(np.abs(toward) @ counts)
    heights_a = (middle_a - window.middle_a) @ toward + np.arange(half_a, -half_a, -step_a)
    depth_a, kind = np.full(n * n, -np.inf), np.full(n * n, -1)
    open_rays, before = np.arange(n * n), np.zeros(n * n)
    for height_a in heights_a:
        points = start[open_rays] + toward * (height_a / step_a)
        values = _at(grid.values, points)
        size = np.abs(values)
        met = size >= isovalue
        rays = open_rays[met]
        past = (size[met] - isovalue) / (size[met] - before[met])
        depth_a[rays] = height_a + np.clip(past, 0.0, 1.0) * step_a
        kind[rays] = values[met] < 0.0
        open_rays, before = open_rays[~met], size[~met]
    hit = np.flatnonzero(kind >= 0)
    places = start[hit] + toward * (depth_a[hit] / step_a)[:, None]
    slopes = [
        np.abs(_at(grid.values, places + axis)) - np.abs(_at(grid.values, places - axis))
        for axis in 0.7 * np.eye(3)
    ]
    outward = -np.stack(slopes, axis=1) @ window.view.T
    outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-30
    shade = np.zeros(n * n)
    shade[hit] = _brightness(outward)
    return Seen(depth_a.reshape(n, n), kind.reshape(n, n), shade.reshape(n, n))


def atoms_seen(positions_a: Floats, radii_a: Floats, window: Window) -> Seen:
    """Look at atoms as spheres; the kind at a pixel is the number of the atom, from 0."""
    n, ticks_a = window.n_pixels, window.ticks_a
    depth_a, kind, shade = np.full((n, n), -np.inf), np.full((n, n), -1), np.zeros((n, n))
    points_a = (positions_a - window.middle_a) @ window.view.T
    for atom, ((x, y, z), radius_a) in enumerate(zip(points_a, radii_a, strict=True)):
        columns = slice(*np.searchsorted(ticks_a, [x - radius_a, x + radius_a]))
        rows = slice(*np.searchsorted(ticks_a, [y - radius_a, y + radius_a]))
        right, up = np.meshgrid(ticks_a[columns] - x, ticks_a[rows] - y)
        height_a = np.sqrt(np.maximum(radius_a**2 - right**2 - up**2, 0.0))
        nearer = (height_a > 0.0) & (z + height_a > depth_a[rows, columns])
        outward = np.stack([right, up, height_a], axis=-1) / radius_a
        depth_a[rows, columns][nearer] = (z + height_a)[nearer]
        kind[rows, columns][nearer] = atom
        shade[rows, columns][nearer] = _brightness(outward)[nearer]
    return Seen(depth_a, kind, shade)


def composed(atoms: Seen, surface: Seen, of_atoms: Floats, of_signs: Floats) -> Floats:
    """Return the picture: the surface lets the atoms behind it shine through.

    Parameters
    ----------
    atoms, surface : Seen
        What is seen of either.
    of_atoms : ndarray of float, shape (n_atoms, 3)
        Colour of each atom.
    of_signs : ndarray of float, shape (2, 3)
        Colours of positive and negative parts.

    Returns
    -------
    ndarray of float, shape (n_pixels, n_pixels, 3)
        Red, green and blue on white, rows upwards.
    """
    picture = np.ones((*atoms.kind.shape, 3))
    drawn = atoms.kind >= 0
    picture[drawn] = of_atoms[atoms.kind[drawn]] * atoms.shade[drawn][:, None]
    over = (surface.kind >= 0) & (surface.depth_a > atoms.depth_a)
    shaded = of_signs[surface.kind[over]] * surface.shade[over][:, None]
    picture[over] = OPACITY * shaded + (1.0 - OPACITY) * picture[over]
    return picture


def _at(values: Floats32, points: Floats) -> Floats:
    """Return values between the points of a grid, linearly; 0 beyond it."""
    return np.asarray(map_coordinates(values, points.T, order=1, output=np.float64))


def _brightness(outward: Floats) -> Floats:
    """Return the brightness of faces that look in some directions, of shape (..., 3)."""
    light = np.array(LIGHT) / np.linalg.norm(LIGHT)
    return np.asarray(AMBIENT + (1.0 - AMBIENT) * np.clip(outward @ light, 0.0, 1.0))
