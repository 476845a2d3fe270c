"""Basis sets in CP2K's files of basis sets."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from epicarve.errors import InputError

from .overlap import GaussianShell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal
    from pathlib import Path

_LONGEST = 1000
"""Lines that the longest basis set of one element may have."""


def read_basis_set(files: Sequence[Path], element: str, name: str) -> tuple[GaussianShell, ...]:
    """Read the basis set of one element, from the first file that has it.

    Parameters
    ----------
    files : sequence of Path
        Files in CP2K's format, such as BASIS_MOLOPT.
    element : str
        Chemical symbol.
    name : str
        Any of the names that the file gives to the basis set.

    Returns
    -------
    tuple of GaussianShell
        In CP2K's order of basis functions.

    Raises
    ------
    InputError
        If no file has it, or its table is damaged.
    """
    from cp2k_input_tools.basissets import BasisSetData  # noqa: PLC0415  (few commands need it)

    for path in files:
        lines = _block(path, element, name)
        if not lines:
            continue
        try:
            blocks = BasisSetData.from_lines(lines).blocks
            return tuple(
                GaussianShell(
                    angular, tuple(map(float, exponents)), tuple(map(float, coefficients))
                )
                for block in blocks
                for angular, exponents, coefficients in _contractions(block.l, block.coefficients)
            )
        except (ValueError, ArithmeticError, IndexError) as error:
            raise InputError(
                f"{path}: the basis set {name} of {element} is damaged ({error}); put the file of "
                "CP2K's data in its place"
            ) from error
    named = ", ".join(path.name for path in files) or "no file at all"
    raise InputError(
        f"there is no basis set {name} of {element} in {named}; put the file of the run beside its "
        "input"
    )


def _block(path: Path, element: str, name: str) -> list[str]:
    """Lines of a basis set, from its head on; more may follow."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        lines = (line.partition("#")[0].partition("!")[0].strip() for line in stream)
        whole = (line for line in lines if line)
        for line in whole:
            symbol, *names = line.upper().split()
            if symbol == element.upper() and name.upper() in names:
                return [line, *islice(whole, _LONGEST)]
    return []


def _contractions(
    sizes: Sequence[tuple[int, int]], rows: Sequence[Sequence[Decimal]]
) -> Iterator[tuple[int, tuple[Decimal, ...], tuple[Decimal, ...]]]:
    """Yield angular momentum, exponents and coefficients of each shell of a set."""
    exponents, *columns = zip(*rows, strict=True)
    angulars = [angular for angular, n_shells in sizes for _ in range(n_shells)]
    if len(columns) != len(angulars):
        raise ValueError(f"{len(columns)} columns for {len(angulars)} shells")
    yield from ((angular, exponents, c) for angular, c in zip(angulars, columns, strict=True))
