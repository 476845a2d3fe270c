"""From states of whole kinds of atoms to a folder of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from epicarve.analysis.export import dos_csv, kind_states_csv, summarise_kinds
from epicarve.analysis.figures import kind_figure, write_figure
from epicarve.analysis.states import KindAnalysis, no_ipr
from epicarve.errors import InputError
from epicarve.files import filled_folder, write_json, write_text

from .analyse import RESULTS
from .options import AnalysisOptions

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.dft.states import KindStates


def analyse_kinds(
    states: KindStates,
    options: AnalysisOptions | None = None,
    *,
    folder: Path,
    provenance: dict[str, Any] | None = None,
    hdf5: bool = False,
) -> dict[str, Any]:
    """Analyse states of whole kinds and write summary.json, tables and figure, or none of them.

    Parameters
    ----------
    states : KindStates
        States of whole kinds.
    options : AnalysisOptions, optional
        Broadening and step of the density of states, look of the figure.
    folder : Path
        Where to write summary.json, states.csv, dos.csv and the figure dos.
    provenance : dict, optional
        What is known of the origin of the states.
    hdf5 : bool
        Whether analysis.h5 was asked for, which there is none of.

    Returns
    -------
    dict
        What summary.json holds: the plain gap; what needs an IPR is None, and a check says why.

    Raises
    ------
    InputError
        If analysis.h5 was asked for.
    """
    if hdf5:
        raise InputError(f"there is no analysis.h5 without weights of atoms; {no_ipr(states)}")
    analysis = KindAnalysis.of(states, options or AnalysisOptions())
    summary = summarise_kinds(analysis, provenance)
    with filled_folder(folder, instead_of=RESULTS) as scratch:
        write_json(scratch / "summary.json", summary)
        write_text(scratch / "states.csv", kind_states_csv(analysis))
        write_text(scratch / "dos.csv", dos_csv(analysis))
        figure = kind_figure(analysis, (states.caveat,) if states.caveat else ())
        for suffix in analysis.options.figures.formats:
            write_figure(figure, scratch / f"dos.{suffix}")
    return summary
