"""States of a particle or a supercell on the plane waves of a crystal's Brillouin zone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from epicarve.arrays import Bools, Floats, Ints

    from .fourier import FourierBasis, Singles
    from .path import ZonePath

COMPLETE = 0.99
"""Part of the norm of all states together that the plane waves hold, at least."""

CUTOFFS_BOHR = np.arange(2.0, 10.01, 0.25)
"""Lengths of the longest plane waves that are tried, in 1/bohr."""

LAST_BOHR, DIRECTIONS = 20.0, 48
"""Where the tail of the states ends, in 1/bohr, and the directions in which it is sampled."""


@dataclass(frozen=True)
class Zone:
    """A crystal in a model, whose Brillouin zone its states are drawn in.

    Parameters
    ----------
    name : str
        Name of the crystal or domain.
    cell_a : ndarray of float, shape (3, 3)
        Vectors of its primitive cell in Å as rows, as they lie in the model.
    atoms : ndarray of bool, shape (n_atoms,)
        Atoms of the domain: states are cut off at its boundary.
    path : ZonePath
        The path through its zone.
    supercell : ndarray of float, shape (3, 3), or None
        Vectors of the cell of a periodic run in units of those of the primitive cell, as rows.
    """

    name: str
    cell_a: Floats
    atoms: Bools
    path: ZonePath
    supercell: Floats | None = None


class DomainStates(NamedTuple):
    """States as far as they are in a domain.

    Parameters
    ----------
    states : ndarray of int, shape (n_states,)
        Their columns, for tables.
    energies_ev : ndarray of float, shape (n_states,)
        Their energies in eV.
    coefficients : ndarray of float, shape (n_functions, n_states)
        Coefficients of real orbitals, zero outside the domain.
    norms : ndarray of float, shape (n_states,)
        Their norms, the parts of the states in the domain.
    """

    states: Ints
    energies_ev: Floats
    coefficients: Floats
    norms: Floats


@dataclass(frozen=True)
class UnfoldedBands:
    """Weights of states at the points of a path.

    Parameters
    ----------
    zone : Zone
        The crystal and its path.
    states : ndarray of int, shape (n_states,)
        Columns of the states.
    energies_ev : ndarray of float, shape (n_states,)
        Their energies in eV.
    weights : ndarray of float, shape (n_points, n_states)
        ``Σ_G |⟨k+G|ψ⟩|²`` with plane waves normalised in a primitive cell: the mean over the whole
        zone is the part of the state in the domain, so that a state of one k-point has its weight
        in number of cells there.
    cutoff_bohr : float
        Length of the longest plane waves k + G, in 1/bohr.
    completeness : float
        Part of the norm of all states together that plane waves up to there hold.
    lowest_completeness : float
        The least part of a state, of those of which a tenth or more is in the domain.
    """

    zone: Zone
    states: Ints
    energies_ev: Floats
    weights: Floats
    cutoff_bohr: float
    completeness: float
    lowest_completeness: float

    @classmethod
    def of(cls, zone: Zone, basis: FourierBasis, found: DomainStates) -> UnfoldedBands:
        """Project states on plane waves; memory is that of the coefficients in single precision.

        Parameters
        ----------
        zone : Zone
            The crystal and its path.
        basis : FourierBasis
            The basis functions.
        found : DomainStates
            The states.
        """
        norms = found.norms
        orbitals = basis.ordered(found.coefficients)
        tails = _tails(basis, orbitals)
        shares = 1.0 - tails.sum(axis=1) / norms.sum()
        chosen = int(np.argmax(shares >= COMPLETE)) if shares[-1] >= COMPLETE else len(shares) - 1
        cutoff_bohr = float(CUTOFFS_BOHR[chosen])
        points = zone.path.fractional
        weights = _weights(zone, basis, orbitals, points, cutoff_bohr)
        if zone.supercell is None:
            in_domain = norms >= 0.1
            lowest = (1.0 - tails[chosen][in_domain] / norms[in_domain]).min(initial=1.0)
            whole, least = float(shares[chosen]), float(lowest)
        else:
            every = _folded_points(zone.supercell)
            on_all = _weights(zone, basis, orbitals, every, cutoff_bohr).mean(axis=0)
            whole, least = float(on_all.mean()), float(on_all.min())
        return cls(zone, found.states, found.energies_ev, weights, cutoff_bohr, whole, least)


def _weights(
    zone: Zone, basis: FourierBasis, orbitals: Singles, points: Floats, cutoff_bohr: float
) -> Floats:
    """Return the weights of states at points of the zone, shape (n_points, n_states)."""
    cell_bohr = zone.cell_a / A_PER_BOHR
    reciprocal = 2.0 * np.pi * np.linalg.inv(cell_bohr).T
    volume = abs(float(np.linalg.det(cell_bohr)))
    reach = np.ceil(cutoff_bohr * np.linalg.norm(cell_bohr, axis=1) / (2.0 * np.pi)) + 1.0
    grid = np.array(list(product(*(np.arange(-n, n + 1) for n in reach))))
    found = np.empty((len(points), orbitals.shape[1]))
    for row, point in enumerate(points):
        waves = (point + grid) @ reciprocal
        waves = waves[np.einsum("qx,qx->q", waves, waves) <= cutoff_bohr**2]
        found[row] = basis.densities(waves, orbitals) / volume
    return found


def _tails(basis: FourierBasis, orbitals: Singles) -> Floats:
    """Return the norm of each state beyond each of `CUTOFFS_BOHR`, shape (n_cutoffs, n_states).

    ``∫ q² dq / (2π)³ ∫ dΩ |ψ(q)|²``, by the trapezoidal rule and directions on a spiral, which is
    turned from each length to the next.
    """
    step = float(CUTOFFS_BOHR[1] - CUTOFFS_BOHR[0])
    lengths = np.arange(CUTOFFS_BOHR[0], LAST_BOHR + step, step)
    rows = np.arange(DIRECTIONS)
    heights = 1.0 - (2.0 * rows + 1.0) / DIRECTIONS
    shells = np.empty((len(lengths), orbitals.shape[1]))
    for number, length in enumerate(lengths):
        angles = np.pi * (3.0 - np.sqrt(5.0)) * rows + number
        radii = np.sqrt(1.0 - heights**2)
        directions = np.stack([radii * np.cos(angles), radii * np.sin(angles), heights], axis=1)
        density = basis.densities(length * directions, orbitals)
        shells[number] = density * length**2 * 4.0 * np.pi / DIRECTIONS / (2.0 * np.pi) ** 3
    pieces = 0.5 * step * (shells[1:] + shells[:-1])
    return np.asarray(np.cumsum(pieces[::-1], axis=0)[::-1][: len(CUTOFFS_BOHR)])


def _folded_points(supercell: Floats) -> Floats:
    """Return all points of a zone that a supercell folds onto Γ, in its reciprocal vectors."""
    inverse = np.linalg.inv(supercell)
    n = round(abs(float(np.linalg.det(supercell))))
    most = np.abs(supercell).sum(axis=1).round().astype(int).tolist()
    points = np.array(list(product(*(range(-m, m + 1) for m in most)))) @ inverse.T
    kept: dict[tuple[int, ...], Floats] = {}
    for point in points - np.floor(points + 1e-9):
        kept.setdefault(tuple((point * n).round().astype(int) % n), point)
    return np.array(list(kept.values()))
