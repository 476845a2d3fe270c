"""From a folder of CP2K's per-atom densities to figures and tables, at four sizes.

The folders are synthetic but of CP2K's own layout; each run of `epicarve analyse` is a process of
its own, so that its memory is its own. The peer is the plainest way to have the same numbers:
numpy.loadtxt on the same files, without a check or an analysis. Run with

    python benchmarks/states.py [--quick]
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
from synthetic import STUDY_ATOMS, write_ldos_folder

SIZES = (188, 376, 751, STUDY_ATOMS)


def measured(arguments: list[str]) -> tuple[float, float, float]:
    """Run Python with arguments: seconds of wall time, of processor time, and peak GB."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{arguments} failed")
    wall_s = time.perf_counter() - start
    return wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024**2


def loadtxt_s(folder: Path) -> float:
    """Seconds to read the weights of all files with numpy alone."""
    start = time.perf_counter()
    for path in sorted(folder.glob("*.pdos")):
        np.loadtxt(path).sum(axis=1)
    return time.perf_counter() - start


def main() -> None:
    """Print a line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the two smaller sizes")
    sizes = SIZES[:2] if parser.parse_args().quick else SIZES
    print("atoms  states  files MB   analyse s  (cpu s)  peak GB   loadtxt s   analyse/loadtxt")
    for n_atoms in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "run"
            n_states = write_ldos_folder(folder, n_atoms)
            megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
            command = ["-m", "epicarve", "analyse", str(folder), "-o", str(Path(scratch) / "out")]
            wall_s, cpu_s, peak_gb = measured(command)
            peer_s = loadtxt_s(folder)
        print(
            f"{n_atoms:5d}  {n_states:6d}  {megabytes:8.0f}   {wall_s:9.1f}  {cpu_s:7.1f}  "
            f"{peak_gb:7.2f}   {peer_s:9.1f}   {wall_s / peer_s:15.2f}"
        )


if __name__ == "__main__":
    main()
