"""From orbital states to a folder of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from epicarve.files import filled_folder, write_json, write_text

from .alignment_figure import alignment_figure
from .dos_figure import dos_figure
from .figure import write_figure
from .options import AnalysisOptions
from .report import report_html
from .results import Analysis
from .scan_figure import scan_figure
from .summary import summarise
from .tables import dos_csv, states_csv
from .trap_map import trap_map_figure

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from epicarve.builder.model import Model
    from epicarve.dft.states import OrbitalStates


def analyse_states(
    states: OrbitalStates,
    options: AnalysisOptions | None = None,
    *,
    folder: Path,
    model: Model | None = None,
    provenance: dict[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Analyse states and write the results: all files of the folder, or none.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    options : AnalysisOptions, optional
        Thresholds, broadening, range.
    folder : Path
        Where to write summary.json, states.csv, dos.csv, dos.png, dos.svg and report.html. The same
        input gives the same bytes.
    model : Model, optional
        The model that the states belong to: names the domains, and is shown in the report.
    provenance : dict, optional
        What is known of the origin of the states, for summary.json and the report.
    notes : tuple of str
        Sentences that must stand under the figure, for instance that a crystal is derived. The
        caveat of the states stands there without being asked for.

    Returns
    -------
    dict
        What summary.json holds.

    Raises
    ------
    InputError
        If the states are not those of the model.
    """
    analysis = Analysis.of(states, options or AnalysisOptions(), model)
    summary = summarise(analysis, provenance)
    notes = tuple(note for note in (states.caveat, *notes) if note)
    with filled_folder(folder) as scratch:
        write_json(scratch / "summary.json", summary)
        write_text(scratch / "states.csv", states_csv(analysis))
        write_text(scratch / "dos.csv", dos_csv(analysis))
        for name, figure in figures(analysis, notes).items():
            for suffix in analysis.options.figures.formats:
                write_figure(figure, scratch / f"{name}.{suffix}")
        write_text(scratch / "report.html", report_html(analysis, summary, notes))
    return summary


def figures(analysis: Analysis, notes: tuple[str, ...] = ()) -> dict[str, Figure]:
    """Draw all figures that an analysis has something to show in.

    Parameters
    ----------
    analysis : Analysis
        The results.
    notes : tuple of str
        Sentences to stand below each figure.

    Returns
    -------
    dict
        ``"dos"`` and ``"scan"`` always, ``"alignment"`` if the model has several domains,
        ``"trap-map"`` if there is a model with traps.
    """
    drawn = {"dos": dos_figure(analysis, notes), "scan": scan_figure(analysis, notes)}
    if len(analysis.edges) > 1:
        drawn["alignment"] = alignment_figure(analysis, notes)
    if analysis.model is not None and analysis.traps.traps:
        drawn["trap-map"] = trap_map_figure(analysis, notes)
    return drawn
