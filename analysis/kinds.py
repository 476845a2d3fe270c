"""From states of whole kinds of atoms to a folder of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from epicarve.analysis.export import dos_csv, kind_states_csv
from epicarve.analysis.figures import write_figure
from epicarve.analysis.states import no_ipr
from epicarve.errors import InputError
from epicarve.files import filled_folder, write_json, write_text

from .analyse import RESULTS

if TYPE_CHECKING:
    from pathlib import Path

    from epicarve.analysis.states import KindAnalysis


def write_kinds(folder: Path, analysis: KindAnalysis, *, hdf5: bool = False) -> dict[str, Any]:
    """Write an analysis, and return what summary.json holds; see `KindAnalysis.write`."""
    if hdf5:
        missing = no_ipr(analysis.states)
        raise InputError(f"there is no analysis.h5 without weights of atoms; {missing}")
    summary = analysis.summary()
    with filled_folder(folder, "summary.json", RESULTS) as scratch:
        write_json(scratch / "summary.json", summary)
        write_text(scratch / "states.csv", kind_states_csv(analysis))
        write_text(scratch / "dos.csv", dos_csv(analysis))
        figure = analysis.plot()
        for suffix in analysis.options.figures.formats:
            write_figure(figure, scratch / f"dos.{suffix}")
    return summary
