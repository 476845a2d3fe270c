"""Times writing the states' input of 1,604 atoms, one LDOS list each, against cp2k-input-tools.

Run as ``python benchmarks/write_inputs.py``. cp2k-input-tools' generator checks names only, so
that its text is read back by its parser; both texts say the same there.
"""

from __future__ import annotations

import io
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from cp2k_input_tools.generator import CP2KInputGenerator
from cp2k_input_tools.parser import CP2KInputParserSimplified

from epicarve.builder.carve import carve
from epicarve.builder.library import bundled_crystal
from epicarve.builder.shapes import Sphere
from epicarve.dft.settings import Cp2kSettings, MachineSettings, stages
from epicarve.dft.write import System, stage_input, write_stages


def main() -> None:
    """Write both, and print times and ratio."""
    model = carve(bundled_crystal("Pb3S2Cl2"), Sphere(radius_a=21.4))
    settings = Cp2kSettings()
    stage = stages(settings)[-1]
    started = time.perf_counter()
    text = stage_input(System.of_model(model, settings.vacuum_a), settings, stage)
    own = time.perf_counter() - started
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        write_stages(model, settings, MachineSettings(), Path(folder))
        whole = time.perf_counter() - started
    parser = CP2KInputParserSimplified()
    tree = parser.parse(io.StringIO(text))
    started = time.perf_counter()
    lines = list(CP2KInputGenerator().line_iter(tree))
    again = CP2KInputParserSimplified().parse(io.StringIO("\n".join(lines)))
    peer = time.perf_counter() - started
    again["force_eval"]["dft"]["print"]["pdos"]["ldos"].reverse()  # it writes lists last first
    assert again == tree
    print(f"{model.n_atoms} atoms, one list each: {own:.3f} s (at most 0.5)")
    print(f"the whole chain with its scripts: {whole:.3f} s")
    print(f"cp2k-input-tools, written and read back: {peer:.2f} s, {peer / own:.0f} times as long")


if __name__ == "__main__":
    main()
