"""The whole command for 100,000 ions against a peer's whole process that does not balance.

`epicarve build` carves, balances and checks a sphere of PbS, classes its surface, and writes
model.extxyz, model.cif, model.json and preview.png. wulffpack's process cuts a polyhedron of as
many atoms and writes nothing. Both run in turn, each in a process of its own; processor time
counts, as other programs share the machine. Run with

    python benchmarks/whole_command.py [--runs 5]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RECIPE = """crystal: {name: PbS}
shape: {kind: sphere, diameter_nm: 17.0, centre: [0.0, 0.0, 0.0]}
"""
OURS = "from epicarve.cli import main; main()"
PEER = """
from ase.build import bulk
from wulffpack import SingleCrystal

energies = {(1, 0, 0): 1.0, (1, 1, 1): 1.15}
print(len(SingleCrystal(energies, bulk("PbS", "rocksalt", a=5.936), natoms=100_000).atoms))
"""


def processor_s(command: list[str]) -> float:
    """Run a process to its end; its processor time in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, capture_output=True, env=one_thread)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the times of each pair, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        recipe, out = Path(folder) / "recipe.yaml", Path(folder) / "out"
        recipe.write_text(RECIPE)
        ours = [sys.executable, "-c", OURS, "build", str(recipe), "-o", str(out)]
        peer = [sys.executable, "-c", PEER]
        processor_s(ours)
        processor_s(peer)
        n_ions = int((out / "model.extxyz").read_text().split(maxsplit=1)[0])
        print(f"{n_ions:,} ions, all files written")
        ratios = []
        for _ in range(runs):
            mine, theirs = processor_s(ours), processor_s(peer)
            ratios.append(mine / theirs)
            print(f"  epicarve {mine:.2f} s, wulffpack {theirs:.2f} s, ratio {ratios[-1]:.2f}")
    print(f"ratio, median of {runs} pairs: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
