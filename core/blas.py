"""Which BLAS a program or this process uses, and how to get a fast one."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FAST = ("libopenblas.so.0", "libopenblasp.so.0")
"""Names under which systems install OpenBLAS for all programs."""

KINDS = (
    ("openblas", "OpenBLAS"),
    ("mkl", "MKL"),
    ("blis", "BLIS"),
    ("atlas", "ATLAS"),
    ("libblas", "reference BLAS"),
)
"""A word in the path of a library, and which BLAS it is; the first that fits."""

INSTALL = "Debian and Ubuntu: apt-get install libopenblas0-pthread"
"""How to get a fast one for all programs."""


@dataclass(frozen=True)
class Blas:
    """A library of linear algebra.

    Parameters
    ----------
    kind : str
        Which BLAS, such as ``"OpenBLAS"``.
    path : str
        Its file.
    """

    kind: str
    path: str

    @property
    def is_fast(self) -> bool:
        """Whether it is tuned to the processor."""
        return self.kind != "reference BLAS"


@cache
def load_fast_blas() -> Blas | None:
    """Let libraries loaded from now on use the system's OpenBLAS, if there is one.

    Wheels such as tblite's bring the reference BLAS along. Its functions have the same names as
    OpenBLAS's, and names are looked up first among what is loaded for all.

    Returns
    -------
    Blas or None
        None where no OpenBLAS is installed.
    """
    for name in FAST:
        try:
            ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        return Blas("OpenBLAS", name)
    return None


def blas_of_program(program: str) -> Blas | None:
    """Return the BLAS that a program is linked to.

    Parameters
    ----------
    program : str
        Name or path of the program.

    Returns
    -------
    Blas or None
        None if it can't be told: no such program, a script, or linked into the program itself.
    """
    path, ldd = shutil.which(program), shutil.which("ldd")
    if path is None or ldd is None:
        return None
    listed = subprocess.run([ldd, path], capture_output=True, text=True, check=False).stdout
    for library in re.findall(r"=> (/\S+)", listed):
        found = blas_of_file(library)
        if found is not None:
            return found
    return None


def blas_of_file(library: str) -> Blas | None:
    """Tell by the path of a library, links followed, which BLAS it is; None if it is none.

    Examples
    --------
    >>> blas_of_file("/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3").kind
    'OpenBLAS'
    >>> blas_of_file("/usr/lib/libfftw3.so.3") is None
    True
    """
    real = str(Path(library).resolve())
    if not re.search(r"lib[^/]*(blas|blis|mkl|atlas)[^/]*$", real):
        return None
    return next(Blas(kind, real) for word, kind in KINDS if word in real)
