"""Löwdin weights from a .wfn file and a sparse overlap, at four sizes up to the study's.

The particles are cut from the neutral Pb3S2Cl2 sphere of the study; overlaps are those of CP2K's
DZVP-MOLOPT-SR-GTH basis, orbitals are random, local and orthonormal, and the files are CP2K's. Read
is the same share of the states at each size, around the gap: 500 of 5,100 for the whole particle.

At 3,003 functions the weights are compared with those of all eigenvectors, and the time with the
route of nano-qmflows (nanoqm/workflows/workflow_ipr.py: scipy.linalg.sqrtm of the dense
overlap, product with the orbitals, signed sums over the functions of each atom), on one thread and
on two. Run with

    python benchmarks/weights.py [--quick]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.linalg import eigh, sqrtm
from synthetic import STATES_PER_ATOM, parts_of_sphere, write_orbitals_folder
from threadpoolctl import threadpool_limits

from epicarve.dft.orbitals import around_gap, lowdin_weights
from epicarve.dft.read import read_csr, read_wfn

SIZES = (231, 462, 846, None)
"""Atoms, those nearest the middle; None for all. 231 atoms have 3,003 functions."""

WINDOW_SHARE = 500 / 5100

READ = """
import sys, pathlib
from epicarve.dft.read import read_states
from epicarve.dft.orbitals import PopulationOptions
read_states(sys.argv[1], n_states=int(sys.argv[2]), routes=("wfn",))
"""


def measured(arguments: list[str]) -> tuple[float, float, float]:
    """Run Python with arguments: seconds of wall time, of processor time, and peak GB."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments} failed")
    wall_s = time.perf_counter() - start
    return wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2


def timed(function, *arguments):
    """Call a function: its result, and seconds of wall and of processor time."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    result = function(*arguments)
    return result, time.perf_counter() - wall_s, time.process_time() - cpu_s


def first_functions(atoms: np.ndarray) -> np.ndarray:
    """First basis function of each atom."""
    return np.searchsorted(atoms, np.arange(atoms[-1] + 1))


def peer_route(overlap: np.ndarray, orbitals: np.ndarray, atoms: np.ndarray) -> np.ndarray:
    """Inverse participation ratios as nano-qmflows computes them."""
    transformed = np.dot(sqrtm(overlap), orbitals)
    sums = np.add.reduceat(transformed, first_functions(atoms), 0)
    return (np.abs(sums) ** 4).sum(axis=0) / (np.abs(sums) ** 2).sum(axis=0) ** 2


def compare(folder: Path, n_window: int) -> None:
    """Print error and speed against dense linear algebra."""
    wfn = read_wfn(folder / "states-RESTART.wfn")
    window = around_gap(wfn.spins[0].occupations, 2.0, n_window)
    orbitals = wfn.coefficients(0, window.start, window.stop)
    overlap = read_csr(folder / "states-S_SPIN_1-1_0.csr", wfn.n_functions)
    atoms, dense = wfn.atom_of_function, overlap.toarray()
    values, vectors = eigh(dense)
    root = (vectors * np.sqrt(values)) @ vectors.T
    exact = np.add.reduceat((root @ orbitals) ** 2, first_functions(atoms), 0)
    print(f"  eigenvalues of S {values[0]:.1e} to {values[-1]:.1f}; same seconds as above:")
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, "blas"):
            ours, peer = [], []
            for _ in range(3):  # in turn, so that both meet the same state of the machine
                peer.append(timed(peer_route, dense, orbitals, atoms))
                ours.append(timed(lowdin_weights, overlap, orbitals, atoms, wfn.n_atoms))
            _, eigh_s, eigh_cpu_s = timed(eigh, dense)
        weights, seconds, cpu_s = sorted(ours, key=lambda run: run[1])[1]
        _, peer_s, peer_cpu_s = sorted(peer, key=lambda run: run[1])[1]
        print(
            f"  threads: {n_threads}, medians of 3\n"
            f"    nano-qmflows' route    {peer_s:6.2f}  ({peer_cpu_s:6.2f})\n"
            f"    scipy.linalg.eigh      {eigh_s:6.2f}  ({eigh_cpu_s:6.2f})\n"
            f"    weights                {seconds:6.2f}  ({cpu_s:6.2f})  "
            f"{peer_s / seconds:5.1f} times as fast ({peer_cpu_s / cpu_s:5.1f}), "
            f"largest error {np.abs(weights - exact).max():.1e}",
            flush=True,
        )


def main() -> None:
    """Print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the smallest size")
    sizes = SIZES[:1] if parser.parse_args().quick else SIZES
    print("atoms  functions  states   seconds  (cpu s)  peak GB")
    for symbols, positions_a in parts_of_sphere(sizes):
        n_window = round(WINDOW_SHARE * STATES_PER_ATOM * len(symbols))
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "run"
            write_orbitals_folder(folder, symbols, positions_a, n_window)
            wall_s, cpu_s, peak_gb = measured(["-c", READ, str(folder), str(n_window)])
            print(
                f"{len(symbols):5d}  {13 * len(symbols):9d}  {n_window:6d}  {wall_s:8.1f}  "
                f"{cpu_s:7.1f}  {peak_gb:7.2f}",
                flush=True,
            )
            if len(symbols) == SIZES[0]:
                compare(folder, n_window)


if __name__ == "__main__":
    main()
