"""epicarve plot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .figure_options import figure_options, numbers
from .terminal import AsJson, console, print_json, progress

if TYPE_CHECKING:
    from epicarve.analysis.states import SizeSeries


@figure_options("formats", broadening_ev="--broadening")
def plot(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR...", help="Analysed folders, or runs; the first on top."),
    ],
    *,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="Figure to write: png, svg, pdf.")
    ],
    labels: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Names of the runs in the figure.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Gaps and traps against size: diameter, or inverse-square for 1/d²."),
    ] = None,
    exponent: Annotated[
        float, typer.Option(help="Exponent n of the fit E(∞) + A/d^n against size.")
    ] = 2.0,
    diameters: Annotated[
        str | None,
        typer.Option(metavar="NM,...", help="Diameters in nm, where they are not known."),
    ] = None,
    as_json: AsJson = False,
    figures: dict[str, Any],
) -> None:
    """Draw analysed runs in one figure, or their gaps and traps against size."""
    with progress("plot") as tell:
        from epicarve.workflow.tasks.plot import plotted, require_figure_name

        require_figure_name(out)
        drawn = plotted(
            folders,
            labels=None if labels is None else [name.strip() for name in labels.split(",")],
            against=against,  # type: ignore[arg-type]  # checked there
            exponent=exponent,
            diameters_nm=None if diameters is None else numbers(diameters, "--diameters"),
            figures=figures,
            tell=tell,
        )
        written = drawn.write(out)
    if as_json:
        print_json({**drawn.as_dict(), "files": [str(path) for path in written]})
        return
    if drawn.series is not None:
        _print_fits(drawn.series)
    console().print(f"figure in {', '.join(map(str, written))}", soft_wrap=True)


def _print_fits(series: SizeSeries) -> None:
    """Print what was fitted, and what was not."""
    for fit in series.fits:
        console().print(fit.sentence, soft_wrap=True)
    for note in series.notes:
        console().print(f"[yellow]note[/] {note}", soft_wrap=True)
