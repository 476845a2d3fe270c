"""CP2K's files of basis sets and pseudopotentials: which entries there are, and what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .input_lines import read_text

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = re.compile(r"^[ \t]*([A-Za-z]{1,2})[ \t]+([^\s#!][^\n#!]*)", re.MULTILINE)


@dataclass(frozen=True)
class BasisEntry:
    """One basis set of one element.

    Parameters
    ----------
    functions : int
        Spherical basis functions of one atom.
    max_exponent : float
        The largest exponent of its Gaussians in 1/bohr².
    """

    functions: int
    max_exponent: float


@lru_cache(maxsize=8)
def entries(path: Path) -> dict[tuple[str, str], str]:
    """Return the text of every entry of a file by element and by each of its names, in capitals.

    Parameters
    ----------
    path : Path
        A file such as BASIS_MOLOPT or GTH_POTENTIALS.
    """
    text = read_text(path)
    heads = list(_HEAD.finditer(text))
    starts = [head.start() for head in heads] + [len(text)]
    found: dict[tuple[str, str], str] = {}
    for head, end in zip(heads, starts[1:], strict=True):
        for name in head[2].upper().split():
            found.setdefault((head[1].upper(), name), text[head.end() : end])
    return found


def basis_entry(text: str) -> BasisEntry:
    r"""Read the numbers of an entry of a file of basis sets.

    Raises
    ------
    ValueError
        If the text is none, or cut off.

    Examples
    --------
    >>> basis_entry("1\n2 0 1 2 2 1\n 1.5 .1 .2 .3\n 0.2 .4 .5 .6\n")
    BasisEntry(functions=5, max_exponent=1.5)
    """
    rows = [row.split() for row in text.splitlines() if row.strip() and row.strip()[0] not in "#!"]
    try:
        functions, largest, at = 0, 0.0, 1
        for _ in range(int(rows[0][0])):
            _, low, high, exponents = map(int, rows[at][:4])
            momenta = range(low, high + 1)
            shells = map(int, rows[at][4 : 4 + len(momenta)])  # names of shells may follow
            functions += sum(
                (2 * angular + 1) * n for angular, n in zip(momenta, shells, strict=True)
            )
            block = rows[at + 1 : at + 1 + exponents]
            largest = max([largest, *(float(row[0]) for row in block)])
            at += 1 + exponents
    except IndexError:
        raise ValueError("the entry is cut off") from None
    return BasisEntry(functions, largest)


def valence_electrons(text: str) -> int:
    r"""Read the number of electrons of an entry of a file of potentials.

    Examples
    --------
    >>> valence_electrons("    2    2\n     0.617500000    1    0.753143783\n")
    4
    """
    rows = [row for row in text.splitlines() if row.strip() and row.strip()[0] not in "#!"]
    return sum(int(number) for number in rows[0].split())
