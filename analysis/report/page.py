"""The report: one HTML file that opens offline."""

from __future__ import annotations

import base64
import json
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.formula import Formula

from epicarve.analysis.export import labels
from epicarve.analysis.figures import orbitals_figure, png_of
from epicarve.analysis.states import SHARES, SIDES, groupings
from epicarve.page import filled, script_data, template
from epicarve.style import colours

from .html import formula_html, signed, table, words_html
from .page_data import PALETTE, nearest_to_gap, payload

if TYPE_CHECKING:
    from epicarve.analysis.options import AnalysisOptions
    from epicarve.analysis.states import Analysis
    from epicarve.arrays import Ints

    from .html import Value

MOST_STATES = 400
"""Most states in the table of the report, those nearest to the gap; states.csv has all."""

SCRIPTS = ("data.js", "trap_filter.js", "plot.js", "particle.js", "report.js")


def report_html(analysis: Analysis, summary: dict[str, Any], notes: tuple[str, ...] = ()) -> str:
    """Return the report as one HTML document with all scripts inlined.

    Parameters
    ----------
    analysis : Analysis
        The results.
    summary : dict
        The numbers of summary.json.
    notes : tuple of str
        Sentences to stand at the head.

    Returns
    -------
    str
        The document; the same input gives the same text. It loads nothing.
    """
    model, states = analysis.model, analysis.states
    if model is not None:
        formula = model.formula
    else:
        formula = Formula.from_dict(Counter(states.symbols)).format("periodic")
    rows, states_note = _states_table(analysis)
    return filled(
        "report/report.html",
        title=escape(f"{formula}: gap and density of states"),
        heading=f"{formula_html(formula)}: gap and density of states",
        style=filled("report/report.css", mark=colours(PALETTE)["ipr"]),
        source=words_html(
            f"{states.n_atoms} atoms, {summary['n_electrons']:g} electrons, "
            f"{summary['n_states']} states. {states.source}"
        ),
        headline=_headline(analysis),
        notes=_folded(notes),
        gaps=_gap_table(summary, analysis.options),
        groups="".join(
            f'<option value="{index}">by {escape(grouping.title)}</option>'
            for index, grouping in enumerate(groupings(analysis, PALETTE))
        ),
        spins="" if states.restricted else "; alpha points up, beta down",
        zero=f"the {analysis.zero.name}" if analysis.zero.name else "the zero of the source",
        workspace="lone" if analysis.positions_a is None else "workspace",
        model="" if analysis.positions_a is None else _model_figure(analysis),
        alignment=_alignment_section(analysis, summary) + _groups_section(analysis, summary),
        populations=_populations_section(analysis, summary),
        traps=_orbitals_section(analysis) + _traps_section(analysis),
        states_note=escape(states_note),
        states=rows,
        checks=table(
            ("check", "", "what"),
            [(c["name"], "ok" if c["ok"] else "note", c["message"]) for c in summary["checks"]],
        ),
        provenance=escape(json.dumps(summary["provenance"], indent=2, ensure_ascii=False)),
        data=script_data(payload(analysis)),
        script="\n".join(template(f"report/{name}") for name in SCRIPTS),
    )


def _headline(analysis: Analysis) -> str:
    """Return the gap without traps, what traps there are, and the plain gap, as one line."""
    used, plain_ev = analysis.gap.delocalised, analysis.gap.homo_lumo_gap_ev
    traps = ", ".join(
        f"{n} {side} trap{'' if n == 1 else 's'}"
        for side, n in zip(SIDES, (used.n_valence_traps, used.n_conduction_traps), strict=True)
        if n is not None
    )
    filtered = "none" if used.gap_ev is None else f"{signed(used.gap_ev, 2)} eV"
    plain = "none" if plain_ev is None else f"{signed(plain_ev, 2)} eV"
    told = f"{used.told}; {traps}" if traps else used.told
    return f"Gap without traps <b>{filtered}</b> ({escape(told)}), HOMO–LUMO gap <b>{plain}</b>"


def _folded(notes: tuple[str, ...]) -> str:
    """Return notes behind a line that tells how many there are; nothing without any."""
    if not notes:
        return ""
    told = "One note" if len(notes) == 1 else f"{len(notes)} notes"
    listed = "\n".join(f'<p class="note">{words_html(note)}</p>' for note in notes)
    return (
        f'<details class="notes"><summary>{told} on these results</summary>\n{listed}\n</details>'
    )


def _gap_table(summary: dict[str, Any], options: AnalysisOptions) -> str:
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


def _alignment_section(analysis: Analysis, summary: dict[str, Any]) -> str:
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


def _groups_section(analysis: Analysis, summary: dict[str, Any]) -> str:
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


def _orbitals_section(analysis: Analysis) -> str:
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


def _populations_section(analysis: Analysis, summary: dict[str, Any]) -> str:
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


def _model_figure(analysis: Analysis) -> str:
    """Return the canvas of the model, with its controls and a count of its atoms."""
    model = analysis.model
    numbers = Counter(analysis.states.symbols) if model is None else model.counts
    counts = ", ".join(f"{n} {symbol}" for symbol, n in numbers.items())
    size = "" if model is None else f"; {model.diameter_nm:.2f} nm across"
    return filled("report/model.html", caption=escape(f"{counts}{size}."))


def _names(analysis: Analysis, chosen: Ints) -> tuple[list[str], list[str]]:
    """Return number and spin of some states as told in tables, and the address of each."""
    numbers, spins = labels(analysis.states)
    restricted = analysis.states.restricted
    told = [f"{numbers[i]}" if restricted else f"{numbers[i]} {spins[i]}" for i in chosen.tolist()]
    return told, [f"#state={name.replace(' ', '-')}" for name in told]


def _traps_section(analysis: Analysis) -> str:
    """Return on which atoms the traps sit."""
    traps, states = analysis.traps, analysis.states
    each = (traps.sentence(side) for side in SIDES)
    told = " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in each)
    told = f"<p>{words_html(told)}</p>"
    chosen = np.array([trap.state for trap in traps.traps], dtype=np.int64)
    if not chosen.size:
        return f"<section>\n<h2>Traps</h2>\n{told}\n</section>"
    names, links = _names(analysis, chosen)
    fields = [
        field
        for field in ("element", "coordination", "position", "domain", "group")
        if any(field in dict(trap.kind) for trap in traps.traps)
    ]
    header = (
        "state", "side", "energy (eV)", "depth (eV)", "IPR",
        *(f"ions for {100 * share:.0f} %" for share in SHARES), *fields,
        "held there", "of all states",
    )  # fmt: skip
    rows: list[list[Value]] = [
        [
            name,
            trap.side,
            float(states.energies_ev[trap.state]),
            trap.depth_ev,
            float(analysis.localization.ipr[trap.state]),
            *trap.n_atoms,
            *(dict(trap.kind).get(field, "–") for field in fields),
            f"{100 * trap.kind_weight:.0f} %" if trap.kind else "–",
            f"{100 * traps.base_shares[trap.side][trap.kind]:.2g} %" if trap.kind else "–",
        ]
        for name, trap in zip(names, traps.traps, strict=True)
    ]
    listed = table(header, rows, sorts=True, states=chosen.tolist(), links=links)
    return (
        f"<section>\n<h2>Traps</h2>\n{told}\n<p>Told by {analysis.gap.delocalised.told}. The "
        "last columns tell the narrowest kind of ions that holds more than half of a trap, how "
        "much of the trap, and how much of all states of its side.</p>\n"
        f'<div class="scroll">\n{listed}\n</div>\n</section>'
    )


def _states_table(analysis: Analysis) -> tuple[str, str]:
    """Return the table of the states nearest to the gap, and a sentence on what it leaves out."""
    states, localization = analysis.states, analysis.localization
    chosen = np.sort(nearest_to_gap(analysis)[:MOST_STATES])
    elements = analysis.partitions[0]
    weights = elements.weights(states.weights[:, chosen])
    kept = analysis.gap.delocalised.kept[chosen].tolist()
    names, links = _names(analysis, chosen)
    rows = [
        (name, *numbers, "kept" if is_kept else "trap", *parts)
        for name, *numbers, is_kept, parts in zip(
            names,
            states.energies_ev[chosen].tolist(),
            states.occupations[chosen].tolist(),
            localization.ipr[chosen].tolist(),
            localization.n_eff[chosen].tolist(),
            kept,
            weights.T.tolist(),
            strict=True,
        )
    ]
    listed = table(
        ("state", "energy (eV)", "occupation", "IPR", "N_eff", "kept", *elements.names),
        rows,
        sorts=True,
        digits={"energy (eV)": 4, "occupation": 2, "IPR": 4, "N_eff": 1},
        states=chosen.tolist(),
        links=links,
        classes=["" if is_kept else "trap" for is_kept in kept],
    )
    note = "All states, with the weight of each element."
    if states.n_states > MOST_STATES:
        note = (
            f"The {MOST_STATES} states nearest to the gap, with the weight of each element; "
            f"states.csv has all {states.n_states}."
        )
    return listed, f"{note} Click a row to select its state, a heading to sort."
