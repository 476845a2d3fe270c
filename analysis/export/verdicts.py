"""What summaries tell of the alignment by other choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from epicarve.analysis.states import Check, rounded

if TYPE_CHECKING:
    from epicarve.analysis.states import AlignmentVerdicts, Analysis


def verdict_fields(analysis: Analysis) -> dict[str, Any]:
    """Return how many sets of choices come to which type, and how far the offsets move, in eV."""
    verdicts = analysis.verdicts
    if verdicts is None:
        return {}
    ranges = {
        f"{side}_offset_ev": verdicts.range_ev(f"{side}_offset_ev")
        for side in ("valence", "conduction")
    }
    return {
        "n": len(verdicts.variants),
        "n_without_type": verdicts.n_without_type,
        "n_agree": verdicts.types.get(analysis.alignment.type or "none", 0),
        "types": verdicts.types,
        **{
            name: None if ends is None else [rounded(x) for x in ends]
            for name, ends in ranges.items()
        },
    }


def checks_of_verdicts(analysis: Analysis) -> list[Check]:
    """Tell how far the type of the alignment depends on what was chosen."""
    verdicts, kind = analysis.verdicts, analysis.alignment.type
    if verdicts is None or kind is None:
        return []
    others = [
        f"{other} in {count}"
        for other, count in verdicts.types.items()
        if other not in {kind, "none"}
    ]
    if n := verdicts.n_without_type:
        others.append(f"by {n} more a domain lacks an edge")
    message = f"the alignment is of type {kind} in {verdicts.agreement(kind)} sets of choices"
    if others:
        message += f", {', '.join(others)} (alignment.csv)"
    return [Check("alignment_variants", not others, message)]


def missing_verdicts(verdicts: AlignmentVerdicts | None) -> dict[str, str]:
    """Give the reasons of what the variants of an alignment lack."""
    return {
        f"alignment_variants.{side}_offset_ev": f"no set of choices has both {side} edges"
        for side in ("valence", "conduction")
        if verdicts is not None and verdicts.range_ev(f"{side}_offset_ev") is None
    }
