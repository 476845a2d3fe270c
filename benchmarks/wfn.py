"""Reading the orbitals of a .wfn file, against reading its bytes raw.

Run ``python benchmarks/wfn.py``. A file of the study's size is written (1,502 atoms, 19,500 basis
functions, 5,100 states, 0.8 GB, into the folder for temporary files) and read in turns: all of it
raw in one go into memory that is at hand, all orbitals, and the 500 around the gap. Each time is
the median of five, with the file in the system's cache, so that no disk hides the work.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from epicarve.dft.read import read_wfn

if TYPE_CHECKING:
    from collections.abc import Callable

N_ATOMS, FUNCTIONS, N_STATES, N_OCCUPIED, WINDOW = 1_500, 13, 5_100, 4_100, 500
REPEATS = 5


def record(*arrays: np.ndarray) -> bytes:
    """One unformatted record of Fortran."""
    body = b"".join(array.tobytes() for array in arrays)
    marker = len(body).to_bytes(4, "little")
    return marker + body + marker


def write_wfn(path: Path) -> None:
    """Write a file of random orbitals, in the layout of CP2K's write_mo_set_low."""
    rng = np.random.default_rng(1)
    n_functions = N_ATOMS * FUNCTIONS
    sizes = np.tile(np.array([1, 1, 3, 3, 5], dtype="<i4"), (N_ATOMS, 1))
    counts = np.array([N_ATOMS, 1, n_functions, 1, 5], dtype="<i4")
    occupations = np.where(np.arange(N_STATES) < N_OCCUPIED, 2.0, 0.0)
    with path.open("wb") as stream:
        stream.write(record(counts))
        stream.write(record(np.full(N_ATOMS, 1, dtype="<i4")))
        stream.write(record(np.full(N_ATOMS, 5, dtype="<i4")))
        stream.write(record(sizes))
        stream.write(
            record(np.array([N_STATES, N_OCCUPIED, N_OCCUPIED, 2 * N_OCCUPIED], dtype="<i4"))
        )
        stream.write(record(np.linspace(-1.0, 0.2, N_STATES), occupations))
        for _ in range(N_STATES):
            stream.write(record(rng.random(n_functions)))


def timed(work: Callable[[], object]) -> float:
    """Median time in seconds."""
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large-RESTART.wfn"
        write_wfn(path)
        n_bytes = path.stat().st_size
        buffer = bytearray(n_bytes)

        def raw() -> None:
            with path.open("rb", buffering=0) as stream:
                memory = memoryview(buffer)
                while memory and (count := stream.readinto(memory)):
                    memory = memory[count:]

        def fresh() -> None:
            np.fromfile(path, dtype=np.uint8)

        def whole() -> None:
            read_wfn(path).coefficients(0, 0, N_STATES)

        def window() -> None:
            middle = N_OCCUPIED
            read_wfn(path).coefficients(0, middle - WINDOW // 2, middle + WINDOW // 2)

        seconds = {
            "raw, into old memory": timed(raw),
            "raw, into new memory (numpy.fromfile)": timed(fresh),
            "all orbitals": timed(whole),
            f"{WINDOW} orbitals around the gap": timed(window),
        }
    reference = seconds["raw, into new memory (numpy.fromfile)"]
    print(f"{n_bytes / 1e9:.2f} GB; speed of reading in its share of numpy.fromfile's")
    for name, time_s in seconds.items():
        read = n_bytes * (WINDOW / N_STATES if "around" in name else 1.0)
        share = read / time_s / (n_bytes / reference)
        print(f"{name:<40} {time_s:7.3f} s {read / time_s / 1e9:6.2f} GB/s {100 * share:6.0f} %")


if __name__ == "__main__":
    main()
