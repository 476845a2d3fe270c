"""Overlap and Kohn-Sham matrix as CP2K writes them, as text or binary, whole or upper triangle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array

from epicarve.dft.orbitals import from_upper
from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from epicarve.arrays import Floats

    _Part = tuple[NDArray[np.int32], NDArray[np.int32], Floats]

_RECORD = np.dtype(
    [("head", "<i4"), ("row", "<i4"), ("column", "<i4"), ("value", "<f8"), ("tail", "<i4")]
)
"""One element in the binary format, a Fortran record of its own."""

_RECORD_LENGTH = 16
SCHWARZ = 1.0 + 1e-6
"""Two functions overlap by at most this times the root of the product of their own norms."""

_CHUNK = 1 << 24
"""Bytes read at once."""


def read_csr(path: Path, n_functions: int) -> csr_array:
    """Read an overlap matrix that CP2K wrote with &S_CSR_WRITE.

    Parameters
    ----------
    path : Path
        The file, ``PROJECT-S_SPIN_1-1_0.csr``; text or binary is found out.
    n_functions : int
        Number of basis functions of the run.

    Returns
    -------
    csr_array, shape (n_functions, n_functions)
        The whole matrix, also if the file holds its upper triangle. The memory is 12 bytes for
        each element; three times as much is needed on the way.

    Raises
    ------
    InputError
        If the file is cut off, of another basis, or holds something that is no number or no overlap
        (the inequality of Cauchy and Schwarz, ``|S_ij|² ≤ S_ii S_jj``).
    """
    matrix, upper = _matrix(path, n_functions, "overlap matrix")
    if (matrix.diagonal() <= 0.0).any():
        raise InputError(
            f"{path}: elements are missing on its diagonal, so it is cut off; copy it again or "
            "rerun the stage that writes it"
        )
    size = np.sqrt(matrix.diagonal())
    rows = np.repeat(np.arange(n_functions, dtype=np.int32), np.diff(matrix.indptr))
    if (np.abs(matrix.data) > SCHWARZ * size[rows] * size[matrix.indices]).any():
        raise InputError(
            f"{path}: two functions overlap more than each with itself, so that it is damaged; "
            "copy it again or rerun the stage that writes it"
        )
    return from_upper(matrix) if upper else matrix


def read_kohn_sham(path: Path, n_functions: int) -> csr_array:
    """Read a Kohn-Sham matrix that CP2K wrote with &KS_CSR_WRITE, in hartree.

    Parameters
    ----------
    path : Path
        The file, ``PROJECT-KS_SPIN_1-1_0.csr``, in either format.
    n_functions : int
        Number of basis functions of the run.

    Raises
    ------
    InputError
        As `read_csr`.
    """
    matrix, upper = _matrix(path, n_functions, "Kohn-Sham matrix")
    return from_upper(matrix) if upper else matrix


def _matrix(path: Path, n_functions: int, what: str) -> tuple[csr_array, bool]:
    """Read a matrix, and tell whether the file holds its upper triangle only."""
    with path.open("rb") as stream:
        binary = stream.read(4) == _RECORD_LENGTH.to_bytes(4, "little")
    try:
        parts = list(_binary(path) if binary else _text(path))
        if not parts:
            raise ValueError("it is empty")
    except ValueError as error:
        raise InputError(
            f"{path}: not a whole {what} ({error}); copy it again or rerun the stage that writes it"
        ) from error
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    del parts
    size = int(max(rows.max(), columns.max())) if len(rows) else 0
    if size != n_functions or min(rows.min(), columns.min()) < 1:
        raise InputError(
            f"{path}: it is of {size} basis functions, but the orbitals beside it have "
            f"{n_functions}; keep the files of one run, or the file is cut off"
        )
    if not np.isfinite(values).all():
        raise InputError(f"{path}: there is NaN or infinity in it; its run went wrong, repeat it")
    matrix = csr_array(
        coo_array((values, (rows - 1, columns - 1)), shape=(n_functions, n_functions))
    )
    return matrix, bool((columns >= rows).all())


def _binary(path: Path) -> Iterator[_Part]:
    if path.stat().st_size % _RECORD.itemsize:
        raise ValueError("it is cut off")
    with path.open("rb") as stream:
        while len(chunk := np.fromfile(stream, dtype=_RECORD, count=_CHUNK // _RECORD.itemsize)):
            if (chunk["head"] != _RECORD_LENGTH).any() or (chunk["tail"] != _RECORD_LENGTH).any():
                raise ValueError("an element is damaged")
            yield chunk["row"].copy(), chunk["column"].copy(), chunk["value"].copy()


def _text(path: Path) -> Iterator[_Part]:
    with path.open("rb") as stream:
        while lines := stream.readlines(_CHUNK):
            if not lines[-1].endswith(b"\n"):
                raise ValueError("it is cut off in its last line")
            table = np.loadtxt(lines, ndmin=2)
            if table.shape[1] != 3:
                raise ValueError("its lines are not row, column and value")
            places = table[:, :2]
            if not (np.abs(places) <= np.iinfo(np.int32).max).all() or (places % 1.0).any():
                raise ValueError("a row or column is no whole number")
            yield *places.astype(np.int32).T, table[:, 2]
