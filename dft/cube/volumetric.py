"""One orbital of a .wfn file on a grid, as a Gaussian cube file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.orbitals import solid_harmonics
from epicarve.errors import InputError
from epicarve.files import replaced_file
from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Floats
    from epicarve.dft.read import AtomBasis

NEGLIGIBLE = 1e-7
"""A primitive's exponential below this is left out, and so is an atom with such coefficients."""

MAX_POINTS = 100_000_000
"""Grids of more points are refused; each takes 8 bytes."""


@dataclass(frozen=True)
class OrbitalGrid:
    """Values of an orbital on the points of a box.

    Parameters
    ----------
    origin_bohr : ndarray of float, shape (3,)
        The first point.
    step_bohr : float
        Distance between neighbouring points.
    values : ndarray of float, shape (n_x, n_y, n_z)
        The orbital in bohr^(-3/2).
    """

    origin_bohr: Floats
    step_bohr: float
    values: Floats

    @property
    def norm(self) -> float:
        """Integral of the square over the box; 1 if the box and the grid are fine enough."""
        return float((self.values**2).sum() * self.step_bohr**3)


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
    values = np.zeros(tuple(counts.tolist()))
    first = 0
    for position, shells in zip(positions, basis.shells, strict=True):
        n_functions = sum(2 * shell.angular + 1 for shell in shells)
        own = coefficients[first : first + n_functions]
        first += n_functions
        if np.abs(own).max(initial=0.0) < NEGLIGIBLE:
            continue
        least = min(exponent for shell in shells for exponent in shell.exponents)
        reach = np.sqrt(-np.log(NEGLIGIBLE) / least)
        start = np.maximum(np.ceil((position - reach - low) / step).astype(int), 0)
        stop = np.minimum(np.floor((position + reach - low) / step).astype(int) + 1, counts)
        if (stop <= start).any():
            continue
        axes = [low[k] + step * np.arange(start[k], stop[k]) - position[k] for k in range(3)]
        box = tuple(slice(a, b) for a, b in zip(start.tolist(), stop.tolist(), strict=True))
        vectors = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        harmonics = solid_harmonics(vectors, max(shell.angular for shell in shells))
        square = (vectors**2).sum(axis=1)
        decay = {a: np.exp(-a * square) for a in {a for s in shells for a in s.exponents}}
        total = np.zeros(len(vectors))
        place = 0
        for shell in shells:
            size = 2 * shell.angular + 1
            factors = zip(shell.contraction(), shell.exponents, strict=True)
            radial = sum(factor * decay[exponent] for factor, exponent in factors)
            total += radial * (harmonics[shell.angular] @ own[place : place + size])
            place += size
        values[box] += total.reshape(values[box].shape)
    return OrbitalGrid(low, step, values)


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
