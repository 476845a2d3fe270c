"""Atomic planes of a crystal and the terminations that a cut between them leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Ints

    from .crystal import Crystal

LAYER_GAP_A = 0.5
"""Sites whose heights along the normal differ by less than this, in Å, are one atomic layer."""

OFFSET_GRAIN_A = 1e-6

A2_PER_NM2 = 100.0


@dataclass(frozen=True)
class Termination:
    """One way to end a crystal on a plane: the cut lies midway between two atomic layers.

    Parameters
    ----------
    hkl : tuple of int
        Miller indices of the plane; the outward normal points along +hkl.
    offset_a : float
        Position of the cut along the normal in Å from the origin of the cell, in [0, spacing).
    layer : str
        Composition of the outermost layer kept, as a formula such as ``"PbCl2"``.
    broken_bonds_per_nm2 : float
        Bonds that the cut breaks, per nm² of face.
    dipole_e_a : float
        Dipole along the normal, in e Å, of the repeat unit that this cut leaves whole.
    charge_e_per_nm2 : float
        Formal charge of the outermost layer, per nm² of face.
    """

    hkl: tuple[int, int, int]
    offset_a: float
    layer: str
    broken_bonds_per_nm2: float
    dipole_e_a: float
    charge_e_per_nm2: float


def terminations(
    crystal: Crystal, hkl: tuple[int, int, int], layer_gap_a: float = LAYER_GAP_A
) -> tuple[Termination, ...]:
    """Return every distinct cut of a crystal along a plane, most natural one first.

    Parameters
    ----------
    crystal : Crystal
        The crystal to cut.
    hkl : tuple of int
        Miller indices.
    layer_gap_a : float
        Least distance in Å along the normal between two atomic layers.

    Returns
    -------
    tuple of Termination
        Ordered by dipole of the repeat unit (non-polar first), then by broken bonds.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> [t.layer for t in terminations(bundled_crystal("CsPbCl3"), (1, 0, 0))]
    ['CsCl', 'PbCl2']
    """
    normal = crystal.direction(hkl)
    spacing = crystal.spacing_a(hkl)
    heights = np.mod(np.round(crystal.positions_a @ normal, 8), spacing)
    heights[heights > spacing - OFFSET_GRAIN_A] = 0.0
    order = np.argsort(heights, kind="stable")
    gaps = np.diff(heights[order], append=heights[order[0]] + spacing)
    ends = np.flatnonzero(gaps > layer_gap_a)
    if len(ends) == 0:
        raise InputError(
            f"{crystal.name}: no gap of {layer_gap_a} Å between atomic layers along "
            f"{list(hkl)}; choose a plane of lower index"
        )
    turned = np.roll(order, -(ends[-1] + 1))  # starts with the first site above a gap
    layers = np.split(turned, np.cumsum(np.diff(ends, prepend=ends[-1] - len(order))))
    bonds = crystal.bonds
    start = crystal.positions_a[bonds.cations] @ normal
    stop = (crystal.fractional[bonds.anions] + bonds.shifts) @ crystal.cell_a @ normal
    area_nm2 = crystal.volume_a3 / spacing / A2_PER_NM2
    found = []
    for end, layer in zip(ends.tolist(), layers, strict=False):
        offset = float(np.mod(heights[order[end]] + 0.5 * gaps[end], spacing))
        crossings = np.floor((stop - offset) / spacing) - np.floor((start - offset) / spacing)
        found.append(
            Termination(
                hkl=hkl,
                offset_a=offset,
                layer=_formula(crystal, layer),
                broken_bonds_per_nm2=float(np.abs(crossings).sum() / area_nm2),
                dipole_e_a=float(crystal.oxidation_states @ np.mod(heights - offset, spacing)),
                charge_e_per_nm2=float(crystal.oxidation_states[layer].sum() / area_nm2),
            )
        )
    return tuple(
        sorted(
            found,
            key=lambda t: (
                round(abs(t.dipole_e_a), 3),
                round(t.broken_bonds_per_nm2, 3),
                t.offset_a,
            ),
        )
    )


def termination(crystal: Crystal, hkl: tuple[int, int, int], layer: str | None) -> Termination:
    """Return the most natural termination, or the one whose outermost layer is as asked.

    Parameters
    ----------
    crystal : Crystal
        The crystal to cut.
    hkl : tuple of int
        Miller indices.
    layer : str or None
        Formula of the outermost layer, such as ``"PbCl2"``; None for the most natural cut.

    Returns
    -------
    Termination
        Where several cuts end on the same layer, the one with the smallest dipole, then with
        the fewest broken bonds.

    Raises
    ------
    InputError
        If no cut ends on this layer; the message lists those there are.
    """
    found = terminations(crystal, hkl)
    if layer is None:
        return found[0]
    for candidate in found:
        if candidate.layer == layer:
            return candidate
    there = ", ".join(dict.fromkeys(candidate.layer for candidate in found))
    raise InputError(
        f"{crystal.name}: no {list(hkl)} plane ends on a {layer} layer; there are {there}"
    )


def nearest_cut(
    crystal: Crystal,
    hkl: tuple[int, int, int],
    layer: str | None,
    centre: Sequence[float],
    offset_a: float = 0.0,
) -> tuple[Termination, float]:
    """Return the cut nearest to a height above a point, and its own height above it.

    Parameters
    ----------
    crystal : Crystal
        The crystal to cut.
    hkl : tuple of int
        Miller indices.
    layer : str or None
        Formula of the outermost layer; None for the most natural cut.
    centre : sequence of float, length 3
        Fractional coordinates of the point.
    offset_a : float
        The height in Å, along the normal.

    Returns
    -------
    Termination, float
        What the cut ends on, and where it lies along the normal from the point, in Å.

    Examples
    --------
    >>> from epicarve.builder.library import bundled_crystal
    >>> face, height = nearest_cut(bundled_crystal("CsPbCl3"), (1, 0, 0), "PbCl2", (0, 0, 0), 9.0)
    >>> face.layer, round(height, 3)
    ('PbCl2', 9.809)
    """
    face = termination(crystal, hkl, layer)
    height = float(np.asarray(centre, dtype=float) @ crystal.cell_a @ crystal.direction(hkl))
    spacing = crystal.spacing_a(hkl)
    periods = np.rint(np.round((height + offset_a - face.offset_a) / spacing, 6))
    return face, float(face.offset_a + periods * spacing - height)


def point_on_cut(
    crystal: Crystal, hkl: tuple[int, int, int], layer: str | None, centre: Sequence[float]
) -> tuple[Termination, tuple[float, float, float]]:
    """Return the nearest cut, and the point moved onto it along its normal; fractional.

    The parameters are those of `nearest_cut`.
    """
    face, rise_a = nearest_cut(crystal, hkl, layer, centre)
    point = np.asarray(centre, dtype=float) @ crystal.cell_a + rise_a * crystal.direction(hkl)
    x, y, z = (point @ np.linalg.inv(crystal.cell_a)).tolist()
    return face, (x, y, z)


def _formula(crystal: Crystal, layer: Ints) -> str:
    symbols = crystal.symbols[layer]
    counts = {s: int((symbols == s).sum()) for s in crystal.charge_of if (symbols == s).any()}
    divisor = int(np.gcd.reduce(list(counts.values())))
    return "".join(f"{s}{n // divisor if n > divisor else ''}" for s, n in counts.items())
