"""The table of results that `run` and `analyse` print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape

from .terminal import console, facts_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def print_results(summary: Mapping[str, Any], folder: Path) -> None:
    """Print the gaps, the traps and what could not be had, and where the files are.

    Of a bulk crystal, print how it was relaxed and what came out.
    """
    if "kpoints" in summary:
        _print_bulk(summary, folder)
        return
    if summary["edge_filter"] is None:
        _print_plain(summary, folder)
        return
    fixed, aware = summary["filtered"], summary["size_aware"]
    facts = {
        **_plain(summary),
        f"gap without traps (IPR ≤ {summary['ipr_max']:g})": _gap(fixed),
        "gap without traps (size-aware)": _gap(aware),
    }
    found = summary["plateau"]
    if found["gap_ev"] is not None:
        facts["plateau of the gap"] = (
            f"{_ev(found['gap_ev'])} for thresholds from {found['ipr_from']:.3g} to "
            f"{found['ipr_to']:.3g}"
        )
    for side, traps in summary["traps"].items():
        if traps["n_traps"]:
            facts[f"{side} traps"] = traps["sentence"]
    alignment = summary["alignment"]
    if alignment["type"] is not None:
        facts["level alignment"] = (
            f"type {alignment['type']}, offsets {_ev(alignment['valence_offset_ev'])} (valence), "
            f"{_ev(alignment['conduction_offset_ev'])} (conduction), "
            f"{_ev(alignment['margin_ev'])} from another type"
        )
    for pair in summary["overlap_populations"]:
        facts[f"overlap population {'–'.join(pair['groups'])}"] = _populations(pair)
    out = console()
    out.print(facts_table("Results", facts))
    aligned = len(summary["domains"]) > 1  # else there is nothing to say of an alignment
    notes = [
        check["message"]
        for check in summary["checks"]
        if not check["ok"]
        and (aligned or not check["name"].startswith("alignment."))
        and not check["name"].startswith("profile")
    ]
    _print_notes(notes)
    _print_figure(summary, folder)
    out.print(f"report {folder / 'report.html'}", soft_wrap=True)


def _print_plain(summary: Mapping[str, Any], folder: Path) -> None:
    """Print what weights of whole kinds of atoms can tell, and why it is no more."""
    out = console()
    out.print(facts_table("Results", _plain(summary)))
    _print_notes([check["message"] for check in summary["checks"] if not check["ok"]])
    _print_figure(summary, folder)


def _print_notes(messages: Sequence[str]) -> None:
    """Print each message once, and none that is part of another."""
    for message in dict.fromkeys(messages):
        if not any(message in other and message != other for other in messages):
            console().print("[yellow]note[/]", escape(message))


def _print_figure(summary: Mapping[str, Any], folder: Path) -> None:
    suffix = summary["provenance"]["options"]["figures"]["formats"][0]
    console().print(f"figure {folder / f'dos.{suffix}'}", soft_wrap=True)


def _print_bulk(summary: Mapping[str, Any], folder: Path) -> None:
    start, pressure = summary["start"], summary["pressure_gpa"]
    facts = {
        **bulk_facts(summary),
        "energy": f"{summary['energy_ev_per_formula_unit']:.4f} eV per formula unit",
        "largest force": f"{summary['max_force_ev_a']:.4f} eV/Å after {summary['n_steps']} steps",
        **({} if pressure is None else {"pressure": f"{pressure:.3f} GPa"}),
        "space group": _change(start["space_group"], summary["space_group"]),
        "density": _change(*(f"{s['density_g_cm3']:.2f}" for s in (start, summary))) + " g/cm³",
        "moved": f"{summary['rms_displacement_a']:.3f} Å rms, "
        f"{summary['max_displacement_a']:.3f} Å at most",
    }
    for pair, lengths_a in summary["bonds_a"].items():
        facts[f"{pair} bonds"] = ", ".join(f"{length:.2f}" for length in lengths_a) + " Å"
    facts["coordination"] = ", ".join(
        f"{symbol} {'/'.join(map(str, n))}" for symbol, n in summary["coordination"].items()
    )
    out = console()
    out.print(facts_table(summary["formula"], facts))
    if not summary["kept_symmetry"]:
        out.print(
            f"[yellow]note[/] the space group of the start was left by "
            f"{summary['symmetry_error_a']:.3f} Å; crystal.cif lists the ions as they are"
        )
    out.print(f"crystal {folder / 'crystal.cif'}, for recipes to take", soft_wrap=True)
    out.print(f"figures {folder / 'bulk.json'}", soft_wrap=True)


def bulk_facts(summary: Mapping[str, Any]) -> dict[str, object]:
    """Return the lines that say what is computed of a bulk crystal."""
    ordering = ", ".join(f"{what} on {site}" for site, what in summary["ordering"].items())
    return {
        "primitive cell": f"{summary['n_atoms']} ions, {summary['n_formula_units']} formula units",
        **({"ordering": ordering} if ordering else {}),
        "cell": "relaxes with the ions" if summary["variable_cell"] else "held",
        "k-points": " × ".join(map(str, summary["kpoints"])),
    }


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} → {after}"


def _plain(summary: Mapping[str, Any]) -> dict[str, object]:
    return {
        "states": f"{summary['n_states']}, {summary['n_electrons']:g} electrons",
        "HOMO, LUMO": f"{_ev(summary['homo_ev'])}, {_ev(summary['lumo_ev'])}",
        "HOMO-LUMO gap": _ev(summary["homo_lumo_gap_ev"]) + _metal(summary),
        **{
            f"gap of {spin} states": _ev(edges["homo_lumo_gap_ev"]) + _metal(edges)
            for spin, edges in summary["spins"].items()
        },
        **({} if summary["fermi_ev"] is None else {"Fermi energy": _ev(summary["fermi_ev"])}),
    }


def _metal(edges: Mapping[str, Any]) -> str:
    return " (metallic)" if edges["metallic"] else ""


def _populations(pair: Mapping[str, Any]) -> str:
    """Tell the overlap population of a pair of groups, and what HOMO and LUMO do to it."""
    told = {
        "all occupied states": None if pair["icoop"] is None else f"{pair['icoop']:+.2f} e",
        **{f"the {edge.upper()}": _signed(pair[edge]) for edge in ("homo", "lumo")},
    }
    return ", ".join(f"{value} in {where}" for where, value in told.items() if value is not None)


def _signed(value: float | None) -> str | None:
    return None if value is None else f"{value:+.3f}"


def _ev(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f} eV"


def _gap(filtered: Mapping[str, Any]) -> str:
    counts = {side: filtered[f"n_{side}_traps"] for side in ("valence", "conduction")}
    traps = ", ".join(f"{n} {side}" for side, n in counts.items() if n is not None)
    return _ev(filtered["gap_ev"]) + (f"  (traps: {traps})" if traps else "")
