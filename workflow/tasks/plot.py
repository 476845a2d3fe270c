"""Figures of one or many analysed runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from epicarve.analysis.export import fits_csv, is_analysed, read_spectrum, size_rows, sizes_csv
from epicarve.analysis.figures import (
    Against,
    comparison_figure,
    notes_of_runs,
    size_figure,
    write_figure,
)
from epicarve.analysis.options import FigureOptions
from epicarve.analysis.states import Analysis, KindAnalysis, SizeSeries, Spectrum
from epicarve.errors import InputError, near_name
from epicarve.files import filled_folder, is_file, read_json, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.figure import Figure

    from epicarve.analysis.figures import AnyAxes

    Source = Path | str | Analysis | KindAnalysis

TABLES = ("campaign", "series")
"""Names of the tables of folders that hold a folder for each of many particles."""

SUFFIXES = (".png", ".svg", ".pdf")


def plot(
    sources: Source | Sequence[Source],
    out: Path | str | None = None,
    *,
    align: str | None = None,
    labels: Sequence[str] | None = None,
    against: Against | None = None,
    exponent: float = 2.0,
    diameters_nm: Sequence[float] | None = None,
    ax: AnyAxes = None,
    figures: FigureOptions | Mapping[str, Any] | None = None,
    **look: Any,
) -> Figure:
    """Draw analysed runs in one figure: their states, gaps and traps, or their gaps against size.

    Parameters
    ----------
    sources : folder, Analysis, or sequence of them
        Folders that `analyse` wrote to, folders of runs, which are analysed on the way, folders of
        campaigns, of which each member is taken, or results in memory; from above.
    out : Path or str, optional
        File to write, .png, .svg or .pdf; nothing is written without it. Against size, a table
        FILE.csv and the fits FILE-fits.csv stand beside it.
    align : str, optional
        Energy that each run counts from, as `FigureOptions.zero`: ``homo``, ``fermi``, ``middle``,
        ``edge``, ``vacuum``, ``core``, ``core:Pb:d``, ``NAME=ENERGY,...`` or ``none``.
    labels : sequence of str, optional
        Names of the runs; those of their folders if not given.
    against : {"diameter", "inverse-square"}, optional
        Draw gaps and traps against d, or 1/d², and not the states.
    exponent : float
        The exponent n of the fit E(d) = E_bulk + A/d^n against size.
    diameters_nm : sequence of float, optional
        Diameters of the particles in nm, in the place of those that are known.
    ax : Axes or sequence of Axes, optional
        Axes of matplotlib to draw into, one for each panel.
    figures : FigureOptions or mapping, optional
        The look.
    **look
        Fields of `FigureOptions`, which override those of `figures`.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, to change or to save by matplotlib's means.

    Raises
    ------
    InputError
        If a run cannot be read, lacks what is asked for, or an option is wrong.
    """
    drawn = plotted(
        sources,
        align=align,
        labels=labels,
        against=against,
        exponent=exponent,
        diameters_nm=diameters_nm,
        ax=ax,
        figures=figures,
        **look,
    )
    if out is not None:
        drawn.write(out)
    return drawn.figure


@dataclass(frozen=True)
class Plotted:
    """A figure, and the numbers in it.

    Parameters
    ----------
    figure : Figure
        The figure.
    spectra : tuple of Spectrum
        The runs.
    series : SizeSeries or None
        Gaps and traps against size, if these are drawn.
    """

    figure: Figure
    spectra: tuple[Spectrum, ...]
    series: SizeSeries | None

    def write(self, out: Path | str) -> list[Path]:
        """Write the figure, and against size its tables beside it: all of them, or none.

        Parameters
        ----------
        out : Path or str
            File of the figure, .png, .svg or .pdf.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        InputError
            If the name ends otherwise.
        """
        path = require_figure_name(out)
        written = [path.name]
        with filled_folder(path.parent, None) as scratch:
            write_figure(self.figure, scratch / path.name)
            if self.series is not None:
                for name, text in (
                    (f"{path.stem}.csv", sizes_csv(self.series)),
                    (f"{path.stem}-fits.csv", fits_csv(self.series)),
                ):
                    write_text(scratch / name, text)
                    written.append(name)
        return [path.parent / name for name in written]

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as plain data."""
        if self.series is None:
            return {"labels": [one.label for one in self.spectra]}
        return {
            "sizes": size_rows(self.series),
            "fits": [fit.as_dict() for fit in self.series.fits],
            "notes": list(self.series.notes),
        }


def require_figure_name(out: Path | str) -> Path:
    """Return the path of a figure to write, if its ending names a format."""
    path = Path(out)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: a figure ends in {', '.join(SUFFIXES)}; name such a file")
    return path.with_suffix(path.suffix.lower())


def plotted(
    sources: Source | Sequence[Source],
    *,
    align: str | None = None,
    labels: Sequence[str] | None = None,
    against: Against | None = None,
    exponent: float = 2.0,
    diameters_nm: Sequence[float] | None = None,
    ax: AnyAxes = None,
    figures: FigureOptions | Mapping[str, Any] | None = None,
    tell: Callable[[str], None] | None = None,
    **look: Any,
) -> Plotted:
    """Draw analysed runs and return the figure with its numbers; see `plot`."""
    if against is not None and against not in get_args(Against):
        raise InputError(f"against {against!r}: {near_name(against, get_args(Against))}")
    base = figures.model_dump() if isinstance(figures, FigureOptions) else dict(figures or {})
    chosen = {**base, **look, **({} if align is None else {"zero": align})}
    options = FigureOptions(**chosen)
    spectra = spectra_of(sources, labels, tell)
    if against is None:
        return Plotted(comparison_figure(spectra, options, ax), spectra, None)
    series = SizeSeries.of(spectra, exponent, diameters_nm)
    notes = notes_of_runs([one.label for one in spectra], [one.notes for one in spectra])
    figure = size_figure(series, against, options, notes, ax)
    return Plotted(figure, spectra, series)


def spectra_of(
    sources: Source | Sequence[Source],
    labels: Sequence[str] | None = None,
    tell: Callable[[str], None] | None = None,
) -> tuple[Spectrum, ...]:
    """Return the states of analysed folders, runs and results, each under a name of its own.

    Parameters
    ----------
    sources : folder, Analysis, or sequence of them
        As for `plot`.
    labels : sequence of str, optional
        Names of the runs.
    tell : callable, optional
        Is told the name of each folder before it is read.

    Raises
    ------
    InputError
        If there is none, one cannot be read, or there is not one label for each.
    """
    found = []
    for name, source in named_sources(sources, labels):
        if tell is not None and isinstance(source, str | Path):
            tell(f"read: {source}")
        found.append(_spectrum(source, name))
    return tuple(found)


def named_sources(
    sources: Source | Sequence[Source], labels: Sequence[str] | None = None
) -> list[tuple[str, Source]]:
    """Return name and folder of each run, all members of campaigns among them; see `spectra_of`."""
    given = [sources] if isinstance(sources, str | Path | Analysis | KindAnalysis) else [*sources]
    listed = [member for source in given for member in _members(source)]
    if not listed:
        raise InputError("no run is given; name one analysed folder or more")
    if labels is not None and len(labels) != len(listed):
        raise InputError(f"{len(labels)} labels for {len(listed)} runs; give one for each")
    names = list(labels) if labels is not None else _names(listed)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two runs are labelled {twice!r}; give each its own label")
    return list(zip(names, listed, strict=True))


def _members(source: Source) -> list[Source]:
    """Return a source, or the folders of all members of a campaign or series in their order."""
    if not isinstance(source, str | Path):
        return [source]
    folder = Path(source)
    table = next((name for name in TABLES if is_file(folder / f"{name}.json")), None)
    if table is None:
        return [source]
    names = [str(row["name"]) for row in read_json(folder / f"{table}.json")[table]]
    without = [name for name in names if not is_analysed(folder / name)]
    if without:
        raise InputError(
            f"{folder}: members of this {table} without results: {', '.join(without)}; run them, "
            "or name the folders of the others"
        )
    return [folder / name for name in names]


def _spectrum(source: Source, name: str) -> Spectrum:
    """Return the states of one source, analysed on the way if it is a run."""
    if isinstance(source, Analysis | KindAnalysis):
        return source.spectrum.named(name)
    if not isinstance(source, str | Path):
        raise InputError(
            f"what was given is of type {type(source).__name__}; give folders or results of "
            "epicarve.analyse"
        )
    folder = Path(source)
    if is_analysed(folder):
        return read_spectrum(folder, name)
    from .analyse import analyse_folder  # noqa: PLC0415  (readers of runs cost a second)

    return analyse_folder(folder).spectrum.named(name)


def _names(sources: Sequence[Source]) -> list[str]:
    """Return a name for each source: of its folder, with as many parents as make them differ."""
    parts = [_parts(source) for source in sources]
    names = [each[-1] for each in parts]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(each[-depth:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    return [
        f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]


def _parts(source: Source) -> tuple[str, ...]:
    """Return the parts of the path of a folder, or the formula of results in memory."""
    if isinstance(source, Analysis | KindAnalysis):
        return (source.spectrum.label,)
    return Path(source).resolve().parts[1:] or ("/",) if isinstance(source, str | Path) else ("",)
