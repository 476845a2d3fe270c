"""Files of coordinates: extended XYZ is written, and whatever ASE reads is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.errors import InputError
from epicarve.files import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ase import Atoms
    from numpy.typing import NDArray

    from epicarve.arrays import Floats, Strings

_KINDS = {"U": "S", "i": "I", "u": "I", "f": "R"}
"""Letter of the format for each kind of numpy array."""


def write_extxyz(
    path: Path,
    symbols: Strings,
    positions_a: Floats,
    columns: Mapping[str, NDArray[Any]],
    *,
    cell_a: Floats | None = None,
    periodic: Sequence[bool] = (False, False, False),
    told: Mapping[str, str] | None = None,
) -> None:
    """Write ions as extended XYZ, coordinates in Å to 8 digits.

    Parameters
    ----------
    path : Path
        The file.
    symbols : ndarray of str, shape (n_ions,)
        Elements.
    positions_a : ndarray of float, shape (n_ions, 3)
        Coordinates in Å.
    columns : mapping of str to ndarray of int, float or str
        Further columns by name, each of shape (n_ions,); words without blanks, real numbers to 8
        decimals.
    cell_a : ndarray of float, shape (3, 3), optional
        Cell vectors in Å as rows.
    periodic : sequence of bool
        Along which of them the ions repeat.
    told : mapping of str to str, optional
        What the second line says besides: ASCII texts without quotes by key.
    """
    properties = "species:S:1:pos:R:3" + "".join(
        f":{name}:{_KINDS[values.dtype.kind]}:1" for name, values in columns.items()
    )
    header = f'Properties={properties} pbc="{" ".join("FT"[flag] for flag in periodic)}"'
    if cell_a is not None:
        vectors = " ".join(f"{x + 0.0:.8f}" for x in np.ravel(cell_a).round(8))
        header = f'Lattice="{vectors}" {header}'
    header += "".join(f' {key}="{text}"' for key, text in (told or {}).items())
    lines = [str(len(symbols)), header]
    words = [
        [f"{value:.8f}" for value in values] if values.dtype.kind == "f" else values.tolist()
        for values in columns.values()
    ]
    line = "%-2s %.8f %.8f %.8f" + " %s" * len(words)
    rows = zip(symbols.tolist(), *positions_a.T.tolist(), *words, strict=True)
    lines += [line % row for row in rows]
    write_text(path, "\n".join(lines) + "\n")


def read_atoms(path: Path) -> Atoms:
    """Read the last geometry of a file of coordinates.

    Parameters
    ----------
    path : Path
        A file that ASE can read, such as XYZ or CIF; of XYZ the two lines at its head may lack.

    Raises
    ------
    InputError
        If there is no such file, or no whole geometry in it.
    """
    from ase import Atoms  # noqa: PLC0415  (costs half a second)
    from ase.io import read  # noqa: PLC0415

    try:
        atoms = read(path, index=-1)
        assert isinstance(atoms, Atoms)  # not a list, as one index was asked for
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; name one with coordinates") from None
    except Exception as error:  # ase raises whatever its parsers raise
        bare = _bare_xyz(path)
        if bare is not None:
            return bare
        why = f" ({error})" if isinstance(error, ValueError | OSError) and str(error) else ""
        raise InputError(
            f"{path}: there is no whole geometry in it that can be read{why}; copy it again, or "
            "give another file that ASE reads"
        ) from error
    if len(atoms) == 0 or not np.isfinite(atoms.positions).all():
        raise InputError(f"{path}: its coordinates are missing or not numbers; give a whole file")
    return atoms


def _bare_xyz(path: Path) -> Atoms | None:
    """Return the atoms of an XYZ file without number of atoms and comment; None if it is none."""
    from ase import Atoms  # noqa: PLC0415  (costs half a second)
    from ase.data import atomic_numbers  # noqa: PLC0415

    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        rows = [line for line in lines if line]
        if not rows or any(len(row) != 4 or row[0] not in atomic_numbers for row in rows):
            return None
        places = np.array([[float(x) for x in row[1:]] for row in rows])
    except (OSError, ValueError):  # binary, or no numbers
        return None
    return Atoms([row[0] for row in rows], places)
