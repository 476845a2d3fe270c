"""epicarve structure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .figure_options import OF_STATES, figure_options
from .terminal import AsJson, OutFolder, console, facts_table, print_json, progress

if TYPE_CHECKING:
    from epicarve.analysis.compare import Comparison


@figure_options(*OF_STATES)
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
    figures: dict[str, Any],
) -> None:
    """Compare two geometries: displacements, bonds, phase, interface, ligands, diffraction."""
    with progress("compare"):
        from epicarve.analysis.options import FigureOptions
        from epicarve.workflow.tasks.structure import compared

        found = compared(before, after, out, figures=FigureOptions(**figures))
    if as_json:
        print_json(found.as_dict())
        return
    console().print(facts_table("Structure", _facts(found.comparison)))
    for message in dict.fromkeys(found.comparison.reasons.values()):
        console().print(f"[yellow]note[/] {message}")
    console().print(f"tables and figure in {out}", soft_wrap=True)


def _facts(found: Comparison) -> dict[str, object]:
    """Return the lines that describe a comparison."""
    farthest = found.farthest
    facts: dict[str, object] = {
        "atoms": f"{len(found.symbols)}, matched by {found.match.matched_by}",
        "root mean square deviation": f"{found.match.rmsd_a:.3f} Å",
        "largest shift": f"{found.match.shifts_a[farthest]:.3f} Å, atom {farthest + 1}",
    }
    for row in found.coordination or ():
        facts[f"neighbours of {row.element} in {row.domain}"] = (
            f"{row.mean_before:.2f} → {row.mean_after:.2f}, {row.n_changed} of "
            f"{row.n_atoms} changed"
        )
    for name, phase in (found.phase or {}).items():
        if phase.bonds_kept is not None:
            facts[f"phase of {name}"] = (
                f"{'kept' if phase.kept else 'lost'}, {100 * phase.bonds_kept:.0f} % of the "
                f"inner bonds are the same, ions moved {phase.rms_move_a:.2f} Å rms against their "
                f"neighbours (kept: up to {phase.most_move_a:.2f})"
            )
            if phase.gfn1_bulk_rms_a is not None:
                facts[f"GFN1-xTB and bulk {name}"] = (
                    f"it moves the ions of the crystal itself {phase.gfn1_bulk_rms_a:.2f} Å rms: "
                    "so much of a relaxation with it is the method's"
                )
    facts |= _ligand_facts(found)
    across = found.interface
    if across is not None:
        facts["cations across the interface"] = (
            f"{100 * across.in_line_fraction:.0f} % of {across.n_pairs} pairs stay in "
            f"line, gap {across.gap_before_a:.2f} → {across.gap_after_a:.2f} Å"
        )
    return facts


def _ligand_facts(found: Comparison) -> dict[str, str]:
    """Return the lines that describe the ligands of each name."""
    from epicarve.analysis.compare import ligand_kinds

    facts = {}
    for name, kind in ligand_kinds(found.ligands or ()).items():
        told = [
            f"{kind.bound_after} of {kind.n} bound ({kind.bound_before} before)",
            f"{kind.came_off} came off",
            f"{kind.moved} moved to other ions",
        ]
        if kind.modes_before != kind.modes_after:
            told.append(f"{_modes(kind.modes_before)} → {_modes(kind.modes_after)}")
        if kind.nearest_after_a is not None and kind.nearest_before_a is not None:
            told.append(
                f"nearest ion {kind.nearest_before_a:.2f} → {kind.nearest_after_a:.2f} Å on average"
            )
        if kind.changed_bonds:
            told.append(
                f"{kind.changed_bonds} with other covalent bonds: {kind.broken} broken, "
                f"{kind.gave_proton} gave a proton"
            )
        facts[f"ligand {name}"] = "; ".join(told)
    return facts


def _modes(modes: dict[str, int]) -> str:
    return ", ".join(f"{number} {mode}" for mode, number in modes.items())
