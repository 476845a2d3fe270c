"""The summary of weights of whole kinds of atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from epicarve.analysis.states import (
    SIDES,
    Alignment,
    Check,
    checks_of_states,
    missing_plain,
    no_ipr,
    plain_fields,
    spin_orbit_checks,
)

from .summary import (
    RARELY_TOLD,
    alignment_fields,
    band_fields,
    filtered_fields,
    missing_of_particle,
    particle_fields,
    plateau_fields,
    provenance_fields,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from epicarve.analysis.states import KindAnalysis


def summarise_kinds(analysis: KindAnalysis) -> dict[str, Any]:
    """Collect what was found under the keys of `summarise`, None where an IPR is needed.

    Parameters
    ----------
    analysis : KindAnalysis
        The results.
    """
    states = analysis.states
    return {
        **_numbers(analysis),
        "checks": [check.as_dict() for check in checks_of_kinds(analysis)],
        "provenance": provenance_fields(states, analysis.options, analysis.provenance),
    }


def _numbers(analysis: KindAnalysis) -> dict[str, Any]:
    """Return the numbers of a summary, None where an IPR is needed."""
    states = analysis.states
    gap = analysis.spectrum.gap
    no_filter = filtered_fields(gap.filtered)
    return {
        **plain_fields(states),
        **particle_fields(analysis.spectrum),
        "ipr_max": analysis.options.ipr_max,
        "filtered": no_filter,
        "size_aware": no_filter,
        "size_aware_band": band_fields(gap.band),
        "threshold_scan": [],
        "plateau": plateau_fields(None),
        "without_spin_orbit": {},
        "edge_filter": None,
        "traps": {
            side: {
                "n_traps": None,
                "kinds": [],
                "shares": [],
                "sentence": f"no {side} traps can be told",
            }
            for side in SIDES
        },
        "domains": {},
        "groups": {},
        "alignment": alignment_fields(Alignment()),
        "profile": None,
        "alignment_variants": {},
        "overlap_populations": [],
        "bands": {},
        "transitions": {},
    }


def checks_of_kinds(analysis: KindAnalysis) -> list[Check]:
    """Return what bears on how far results can be trusted, and why numbers do not exist."""
    states = analysis.states
    reasons = missing_plain(states) | {
        **missing_of_particle(analysis.spectrum),
        **dict.fromkeys(("n_atoms", "formula"), "the files tell kinds of atoms, not how many"),
    }
    checks = [*checks_of_states(states), *spin_orbit_checks(states.symbols)]
    known = {check.name for check in checks}
    return [
        *checks,
        *(
            Check(name, name in RARELY_TOLD, reasons.get(name, no_ipr(states)))
            for name in _names_of_none(_numbers(analysis))
            if name not in known
        ),
    ]


def _names_of_none(block: dict[str, Any], head: str = "") -> Iterator[str]:
    """Yield the dotted name of each number of a summary that does not exist."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield from _names_of_none(value, f"{head}{key}.")
        elif value is None:
            yield f"{head}{key}"
