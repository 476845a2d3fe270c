"""The reports of several runs as one page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from epicarve.analysis.export import run_rows
from epicarve.page import filled, template

from .html import table, words_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.analysis.states import Spectrum

    from .html import Value


@dataclass(frozen=True)
class RunPage:
    """The report of one run.

    Parameters
    ----------
    label : str
        Name of the run.
    html : str
        Its report, a whole page.
    """

    label: str
    html: str


def runs_html(spectra: Sequence[Spectrum], pages: Sequence[RunPage], picture: str) -> str:
    """Return a page that compares runs, and shows the report of each when it is chosen.

    Parameters
    ----------
    spectra : sequence of Spectrum
        The runs.
    pages : sequence of RunPage
        Their reports, as far as they have one.
    picture : str
        The figure that compares them, as SVG.

    Returns
    -------
    str
        The document; the same input gives the same text. It loads nothing.
    """
    buttons = "".join(
        f'<button type="button" data-run="{index}">{words_html(page.label)}</button>'
        for index, page in enumerate(pages)
    )
    scripts = "\n".join(
        f'<script type="application/json" id="run-{index}" data-label="{escape(page.label)}">'
        f"{_as_json(page.html)}</script>"
        for index, page in enumerate(pages)
    )
    title = f"{len(spectra)} run{'' if len(spectra) == 1 else 's'}: " + ", ".join(
        one.label for one in spectra
    )
    return filled(
        "report/runs.html",
        title=escape(title),
        heading=words_html(title),
        style=template("report/runs.css"),
        buttons=buttons,
        picture=picture[picture.index("<svg") :],
        table=_table(spectra) + _without(spectra, pages),
        pages=scripts,
        script=template("report/runs.js"),
    )


def _without(spectra: Sequence[Spectrum], pages: Sequence[RunPage]) -> str:
    """Say which runs have no report of their own."""
    held = {page.label for page in pages}
    names = [one.label for one in spectra if one.label not in held]
    return f"<p>Without a report: {words_html(', '.join(names))}.</p>" if names else ""


def _as_json(text: str) -> str:
    """Return a page as a string of JSON that can stand in a script."""
    return json.dumps(text, ensure_ascii=False).replace("<", "\\u003c")


def _table(spectra: Sequence[Spectrum]) -> str:
    """Return gaps, edges and traps of the runs, those of the filter in use of each."""
    rows: list[list[Value]] = []
    for run in run_rows(spectra):
        used = run["edge_filter"]
        limit = {
            "filtered": f"IPR ≤ {run['ipr_max']:g}",
            "size_aware": f"N·IPR ≤ {run['n_ipr_max']:g}",
        }
        edges = ("valence_edge_ev", "conduction_edge_ev", "gap_ev")
        traps = ("n_valence_traps", "n_conduction_traps")
        rows.append(
            [
                run["label"],
                run["formula"],
                run["n_atoms"],
                *(run[key] for key in ("diameter_nm", "homo_ev", "lumo_ev", "homo_lumo_gap_ev")),
                *(run[f"{used}_{key}"] if used else None for key in (*edges, *traps)),
                limit[used] if used else "no weights of atoms",
            ]
        )
    header = (
        *("run", "formula", "atoms", "diameter (nm)", "HOMO (eV)", "LUMO (eV)"),
        *("HOMO–LUMO gap (eV)", "valence edge (eV)", "conduction edge (eV)"),
        *("gap without traps (eV)", "valence traps", "conduction traps", "states kept"),
    )
    return table(header, rows, digits={"diameter (nm)": 2})
