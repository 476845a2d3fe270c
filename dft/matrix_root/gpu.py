"""The square root of an overlap on a GPU, where CuPy is installed and finds one."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

MATRICES = 5
"""Matrices of the size of the overlap that the memory of a GPU must hold: the overlap, its
eigenvectors, and what cuSOLVER works with."""


def gpu_for(n_functions: int) -> Any | None:
    """Return CuPy if it is installed and finds a GPU with enough free memory, otherwise None.

    Parameters
    ----------
    n_functions : int
        Size of the overlap matrix.
    """
    if find_spec("cupy") is None:
        return None
    try:
        cupy = import_module("cupy")
        free_bytes, _ = cupy.cuda.runtime.memGetInfo()
    except Exception:  # no driver, no GPU, or a CuPy for another CUDA: each its own error
        return None
    return cupy if free_bytes >= MATRICES * 8 * n_functions**2 else None


def root_product_on(
    cupy: Any, overlap: NDArray[np.float64] | csr_array, columns: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, float]:
    r"""Apply the square root of a matrix to columns by its eigenvectors, all on the GPU.

    .. math:: S^{1/2} C = U \, \mathrm{diag}(\sqrt{\lambda_i}) \, U^T C

    Parameters
    ----------
    cupy : module
        CuPy, or what has its functions.
    overlap : ndarray or csr_array, shape (n, n)
        Symmetric and positive definite.
    columns : ndarray, shape (n, m)
        What to apply it to.

    Returns
    -------
    product : ndarray, shape (n, m)
        S^½ C; without meaning if the lowest eigenvalue is not positive.
    lowest, highest : float
        The ends of the spectrum.
    """
    dense = overlap if isinstance(overlap, np.ndarray) else overlap.toarray()
    values, vectors = cupy.linalg.eigh(cupy.asarray(dense))
    roots = cupy.sqrt(cupy.maximum(values, 0.0))[:, None]
    product = vectors @ (roots * (vectors.T @ cupy.asarray(columns)))
    return np.asarray(cupy.asnumpy(product)), float(values[0]), float(values[-1])
