"""What summaries tell of light and bands: transitions, Tauc plots, plane waves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from epicarve.analysis.states import LISTED, SIDES, Check, rounded

if TYPE_CHECKING:
    from epicarve.analysis.states import Absorption, Analysis, TaucFit, Traps
    from epicarve.dft.bands import UnfoldedBands

VELOCITY_TOLERANCE = 0.2
"""How far the sums of strengths in both forms may be from each other before it is noted."""

LEAST_COMPLETE = 0.98
"""Part of the states that the plane waves of bands hold, at least, without being noted."""


def transition_fields(absorption: Absorption | None, traps: Traps) -> dict[str, Any]:
    """Return what is told of transitions and their sum, and how many traps are bright or dark."""
    if absorption is None:
        return {}
    found = absorption.transitions
    light = {side: [absorption.is_bright(trap) for trap in traps.of_side(side)] for side in SIDES}
    is_known = absorption.edge_strength is not None
    return {
        "n_transitions": sum(each.energies_ev.size for each in found.of_spins),
        "strength_sum": rounded(found.total_strength),
        "velocity_strength_sum": rounded(found.total_velocity_strength),
        "velocity_ratio": rounded(absorption.velocity_ratio),
        "n_electrons": rounded(found.n_electrons),
        "complete_to_ev": rounded(found.complete_to_ev),
        "onset_ev": rounded(absorption.onset_ev),
        "edge_strength": rounded(absorption.edge_strength),
        "tauc": {name: _tauc_fields(fit) for name, fit in absorption.tauc.items()},
        **{
            f"n_{word}_{side}_traps": of_side.count(is_bright) if is_known else None
            for side, of_side in light.items()
            for word, is_bright in (("bright", True), ("dark", False))
        },
    }


def _tauc_fields(fit: TaucFit | None) -> dict[str, Any]:
    """Return the onset by a Tauc plot, where the line was fitted and how straight it is, in eV."""
    names = ("onset_ev", "from_ev", "to_ev", "r_squared", "lowest_ev", "highest_ev")
    return {name: None if fit is None else rounded(getattr(fit, name)) for name in names}


def band_fields_of(bands: UnfoldedBands) -> dict[str, Any]:
    """Return the path of a zone, its primitive cell, and how complete the plane waves are."""
    return {
        "path": [[segment.start, segment.end] for segment in bands.zone.path.segments],
        "n_points": len(bands.weights),
        "n_states": len(bands.states),
        "cell_a": np.round(bands.zone.cell_a, 6).tolist(),
        "cutoff_inverse_bohr": bands.cutoff_bohr,
        "completeness": rounded(bands.completeness),
        "lowest_completeness": rounded(bands.lowest_completeness),
    }


def checks_of_light(analysis: Analysis) -> list[Check]:
    """Tell what bears on how far transitions and bands can be trusted."""
    checks = []
    if analysis.absorption is not None:
        light = analysis.absorption.transitions
        checks.append(
            Check(
                "transitions",
                True,
                "oscillator strengths (length form, independent particles) sum to "
                f"{light.total_strength:.4g}, {100 * light.sum_rule:.0f} % of the "
                f"{light.n_electrons:g} electrons of these states; no transition is missing up to "
                f"{light.complete_to_ev:.2f} eV",
            )
        )
        ratio = analysis.absorption.velocity_ratio
        if ratio is not None:
            checks.append(
                Check(
                    "velocity_form",
                    abs(ratio - 1.0) <= VELOCITY_TOLERANCE,
                    f"in the velocity form the oscillator strengths up to "
                    f"{analysis.absorption.grid_ev[-1]:.2f} eV sum to {100 * ratio:.0f} % of those "
                    "in the length form, which all tables show; the two would be equal in a "
                    "complete basis set",
                )
            )
    return checks + [
        Check(
            "bands",
            bands.completeness >= LEAST_COMPLETE,
            f"the plane waves of the bands of {bands.zone.name}, up to {bands.cutoff_bohr:g}/bohr, "
            f"hold {100 * bands.completeness:.1f} % of its {len(bands.states)} states, of each at "
            f"least {100 * bands.lowest_completeness:.1f} %",
        )
        for bands in analysis.bands
    ]


def missing_light(absorption: Absorption | None) -> dict[str, str]:
    """Give the reasons of what transitions lack."""
    reasons: dict[str, str] = {}
    if absorption is not None and (why := absorption.transitions.no_velocity):
        reasons |= dict.fromkeys(
            ("transitions.velocity_strength_sum", "transitions.velocity_ratio"),
            f"the velocity form is not known: {why}",
        )
    if absorption is not None and absorption.onset_ev is None:
        reasons["transitions.onset_ev"] = f"no oscillator strength is as large as {LISTED:g}"
    for name, fit in {} if absorption is None else absorption.tauc.items():
        if fit is None:
            reasons |= dict.fromkeys(
                (f"transitions.tauc.{name}.{key}" for key in _tauc_fields(None)),
                f"no part of the Tauc plot for {name} gaps is straight",
            )
    if absorption is not None and absorption.edge_strength is None:
        told = "no delocalised states of one spin at both edges have a transition that is allowed"
        names = [f"n_{word}_{side}_traps" for side in SIDES for word in ("bright", "dark")]
        reasons |= {f"transitions.{name}": told for name in ("edge_strength", *names)}
    return reasons
