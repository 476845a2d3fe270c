"""The report: one HTML file that opens offline."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.formula import Formula

from epicarve.analysis.export import labels
from epicarve.analysis.figures import SIGNS
from epicarve.analysis.states import SHARES, SIDES, groupings
from epicarve.page import filled, script_data, template
from epicarve.style import colours

from .html import formula_html, signed, table, words_html
from .page_data import PALETTE, nearest_to_gap, payload
from .sections import (
    alignment_section,
    checks_table,
    gap_table,
    groups_section,
    pictures_section,
    populations_section,
    provenance_table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from epicarve.analysis.states import Analysis, OrbitalPicture
    from epicarve.arrays import Ints

    from .html import Value

MOST_STATES = 400
"""Most states in the table of the report, those nearest to the gap; states.csv has all."""

SCRIPTS = (
    *("data.js", "trap_filter.js", "density.js", "plot.js", "plot_pointer.js", "particle.js"),
    *("surface.js", "svg.js", "save.js", "state.js", "tables.js", "report.js"),
)


def report_html(
    analysis: Analysis,
    summary: dict[str, Any],
    notes: tuple[str, ...] = (),
    pictures: Mapping[str, Figure] | None = None,
) -> str:
    """Return the report as one HTML document with all scripts inlined.

    Parameters
    ----------
    analysis : Analysis
        The results.
    summary : dict
        The numbers of summary.json.
    notes : tuple of str
        Sentences to stand at the head.
    pictures : mapping of str to Figure, optional
        Figures that the page does not draw itself, by what stands below them.

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
        gaps=gap_table(summary, analysis.options),
        groups="".join(
            f'<option value="{index}">by {escape(grouping.title)}</option>'
            for index, grouping in enumerate(groupings(analysis, PALETTE))
        ),
        spins="" if states.restricted else "; alpha points up, beta down",
        zero=f"the {analysis.zero.name}" if analysis.zero.name else "the zero of the source",
        workspace="lone" if analysis.positions_a is None else "workspace",
        model="" if analysis.positions_a is None else _model_figure(analysis),
        alignment=alignment_section(analysis, summary) + groups_section(analysis, summary),
        populations=populations_section(analysis, summary),
        traps=_traps_section(analysis),
        pictures=pictures_section(pictures or {}),
        states_note=escape(states_note),
        states=rows,
        checks=checks_table(summary["checks"]),
        provenance=provenance_table(summary["provenance"]),
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
    summary = f"<summary>{told} on these results</summary>"
    return f'<details class="notes prints">{summary}\n{listed}\n</details>'


def _model_figure(analysis: Analysis) -> str:
    """Return the canvas of the model, with its controls and a count of its atoms."""
    model = analysis.model
    numbers = Counter(analysis.states.symbols) if model is None else model.counts
    counts = ", ".join(f"{n} {symbol}" for symbol, n in numbers.items())
    size = "" if model is None else f"; {model.diameter_nm:.2f} nm across"
    return filled(
        "report/model.html",
        caption=escape(f"{counts}{size}."),
        orbitals=_orbital_menu(analysis.orbital_pictures),
    )


def _orbital_menu(pictures: tuple[OrbitalPicture, ...]) -> str:
    """Return the choice among the orbitals that can be shown around the atoms."""
    if not pictures:
        return ""
    names = [picture.title.replace("\n", ": ") for picture in pictures]
    options = "".join(
        f'<option value="{index}">{escape(name)}</option>' for index, name in enumerate(names)
    )
    return filled(
        "report/orbitals.html",
        options=options,
        share=f"{100 * pictures[0].share:g}",
        positive=SIGNS["positive"],
        negative=SIGNS["negative"],
    )


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
