"""Position and gradient between orbitals, by overlaps of functions with others of their kind.

Along each axis, position about the own atom times a solid harmonic is a sum of those of l + 1 and
of r² times those of l - 1, S_1a S_lm = Σ G S_(l+1)M + r² Σ G S_(l-1)M. As the Laplacian of that
product is twice the derivative of S_lm along the axis, the derivative is (2l + 1) Σ G S_(l-1)M. So
both operators turn a Gaussian into Gaussians.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import block_diag
from scipy.sparse import block_diag as sparse_block_diag

from epicarve.dft.orbitals import GaussianShell, coupling, project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from epicarve.arrays import Floats

ATOMS_AT_ONCE = 128
"""Atoms whose overlaps with all basis functions are held in memory together."""

AXES = [2, 0, 1]
"""Where x, y and z stand among the solid harmonics of l = 1."""


class _Term(NamedTuple):
    """Part of what an operator makes of the functions of a shell.

    Along each axis, function m becomes the sum over M of ``factors[axis, m, M]`` times that of the
    other shell.
    """

    shell: GaussianShell
    factors: Floats

    @classmethod
    def of(cls, shell: GaussianShell, bare: Floats, angular: int, squares: int) -> _Term:
        """Return the part with r^2n S_LM and coefficients of the bare primitives, L = `angular`."""
        power = angular + 2 * squares + 1.5
        coefficients = bare / np.array(shell.exponents) ** (0.5 * power)
        other = GaussianShell(angular, shell.exponents, tuple(coefficients.tolist()), squares)
        of_norm_1 = other.contraction()
        norm = (bare @ of_norm_1) / (of_norm_1 @ of_norm_1)
        return cls(other, norm * coupling(1, shell.angular, angular)[AXES])


def _position_terms(shell: GaussianShell) -> Iterator[_Term]:
    """Yield the parts of r times the functions of a shell, r from their own atom."""
    bare = shell.contraction()
    yield _Term.of(shell, bare, shell.angular + 1, shell.squares)
    if shell.angular:
        yield _Term.of(shell, bare, shell.angular - 1, shell.squares + 1)


def _gradient_terms(shell: GaussianShell) -> Iterator[_Term]:
    """Yield the parts of the gradient of the functions of a shell, which have no powers of r²."""
    l, bare = shell.angular, shell.contraction()  # noqa: E741  (the field's letter)
    slopes = -2.0 * np.array(shell.exponents) * bare
    yield _Term.of(shell, slopes, l + 1, 0)
    if l:
        yield _Term.of(shell, slopes, l - 1, 1)
        yield _Term.of(shell, (2 * l + 1) * bare, l - 1, 0)


def position_between(
    positions_bohr: Floats,
    shells: Sequence[tuple[GaussianShell, ...]],
    bras: Floats,
    kets: Floats,
) -> Floats:
    """Compute the position between orbitals of a finite model, counted from its mean position.

    Parameters
    ----------
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    shells : sequence of tuple of GaussianShell, length n_atoms
        Basis functions of each atom.
    bras, kets : ndarray of float, shape (n_functions, n_bras) and (n_functions, n_kets)
        Coefficients of the orbitals. If they are orthogonal, the origin does not matter.

    Returns
    -------
    ndarray of float, shape (3, n_bras, n_kets)
        ⟨i|r|j⟩ in bohr, along x, y and z.

    Examples
    --------
    An s and a p function of exponent 1 at one place: 1/2 along z.

    >>> place, shells = np.zeros((1, 3)), [tuple(GaussianShell(l, (1.0,), (1.0,)) for l in (0, 1))]
    >>> s, pz = np.eye(4)[:, :1], np.eye(4)[:, 2:3]
    >>> position_between(place, shells, s, pz)[2].round(6).tolist()
    [[0.5]]
    """
    return _between(positions_bohr, shells, (_POSITION,), bras, kets)[0]


def position_and_gradient_between(
    positions_bohr: Floats,
    shells: Sequence[tuple[GaussianShell, ...]],
    bras: Floats,
    kets: Floats,
) -> tuple[Floats, Floats]:
    """Compute the position and the gradient between orbitals of a finite model.

    Both need the same pairs of atoms, so that they take little longer than one.

    Parameters
    ----------
    positions_bohr, shells, bras, kets
        As those of `position_between`.

    Returns
    -------
    position, gradient : ndarray of float, shape (3, n_bras, n_kets)
        ⟨i|r|j⟩ in bohr and ⟨i|∇|j⟩ in 1/bohr, along x, y and z.

    Examples
    --------
    An s and a p function of exponent 1 at one place: 1 along z.

    >>> place, shells = np.zeros((1, 3)), [tuple(GaussianShell(l, (1.0,), (1.0,)) for l in (0, 1))]
    >>> s, pz = np.eye(4)[:, :1], np.eye(4)[:, 2:3]
    >>> position_and_gradient_between(place, shells, s, pz)[1][2].round(6).tolist()
    [[1.0]]
    """
    position, gradient = _between(positions_bohr, shells, (_POSITION, _GRADIENT), bras, kets)
    return position, gradient


def own_positions(
    shells: tuple[GaussianShell, ...],
) -> tuple[tuple[GaussianShell, ...], Floats]:
    """Return r times functions of one atom, r from that atom, as a sum of others.

    Parameters
    ----------
    shells : tuple of GaussianShell
        Basis functions or projectors.

    Returns
    -------
    others : tuple of GaussianShell
        The other functions.
    factors : ndarray of float, shape (3, n_functions, n_others)
        How much of each is in r times each function, along x, y and z, in bohr.
    """
    return _of_atom(shells, _position_terms)


class _Operator(NamedTuple):
    """What acts on functions: about their own atom, and by the place of that atom."""

    terms_of: Callable[[GaussianShell], Iterator[_Term]]
    moves_along: bool
    """Whether the place of the atom adds to it."""
    transposed: float
    """1 if it is symmetric between real orbitals, -1 if it is antisymmetric."""


_POSITION = _Operator(_position_terms, moves_along=True, transposed=1.0)
_GRADIENT = _Operator(_gradient_terms, moves_along=False, transposed=-1.0)


def _between(
    positions_bohr: Floats,
    shells: Sequence[tuple[GaussianShell, ...]],
    operators: Sequence[_Operator],
    bras: Floats,
    kets: Floats,
) -> list[Floats]:
    """Sum up operators between orbitals over the atoms whose functions they act on."""
    if bras.shape[1] > kets.shape[1]:  # the overlaps are with the bras
        turned = _between(positions_bohr, shells, operators, kets, bras)
        pairs = zip(operators, turned, strict=True)
        return [operator.transposed * each.transpose(0, 2, 1) for operator, each in pairs]
    made = {of_atom: _acting(of_atom, operators) for of_atom in dict.fromkeys(shells)}
    centred = positions_bohr - positions_bohr.mean(axis=0)
    found = np.zeros((len(operators), 3, bras.shape[1], kets.shape[1]))
    first = 0
    for start in range(0, len(shells), ATOMS_AT_ONCE):
        some = range(start, min(start + ATOMS_AT_ONCE, len(shells)))
        others = [made[of_atom][0] if i in some else () for i, of_atom in enumerate(shells)]
        projected = project(positions_bohr, shells, others, bras)
        last = first + sum(made[shells[i]][1].shape[2] for i in some)
        for number, axis in np.ndindex(len(operators), 3):
            blocks = []
            for i in some:
                block = made[shells[i]][1][number, axis]
                if operators[number].moves_along:
                    block = block + centred[i, axis] * np.eye(*block.shape)
                blocks.append(block)
            acted = sparse_block_diag(blocks, format="csr") @ projected
            found[number, axis] += acted.T @ kets[first:last]
        first = last
    return list(found)


def _acting(
    shells: tuple[GaussianShell, ...], operators: Sequence[_Operator]
) -> tuple[tuple[GaussianShell, ...], Floats]:
    """Return the functions of an atom and those that operators make of them.

    The functions themselves come first. Factors have the shape (n_operators, 3, n_functions,
    n_all).
    """
    parts = [_of_atom(shells, operator.terms_of) for operator in operators]
    n_functions = sum(shell.n_functions for shell in shells)
    ends = n_functions + np.cumsum([0, *(factors.shape[2] for _, factors in parts)])
    found = np.zeros((len(operators), 3, n_functions, ends[-1]))
    for number, (_, factors) in enumerate(parts):
        found[number, :, :, ends[number] : ends[number + 1]] = factors
    return (*shells, *chain.from_iterable(others for others, _ in parts)), found


def _of_atom(
    shells: tuple[GaussianShell, ...], terms_of: Callable[[GaussianShell], Iterator[_Term]]
) -> tuple[tuple[GaussianShell, ...], Floats]:
    """Return the other shells of an atom, and factors of shape (3, n_functions, n_others)."""
    by_shell = [list(terms_of(shell)) for shell in shells]
    rows = [np.concatenate([term.factors for term in terms], axis=2) for terms in by_shell]
    factors = np.array([block_diag(*(row[axis] for row in rows)) for axis in range(3)])
    return tuple(term.shell for term in chain.from_iterable(by_shell)), factors
