"""The report: one HTML file that opens offline."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np
from plotly.offline import get_plotlyjs

from .plots import dos_plot, model_plot
from .tables import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from epicarve.builder.model import Model

    from .results import Analysis

MOST_STATES = 400
"""Most states in the table of the report, those nearest to the gap; states.csv has all."""


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
        The document; the same input gives the same text.
    """
    model = analysis.model
    formula = model.formula if model is not None else _formula(analysis.states.symbols)
    rows, states_note = _states_table(analysis)
    zero = "the HOMO" if analysis.gap.homo_ev is not None else "the zero of the source"
    template = Template((files("epicarve.templates") / "report" / "report.html").read_text("utf-8"))
    return template.substitute(
        title=escape(f"{formula}: gap and density of states"),
        source=escape(
            f"{analysis.states.n_atoms} atoms, {summary['n_electrons']:g} electrons, "
            f"{summary['n_states']} states. {analysis.states.source}"
        ),
        notes="\n".join(f'<p class="note">{escape(note)}</p>' for note in notes),
        gaps=_gap_table(summary, analysis.options.n_ipr_max),
        alignment=_alignment_table(summary),
        zero=zero,
        dos=dos_plot(analysis),
        model="" if model is None else _model_section(model),
        states_note=escape(states_note),
        states=rows,
        checks=_table(
            ("check", "", "what"),
            [(c["name"], "ok" if c["ok"] else "note", c["message"]) for c in summary["checks"]],
        ),
        provenance=escape(json.dumps(summary["provenance"], indent=2, ensure_ascii=False)),
        plotly=get_plotlyjs(),
    )


def _formula(symbols: Sequence[str]) -> str:
    """Count the elements in order of first appearance, for states without a model."""
    counts = {symbol: symbols.count(symbol) for symbol in dict.fromkeys(symbols)}
    return "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in counts.items())


def _table(header: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> str:
    """Return an HTML table; columns of words are set left, columns of numbers right."""
    words = [all(isinstance(row[column], str) for row in rows) for column in range(len(header))]
    head = "".join(
        f"<th{' class=text' if is_words else ''}>{escape(name)}</th>"
        for name, is_words in zip(header, words, strict=True)
    )
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _cell(value: str | float | None) -> str:
    """Return one table cell: energies to 1 meV, counts as they are, words as text."""
    if value is None:
        return '<td class="missing">none</td>'
    if isinstance(value, str):
        return f'<td class="text">{escape(value)}</td>'
    return f"<td>{value}</td>" if isinstance(value, int) else f"<td>{_signed(value, 3)}</td>"


def _signed(value: float, digits: int) -> str:
    """Write a number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


def _gap_table(summary: dict[str, Any], n_ipr_max: float) -> str:
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
        (f"N·IPR ≤ {n_ipr_max:g} (size-aware)", *aware.values()),
    ]
    scan = [
        (f"IPR ≤ {step['ipr_max']:g}", *list(step.values())[1:])
        for step in summary["threshold_scan"]
    ]
    return (
        f"{_table(header, rows)}\n"
        "<details><summary>Every threshold at which the gap changes</summary>\n"
        f"{_table(header, scan)}\n</details>"
    )


def _alignment_table(summary: dict[str, Any]) -> str:
    """Return the edges of each domain and how they align; nothing unless there are several."""
    domains, alignment = summary["domains"], summary["alignment"]
    if len(domains) < 2:
        return ""
    rows = [(name, *edges.values()) for name, edges in domains.items()]
    rows.append(("offset", alignment["valence_offset_ev"], alignment["conduction_offset_ev"]))
    kind = alignment["type"] or "not determined (see the checks)"
    table = _table(("domain", "valence edge (eV)", "conduction edge (eV)"), rows)
    return f"<h2>Level alignment</h2>\n<p>Type: {escape(kind)}</p>\n{table}"


def _states_table(analysis: Analysis) -> tuple[str, str]:
    """Return the table of the states nearest to the gap, and a sentence on what it leaves out."""
    states, gap, localization = analysis.states, analysis.gap, analysis.localization
    edges_ev = [e for e in (gap.homo_ev, gap.lumo_ev) if e is not None]
    distance_ev = np.abs(states.energies_ev - np.mean(edges_ev))
    chosen = np.sort(np.argsort(distance_ev, kind="stable")[:MOST_STATES])
    elements = analysis.partitions[0]
    weights = elements.weights(states.weights)
    numbers, spins = labels(states)
    header = ["state", "spin", "energy (eV)", "occupation", "IPR", "N_eff", "kept", *elements.names]
    rows = []
    for i in chosen.tolist():
        kept = bool(gap.filtered.kept[i])
        cells = [
            f"<td>{numbers[i]}</td><td>{spins[i]}</td><td>{_signed(states.energies_ev[i], 4)}</td>",
            f"<td>{states.occupations[i]:.2f}</td><td>{localization.ipr[i]:.4f}</td>",
            f"<td>{localization.n_eff[i]:.1f}</td><td>{'yes' if kept else 'trap'}</td>",
            *(f"<td>{weight:.3f}</td>" for weight in weights[:, i].tolist()),
        ]
        is_homo = bool(states.is_occupied[i] and states.energies_ev[i] == gap.homo_ev)
        classes = " ".join(["trap"] * (not kept) + ["homo"] * is_homo)
        rows.append(f"<tr class='{classes}'>{''.join(cells)}</tr>")
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "\n".join(rows)
    note = "All states, with the weight of each element."
    if states.n_states > MOST_STATES:
        note = (
            f"The {MOST_STATES} states nearest to the gap, with the weight of each element; "
            f"states.csv has all {states.n_states}."
        )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>", note


def _model_section(model: Model) -> str:
    """Show the model and count its ions."""
    counts = ", ".join(f"{n} {symbol}" for symbol, n in model.counts.items())
    told = f"{counts}; {model.diameter_nm:.2f} nm across. Turn it with the mouse."
    return f"<h2>Model</h2>\n<p>{escape(told)}</p>\n{model_plot(model)}"
