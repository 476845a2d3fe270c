"""The reports of several runs as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from epicarve.analysis.analyse import report_of
from epicarve.analysis.export import is_analysed
from epicarve.analysis.figures import comparison_figure, svg_of
from epicarve.analysis.options import FigureOptions
from epicarve.analysis.report import PALETTE, RunPage, runs_html
from epicarve.analysis.states import Analysis
from epicarve.errors import InputError
from epicarve.files import is_file, write_text

from .plot import named_sources, spectra_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .plot import Source


def report(
    sources: Source | Sequence[Source],
    out: Path | str | None = None,
    *,
    labels: Sequence[str] | None = None,
    figures: FigureOptions | Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None,
    **look: Any,
) -> str:
    """Put the reports of several runs into one page, with a switch, and compare the runs first.

    Parameters
    ----------
    sources : folder, Analysis, or sequence of them
        As for `epicarve.plot`. The report.html of an analysed folder is taken as it is.
    out : Path or str, optional
        File to write, .html; nothing is written without it.
    labels : sequence of str, optional
        Names of the runs; those of their folders if not given.
    figures : FigureOptions or mapping, optional
        The look of the figure that compares the runs.
    tell : callable, optional
        Is told the name of each folder before it is read.
    **look
        Fields of `FigureOptions`, which override those of `figures`.

    Returns
    -------
    str
        The page. It loads nothing, and lays out the report of a run when it is chosen.

    Raises
    ------
    InputError
        If a run cannot be read, there is not one label for each, or an option is wrong.
    """
    if out is not None and Path(out).suffix.lower() != ".html":
        raise InputError(f"{out}: the page of a report ends in .html; name such a file")
    base = figures.model_dump() if isinstance(figures, FigureOptions) else dict(figures or {})
    options = FigureOptions(**{"palette": PALETTE, "width": "double", **base, **look})
    runs = [(name, *_read(source, tell)) for name, source in named_sources(sources, labels)]
    names = [name for name, _, _ in runs]
    spectra = spectra_of([source for _, source, _ in runs], names)
    pages = [RunPage(name, page) for name, _, page in runs if page]
    html = runs_html(spectra, pages, svg_of(comparison_figure(spectra, options)))
    if out is not None:
        write_text(Path(out), html)
    return html


def _read(source: Source, tell: Callable[[str], None] | None) -> tuple[Source, str]:
    """Return the source, in memory if it was a run, and its report; none of whole kinds."""
    if isinstance(source, str | Path):
        folder = Path(source)
        if tell is not None:
            tell(f"read: {folder}")
        if is_analysed(folder):
            path = folder / "report.html"
            return source, path.read_text("utf-8") if is_file(path) else ""
        from .analyse import analyse_folder  # noqa: PLC0415  (readers of runs cost a second)

        source = analyse_folder(folder)
    return source, report_of(source, source.summary()) if isinstance(source, Analysis) else ""
