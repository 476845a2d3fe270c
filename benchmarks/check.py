"""Times `epicarve check` on an input of 1,604 atoms with as many LDOS lists, against its peer.

Run as ``python benchmarks/check.py``. Every time is that of a fresh process: what the command costs
beyond ``epicarve --version``, and what it costs to load cp2k-input-tools and parse the same input.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.write import write_stages

PEER = """
import sys
from cp2k_input_tools.parser import CP2KInputParser
with open(sys.argv[1]) as stream:
    CP2KInputParser().parse(stream)
"""


def seconds(command: list[str], repeats: int) -> float:
    """Return the median time of a command."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return median(times)


def main() -> None:
    """Write the input, and time both."""
    model = carve(bundled_crystal("Pb3S2Cl2"), Sphere(radius_a=21.4))
    with tempfile.TemporaryDirectory() as folder:
        write_stages(model, Cp2kSettings(), MachineSettings(), Path(folder))
        path = str(Path(folder) / "4-states" / "states.inp")
        program = [sys.executable, "-m", "epicarve"]
        version = seconds([*program, "--version"], 15)
        check = seconds([*program, "check", path], 15)
        peer = seconds([sys.executable, "-c", PEER, path], 3)
    own = check - version
    print(f"{model.n_atoms} atoms: epicarve check {check:.3f} s, --version {version:.3f} s")
    print(f"beyond --version: {own:.3f} s (at most 0.15)")
    print(f"cp2k-input-tools: {peer:.2f} s, {peer / own:.0f} times as long")


if __name__ == "__main__":
    main()
