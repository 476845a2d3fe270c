"""The table of results that `run` and `analyse` print."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from rich.markup import escape

from epicarve.analysis.states import (
    SIDES,
    SPINS,
    Analysis,
    KindAnalysis,
    fermi_ev,
    is_metal,
)
from epicarve.builder.crystal import bond_lengths_a, coordination_of
from epicarve.workflow.tasks.bulk import Bulk, RelaxedBulk

from .terminal import console, facts_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from epicarve.analysis.options import AnalysisOptions
    from epicarve.analysis.states import Absorption, Check, Coop, FilteredGap
    from epicarve.dft.weighed_states import WeighedStates


@singledispatch
def print_results(results: Analysis | KindAnalysis | RelaxedBulk, folder: Path) -> None:
    """Print what came out, what could not be had, and where the files are."""
    raise TypeError(f"{type(results).__name__} is no kind of results")


@print_results.register(Analysis)
def _print_analysis(results: Analysis, folder: Path) -> None:
    """Print the gaps, the traps and the alignment."""
    gap = results.gap
    aligned = len(results.edges) > 1  # else there is nothing to say of an alignment
    facts = {
        **_plain(results.states),
        f"gap without traps (IPR ≤ {results.options.ipr_max:g})": _gap(gap.filtered),
        "gap without traps (size-aware)": _gap(gap.size_aware),
    }
    if (span_ev := gap.band.span_ev) is not None:
        strict, loose = gap.band.strict, gap.band.loose
        facts["band of the size-aware gap"] = (
            f"{_ev(loose.gap_ev)} to {_ev(strict.gap_ev)} for N·IPR ≤ {loose.limit:g} to "
            f"{strict.limit:g}, {span_ev:.2f} eV wide"
        )
    found = results.plateau
    if found is not None:
        facts["plateau of the gap"] = (
            f"{_ev(found.gap_ev)} for thresholds from {found.ipr_from:.3g} to {found.ipr_to:.3g}"
        )
    for side in SIDES:
        if side not in results.traps.reasons and results.traps.of_side(side):
            facts[f"{side} traps"] = results.traps.sentence(side)
    if (bare := results.uncoupled) is not None:
        facts["without spin-orbit"] = (
            f"HOMO-LUMO gap {_ev(bare.homo_lumo_gap_ev)}, at IPR ≤ {bare.filtered.limit:g} "
            f"{_ev(bare.filtered.gap_ev)}"
        )
    for name, edges in results.group_edges.items():
        facts[f"group {name}"] = (
            f"{results.sites.n_in_group(name)} atoms, edges {_ev(edges.valence_edge_ev)}, "
            f"{_ev(edges.conduction_edge_ev)}"
        )
    alignment = results.alignment
    if alignment.type is not None:
        facts["level alignment"] = (
            f"type {alignment.type}, offsets {_ev(alignment.valence_offset_ev)} (valence), "
            f"{_ev(alignment.conduction_offset_ev)} (conduction), "
            f"{_ev(alignment.margin_ev)} from another type{_agreement(results)}"
        )
    if results.coop is not None:
        for number, pair in enumerate(results.coop.pairs):
            told = _populations(results.coop, number)
            facts[f"overlap population {'–'.join(pair)}"] = told
    if (absorption := results.absorption) is not None:
        facts["transitions"] = _light(absorption)
        facts["Tauc onset"] = ", ".join(
            f"{name} {_ev(fit.onset_ev)} (line from {fit.from_ev:.2f} to {fit.to_ev:.2f} eV)"
            if fit is not None
            else f"{name} none (no straight part)"
            for name, fit in absorption.tauc.items()
        )
        for side in SIDES:
            light = [absorption.is_bright(trap) for trap in results.traps.of_side(side)]
            if n_known := len(light) - light.count(None):
                facts[f"bright {side} traps"] = f"{light.count(True)} of {n_known}"
    facts |= {
        f"bands of {bands.zone.name}": f"{len(bands.states)} states at {len(bands.weights)} "
        f"points, {100 * bands.completeness:.1f} % in plane waves"
        for bands in results.bands
    }
    out = console()
    out.print(facts_table("Results", facts))
    _print_notes(
        check
        for check in results.checks
        if (aligned or not check.name.startswith("alignment."))
        and not check.name.startswith("profile")
    )
    _print_figure(results.options, folder)
    out.print(f"report {folder / 'report.html'}", soft_wrap=True)


@print_results.register(KindAnalysis)
def _print_kinds(results: KindAnalysis, folder: Path) -> None:
    """Print what weights of whole kinds of atoms can tell, and why it is no more."""
    console().print(facts_table("Results", _plain(results.states)))
    _print_notes(results.checks)
    _print_figure(results.options, folder)


@print_results.register(RelaxedBulk)
def _print_bulk(results: RelaxedBulk, folder: Path) -> None:
    """Print how a bulk crystal was relaxed and what came out."""
    cell, relaxed = results.cell, results.relaxed
    start, crystal = relaxed.start, relaxed.crystal
    pressure_gpa = cell.pressure_gpa
    facts = {
        **bulk_facts(results.bulk),
        "energy": f"{results.energy_ev_per_formula_unit:.4f} eV per formula unit",
        "largest force": f"{results.max_force_ev_a:.4f} eV/Å after {cell.n_steps} steps",
        **({} if pressure_gpa is None else {"pressure": f"{pressure_gpa:.3f} GPa"}),
        "space group": _change(start.symmetry.symbol, crystal.symmetry.symbol),
        "density": _change(*(f"{one.density_g_cm3:.2f}" for one in (start, crystal))) + " g/cm³",
        "moved": f"{relaxed.rms_displacement_a:.3f} Å rms, "
        f"{relaxed.max_displacement_a:.3f} Å at most",
    }
    for cation, anion in crystal.bond_rule:
        lengths_a = bond_lengths_a(crystal, cation, anion)
        told = ", ".join(f"{length:.2f}" for length in lengths_a)
        facts[f"{cation}-{anion} bonds"] = f"{told} Å"
    facts["coordination"] = ", ".join(
        f"{symbol} {'/'.join(map(str, n))}" for symbol, n in coordination_of(crystal).items()
    )
    out = console()
    out.print(facts_table(results.bulk.crystal.formula, facts))
    if not relaxed.kept_symmetry:
        out.print(
            f"[yellow]note[/] the space group of the start was left by "
            f"{relaxed.symmetry_error_a:.3f} Å; crystal.cif lists the ions as they are"
        )
    out.print(f"crystal {folder / 'crystal.cif'}, for recipes to take", soft_wrap=True)
    out.print(f"figures {folder / 'bulk.json'}", soft_wrap=True)


def bulk_facts(bulk: Bulk) -> dict[str, object]:
    """Return the lines that say what is computed of a bulk crystal."""
    ordering = ", ".join(f"{what} on {site}" for site, what in bulk.assignment.items())
    return {
        "primitive cell": f"{bulk.system.n_atoms} ions, {bulk.n_formula_units} formula units",
        **({"ordering": ordering} if ordering else {}),
        "cell": "relaxes with the ions" if bulk.settings.variable_cell else "held",
        "k-points": " × ".join(map(str, bulk.settings.kpoints)),
    }


def _print_notes(checks: Iterable[Check]) -> None:
    """Print the message of each check that is not ok once, and none that is part of another."""
    messages = dict.fromkeys(check.message for check in checks if not check.ok)
    for message in messages:
        if not any(message in other and message != other for other in messages):
            console().print("[yellow]note[/]", escape(message))


def _print_figure(options: AnalysisOptions, folder: Path) -> None:
    console().print(f"figure {folder / f'dos.{options.figures.formats[0]}'}", soft_wrap=True)


def _change(before: str, after: str) -> str:
    return after if before == after else f"{before} → {after}"


def _plain(states: WeighedStates) -> Mapping[str, object]:
    """Return the lines on all states, and on those of each spin."""
    level_ev = fermi_ev(states)
    spins = {} if states.restricted else {name: spin for spin, name in enumerate(SPINS)}
    return {
        "states": f"{states.n_states}, {states.n_electrons:g} electrons",
        "HOMO, LUMO": f"{_ev(states.homo_ev)}, {_ev(states.lumo_ev)}",
        "HOMO-LUMO gap": _plain_gap(states),
        **{f"gap of {name} states": _plain_gap(states, spin) for name, spin in spins.items()},
        **({} if level_ev is None else {"Fermi energy": _ev(level_ev)}),
    }


def _plain_gap(states: WeighedStates, spin: int | None = None) -> str:
    return _ev(states.gap_ev(spin)) + (" (metallic)" if is_metal(states, spin) else "")


def _agreement(results: Analysis) -> str:
    """Tell how many sets of choices come to the same type of alignment."""
    verdicts, kind = results.verdicts, results.alignment.type
    if verdicts is None or kind is None:
        return ""
    others = f", {n} more lack an edge" if (n := verdicts.n_without_type) else ""
    return f"; the same in {verdicts.agreement(kind)} variants{others}"


def _populations(coop: Coop, pair: int) -> str:
    """Tell the overlap population of a pair of groups, and what HOMO and LUMO do to it."""
    told = {
        "all occupied states": None if coop.icoop is None else f"{coop.icoop[pair]:+.2f} e",
        "the HOMO": None if coop.homo is None else f"{coop.homo[pair]:+.3f}",
        "the LUMO": None if coop.lumo is None else f"{coop.lumo[pair]:+.3f}",
    }
    return ", ".join(f"{value} in {where}" for where, value in told.items() if value is not None)


def _light(absorption: Absorption) -> str:
    """Tell the onset of absorption, the strength between the edges, and the sum of strengths."""
    found, edge = absorption.transitions, absorption.edge_strength
    between = "none allowed" if edge is None else f"f up to {edge:.3g}"
    ratio = absorption.velocity_ratio
    other = "" if ratio is None else f", {100 * ratio:.0f} % of that in the velocity form"
    return (
        f"onset {_ev(absorption.onset_ev)}, {between} between the edges; f sums to "
        f"{found.total_strength:.3g} of {found.n_electrons:g} electrons{other}"
    )


def _ev(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f} eV"


def _gap(filtered: FilteredGap) -> str:
    counts = {"valence": filtered.n_valence_traps, "conduction": filtered.n_conduction_traps}
    traps = ", ".join(f"{n} {side}" for side, n in counts.items() if n is not None)
    return _ev(filtered.gap_ev) + (f"  (traps: {traps})" if traps else "")
