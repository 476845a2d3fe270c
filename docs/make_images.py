"""Make the pictures of README.md and docs/ anew: `make docs`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from epicarve.builder.shapes.spec import CutSpec
from epicarve.workflow.build import build
from epicarve.workflow.recipe import Recipe, read_recipe
from epicarve.workflow.run import run

ROOT = Path(__file__).parents[1]
IMAGES = Path(__file__).parent / "images"
MODELS = (
    "pb3s2cl2-sphere",
    "pb4s3cl2-hemisphere",
    "pb4s3cl2-cspbcl3",
    "pbs-wulff",
)
CORE_SHELL = "cspbbr3-cspbcl3-core-shell"


def opened(recipe: Recipe) -> Recipe:
    """Return a core/shell recipe with the front half cut off, so that the core is seen."""
    front = {"cuts": (CutSpec(hkl=(0, -1, 0)),)}
    core = recipe.core.model_copy(update={"shape": recipe.core.shape.model_copy(update=front)})
    shape = recipe.shape.model_copy(update=front)
    return recipe.model_copy(update={"core": core, "shape": shape})


def photograph(report: Path, state: int, picture: Path) -> None:
    """Open a report in headless Chromium with a state selected, and save what is seen."""
    command = [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--hide-scrollbars",
        "--window-size=1280,1450",
        "--virtual-time-budget=4000",
        f"--screenshot={picture}",
        f"{report.resolve().as_uri()}#state={state}",
    ]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in MODELS:
            build(ROOT / "examples" / f"{name}.yaml", Path(scratch) / name)
            shutil.copy(Path(scratch) / name / "preview.png", IMAGES / f"{name}.png")
        build(opened(read_recipe(ROOT / f"examples/{CORE_SHELL}.yaml")), Path(scratch) / CORE_SHELL)
        shutil.copy(Path(scratch) / CORE_SHELL / "preview.png", IMAGES / f"{CORE_SHELL}.png")
        summary = run(ROOT / "examples" / "demo-pb3s2cl2.yaml", Path(scratch) / "demo")
        for figure in ("dos", "scan", "trap-map"):
            shutil.copy(Path(scratch) / "demo" / f"{figure}.png", IMAGES / f"demo-{figure}.png")
        homo = round(summary["n_electrons"] / 2)
        photograph(Path(scratch) / "demo" / "report.html", homo, IMAGES / "demo-report.png")
