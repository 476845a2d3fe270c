"""The nonlocal part of an entry of CP2K's files of GTH pseudopotentials.

Below its head, an entry has a line with the electrons of each angular momentum; then the local
part, r_loc, n and n numbers; terms that begin with LPOT, NLCC or LSD, each a word, m and m lines of
a radius, n and n numbers; the number of angular momenta with projectors, none if it is missing, and
SOC if they have spin-orbit strengths; and for each r_l, n and the upper triangle of h, with SOC
from l = 1 on also that of k (read_gth_potential in CP2K's external_potential_types.F).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from epicarve.dft.cp2k_input import without_comment

from .projectors import Projectors

if TYPE_CHECKING:
    from collections.abc import Iterator

FURTHER_TERMS = {"LPOT", "NLCC", "LSD"}
"""Words that begin local terms beyond the first."""


def nonlocal_projectors(text: str) -> tuple[Projectors, ...]:
    r"""Read the scalar projectors of an entry.

    Parameters
    ----------
    text : str
        The lines below the head of the entry.

    Returns
    -------
    tuple of Projectors
        Those with the strengths h_ij, by angular momentum; none of a local potential.

    Raises
    ------
    ValueError
        If it is no entry of a GTH pseudopotential, or cut off.

    Examples
    --------
    >>> nonlocal_projectors("2 4\n 0.24 2 -16.5 2.4\n 1\n 0.22 1 18.3\n")
    (Projectors(angular=0, radius_bohr=0.22, strengths=((18.3,),)),)
    """
    return _parts(text)[0]


def spin_orbit_projectors(text: str) -> tuple[Projectors, ...]:
    r"""Read the spin-orbit part of an entry.

    Parameters
    ----------
    text : str
        The lines below the head of the entry.

    Returns
    -------
    tuple of Projectors
        Those with strengths k_ij that are not zero.

    Raises
    ------
    ValueError
        If it is no entry with spin-orbit parameters, or cut off.

    Examples
    --------
    >>> spin_orbit_projectors("2 2\n 0.3 1 1.0\n 2 SOC\n 0.4 1 3.0\n 0.5 1 2.0\n 0.1\n")
    (Projectors(angular=1, radius_bohr=0.5, strengths=((0.1,),)),)
    """
    if "SOC" not in text.split():
        raise ValueError("it has no spin-orbit parameters")
    return _parts(text)[1]


def _parts(text: str) -> tuple[tuple[Projectors, ...], tuple[Projectors, ...]]:
    """Return the projectors with h, and those with a k that is not zero."""
    lines = [line for line in map(without_comment, text.splitlines()) if line.strip()]
    words = iter(" ".join(lines[1:]).upper().split())
    scalar, coupled = [], []
    try:
        _skip_term(words)
        word = next(words, "0")
        while word in FURTHER_TERMS:
            for _ in range(int(next(words))):
                _skip_term(words)
            word = next(words, "0")
        after = next(words, "") if int(word) else ""
        words = iter([*([] if after == "SOC" else [after]), *words])
        for angular in range(int(word)):
            radius_bohr, n = float(next(words)), int(next(words))
            if n:
                scalar.append(Projectors.of_triangle(angular, radius_bohr, _triangle(words, n)))
            if after == "SOC" and angular and n:
                triangle = _triangle(words, n)
                if any(triangle):
                    coupled.append(Projectors.of_triangle(angular, radius_bohr, triangle))
    except StopIteration:
        raise ValueError("it is cut off") from None
    return tuple(scalar), tuple(coupled)


def _skip_term(words: Iterator[str]) -> None:
    """Pass over a local term: a radius, n, and n numbers."""
    float(next(words))
    for _ in range(int(next(words))):
        float(next(words))


def _triangle(words: Iterator[str], n: int) -> list[float]:
    """Read the upper triangle of a symmetric matrix."""
    size = n * (n + 1) // 2
    numbers = [float(word) for word in islice(words, size)]
    if len(numbers) < size:
        raise ValueError("it is cut off")
    return numbers
