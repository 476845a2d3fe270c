"""What a CP2K input says of a run's atoms: places, cell and basis functions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from epicarve.errors import InputError
from epicarve.units import A_PER_BOHR

from .basis import read_basis_set
from .input_lines import data_folder
from .run_input import input_entries

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .overlap import GaussianShell
    from .run_input import InputEntry

_UNITS_A = {"ANGSTROM": 1.0, "BOHR": A_PER_BOHR}
_UNIT = re.compile(r"\[\s*(\w+)\s*\]")
_ELEMENT = re.compile(r"[A-Z][a-z]?")
_ORBITAL_TYPES = {"ORB", "DEFAULT"}
"""First words of a BASIS_SET line that still mean the basis of the orbitals."""


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
    positions_bohr: NDArray[np.float64]
    shells: tuple[tuple[GaussianShell, ...], ...]
    translations_bohr: NDArray[np.float64] | None


@dataclass
class _Lines:
    """The lines of an input that tell of its atoms, by where they stand."""

    project: str = "PROJECT"
    basis_files: list[str] = field(default_factory=list)
    coordinate_file: str = ""
    rows: list[tuple[str, list[float]]] = field(default_factory=list)
    unit: str = "ANGSTROM"
    scaled: bool = False
    cell: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> _Lines:
        lines = cls()
        try:
            for entry in input_entries(path):
                lines.take(entry)
        except (ValueError, StopIteration) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{path}: its coordinates or kinds cannot be followed ({error})"
            ) from None
        return lines

    def take(self, entry: InputEntry) -> None:
        match entry.section, entry.key:
            case "GLOBAL", "PROJECT" | "PROJECT_NAME":
                self.project = entry.value
            case "DFT", "BASIS_SET_FILE_NAME":
                self.basis_files.append(entry.value)
            case "TOPOLOGY", "COORD_FILE_NAME" | "COORD_FILE":
                self.coordinate_file = entry.value
            case "CELL", key if key:
                self.cell[key] = entry.value
            case "COORD", "UNIT":
                self.unit = entry.value.upper()
            case "COORD", "SCALED":
                self.scaled = not entry.value.upper().startswith((".F", "F", "NO"))
            case "COORD", key if key:
                self.rows.append((key, [float(word) for word in entry.value.split()[:3]]))
            case "KIND", "":
                self.kinds[entry.value.upper()] = {}
            case "KIND", "ELEMENT" | "ELEMENT_SYMBOL":
                self._kind()["element"] = entry.value.capitalize()
            case "KIND", "BASIS_SET":
                *types, name = entry.value.split()
                if not types or types[0].upper() in _ORBITAL_TYPES:
                    self._kind()["basis"] = name
            case "BASIS", "":
                self._kind()["inline"] = "yes"

    def _kind(self) -> dict[str, str]:
        return self.kinds[next(reversed(self.kinds))]


def read_atom_basis(path: Path) -> AtomBasis:
    """Read atoms and basis functions of a run from its input, and the files that it names.

    Parameters
    ----------
    path : Path
        The input. Its coordinates count, or those of the last step in ``PROJECT-pos-1.xyz`` beside
        it. Files of basis sets are looked for beside it and in CP2K's data.

    Returns
    -------
    AtomBasis
        The atoms.

    Raises
    ------
    InputError
        If coordinates, cell or basis sets are not told, or told in a way that only CP2K can follow.
    """
    lines = _Lines.of(path)
    translations_a = _cell_a(path, lines.cell)
    labels, positions_a = _atoms(path, lines, translations_a)
    kinds = {label: _kind(path, lines, label) for label in dict.fromkeys(labels)}
    return AtomBasis(
        symbols=tuple(kinds[label][0] for label in labels),
        positions_bohr=positions_a / A_PER_BOHR,
        shells=tuple(kinds[label][1] for label in labels),
        translations_bohr=_periodic(path, lines.cell, translations_a),
    )


def read_positions_a(path: Path) -> NDArray[np.float64]:
    """Read the coordinates of a run's atoms from its input, and the files that it names.

    Parameters
    ----------
    path : Path
        The input, as for `read_atom_basis`.

    Returns
    -------
    ndarray of float, shape (n_atoms, 3)
        In Å.

    Raises
    ------
    InputError
        If they are not told, or told in a way that only CP2K can follow.
    """
    lines = _Lines.of(path)
    return _atoms(path, lines, _cell_a(path, lines.cell))[1]


def _atoms(
    path: Path, lines: _Lines, translations_a: NDArray[np.float64] | None
) -> tuple[list[str], NDArray[np.float64]]:
    """Labels and coordinates in Å."""
    trajectory = path.parent / f"{lines.project}-pos-1.xyz"
    if trajectory.is_file():
        return read_last_xyz(trajectory)
    if not lines.rows:
        if not lines.coordinate_file:
            raise InputError(f"{path}: it names no coordinates; put the input of the run there")
        return read_last_xyz(path.parent / lines.coordinate_file)
    labels = [label for label, _ in lines.rows]
    try:
        positions = np.array([xyz for _, xyz in lines.rows]).reshape(-1, 3)
        if not np.isfinite(positions).all():
            raise ValueError("a coordinate is not a finite number")
        scale = 1.0 if lines.scaled else _UNITS_A[lines.unit.strip("[] ")]
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{path}: &COORD cannot be followed ({error}); three numbers are needed for each atom, "
            "in angstrom or bohr"
        ) from None
    if not lines.scaled:
        return labels, positions * scale
    if translations_a is None:
        raise InputError(f"{path}: its coordinates are SCALED, but &CELL gives no vectors")
    return labels, positions @ translations_a


def read_last_xyz(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Read the labels and coordinates in Å of the last whole frame of an XYZ file.

    Parameters
    ----------
    path : Path
        The file, of one frame or many.

    Raises
    ------
    InputError
        If it is not there, or no XYZ file.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        size = int(lines[0]) + 2
        start = (len(lines) // size - 1) * size
        rows = [line.split() for line in lines[start + 2 : start + size]]
        if start < 0 or int(lines[start]) + 2 != size:
            raise ValueError("a frame is cut off")
        positions_a = np.array([[float(w) for w in row[1:4]] for row in rows])
        if not np.isfinite(positions_a).all():
            raise ValueError("a coordinate is not a finite number")
        return [row[0] for row in rows], positions_a
    except FileNotFoundError:
        raise InputError(
            f"{path}: the coordinates are not there; put them beside the input"
        ) from None
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: not a whole XYZ file ({error}); copy it again") from None


def _kind(path: Path, lines: _Lines, label: str) -> tuple[str, tuple[GaussianShell, ...]]:
    """Element and basis functions of the atoms with a label."""
    kind = lines.kinds.get(label.upper()) or lines.kinds.get("DEFAULT")
    match = _ELEMENT.match(label.capitalize())
    if kind is None or "inline" in kind or "basis" not in kind or match is None:
        raise InputError(
            f"{path}: &KIND {label} names no basis set of a file, so that the overlap cannot be "
            "computed; add &S_CSR_WRITE to &DFT / &PRINT and rerun the stage"
        )
    element = kind.get("element", match[0])
    folders = [folder for folder in (path.parent, data_folder()) if folder is not None]
    files = []
    for name in lines.basis_files or ["BASIS_SET"]:
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if found is None:
            raise InputError(
                f"{path}: the file of basis sets {name} is neither beside it nor in CP2K's data; "
                "copy it there or set CP2K_DATA_DIR"
            )
        files.append(found)
    return element, read_basis_set(files, element, kind["basis"])


def _cell_a(path: Path, cell: dict[str, str]) -> NDArray[np.float64] | None:
    """All three cell vectors in Å, None if they are not given."""
    try:
        if "ABC" in cell:
            lengths_a = _lengths_a(cell["ABC"])
            angles = np.radians(_numbers(cell.get("ALPHA_BETA_GAMMA", "90 90 90")))
            return _triclinic_a(lengths_a, angles)
        if {"A", "B", "C"} <= set(cell):
            return np.array([_lengths_a(cell[key]) for key in "ABC"])
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{path}: &CELL cannot be followed ({error}); give it in angstrom or bohr"
        ) from None
    return None


def _numbers(text: str) -> list[float]:
    first, second, third = (float(word) for word in _UNIT.sub("", text).split()[:3])
    return [first, second, third]


def _lengths_a(text: str) -> NDArray[np.float64]:
    unit = _UNIT.search(text)
    return np.array(_numbers(text)) * _UNITS_A[unit[1].upper() if unit else "ANGSTROM"]


def _triclinic_a(
    lengths_a: NDArray[np.float64], angles: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Vectors of a cell as CP2K puts them: a along x, b in the xy plane."""
    alpha, beta, gamma = np.cos(angles)
    sine = np.sin(angles[2])
    c_y = (alpha - beta * gamma) / sine
    directions = [[1, 0, 0], [gamma, sine, 0], [beta, c_y, np.sqrt(1.0 - beta**2 - c_y**2)]]
    return lengths_a[:, None] * np.array(directions)


def _periodic(
    path: Path, cell: dict[str, str], vectors_a: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """Return the cell vectors in bohr along which the model repeats."""
    periodic = cell.get("PERIODIC", "XYZ").upper()
    if periodic == "NONE":
        return None
    if vectors_a is None:
        raise InputError(
            f"{path}: &CELL is periodic but its vectors do not stand in the input; give ABC, or A, "
            "B and C"
        )
    return vectors_a[["XYZ".index(axis) for axis in periodic]] / A_PER_BOHR
