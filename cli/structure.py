"""epicarve structure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .terminal import AsJson, OutFolder, console, facts_table, print_json, progress

if TYPE_CHECKING:
    from collections.abc import Mapping


def structure(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="Geometry, or a folder with a whole run.")
    ],
    after: Annotated[
        Path | None, typer.Argument(metavar="AFTER", help="The same atoms later, in any order.")
    ] = None,
    *,
    out: OutFolder,
    as_json: AsJson = False,
) -> None:
    """Compare two geometries: displacements, bonds, phase, interface, diffraction."""
    with progress("compare"):
        from epicarve.workflow.tasks.structure import structure as compare

        told = compare(before, after, out)
    if as_json:
        print_json(told)
        return
    console().print(facts_table("Structure", _facts(told)))
    for message in dict.fromkeys(check["message"] for check in told["checks"]):
        console().print(f"[yellow]note[/] {message}")
    console().print(f"tables and figure in {out}", soft_wrap=True)


def _facts(told: Mapping[str, Any]) -> dict[str, object]:
    """Return the lines that describe a comparison."""
    facts: dict[str, object] = {
        "atoms": f"{told['n_atoms']}, matched by {told['matched_by']}",
        "root mean square deviation": f"{told['rmsd_a']:.3f} Å",
        "largest shift": f"{told['max_shift_a']:.3f} Å, atom {told['max_shift_atom']}",
    }
    for row in told["coordination"] or []:
        facts[f"neighbours of {row['element']} in {row['domain']}"] = (
            f"{row['mean_before']:.2f} → {row['mean_after']:.2f}, {row['n_changed']} of "
            f"{row['n_atoms']} changed"
        )
    for name, phase in (told["phase"] or {}).items():
        if phase["kept"] is not None:
            facts[f"phase of {name}"] = (
                f"{'kept' if phase['kept'] else 'lost'}, {100 * phase['bonds_kept']:.0f} % of the "
                "inner bonds are the same"
            )
    interface = told["interface"]
    if interface is not None:
        facts["cations across the interface"] = (
            f"{100 * interface['in_line_fraction']:.0f} % of {interface['n_pairs']} pairs stay in "
            f"line, gap {interface['gap_before_a']:.2f} → {interface['gap_after_a']:.2f} Å"
        )
    return facts
