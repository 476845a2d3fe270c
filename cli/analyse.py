"""epicarve analyse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .results import print_results
from .terminal import AsJson, print_json, progress


def analyse(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with output of CP2K.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="OUT", help="Folder to write to.")
    ] = None,
    ipr_max: Annotated[
        float | None, typer.Option(help="States of a larger IPR are traps (0.03 by default).")
    ] = None,
    states: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=2, help="Weigh only N orbitals of each spin, around the gap."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Turn CP2K output into states, DOS, IPR, traps and gap; needs no recipe."""
    with progress("analyse"):
        from epicarve.workflow.analyse import analyse as analyse_folder

        summary = analyse_folder(folder, out, ipr_max=ipr_max, n_states=states)
    if as_json:
        print_json(summary)
    else:
        print_results(summary, out or folder)
