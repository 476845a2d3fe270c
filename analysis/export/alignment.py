"""The table of alignments by all sets of choices: alignment.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epicarve.errors import InputError

if TYPE_CHECKING:
    from epicarve.analysis.states import Analysis

HEAD = "filter,spin_orbit,tolerance_ev,reference,correction,type,valence_offset_ev,"
HEAD += "conduction_offset_ev,margin_ev"


def alignment_csv(analysis: Analysis) -> str:
    """Return a line for each set of choices.

    Parameters
    ----------
    analysis : Analysis
        Results of a model of two domains.

    Returns
    -------
    str
        Comma-separated values under the header ``filter,spin_orbit,tolerance_ev,reference,
        correction,type,valence_offset_ev,conduction_offset_ev,margin_ev``; empty where an edge is
        missing.
    """
    if analysis.verdicts is None:
        raise InputError("there are not two domains whose levels could be aligned")
    lines = [HEAD]
    for each in analysis.verdicts.variants:
        found = each.alignment
        numbers = (found.valence_offset_ev, found.conduction_offset_ev, found.margin_ev)
        told = ",".join("" if number is None else f"{number:.6f}" for number in numbers)
        spin_orbit = "true" if each.spin_orbit else "false"
        lines.append(
            f"{each.filter},{spin_orbit},{each.tolerance_ev:g},{each.reference},"
            f"{each.correction},{found.type or ''},{told}"
        )
    return "\n".join(lines) + "\n"
