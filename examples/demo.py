"""What `make demo` runs: a nanocrystal from crystal to gap, then the three models of the study."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

HERE = Path(__file__).parent
OUT = HERE.parent / "demo"
STUDY = ("pb3s2cl2-sphere", "pb4s3cl2-hemisphere", "pb4s3cl2-cspbcl3")


def epicarve(*arguments: str | Path) -> None:
    """Show a command line of epicarve and run it."""
    shown = [str(Path(a).relative_to(HERE.parent)) if isinstance(a, Path) else a for a in arguments]
    CONSOLE.print(f"\n[bold]$ epicarve {' '.join(shown)}[/]")
    command = [sys.executable, "-m", "epicarve", *shown]
    subprocess.run(command, check=True, cwd=HERE.parent)


CONSOLE = Console(highlight=False)

if __name__ == "__main__":
    if OUT.exists():
        shutil.rmtree(OUT)
    for name in STUDY:
        epicarve("inputs", HERE / f"{name}.yaml", "-o", OUT / name)
    epicarve("run", HERE / "demo-pb3s2cl2.yaml", "-o", OUT / "demo-pb3s2cl2")
    CONSOLE.print()
    if shutil.which("cp2k.psmp"):
        CONSOLE.print("CP2K is on PATH: the same chain with it takes a few minutes,")
        CONSOLE.print("  .venv/bin/epicarve run examples/pb3s2cl2-cluster.yaml -o demo/cp2k")
    else:
        CONSOLE.print("CP2K is not on PATH; with it, `epicarve run` needs no --engine xtb.")
    CONSOLE.print(f"models of the study: {', '.join(f'demo/{n}/preview.png' for n in STUDY)}")
    CONSOLE.print("figure demo/demo-pb3s2cl2/dos.png")
    CONSOLE.print("report demo/demo-pb3s2cl2/report.html")
