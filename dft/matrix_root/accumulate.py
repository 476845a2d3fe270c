"""Matrix products added in place, by the BLAS of SciPy and without Python's lock."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cython_blas

if TYPE_CHECKING:
    from epicarve.arrays import Floats

_INT, _REAL = ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_double)


def _dgemm() -> ctypes._FuncPointer:
    """Find dgemm where SciPy offers it to compiled code; called so, it holds no lock."""
    capsule = cython_blas.__pyx_capi__["dgemm"]
    name, address = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    address.restype, address.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    flag, matrix = ctypes.c_char_p, ctypes.c_void_p
    head, product = (flag, flag, _INT, _INT, _INT, _REAL), (matrix, _INT, matrix, _INT)
    prototype = ctypes.CFUNCTYPE(None, *head, *product, _REAL, matrix, _INT)
    return prototype(address(capsule, name(capsule)))


_DGEMM = _dgemm()


def add_product(
    target: Floats,
    factor: float,
    left: Floats,
    right: Floats,
) -> None:
    """Add factor · left · right to a matrix in place.

    numpy.matmul writes a product to new memory, from which it is then added: at the ranks of a
    block algorithm that takes as long as a third of the product.

    Parameters
    ----------
    target : ndarray of float, shape (m, n)
        What is added to. Of a tall one, contiguous columns are faster.
    factor : float
        A number.
    left, right : ndarray of float, shape (m, k) and (k, n)
        What is multiplied. Of all three, rows or columns are contiguous.

    Raises
    ------
    ValueError
        If shapes do not fit, or neither rows nor columns are contiguous.

    Examples
    --------
    >>> import numpy as np
    >>> target = np.ones((2, 2))
    >>> add_product(target, -1.0, np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> target.tolist()
    [[0.0, -1.0], [-2.0, -3.0]]
    """
    (m, n), k = target.shape, left.shape[1]
    if left.shape[0] != m or right.shape != (k, n):
        raise ValueError(f"{left.shape} times {right.shape} is not {target.shape}")
    if 0 in (m, n, k):
        return
    order, step = _layout(target)
    if order == "C":  # its transpose has contiguous columns
        target, left, right, m, n = target.T, right.T, left.T, n, m
    first, second = _layout(left), _layout(right)
    flags = {"C": b"T", "F": b"N"}
    _DGEMM(
        flags[first[0]],
        flags[second[0]],
        *map(ctypes.c_int, (m, n, k)),
        ctypes.c_double(factor),
        left.ctypes.data,
        ctypes.c_int(first[1]),
        right.ctypes.data,
        ctypes.c_int(second[1]),
        ctypes.c_double(1.0),
        target.ctypes.data,
        ctypes.c_int(step),
    )


def _layout(matrix: Floats) -> tuple[str, int]:
    """Return which of rows (C) and columns (F) are contiguous, and how far these lie apart."""
    if matrix.dtype != np.float64:
        raise ValueError(f"numbers of type {matrix.dtype} are not double")
    row, column = (step // 8 for step in matrix.strides)
    n_rows, n_columns = matrix.shape
    if row == 1 or n_rows == 1:
        return "F", max(column, n_rows)
    if column == 1 or n_columns == 1:
        return "C", max(row, n_columns)
    raise ValueError("neither rows nor columns of the matrix are contiguous")
