"""Overlap of Gaussian basis functions with each other, and of orbitals with other functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array

from .pair_blocks import THRESHOLD, AtomFunctions, pair_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.arrays import Floats

    from .gaussian_shell import GaussianShell


def overlap_matrix(
    positions_bohr: Floats,
    shells: Sequence[tuple[GaussianShell, ...]],
    translations_bohr: Floats | None = None,
) -> csr_array:
    """Compute the overlap matrix of all basis functions, sparse by distance.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    shells : sequence of tuple of GaussianShell, length n_atoms
        Shells of each atom. The functions stand in the order of atoms, shells, and m from -l to l.
    translations_bohr : ndarray of float, shape (n_periodic, 3), optional
        Vectors of a periodic cell in bohr, one to three; none for a finite model.

    Returns
    -------
    csr_array, shape (n_functions, n_functions)
        The whole symmetric matrix, without elements below `THRESHOLD`. Its memory is 12 bytes for
        each element; three times as much is needed on the way.

    Examples
    --------
    Two normalised s functions of exponent 1 at a distance d overlap by exp(-d²/2).

    >>> from .gaussian_shell import GaussianShell
    >>> s = (GaussianShell(0, (1.0,), (1.0,)),)
    >>> positions = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    >>> overlap_matrix(positions, [s, s]).toarray().round(6).tolist()
    [[1.0, 0.135335], [0.135335, 1.0]]
    """
    functions = AtomFunctions.of(shells)
    rows, columns = [np.empty(0, dtype=np.int32)], [np.empty(0, dtype=np.int32)]
    values = [np.empty(0)]
    for i, j, blocks in pair_blocks(
        positions_bohr, functions, functions, translations_bohr, is_upper=True
    ):
        row = functions.first[i] + np.arange(blocks.shape[1])[:, None]
        column = functions.first[j] + np.arange(len(blocks))[:, None, None]
        kept = (np.abs(blocks) >= THRESHOLD) & (column >= row)
        rows.append(np.broadcast_to(row, blocks.shape)[kept].astype(np.int32))
        columns.append(np.broadcast_to(column, blocks.shape)[kept].astype(np.int32))
        values.append(blocks[kept])
    places = np.concatenate(rows), np.concatenate(columns)
    shape = (functions.n_functions, functions.n_functions)
    return from_upper(csr_array(coo_array((np.concatenate(values), places), shape=shape)))


def project(
    positions_bohr: Floats,
    shells: Sequence[tuple[GaussianShell, ...]],
    others: Sequence[tuple[GaussianShell, ...]],
    orbitals: Floats,
    translations_bohr: Floats | None = None,
) -> Floats:
    """Compute the overlap of functions with orbitals, without a matrix of all overlaps.

    Each atom with other functions takes one product of matrices for each kind of atoms within
    reach.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    shells : sequence of tuple of GaussianShell, length n_atoms
        Basis functions of each atom, without powers of r².
    others : sequence of tuple of GaussianShell, length n_atoms
        The others of each atom, such as projectors of its pseudopotential; () where there is none.
    orbitals : ndarray of float, shape (n_functions, n_orbitals)
        Coefficients of the orbitals.
    translations_bohr : ndarray of float, shape (n_periodic, 3), optional
        As in `overlap_matrix`; the orbitals are then those of Γ.

    Returns
    -------
    ndarray of float, shape (n_others, n_orbitals)
        The overlaps.

    Examples
    --------
    A Gaussian and r² times that, both normalised, at one place: sqrt(3/5).

    >>> from .gaussian_shell import GaussianShell
    >>> s, r2s = ((GaussianShell(0, (1.0,), (1.0,), squares=n),) for n in (0, 1))
    >>> project(np.zeros((1, 3)), [s], [r2s], np.eye(1)).round(6).tolist()
    [[0.774597]]
    """
    one, other = AtomFunctions.of(shells), AtomFunctions.of(others)
    rows = np.ascontiguousarray(orbitals)
    found = np.zeros((other.n_functions, rows.shape[1]))
    for i, j, blocks in pair_blocks(positions_bohr, one, other, translations_bohr):
        n_other, n_one, n_pairs = blocks.shape
        starts = np.flatnonzero(np.diff(j, prepend=-1))
        for start, end in zip(starts, [*starts[1:], n_pairs], strict=True):
            functions = one.first[i[start:end]] + np.arange(n_one)[:, None]
            overlaps = blocks[:, :, start:end].reshape(n_other, -1)
            first = other.first[j[start]]
            found[first : first + n_other] += overlaps @ rows[functions.ravel()]
    return found


def from_upper(upper: csr_array) -> csr_array:
    """Return the whole of a symmetric matrix of which the upper triangle is given."""
    diagonal = upper.diagonal()
    whole = csr_array(upper + upper.T)
    whole.setdiag(diagonal)
    return whole
