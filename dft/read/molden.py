"""Molden files: atoms, basis functions and orbitals in one, as CP2K's &MO_MOLDEN writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TextIO

import numpy as np

from epicarve.dft.orbitals import GaussianShell, Orbitals
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR, EV_PER_HARTREE

from .atom_basis import AtomBasis

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Floats, Ints

_LETTERS = "spdfg"
_SECTION = re.compile(r"^\s*\[\s*(?P<name>[^\]]+?)\s*\]\s*(?P<rest>.*)$")
_SPHERICAL = {2: {"5D", "5D7F", "5D10F"}, 3: {"5D", "5D7F", "7F"}, 4: {"9G"}}
"""Sections that say that the functions of an angular momentum are spherical."""


class Molden(NamedTuple):
    """What a Molden file holds.

    Parameters
    ----------
    basis : AtomBasis
        Atoms and basis functions, finite.
    orbitals : Orbitals
        Its orbitals, with functions in the order of `basis`: m from -l to l.
    """

    basis: AtomBasis
    orbitals: Orbitals


def read_molden(path: Path) -> Molden:
    """Read a Molden file with spherical basis functions.

    Parameters
    ----------
    path : Path
        The file. The shells of an atom and the m of a shell (0, +1, -1, ...) follow the format;
        coefficients that are left out are zero.

    Returns
    -------
    Molden
        Atoms, basis functions and orbitals.

    Raises
    ------
    InputError
        If a section is missing, cut off or damaged, or its functions are Cartesian.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            basis = _read_basis(path, stream)
            return Molden(basis, _read_orbitals(path, stream, basis))
    except InputError:
        raise
    except (ValueError, KeyError, IndexError) as error:
        told = f"[{error.args[0]}] is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(
            f"{path}: not a whole Molden file ({told}); copy it again or rerun the stage that "
            "writes it"
        ) from error


def _read_basis(path: Path, stream: TextIO) -> AtomBasis:
    """Read everything before the orbitals."""
    sections: dict[str, tuple[str, list[str]]] = {}
    for line in stream:
        section = _SECTION.match(line)
        if section and section["name"].upper() == "MO":
            break
        if section:
            body: list[str] = []
            sections[section["name"].upper()] = section["rest"].upper(), body
        elif sections:
            body.append(line)
    else:
        raise KeyError("MO")
    unit, atoms = sections["ATOMS"]
    rows = [line.split() for line in atoms if line.strip()]
    positions = np.array([[float(word) for word in row[3:6]] for row in rows]).reshape(-1, 3)
    shells = _shells(sections["GTO"][1], len(rows))
    for angular, names in _SPHERICAL.items():
        if not names & set(sections) and any(s.angular == angular for a in shells for s in a):
            raise InputError(
                f"{path}: its functions of angular momentum {angular} are Cartesian; rerun with "
                "GTO_KIND SPHERICAL in &MO_MOLDEN"
            )
    return AtomBasis(
        symbols=tuple(row[0].capitalize() for row in rows),
        positions_bohr=positions / (A_PER_BOHR if "ANG" in unit else 1.0),
        shells=shells,
        translations_bohr=None,
    )


def _shells(lines: list[str], n_atoms: int) -> tuple[tuple[GaussianShell, ...], ...]:
    """Shells of each atom, from the section [GTO]."""
    of_atom: list[list[GaussianShell]] = [[] for _ in range(n_atoms)]
    rows = [line.split() for line in lines if line.strip()]
    atom, place = -1, 0
    while place < len(rows):
        head = rows[place]
        if head[0].isdigit():
            atom, place = int(head[0]) - 1, place + 1
            continue
        end = place + 1 + int(head[1])
        primitives = np.array([[float(word) for word in row[:2]] for row in rows[place + 1 : end]])
        if atom < 0 or end > len(rows) or primitives.shape != (int(head[1]), 2):
            raise ValueError("a shell in [GTO] is cut off")
        if not np.isfinite(primitives).all() or (primitives[:, 0] <= 0.0).any():
            raise ValueError("an exponent in [GTO] is not positive, or a number not finite")
        exponents, coefficients = (tuple(column) for column in primitives.T.tolist())
        angular = _LETTERS.index(head[0].lower())
        of_atom[atom].append(GaussianShell(angular, exponents, coefficients))
        place = end
    if not all(of_atom):
        raise ValueError("an atom has no basis functions")
    return tuple(tuple(shells) for shells in of_atom)


def _read_orbitals(path: Path, stream: TextIO, basis: AtomBasis) -> Orbitals:
    angulars = [shell.angular for shells in basis.shells for shell in shells]
    sizes = [sum(2 * shell.angular + 1 for shell in shells) for shells in basis.shells]
    order = _order(angulars)
    heads: list[dict[str, str]] = []
    columns: list[Floats] = []
    entries: list[str] = []
    n_digits = 0

    def close() -> None:
        nonlocal n_digits
        if heads:
            n_digits = max(n_digits, _digits(entries[0]) if entries else 0)
            columns.append(_column(entries, len(order))[order])
            entries.clear()

    is_head = False
    for line in stream:
        name, equals, value = line.partition("=")
        if equals:
            if not is_head:
                close()
                heads.append({})
            heads[-1][name.strip().upper()] = value.strip()
        elif _SECTION.match(line):
            break
        elif line.strip():
            entries.append(line)
        is_head = bool(equals)
    close()
    spins = np.array([head["SPIN"].upper().startswith("B") for head in heads], dtype=np.int8)
    by_spin = np.argsort(spins, kind="stable")
    energies = np.array([float(head["ENE"]) for head in heads])
    occupations = np.array([float(head["OCCUP"]) for head in heads])
    return Orbitals(
        path=path,
        energies_ev=energies[by_spin] * EV_PER_HARTREE,
        occupations=occupations[by_spin],
        spins=spins[by_spin],
        restricted=not spins.any(),
        coefficients=np.array(columns)[by_spin].T,
        atom_of_function=np.repeat(np.arange(len(sizes)), sizes),
        angular=np.repeat(angulars, [2 * angular + 1 for angular in angulars]),
        n_digits=n_digits,
        remedy=(
            f"it is cut off or damaged, of a periodic model (use the .wfn file then), or "
            f"{n_digits} digits (NDIGITS in &MO_MOLDEN) are too few"
        ),
    )


def _column(entries: list[str], n_functions: int) -> Floats:
    """Coefficients of one orbital in the order of the file; those left out are zero."""
    column = np.zeros(n_functions)
    if entries:
        table = np.loadtxt(entries, ndmin=2)
        fits = table.shape[1] == 2 and ((table[:, 0] >= 1) & (table[:, 0] <= n_functions)).all()
        if not fits:
            raise ValueError(f"an orbital has other functions than 1 to {n_functions}")
        column[table[:, 0].astype(np.int64) - 1] = table[:, 1]
    return column


def _digits(entry: str) -> int:
    """Digits after the point of a coefficient."""
    return len(entry.upper().partition("E")[0].partition(".")[2].strip())


def _order(angulars: list[int]) -> Ints:
    """Find each function, m from -l to l, in the file: m = 0, 1, -1, 2, -2, ...; for p x, y, z."""
    places: list[int] = []
    for angular in angulars:
        first = len(places)
        if angular == 1:
            places += [first + 1, first + 2, first]
        else:
            places += [first + 2 * abs(m) - (m > 0) for m in range(-angular, angular + 1)]
    return np.array(places)
