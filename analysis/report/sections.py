"""Sections of the report that tell numbers of summary.json, and pictures."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

from epicarve.analysis.figures import png_of

from .html import table, words_html

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.figure import Figure

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.analysis.states import Analysis


_UNITS = {"ev": "eV", "a": "Å", "nm": "nm", "s": "s", "k": "K", "mm": "mm", "deg": "°"}
"""How units are written that the names of fields end in."""


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
    if (verdicts := analysis.verdicts) is not None:
        n, n_without = len(verdicts.variants), verdicts.n_without_type
        if alignment["type"]:
            told = f"{verdicts.agreement(alignment['type'])} sets of choices come to the same type"
            margin += (
                f" {told}{f'; by {n_without} more a domain lacks an edge' if n_without else ''}."
            )
        else:
            margin += f" By {n_without} of {n} sets of choices a domain lacks an edge."
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


def pictures_section(pictures: Mapping[str, Figure]) -> str:
    """Return figures that the page does not draw itself, each under its name; nothing without."""
    if not pictures:
        return ""
    shown = "\n".join(
        f'<figure><img alt="{escape(name)}" src="data:image/png;base64,'
        f'{base64.b64encode(png_of(figure)).decode("ascii")}">\n'
        f"<figcaption>{escape(name)}</figcaption></figure>"
        for name, figure in pictures.items()
    )
    return f'<section>\n<h2>Figures</h2>\n<div class="pictures">\n{shown}\n</div>\n</section>'


def provenance_table(provenance: Mapping[str, Any]) -> str:
    """Return a table of where the results are from, a row for each value that tells something.

    Examples
    --------
    >>> print(provenance_table({"version": "0.1", "cell": {"a_nm": 0.123456789}}))
    <table class="facts">
    <tr><th>version</th><td>0.1</td></tr>
    <tr><th>cell, a (nm)</th><td>0.123457</td></tr>
    </table>
    """
    rows = "\n".join(
        f"<tr><th>{escape(name)}</th><td>{words_html(told)}</td></tr>"
        for name, told in _facts(provenance)
    )
    return f'<table class="facts">\n{rows}\n</table>'


def _facts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield name and words of each value in nested plain data that tells something."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _facts(inner, f"{name}, {_worded(str(key))}".removeprefix(", "))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for number, inner in enumerate(value, start=1):
            yield from _facts(inner, f"{name} {number}")
    elif value not in ("", None, {}, []):
        yield name, _told(value)


def _worded(key: str) -> str:
    """Return the name of a field as words, with its unit in brackets."""
    stem, _, unit = key.rpartition("_")
    unit = _UNITS.get(unit, "") if stem else ""
    return f"{stem.replace('_', ' ')} ({unit})" if unit else key.replace("_", " ")


def _told(value: Any) -> str:
    """Return a value in words, numbers to six digits."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_told(each) for each in value)
    return f"{value:.6g}".replace("-", "−") if isinstance(value, float) else str(value)


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


def checks_table(checks: Sequence[Mapping[str, Any]]) -> str:
    """Return a table of checks, those that say the same in one row.

    Examples
    --------
    >>> same = {"ok": False, "message": "no model"}
    >>> checks_table([{"name": "type", **same}, {"name": "offset", **same}]).count("no model")
    1
    """
    named: dict[tuple[str, bool], list[str]] = {}
    for check in checks:
        named.setdefault((check["message"], check["ok"]), []).append(check["name"])
    rows = [
        (", ".join(names), "ok" if ok else "note", message)
        for (message, ok), names in named.items()
    ]
    return table(("check", "", "what"), rows)
