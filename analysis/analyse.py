"""From orbital states to a folder of results."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from epicarve.analysis.export import (
    absorption_csv,
    alignment_csv,
    bands_csv,
    coop_csv,
    dos_csv,
    profile_csv,
    states_csv,
    transitions_csv,
    trap_atoms_csv,
    traps_csv,
    write_hdf5,
    write_traps_extxyz,
)
from epicarve.analysis.figures import (
    AnyAxes,
    absorption_figure,
    alignment_figure,
    bands_figure,
    dos_figure,
    orbitals_figure,
    png_of,
    profile_figure,
    scan_figure,
    tauc_figure,
    trap_map_figure,
    write_figure,
)
from epicarve.analysis.report import PALETTE, report_html
from epicarve.analysis.states import Analysis, KindAnalysis
from epicarve.errors import InputError
from epicarve.files import filled_folder, write_json, write_text
from epicarve.page import card

from .options import AnalysisOptions, FigureOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from epicarve.arrays import Floats
    from epicarve.builder.model import Model
    from epicarve.dft.states import OrbitalStates

FIGURES = (
    *("dos", "scan", "alignment", "profile", "trap-map", "absorption", "tauc", "bands", "orbitals"),
)
"""Names of the figures that an analysis may have."""

RESULTS = (
    *("states.csv", "dos.csv", "coop.csv", "traps.csv", "trap_atoms.csv", "profile.csv"),
    *("alignment.csv", "transitions.csv", "absorption.csv", "bands.csv", "traps.extxyz"),
    *("analysis.h5", "report.html"),
    *(f"{name}.{suffix}" for name in FIGURES for suffix in ("png", "svg", "pdf")),
)
"""Files that an analysis may write beside summary.json: those of an earlier one must not stay."""


def analyse_states(
    states: OrbitalStates,
    options: AnalysisOptions | None = None,
    *,
    folder: Path,
    model: Model | None = None,
    provenance: dict[str, Any] | None = None,
    notes: tuple[str, ...] = (),
    labels: Sequence[object] | None = None,
    positions_a: Floats | None = None,
    hdf5: bool = False,
) -> dict[str, Any]:
    """Analyse states and write the results: all files of the folder, or none.

    Parameters
    ----------
    states : OrbitalStates
        The states.
    options : AnalysisOptions, optional
        Thresholds, broadening, range.
    folder : Path
        Where to write summary.json, states.csv, dos.csv, traps.csv, trap_atoms.csv, the figures and
        report.html; with overlap populations also coop.csv; with positions also traps.extxyz and
        profile.csv. The same input gives the same bytes.
    model : Model, optional
        The model that the states belong to: names the domains, and is shown in the report.
    provenance : dict, optional
        What is known of the origin of the states, for summary.json and the report.
    notes : tuple of str
        Sentences that must stand under the figure, for instance that a crystal is derived. The
        caveat of the states stands there without being asked for.
    labels : sequence, optional
        A label for each atom, by which the atoms are grouped too.
    positions_a : ndarray of float, shape (n_atoms, 3), optional
        Where the atoms are, in Å, if there is no model to tell it: for the report, the map of the
        traps and traps.extxyz.
    hdf5 : bool
        Whether to write analysis.h5 as well.

    Returns
    -------
    dict
        What summary.json holds.

    Raises
    ------
    InputError
        If the states are not those of the model, or there is not one label for each atom.
    """
    analysis = Analysis.of(
        states,
        options or AnalysisOptions(),
        model,
        labels,
        positions_a,
        notes=notes,
        provenance=provenance,
    )
    return write_analysis(folder, analysis, hdf5=hdf5)


def write_analysis(folder: Path, analysis: Analysis, *, hdf5: bool = False) -> dict[str, Any]:
    """Write an analysis, and return what summary.json holds; see `Analysis.write`."""
    summary = analysis.summary()
    with filled_folder(folder, "summary.json", RESULTS) as scratch:
        write_json(scratch / "summary.json", summary)
        write_text(scratch / "states.csv", states_csv(analysis))
        write_text(scratch / "dos.csv", dos_csv(analysis))
        if analysis.coop is not None:
            write_text(scratch / "coop.csv", coop_csv(analysis))
        write_text(scratch / "traps.csv", traps_csv(analysis))
        write_text(scratch / "trap_atoms.csv", trap_atoms_csv(analysis))
        if analysis.verdicts is not None:
            write_text(scratch / "alignment.csv", alignment_csv(analysis))
        if analysis.profile is not None:
            write_text(scratch / "profile.csv", profile_csv(analysis))
        if analysis.absorption is not None:
            write_text(scratch / "transitions.csv", transitions_csv(analysis))
            write_text(scratch / "absorption.csv", absorption_csv(analysis))
        if analysis.bands:
            write_text(scratch / "bands.csv", bands_csv(analysis))
        if analysis.positions_a is not None:
            write_traps_extxyz(scratch / "traps.extxyz", analysis)
        if hdf5:
            write_hdf5(scratch / "analysis.h5", analysis)
        for name, figure in figures(analysis).items():
            for suffix in analysis.options.figures.formats:
                write_figure(figure, scratch / f"{name}.{suffix}")
        write_text(scratch / "report.html", report_of(analysis, summary))
    return summary


def report_of(analysis: Analysis, summary: dict[str, Any]) -> str:
    """Return report.html of an analysis, given what its summary.json holds."""
    return report_html(analysis, summary, analysis.notes, _pictures(analysis))


_IN_REPORT = {
    "profile": "Local density of states in space, with the edges.",
    "scan": "Gap and traps against the threshold.",
    "alignment": "Band edges of the domains.",
    "trap-map": "Where the traps sit.",
    "absorption": "Absorption of independent particles.",
    "tauc": "Tauc plots of that absorption.",
    "bands": "Bands along the path of the Brillouin zone.",
}
"""Figures that the report has, with what stands below; the others it draws itself."""


def _pictures(analysis: Analysis) -> dict[str, Figure]:
    """Draw the figures of the report, in its colours and without notes, which its head has."""
    look = FigureOptions(palette=PALETTE, caption=False, zero=analysis.options.figures.zero)
    options = analysis.options.model_copy(update={"figures": look})
    plain, drawers = replace(analysis, options=options), _drawers(analysis)
    return {
        words: drawers[name](plain, ()) for name, words in _IN_REPORT.items() if name in drawers
    }


def figures(analysis: Analysis) -> dict[str, Figure]:
    """Draw all figures that an analysis has something to show in, its notes below each.

    Parameters
    ----------
    analysis : Analysis
        The results.

    Returns
    -------
    dict
        ``"dos"`` and ``"scan"`` always, ``"alignment"`` if the model has several domains,
        ``"profile"`` if it is known where the atoms are, ``"trap-map"`` if there are traps
        beside, ``"absorption"`` and ``"tauc"`` if there are transitions,
        ``"bands"`` if there are bands.
    """
    return {name: draw(analysis, analysis.notes) for name, draw in _drawers(analysis).items()}


def drawn(
    analysis: Analysis | KindAnalysis, name: str, ax: AnyAxes, look: Mapping[str, Any]
) -> Figure:
    """Draw one figure, in a look of its own, into axes that are there; see `Analysis.plot`."""
    drawers = _drawers(analysis)
    if name not in drawers:
        raise InputError(
            f"there is no figure {name!r} of this analysis; it has {', '.join(drawers)}"
        )
    if look:
        chosen = FigureOptions(**{**analysis.options.figures.model_dump(), **look})
        options = analysis.options.model_copy(update={"figures": chosen})
        analysis = replace(analysis, options=options)
    return drawers[name](analysis, analysis.notes, ax)


def _drawers(analysis: Analysis | KindAnalysis) -> dict[str, Callable[..., Figure]]:
    """Return what draws each figure that there is something to show in."""
    found: dict[str, Callable[..., Figure]] = {"dos": dos_figure}
    if isinstance(analysis, KindAnalysis):
        return found
    found["scan"] = scan_figure
    if len(analysis.edges) > 1:
        found["alignment"] = alignment_figure
    if analysis.profile is not None:
        found["profile"] = profile_figure
    if analysis.positions_a is not None and analysis.traps.traps:
        found["trap-map"] = trap_map_figure
    if analysis.absorption is not None:
        found["absorption"] = absorption_figure
        found["tauc"] = tauc_figure
    if analysis.bands:
        found["bands"] = bands_figure
    if analysis.orbital_pictures:
        found["orbitals"] = _draw_orbitals
    return found


def _draw_orbitals(analysis: Analysis, notes: tuple[str, ...] = (), ax: AnyAxes = None) -> Figure:
    """Draw the orbitals at the edges."""
    return orbitals_figure(analysis.orbital_pictures, analysis.options.figures, notes, ax)


def analysis_card(analysis: Analysis) -> str:
    """Return the gaps beside the density of states, as a notebook shows an analysis."""
    states, gap = analysis.states, analysis.gap
    rows = {
        "states": f"{states.n_states} of {states.n_atoms} atoms, {states.n_electrons:g} electrons",
        "HOMO-LUMO gap": _format_gap(gap.homo_lumo_gap_ev),
        f"gap at IPR ≤ {analysis.options.ipr_max:g}": _format_gap(gap.filtered.gap_ev),
        f"gap at N·IPR ≤ {analysis.options.n_ipr_max:g}": _format_gap(gap.size_aware.gap_ev),
        "traps": len(analysis.traps.traps),
        "source": states.source,
        "notes": " ".join(analysis.notes),
    }
    heading = "Gap and density of states"
    return card(heading, rows, png_of(dos_figure(analysis, analysis.notes)))


def _format_gap(gap_ev: float | None) -> str:
    return "none" if gap_ev is None else f"{gap_ev:.3f} eV"
