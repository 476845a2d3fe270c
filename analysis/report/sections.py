"""Sections of the report that tell numbers of summary.json, and the orbitals at the edges."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

from epicarve.analysis.figures import orbitals_figure, png_of

from .html import table, words_html
from .page_data import PALETTE

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions
    from epicarve.analysis.states import Analysis


def gap_table(summary: dict[str, Any], options: AnalysisOptions) -> str:
    """Return the gaps side by side, and how the filtered one depends on the threshold."""
    header = (
        "states kept",
        "valence edge (eV)",
        "conduction edge (eV)",
        "gap (eV)",
        "valence traps",
        "conduction traps",
    )
    plain = (summary["homo_ev"], summary["lumo_ev"], summary["homo_lumo_gap_ev"])
    fixed, aware = summary["filtered"], summary["size_aware"]
    rows = [
        ("all (HOMO–LUMO)", *plain, "", ""),
        (f"IPR ≤ {summary['ipr_max']:g}", *fixed.values()),
        (f"N·IPR ≤ {options.n_ipr_max:g} (size-aware)", *aware.values()),
    ]
    band = summary["size_aware_band"]
    rows += [
        (f"N·IPR ≤ {n_ipr_max:g} ({name} end of its band)", *edges)
        for name in ("strict", "loose")
        for n_ipr_max, *edges in [band[name].values()]
    ]
    span = ""
    if band["span_ev"] is not None:
        span = (
            "<p>No single threshold is right: within the band the size-aware gap moves by "
            f"{band['span_ev']:.2f} eV.</p>\n"
        )
    scan = [
        (f"IPR ≤ {step['ipr_max']:g}", *list(step.values())[1:])
        for step in summary["threshold_scan"]
    ]
    found = summary["plateau"]
    plateau = ""
    if found["gap_ev"] is not None:
        plateau = (
            f"<p>The gap depends least on the threshold from IPR ≤ {found['ipr_from']:.4g} to "
            f"{found['ipr_to']:.4g}, where it is {found['gap_ev']:.3f} eV.</p>\n"
        )
    limits = "".join(
        f"<p>{words_html(check['message'][0].upper() + check['message'][1:])}.</p>\n"
        for check in summary["checks"]
        if check["name"] == "spin_orbit"
    )
    return (
        f"{table(header, rows)}\n{span}{plateau}{limits}"
        "<details><summary>Every threshold at which the gap changes</summary>\n"
        f"{table(header, scan, sorts=True)}\n</details>"
    )


def alignment_section(analysis: Analysis, summary: dict[str, Any]) -> str:
    """Return the edges of each domain and how they align; nothing unless there are several."""
    domains, alignment = summary["domains"], summary["alignment"]
    if len(domains) < 2:
        return ""
    rows = [(name, *edges.values()) for name, edges in domains.items()]
    rows.append(("offset", alignment["valence_offset_ev"], alignment["conduction_offset_ev"]))
    kind = alignment["type"] or "not determined (see the checks)"
    edges = table(("domain", "valence edge (eV)", "conduction edge (eV)"), rows, sorts=True)
    margin_ev, margin = alignment["margin_ev"], ""
    if margin_ev is not None:
        margin = f" Another type would need a shift of one edge by {margin_ev:.3f} eV."
    return (
        f"<section>\n<h2>Level alignment</h2>\n<p>Type: {escape(kind)}. Edges of the "
        f"states with {analysis.gap.delocalised.told}.{margin}</p>\n{edges}\n</section>"
    )


def groups_section(analysis: Analysis, summary: dict[str, Any]) -> str:
    """Return the edges of own groups; nothing without any."""
    if not summary["groups"]:
        return ""
    rows = [(name, *group.values()) for name, group in summary["groups"].items()]
    header = ("group", "atoms", "valence edge (eV)", "conduction edge (eV)")
    return (
        "<section>\n<h2>Own groups</h2>\n<p>Edges of the states with "
        f"{analysis.gap.delocalised.told} that have half of their weight in the group.</p>\n"
        f"{table(header, rows, sorts=True)}\n</section>"
    )


def orbitals_section(analysis: Analysis) -> str:
    """Return a picture of the orbitals at the edges; nothing unless they were asked for."""
    if not analysis.orbital_pictures:
        return ""
    look = analysis.options.figures.model_copy(
        update={"palette": PALETTE, "title": "", "width": "double", "width_mm": None}
    )
    png = png_of(orbitals_figure(analysis.orbital_pictures, look))
    image = base64.b64encode(png).decode("ascii")
    told = ", ".join(picture.title.partition("\n")[0] for picture in analysis.orbital_pictures)
    return (
        "<section>\n<h2>Orbitals at the edges</h2>\n"
        f'<img class="picture" alt="Isosurfaces: {escape(told)}" '
        f'src="data:image/png;base64,{image}">\n</section>'
    )


def populations_section(analysis: Analysis, summary: dict[str, Any]) -> str:
    """Return the overlap populations of each pair of groups; nothing without pairs."""
    if analysis.coop is None:
        return ""
    rows = [
        ("–".join(pair["groups"]), pair["icoop"], pair["homo"], pair["lumo"])
        for pair in summary["overlap_populations"]
    ]
    header = ("groups", "occupied states (e)", "HOMO", "LUMO")
    return (
        "<section>\n<h2>Overlap populations</h2>\n<p>Between atoms of two groups: positive where "
        "they bond, negative where they antibond; of HOMO and LUMO for one electron, the mean over "
        "a degenerate set. Curves are in the figure of the density of states and in coop.csv.</p>\n"
        f"{table(header, rows, sorts=True)}\n</section>"
    )
