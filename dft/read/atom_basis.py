"""Places, cell and basis functions of the atoms of a CP2K run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.cp2k_input import find_moved, orbital_basis
from epicarve.dft.orbitals import basis_set_of_lines, read_basis_set
from epicarve.dft.output import GHOST
from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.arrays import Floats
    from epicarve.dft.orbitals import GaussianShell

    from .input import RunInput
    from .run import Run


@dataclass(frozen=True)
class AtomBasis:
    """Atoms of a run with their basis functions: all that their overlap matrix needs.

    Parameters
    ----------
    symbols : tuple of str
        Element of each atom.
    positions_bohr : ndarray of float, shape (n_atoms, 3)
        Coordinates in bohr.
    shells : tuple of tuple of GaussianShell
        Basis functions of each atom.
    translations_bohr : ndarray of float, shape (n_periodic, 3), or None
        Vectors along which the model repeats, None if it is finite.
    """

    symbols: tuple[str, ...]
    positions_bohr: Floats
    shells: tuple[tuple[GaussianShell, ...], ...]
    translations_bohr: Floats | None


def read_atom_basis(run: Run) -> AtomBasis:
    """Read atoms and basis functions of a run from its input, and the files beside it.

    Parameters
    ----------
    run : Run
        The run, with an input. Files of basis sets are looked for beside that and in CP2K's data,
        by their own names where their paths are of another machine.

    Returns
    -------
    AtomBasis
        The atoms, at the last geometry of the run.

    Raises
    ------
    InputError
        If coordinates, cell or basis sets are not told, or files of the run contradict each other.
    """
    source, geometry = run.inputs[0], run.geometry
    subject = source.subject
    elements = run.output.symbols if run.output is not None else ()
    if len(elements) != len(geometry.labels):
        elements = tuple(subject.element(label).capitalize() for label in geometry.labels)
    pairs = list(zip(geometry.labels, elements, strict=True))
    shells = {pair: _basis(source, *pair) for pair in dict.fromkeys(pairs)}
    return AtomBasis(
        symbols=elements,
        positions_bohr=geometry.positions_a / A_PER_BOHR,
        shells=tuple(shells[pair] for pair in pairs),
        translations_bohr=_translations(source.path, geometry.cell_a, geometry.periodic),
    )


def _basis(source: RunInput, label: str, element: str) -> tuple[GaussianShell, ...]:
    """Return the basis functions of the atoms with a label."""
    kind = source.subject.kind(label)
    name = orbital_basis(kind)
    if element == GHOST:
        element = source.subject.element(label).capitalize()
    if name is None or kind is None:
        lines = kind and kind.first("BASIS")
        if lines:
            rows = [str(entry.values[0]) for entry in lines.entries.get("DEFAULT_KEYWORD", ())]
            return basis_set_of_lines(source.path, label, rows)
        what = f"&KIND {label} names no basis set" if kind else f"there is no &KIND of {label}"
        raise InputError(
            f"{source.path}: {what}, so that the overlap cannot be computed; add &S_CSR_WRITE to "
            "&DFT / &PRINT and rerun the stage"
        )
    files = []
    for file in source.subject.data_files("BASIS_SET_FILE_NAME"):
        found = find_moved(file, source.path.parent)
        if found is None:
            raise InputError(
                f"{source.path}: the file of basis sets {file.rpartition('/')[2]} is neither "
                "beside it nor in CP2K's data; copy it there or set CP2K_DATA_DIR"
            )
        files.append(found)
    return read_basis_set(files, element, name)


def _translations(
    path: Path, cell_a: Floats | None, periodic: tuple[bool, bool, bool]
) -> Floats | None:
    """Return the cell vectors in bohr along which the model repeats."""
    if not any(periodic):
        return None
    if cell_a is None:
        raise InputError(
            f"{path}: &CELL is periodic but its vectors stand neither in it nor, to six digits, in "
            "the main output; give ABC, or A, B and C"
        )
    return np.asarray(cell_a[np.array(periodic)] / A_PER_BOHR)
