"""One orbital of a .wfn file on a grid, as a Gaussian cube file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.orbitals import monomials
from epicarve.errors import InputError
from epicarve.files import replaced_file
from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from epicarve.arrays import Floats, Floats32, Ints
    from epicarve.dft.orbitals import GaussianShell
    from epicarve.dft.read import AtomBasis

NEGLIGIBLE = 1e-7
"""What a primitive adds to an orbital is left out where it is below this, in bohr^(-3/2)."""

REACH_STEPS = 6
"""Iterations after which the distance where it is so no longer changes."""

MAX_POINTS = 100_000_000
"""Grids of more points are refused; each takes 4 bytes."""


@dataclass(frozen=True)
class OrbitalGrid:
    """Values of an orbital on the points of a box.

    Parameters
    ----------
    origin_bohr : ndarray of float, shape (3,)
        The first point.
    step_bohr : float
        Distance between neighbouring points.
    values : ndarray of float32, shape (n_x, n_y, n_z)
        The orbital in bohr^(-3/2).
    """

    origin_bohr: Floats
    step_bohr: float
    values: Floats32

    @property
    def norm(self) -> float:
        """Integral of the square over the box; 1 if the box and the grid are fine enough."""
        planes = (float(np.square(plane, dtype=np.float64).sum()) for plane in self.values)
        return sum(planes) * self.step_bohr**3

    def isovalue(self, share: float) -> float:
        """Return the value above which, in size, a share of the whole orbital lies.

        Parameters
        ----------
        share : float
            Part of the norm, 1 for all of it.

        Returns
        -------
        float
            In bohr^(-3/2). It takes 16 bytes of memory for each point.

        Raises
        ------
        InputError
            If the grid does not hold so much.
        """
        if not 0.0 < share < 1.0:
            raise InputError(f"a share of {share:g} of an orbital; give one between 0 and 1")
        sizes = np.sort(np.abs(self.values), axis=None)
        held = np.cumsum(np.square(sizes[::-1], dtype=np.float64)) * self.step_bohr**3
        if held[-1] < share:
            raise InputError(
                f"the grid holds {held[-1]:.1%} of the orbital, less than a share of {share:.0%}; "
                "make the margin larger, or the share smaller"
            )
        return float(sizes[::-1][np.searchsorted(held, share)])


def orbital_grid(
    basis: AtomBasis, coefficients: Floats, step_a: float, margin_a: float
) -> OrbitalGrid:
    """Evaluate an orbital on a box around its atoms.

    Parameters
    ----------
    basis : AtomBasis
        Atoms and basis functions of a finite model.
    coefficients : ndarray of float, shape (n_functions,)
        The orbital.
    step_a : float
        Distance in Å between neighbouring points.
    margin_a : float
        Width in Å of the box beyond the outermost atoms.

    Returns
    -------
    OrbitalGrid
        The values.

    Raises
    ------
    InputError
        If the model is periodic, or the grid would have more than `MAX_POINTS` points.

    Examples
    --------
    >>> from epicarve.dft.read import AtomBasis
    >>> from epicarve.dft.orbitals import GaussianShell
    >>> s = (GaussianShell(0, (1.0,), (1.0,)),)
    >>> atom = AtomBasis(("H",), np.zeros((1, 3)), (s,), None)
    >>> round(orbital_grid(atom, np.ones(1), 0.15, 3.0).norm, 4)
    1.0
    """
    if basis.translations_bohr is not None:
        raise InputError(
            "the model repeats in space, and cube files are written of finite ones; compute a "
            "particle in a box that does not repeat (PERIODIC NONE)"
        )
    positions, step = basis.positions_bohr, step_a / A_PER_BOHR
    low = positions.min(axis=0) - margin_a / A_PER_BOHR
    counts = np.ceil((positions.max(axis=0) + margin_a / A_PER_BOHR - low) / step).astype(int) + 1
    if (n_points := int(np.prod(counts, dtype=float))) > MAX_POINTS:
        raise InputError(
            f"a grid of {step_a:g} Å has {n_points:.1e} points; the limit is {MAX_POINTS:.0e}, so "
            "make the step larger"
        )
    return orbital_on_box(basis, coefficients, low, step, counts)


def orbital_on_box(
    basis: AtomBasis, coefficients: Floats, origin_bohr: Floats, step_bohr: float, counts: Ints
) -> OrbitalGrid:
    """Evaluate an orbital on the points of a box.

    Each primitive is a product of functions of x, y and z, so that it is one matrix product over
    the part of the box where it is not negligible.

    Parameters
    ----------
    basis : AtomBasis
        Atoms and basis functions of a finite model.
    coefficients : ndarray of float, shape (n_functions,)
        The orbital.
    origin_bohr : ndarray of float, shape (3,)
        The first point.
    step_bohr : float
        Distance between neighbouring points.
    counts : ndarray of int, shape (3,)
        Points along x, y and z.

    Returns
    -------
    OrbitalGrid
        The values, to `NEGLIGIBLE` for each primitive. They take 4 bytes each, and as much again
        for the largest box of a primitive.
    """
    low, step = origin_bohr, step_bohr
    values = np.zeros(tuple(counts.tolist()), dtype=np.float32)
    first = 0
    for position, shells in zip(basis.positions_bohr, basis.shells, strict=True):
        n_functions = sum(2 * shell.angular + 1 for shell in shells)
        own = coefficients[first : first + n_functions]
        first += n_functions
        for exponent, (powers, factors) in _polynomials(shells, own).items():
            reach = _reach(exponent, powers, factors)
            start = np.maximum(np.ceil((position - reach - low) / step).astype(int), 0)
            stop = np.minimum(np.floor((position + reach - low) / step).astype(int) + 1, counts)
            if (stop <= start).any():
                continue
            x, y, z = (
                _along(low[k] + step * np.arange(start[k], stop[k]) - position[k], exponent, power)
                for k, power in enumerate(powers.T)
            )
            planes = (y[:, :, None] * z[:, None, :]).reshape(len(powers), -1)
            block = (x * factors[:, None].astype(np.float32)).T @ planes
            box = tuple(slice(a, b) for a, b in zip(start.tolist(), stop.tolist(), strict=True))
            values[box] += block.reshape(values[box].shape)
    return OrbitalGrid(low, step, values)


def _polynomials(shells: Sequence[GaussianShell], own: Floats) -> dict[float, tuple[Ints, Floats]]:
    """Gather what stands before each exponential of an atom: monomials and their factors."""
    terms: dict[float, dict[int, Floats]] = {}
    place = 0
    for shell in shells:
        size = 2 * shell.angular + 1
        polynomial = own[place : place + size] @ monomials(shell.angular)[1]
        place += size
        for factor, exponent in zip(shell.contraction(), shell.exponents, strict=True):
            of_exponent = terms.setdefault(exponent, {})
            of_exponent[shell.angular] = of_exponent.get(shell.angular, 0.0) + factor * polynomial
    return {
        exponent: (
            np.concatenate([monomials(angular)[0] for angular in of_exponent]),
            np.concatenate(list(of_exponent.values())),
        )
        for exponent, of_exponent in terms.items()
    }


def _reach(exponent: float, powers: Ints, factors: Floats) -> float:
    """Return the distance in bohr beyond which a polynomial times exp(-a r²) is negligible."""
    largest = float(np.abs(factors).sum())
    if largest < NEGLIGIBLE:
        return -1.0
    decades, degree = np.log(largest / NEGLIGIBLE), int(powers.sum(axis=1).max())
    reach = 1.0
    for _ in range(REACH_STEPS):  # r² = (ln(largest / negligible) + l ln r) / a
        reach = float(np.sqrt((decades + degree * np.log(max(reach, 1.0))) / exponent))
    return reach


def _along(places: Floats, exponent: float, powers: Ints) -> Floats32:
    """Return x^n exp(-a x²) along one axis for each power, shape (n_terms, n_points)."""
    decay = np.exp(-exponent * places**2)
    return np.asarray(places ** powers[:, None] * decay, dtype=np.float32)


def write_cube(path: Path, grid: OrbitalGrid, basis: AtomBasis, title: str) -> None:
    """Write a grid as a Gaussian cube file, lengths in bohr, as viewers expect it."""
    from ase.data import atomic_numbers  # noqa: PLC0415  (costs 0.2 s)

    lines = [" ".join(title.split()), "orbital in bohr^(-3/2); lengths in bohr"]
    x, y, z = grid.origin_bohr.tolist()
    lines.append(f"{len(basis.symbols):5d}{x:12.6f}{y:12.6f}{z:12.6f}")
    for axis, n_points in enumerate(grid.values.shape):
        step = [grid.step_bohr if k == axis else 0.0 for k in range(3)]
        lines.append(f"{n_points:5d}" + "".join(f"{length:12.6f}" for length in step))
    for symbol, (x, y, z) in zip(basis.symbols, basis.positions_bohr.tolist(), strict=True):
        number = atomic_numbers[symbol]
        lines.append(f"{number:5d}{float(number):12.6f}{x:12.6f}{y:12.6f}{z:12.6f}")
    with (
        replaced_file(path) as scratch,
        scratch.open("w", encoding="ascii", errors="replace") as out,
    ):
        out.write("\n".join(lines) + "\n")
        rows = grid.values.reshape(-1, grid.values.shape[2])
        whole = rows.shape[1] // 6 * 6
        for row in rows:  # six to a line; each row along z begins a new one
            out.writelines(
                "".join(f"{value:13.5E}" for value in six) + "\n"
                for six in [*row[:whole].reshape(-1, 6).tolist(), row[whole:].tolist()]
                if six
            )
