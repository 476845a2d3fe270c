"""The numbers of an analysis, as they stand in summary.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve import __version__

from .options import N_IPR_OF_1S_ENVELOPE

if TYPE_CHECKING:
    from epicarve.dft.states import OrbitalStates

    from .gap import FilteredGap
    from .options import AnalysisOptions
    from .results import Analysis

PARTIAL_OCCUPATION = 0.01
"""Electrons by which an occupation must differ from empty and full to count as partial."""


def summarise(analysis: Analysis, provenance: dict[str, Any] | None = None) -> dict[str, Any]:
    """Collect what an analysis found under the keys that scripts rely on.

    Parameters
    ----------
    analysis : Analysis
        The results.
    provenance : dict, optional
        What is known of the origin of the states; added to what they say themselves.

    Returns
    -------
    dict
        Energies in eV rounded to 1e-6. A number that does not exist is None, and an entry of
        ``checks`` bears its dotted name and says why. A check has ``name``, ``ok`` and ``message``.
    """
    states, gap, options = analysis.states, analysis.gap, analysis.options
    return {
        "n_states": states.n_states,
        "n_electrons": rounded(states.n_electrons),
        "homo_ev": rounded(gap.homo_ev),
        "lumo_ev": rounded(gap.lumo_ev),
        "homo_lumo_gap_ev": rounded(gap.homo_lumo_gap_ev),
        "ipr_max": options.ipr_max,
        "filtered": filtered_fields(gap.filtered),
        "size_aware": filtered_fields(gap.size_aware),
        "threshold_scan": [
            {"ipr_max": step.limit, **filtered_fields(step)} for step in analysis.threshold_scan
        ],
        "domains": {
            name: {
                "valence_edge_ev": rounded(domain.valence_edge_ev),
                "conduction_edge_ev": rounded(domain.conduction_edge_ev),
            }
            for name, domain in analysis.edges.items()
        },
        "alignment": {
            "type": analysis.alignment.type,
            "valence_offset_ev": rounded(analysis.alignment.valence_offset_ev),
            "conduction_offset_ev": rounded(analysis.alignment.conduction_offset_ev),
        },
        "checks": [
            *_checks_of_states(states, options),
            *_missing_numbers(analysis),
        ],
        "provenance": {
            "version": __version__,
            "states": states.source,
            "caveat": states.caveat,
            "options": options.model_dump(),
            **(provenance or {}),
        },
    }


def filtered_fields(gap: FilteredGap) -> dict[str, Any]:
    """Return the edges, the gap and the traps that a filter leaves, energies in eV."""
    return {
        "valence_edge_ev": rounded(gap.valence_edge_ev),
        "conduction_edge_ev": rounded(gap.conduction_edge_ev),
        "gap_ev": rounded(gap.gap_ev),
        "n_valence_traps": gap.n_valence_traps,
        "n_conduction_traps": gap.n_conduction_traps,
    }


def rounded(value: float | None) -> float | None:
    """Round an energy in eV to 1e-6, and turn −0 into 0."""
    return None if value is None else round(value, 6) + 0.0


def _check(name: str, ok: bool, message: str) -> dict[str, Any]:
    return {"name": name, "ok": ok, "message": message}


def _checks_of_states(states: OrbitalStates, options: AnalysisOptions) -> list[dict[str, Any]]:
    """Tell what a reader must know of the states before trusting the numbers."""
    full = 2.0 if states.restricted else 1.0
    from_integer = np.minimum(np.abs(states.occupations), np.abs(states.occupations - full))
    n_partial = int(np.count_nonzero(from_integer > PARTIAL_OCCUPATION))
    ideal_ipr = N_IPR_OF_1S_ENVELOPE / states.n_atoms
    return [
        _check(
            "occupations",
            n_partial == 0,
            f"{n_partial} states are partially filled, so HOMO and LUMO are a matter of definition"
            if n_partial
            else "every state is either full or empty",
        ),
        _check(
            "ipr_max",
            options.ipr_max >= ideal_ipr,
            f"an ideal delocalised state of {states.n_atoms} atoms has an IPR of {ideal_ipr:.3g}, "
            + (
                f"below the threshold {options.ipr_max:g}"
                if options.ipr_max >= ideal_ipr
                else f"so the threshold {options.ipr_max:g} is too strict at this size; "
                "read size_aware instead"
            ),
        ),
    ]


def _missing_numbers(analysis: Analysis) -> list[dict[str, Any]]:
    """Give the reason of each None, under its dotted name."""
    gap, edges, alignment = analysis.gap, analysis.edges, analysis.alignment
    reasons: dict[str, str] = {}
    absent = {"homo_ev": (gap.homo_ev, "occupied"), "lumo_ev": (gap.lumo_ev, "empty")}
    for name, (energy, which) in absent.items():
        if energy is None:
            reasons[name] = reasons["homo_lumo_gap_ev"] = f"there is no {which} state"
    for name, filtered in (("filtered", gap.filtered), ("size_aware", gap.size_aware)):
        for side, reason in (
            ("valence", filtered.valence_reason),
            ("conduction", filtered.conduction_reason),
        ):
            if reason:
                reasons[f"{name}.{side}_edge_ev"] = reason
                reasons[f"{name}.n_{side}_traps"] = reason
                reasons[f"{name}.gap_ev"] = reason
    for name, domain in edges.items():
        for side, which, edge in (
            ("valence", "occupied", domain.valence_edge_ev),
            ("conduction", "empty", domain.conduction_edge_ev),
        ):
            if edge is None:
                reasons[f"domains.{name}.{side}_edge_ev"] = (
                    f"no delocalised {which} state belongs to {name}"
                )
    if not edges:
        reasons["domains"] = "no model was given that names domains"
    for field in ("type", "valence_offset_ev", "conduction_offset_ev"):
        if getattr(alignment, field) is None:
            reasons[f"alignment.{field}"] = alignment.reason
    return [_check(name, False, reason) for name, reason in reasons.items()]
