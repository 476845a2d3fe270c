"""epicarve orbital."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .figure_options import OF_STATES, figure_options
from .terminal import AsJson, console, print_json, progress


@figure_options("formats", *OF_STATES)
def orbital(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with a .wfn file.")],
    states: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STATE...",
            help="homo, lumo+1, valence-edge, conduction-edge, trap-1 (line of traps.csv), or a "
            "number as in states.csv; homo and lumo if not given.",
        ),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="Figure to write: png, svg, pdf.")
    ],
    spin: Annotated[Literal["alpha", "beta"], typer.Option(help="Which spin.")] = "alpha",
    share: Annotated[
        float, typer.Option(help="Part of the density that each surface holds.")
    ] = 0.8,
    step: Annotated[
        float | None,
        typer.Option(
            metavar="A", help="Distance between points, in Å (0.25, or such that 8 million do)."
        ),
    ] = None,
    margin: Annotated[float, typer.Option(help="Box beyond the outermost atoms, in Å.")] = 4.0,
    cubes: Annotated[
        bool, typer.Option("--cube", help="Write a cube file of each as well.")
    ] = False,
    project: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Project of CP2K, where DIR holds several."),
    ] = None,
    as_json: AsJson = False,
    figures: dict[str, Any],
) -> None:
    """Draw isosurfaces of orbitals of a .wfn file around the atoms."""
    with progress("orbital"):
        from epicarve.workflow.tasks.orbital import orbital as draw
        from epicarve.workflow.tasks.plot import require_figure_name

        require_figure_name(out)
        drawn = draw(
            folder,
            states or ("homo", "lumo"),
            spin=spin,
            share=share,
            step_a=step,
            margin_a=margin,
            project=project,
            figures=figures,
        )
        written = drawn.write(out, cubes=cubes)
    told = [each.as_dict() for each in drawn.orbitals]
    if as_json:
        print_json({"orbitals": told, "share": share, "files": [str(path) for path in written]})
        return
    for each in told:
        console().print(
            f"{each['name']}: state {each['state']}, {each['energy_ev']:.4f} eV; |ψ| = "
            f"{each['isovalue']:.3g} bohr^(-3/2) on the surface; {each['norm']:.2%} on the grid"
        )
    console().print(f"figure in {', '.join(map(str, written))}", soft_wrap=True)
