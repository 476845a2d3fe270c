"""Gaussian basis functions on plane waves, by their analytic Fourier transforms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from epicarve.dft.orbitals import solid_harmonics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from epicarve.arrays import Floats, Ints
    from epicarve.dft.orbitals import GaussianShell

    Singles = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
    Complexes = np.ndarray[tuple[int, ...], np.dtype[np.complex64]]

WAVES_AT_ONCE = 256
"""Plane waves whose overlaps with all basis functions are held in memory together: 40 MB at 20,000
functions."""


class _Kind(NamedTuple):
    """Atoms of one kind: their shells of even and of odd l, and the functions of each."""

    atoms: Ints
    shells: tuple[tuple[GaussianShell, ...], tuple[GaussianShell, ...]]
    places: Ints
    """By function and atom, those of even l first, shape (n_functions_of_kind * n_atoms,)."""


@dataclass(frozen=True)
class FourierBasis:
    """Basis functions on atoms, whose overlaps with plane waves are wanted.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    kinds : tuple
        Atoms by the kind of their shells.
    n_functions : int
        Number of basis functions.
    """

    positions_bohr: Floats
    kinds: tuple[_Kind, ...]
    n_functions: int

    @classmethod
    def of(
        cls, positions_bohr: Floats, shells: Sequence[tuple[GaussianShell, ...]]
    ) -> FourierBasis:
        """Sort atoms by their shells.

        Parameters
        ----------
        positions_bohr : ndarray of float, shape (n_atoms, 3)
            Coordinates in bohr.
        shells : sequence of tuple of GaussianShell, length n_atoms
            Basis functions of each atom.
        """
        sizes = [sum(shell.n_functions for shell in of_atom) for of_atom in shells]
        first = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        kinds = []
        for of_kind in dict.fromkeys(shells):
            atoms = np.flatnonzero([of_atom == of_kind for of_atom in shells])
            starts = np.cumsum([0, *(shell.n_functions for shell in of_kind)])
            ordered = [
                [n for n, shell in enumerate(of_kind) if shell.angular % 2 == odd] for odd in (0, 1)
            ]
            own = [np.arange(starts[n], starts[n + 1]) for part in ordered for n in part]
            places = np.concatenate(own)[:, None] + first[atoms]
            even, odd = (tuple(of_kind[n] for n in part) for part in ordered)
            kinds.append(_Kind(atoms, (even, odd), places.ravel()))
        return cls(positions_bohr, tuple(kinds), int(first[-1]))

    def overlaps(self, waves: Floats) -> Complexes:
        r"""Return ∫ exp(-iq·r) χ(r) d³r of plane waves with all functions, in single precision.

        Of S_lm(r) exp(-ar²) about R it is exp(-iq·R) (π/a)^3/2 (-i/2a)^l S_lm(q) exp(-q²/4a).

        Parameters
        ----------
        waves : ndarray of float, shape (n_waves, 3)
            Wave vectors q in 1/bohr.

        Returns
        -------
        ndarray of complex, shape (n_waves, n_functions)
            The overlaps.

        Examples
        --------
        >>> from epicarve.dft.orbitals import GaussianShell
        >>> s = (GaussianShell(0, (1.0,), (1.0,)),)
        >>> basis = FourierBasis.of(np.zeros((1, 3)), [s])
        >>> round(float(basis.overlaps(np.zeros((1, 3)))[0, 0].real), 3)  # (2π)^(3/4)
        3.969
        """
        found = np.empty((len(waves), self.n_functions), dtype=np.complex64)
        for kind, real, imaginary in self._parts(waves):
            found[:, kind.places] = real + 1j * imaginary
        return found

    def densities(self, waves: Floats, orbitals: Singles) -> Floats:
        """Return ``|∫ exp(-iq·r) ψ(r) d³r|²`` summed over plane waves.

        Parameters
        ----------
        waves : ndarray of float, shape (n_waves, 3)
            Wave vectors q in 1/bohr.
        orbitals : ndarray of float32, shape (n_functions, n_states)
            Coefficients of real orbitals, ordered by `ordered`.

        Returns
        -------
        ndarray of float, shape (n_states,)
            The sums in bohr³.
        """
        summed = np.zeros(orbitals.shape[1])
        for start in range(0, len(waves), WAVES_AT_ONCE):
            some = waves[start : start + WAVES_AT_ONCE]
            amplitudes = np.zeros((2, len(some), orbitals.shape[1]), dtype=np.float32)
            row = 0
            for kind, real, imaginary in self._parts(some):
                own = orbitals[row : row + len(kind.places)]
                amplitudes[0] += real @ own
                amplitudes[1] += imaginary @ own
                row += len(kind.places)
            summed += np.einsum("pqs,pqs->s", amplitudes, amplitudes)
        return summed

    def ordered(self, coefficients: Floats) -> Singles:
        """Return coefficients in single precision, the functions of each kind together."""
        order = np.concatenate([kind.places for kind in self.kinds])
        return np.ascontiguousarray(coefficients[order], dtype=np.float32)

    def _parts(self, waves: Floats) -> Iterator[tuple[_Kind, Singles, Singles]]:
        """Yield real and imaginary part of the overlaps of each kind, shape (n_waves, n)."""
        squares = np.einsum("qx,qx->q", waves, waves)
        highest = max(s.angular for kind in self.kinds for part in kind.shells for s in part)
        harmonics = solid_harmonics(waves, highest)
        for kind in self.kinds:
            angles = waves @ self.positions_bohr[kind.atoms].T
            cosine, sine = (f(angles).astype(np.float32)[:, None] for f in (np.cos, np.sin))
            real, imaginary = [], []
            for odd, shells in enumerate(kind.shells):
                for shell in shells:
                    sign = (-1.0) ** ((shell.angular + 1) // 2)  # of (-i)^l, without i if odd
                    own = _of_shell(shell, squares, harmonics[shell.angular])
                    factors = (sign * own).astype(np.float32)[:, :, None]
                    real.append(factors * (sine if odd else cosine))
                    imaginary.append(factors * (cosine if odd else -sine))
            yield (
                kind,
                np.concatenate(real, axis=1).reshape(len(waves), -1),
                np.concatenate(imaginary, axis=1).reshape(len(waves), -1),
            )


def _of_shell(shell: GaussianShell, squares: Floats, harmonics: Floats) -> Floats:
    """Return the transforms of the functions of a shell about its own atom without (-i)^l."""
    exponents = np.array(shell.exponents)
    front = shell.contraction() * (np.pi / exponents) ** 1.5 / (2.0 * exponents) ** shell.angular
    radial = np.exp(-squares[:, None] / (4.0 * exponents)) @ front
    return np.asarray(radial[:, None] * harmonics)
