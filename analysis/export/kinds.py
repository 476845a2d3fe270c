"""The summary of weights of whole kinds of atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.states import (
    SIDES,
    Alignment,
    Check,
    FilteredGap,
    GapBand,
    checks_of_states,
    missing_plain,
    no_ipr,
    plain_fields,
    spin_orbit_checks,
)

from .summary import (
    alignment_fields,
    band_fields,
    filtered_fields,
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
    fixed, strict, loose = (
        FilteredGap(measure, limit, np.zeros(0, bool), None, None, None, None)
        for measure, limit in (
            ("IPR", analysis.options.ipr_max),
            *(("N·IPR", limit) for limit in analysis.options.n_ipr_band),
        )
    )
    no_filter = filtered_fields(fixed)
    return {
        **plain_fields(states),
        "ipr_max": analysis.options.ipr_max,
        "filtered": no_filter,
        "size_aware": no_filter,
        "size_aware_band": band_fields(GapBand(strict, loose)),
        "threshold_scan": [],
        "plateau": plateau_fields(None),
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
        "alignment": alignment_fields(Alignment()),
        "profile": None,
        "overlap_populations": [],
    }


def checks_of_kinds(analysis: KindAnalysis) -> list[Check]:
    """Return what bears on how far results can be trusted, and why numbers do not exist."""
    states = analysis.states
    reasons = missing_plain(states)
    checks = [*checks_of_states(states), *spin_orbit_checks(states.symbols)]
    known = {check.name for check in checks}
    return [
        *checks,
        *(
            Check(name, False, reasons.get(name, no_ipr(states)))
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
