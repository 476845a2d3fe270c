"""Orbitals in CP2K's text (&PRINT / &MO, .MOLog files or the main output)."""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from epicarve.dft.orbitals import Orbitals
from epicarve.dft.states import ANGULAR_MOMENTA
from epicarve.errors import InputError
from epicarve.units import EV_PER_HARTREE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from epicarve.arrays import Floats, Ints

_HEADLINE = re.compile(
    rb" MO\| (?:(?P<spin>ALPHA|BETA) )?(?:EIGENVALUES|ENERGIES), OCCUPATION NUMBERS, AND "
    rb"(?P<kind>SPHERICAL|CARTESIAN) (?:EIGENVECTORS|COEFFICIENTS)(?P<rest>[^\n]*)\n"
)
"""First line of a block; one is written at each step of the SCF, and one at its end."""

_HEADLINE_WORDS = b", OCCUPATION NUMBERS, AND "

_PREFIX = 4
"""Columns of " MO|"; the number of a row is glued to it from 10000 on."""

_ATOM = slice(10, 15)
_LABEL = slice(19, 25)
_NUMBERS = 25
"""Fixed columns of a row: (T2,A,I5,1X,I5,1X,A,1X,A6,n(1X,Fw.d)) in CP2K's qs_mo_io.F."""


class _Block(NamedTuple):
    """The orbitals of one spin; `first` is the number of the lowest."""

    first: int
    energies: Floats
    occupations: Floats
    coefficients: Floats
    atoms: Ints
    angular: Ints
    n_digits: int


def has_orbitals(path: Path) -> bool:
    """Tell whether a file holds orbitals as text."""
    return next(_headlines(path), None) is not None


def read_molog(path: Path) -> Orbitals:
    """Read the orbitals of the last block of each spin.

    Parameters
    ----------
    path : Path
        A .MOLog file or a main output, of CP2K 8.2 on.

    Returns
    -------
    Orbitals
        Restricted, or alpha before beta. Those below the first of MO_INDEX_RANGE are `left_out`.

    Raises
    ------
    InputError
        If there are none, they are cut off, of k-points, or in Cartesian functions.
    """
    try:
        blocks = [_read_block(path, start) for start in _last_blocks(path)]
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: its orbitals are cut off or damaged ({error}); copy it again or rerun the "
            "stage that writes it"
        ) from error
    if any(not np.array_equal(block.atoms, blocks[0].atoms) for block in blocks):
        raise InputError(f"{path}: alpha and beta orbitals differ in their basis functions")
    n_digits = min(block.n_digits for block in blocks)
    return Orbitals(
        path=path,
        energies_ev=np.concatenate([block.energies for block in blocks]) * EV_PER_HARTREE,
        occupations=np.concatenate([block.occupations for block in blocks]),
        spins=np.repeat(
            np.arange(len(blocks), dtype=np.int8), [len(block.energies) for block in blocks]
        ),
        restricted=len(blocks) == 1,
        coefficients=np.concatenate([block.coefficients for block in blocks], axis=1),
        atom_of_function=blocks[0].atoms,
        angular=blocks[0].angular,
        n_digits=n_digits,
        left_out=(*(block.first - 1 for block in blocks), 0)[:2],
        remedy=(
            f"the overlap, coordinates or basis set beside it are of another run, or {n_digits} "
            "digits (NDIGITS in &MO) are too few"
        ),
    )


def _headlines(path: Path) -> Iterator[tuple[re.Match[bytes], int]]:
    """Yield the headlines of a file, and where the blocks below them begin."""
    if path.stat().st_size == 0:
        return
    with (
        path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text,
    ):
        end = 0
        # Plain search for a few words goes through gigabytes in a second, as no pattern does.
        while (found := text.find(_HEADLINE_WORDS, end)) >= 0:
            start = text.rfind(b"\n", 0, found) + 1
            end = text.find(b"\n", found) + 1 or len(text)
            if match := _HEADLINE.match(text[start:end]):
                yield match, end


def _last_blocks(path: Path) -> list[int]:
    """Where the last block of each spin begins, below its headline.

    In the first blocks of an unrestricted run no spin may be named, so the last block tells.
    """
    found = list(_headlines(path))
    if not found:
        raise InputError(
            f"{path}: there are no orbitals with coefficients in it; use &MO in &PRINT"
        )
    last, end = found[-1]
    blocks = [(last, end)]
    if last["spin"] is not None:
        if last["spin"] == b"ALPHA" or len(found) < 2 or found[-2][0]["spin"] != b"ALPHA":
            raise InputError(f"{path}: the orbitals of one spin are missing; it is cut off")
        blocks = found[-2:]
    if any(b"K POINT" in match["rest"] for match, _ in blocks):
        raise InputError(
            f"{path}: its orbitals are of k-points, at which they are complex and cannot be "
            "weighed here; rerun it at Γ, without &KPOINTS, in a supercell"
        )
    if any(match["kind"] == b"CARTESIAN" for match, _ in blocks):
        raise InputError(
            f"{path}: its orbitals are in Cartesian functions; rerun without CARTESIAN in &MO"
        )
    return [end for _, end in blocks]


def _read_block(path: Path, start: int) -> _Block:
    """Read the orbitals that stand below a headline, a few columns of them at a time."""
    heads: list[list[bytes]] = []
    columns: list[Floats] = []
    rows: list[bytes] = []
    atoms: Ints | None = None
    with path.open("rb") as stream:
        stream.seek(start)
        for line in _content(stream):
            label = line[_PREFIX:_NUMBERS].strip()
            if label[:1].isdigit():
                rows.append(line)
                continue
            if rows:
                if atoms is None:
                    atoms = np.array([int(row[_ATOM]) - 1 for row in rows])
                    angular = np.array([_momentum(row[_LABEL]) for row in rows])
                columns.append(_coefficients(rows, heads, len(atoms)))
                n_digits = len(rows[0].rpartition(b".")[2].rstrip())
                rows = []
            if label.startswith(b"E(Fermi)"):
                break
            if label:
                raise ValueError(f"a line begins with {label.decode()!r}")
            heads.append(line[_NUMBERS:].split())
        else:
            raise ValueError("its last block has no end")
    if atoms is None:
        raise ValueError("its last block is empty")
    numbers = np.array([int(word) for head in heads[::3] for word in head])
    if not np.array_equal(numbers, np.arange(numbers[0], numbers[0] + len(numbers))):
        raise ValueError("orbitals are missing in the middle")
    if numbers[0] < 1 or numbers[-1] > len(atoms):
        raise ValueError(f"{len(atoms)} functions have no orbitals {numbers[0]} to {numbers[-1]}")
    energies, occupations = (
        np.array([float(word) for head in heads[k::3] for word in head]) for k in (1, 2)
    )
    return _Block(
        int(numbers[0]),
        energies,
        occupations,
        np.concatenate(columns, axis=1),
        atoms,
        angular,
        n_digits,
    )


def _momentum(label: bytes) -> int:
    """Angular momentum of a function from its label, such as ``3py`` or ``4d-2``."""
    return ANGULAR_MOMENTA.index(label.strip().lstrip(b"0123456789")[:1].decode() or "?")


def _content(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a block that are not empty."""
    for line in stream:
        if not line.startswith(b" MO|"):
            if line.strip():
                return
        elif line[_PREFIX:].strip():
            yield line


def _coefficients(rows: list[bytes], heads: list[list[bytes]], n_functions: int) -> Floats:
    """Coefficients of the orbitals in the last columns, shape (n_functions, n_columns)."""
    table = np.loadtxt([row[_NUMBERS:] for row in rows], ndmin=2)
    if len(heads) % 3 or table.shape != (n_functions, len(heads[-1])):
        raise ValueError(f"a table of {table.shape} stands where {n_functions} rows belong")
    return table
