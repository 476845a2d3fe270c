"""Times writing the states' input of 1,604 atoms, one LDOS list each, against cp2k-input-tools.

Run as ``python benchmarks/write_inputs.py``. Both texts are read back by cp2k-input-tools' parser to
the same content.
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
from epicarve.dft.inputs import stage_input, write_stages
from epicarve.dft.settings import Cp2kSettings, MachineSettings
from epicarve.dft.stages import stages
from epicarve.dft.system import System


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
    parser, generator = CP2KInputParserSimplified(), CP2KInputGenerator()
    tree = parser.parse(io.StringIO(text))
    started = time.perf_counter()
    lines = list(generator.line_iter(tree))
    peer = time.perf_counter() - started
    again = parser.parse(io.StringIO("\n".join(lines)))
    again["force_eval"]["dft"]["print"]["pdos"]["ldos"].reverse()  # it writes lists last first
    assert again == tree
    print(f"{model.n_atoms} atoms, one list each: {own:.3f} s (at most 0.5)")
    print(f"the whole chain with its scripts: {whole:.3f} s")
    print(f"cp2k-input-tools' generator: {peer:.2f} s, {peer / own:.0f} times as long")


if __name__ == "__main__":
    main()
