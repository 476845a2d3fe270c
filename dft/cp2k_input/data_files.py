"""CP2K's files of basis sets and pseudopotentials: which entries there are, and what is in them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .lines import read_text, without_comment

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = re.compile(r"^[ \t]*([A-Za-z]{1,2})[ \t]+([^\s#!][^\n#!]*)", re.MULTILINE)
_FORTRAN_EXPONENTS = str.maketrans("DdQq", "EEEE")


ContractedShell = tuple[int, tuple[float, ...], tuple[float, ...]]
"""Angular momentum, exponents in 1/bohr², and coefficients of the normalised primitives."""


@dataclass(frozen=True)
class BasisEntry:
    """One basis set of one element.

    Parameters
    ----------
    functions : int
        Spherical basis functions of one atom.
    max_exponent : float
        The largest exponent of its Gaussians in 1/bohr².
    max_momentum : int
        The largest angular momentum of its shells, 0 for s.
    """

    functions: int
    max_exponent: float
    max_momentum: int


def entries(path: Path) -> dict[tuple[str, str], str]:
    """Return the text of every entry of a file by element and by each of its names, in capitals.

    Parameters
    ----------
    path : Path
        A file such as BASIS_MOLOPT or GTH_POTENTIALS.
    """
    return _entries(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _entries(path: Path, changed_ns: int) -> dict[tuple[str, str], str]:
    text = read_text(path)
    heads = list(_HEAD.finditer(text))
    starts = [head.start() for head in heads] + [len(text)]
    found: dict[tuple[str, str], str] = {}
    for head, end in zip(heads, starts[1:], strict=True):
        for name in head[2].upper().split():
            found.setdefault((head[1].upper(), name), text[head.end() : end])
    return found


def basis_shells(text: str) -> tuple[ContractedShell, ...]:
    r"""Read the contracted shells of an entry of a file of basis sets, by cp2k-input-tools.

    As CP2K does (read_gto_basis_set1 in its basis_set_types.F), Fortran's exponents (0.117D+05) are
    taken, and no more numbers of a line than there are shells are looked at.

    Raises
    ------
    ValueError
        If the text is no table of Gaussians, or cut off.

    Examples
    --------
    >>> basis_shells("1\n2 0 1 2 1 1\n 1.5 .1 .2\n 0.2 .4 .5\n")[1]
    (1, (1.5, 0.2), (0.2, 0.5))
    """
    from cp2k_input_tools.basissets.cp2k import BasisSetData  # noqa: PLC0415  (0.1 s)

    rows = _rows(text.translate(_FORTRAN_EXPONENTS))
    try:
        blocks = BasisSetData.from_lines(["X", *map(" ".join, rows)]).blocks
    except IndexError:
        raise ValueError("the entry is cut off") from None
    except ArithmeticError:
        raise ValueError("a number can't be read") from None
    shells: list[ContractedShell] = []
    at = 1
    for block in blocks:
        momenta = int(rows[at][2]) - int(rows[at][1]) + 1
        if len(block.l) < momenta:
            raise ValueError(f"{len(block.l)} numbers of shells for {momenta} momenta")
        at += 1 + len(block.coefficients)
        angulars = [angular for angular, n in block.l for _ in range(n)]
        fewest = min(map(len, block.coefficients), default=0) - 1
        if not 0 < len(angulars) <= fewest:
            raise ValueError(f"{fewest} columns for {len(angulars)} shells")
        exponents, *columns = zip(
            *(map(float, row[: 1 + len(angulars)]) for row in block.coefficients), strict=True
        )
        shells += [(angular, exponents, c) for angular, c in zip(angulars, columns, strict=True)]
    if not all(
        math.isfinite(number) for _, *numbers in shells for row in numbers for number in row
    ):
        raise ValueError("a number is not finite")
    return tuple(shells)


def basis_entry(text: str) -> BasisEntry:
    r"""Read the size of an entry of a file of basis sets.

    Raises
    ------
    ValueError
        As `basis_shells`.

    Examples
    --------
    >>> basis_entry("1\n2 0 1 2 2 1\n 1.5 .1 .2 .3\n 0.2 .4 .5 .6\n")
    BasisEntry(functions=5, max_exponent=1.5, max_momentum=1)
    """
    shells = basis_shells(text)
    return BasisEntry(
        functions=sum(2 * angular + 1 for angular, _, _ in shells),
        max_exponent=max(max(exponents) for _, exponents, _ in shells),
        max_momentum=max(angular for angular, _, _ in shells),
    )


def valence_electrons(text: str) -> int:
    r"""Read the number of electrons of an entry of a file of potentials.

    Examples
    --------
    >>> valence_electrons("    2    2\n     0.617500000    1    0.753143783\n")
    4
    """
    return sum(int(number) for number in _rows(text)[0])


def _rows(text: str) -> list[list[str]]:
    """Split lines into words, without comments and empty lines."""
    rows = (without_comment(line).split() for line in text.splitlines())
    return [row for row in rows if row]
