"""Make the pictures of README.md and docs/ anew: `make docs`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from epicarve.workflow.build import build
from epicarve.workflow.run import run

ROOT = Path(__file__).parents[1]
IMAGES = Path(__file__).parent / "images"
MODELS = (
    "pb3s2cl2-sphere",
    "pb4s3cl2-hemisphere",
    "pb4s3cl2-cspbcl3",
    "pbs-wulff",
    "cspbbr3-cspbcl3-core-shell",
)

if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in MODELS:
            build(ROOT / "examples" / f"{name}.yaml", Path(scratch) / name)
            shutil.copy(Path(scratch) / name / "preview.png", IMAGES / f"{name}.png")
        run(ROOT / "examples" / "demo-pb3s2cl2.yaml", Path(scratch) / "demo")
        shutil.copy(Path(scratch) / "demo" / "dos.png", IMAGES / "demo-dos.png")
