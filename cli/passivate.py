"""epicarve passivate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .terminal import AsJson, console, print_json, progress

if TYPE_CHECKING:
    from rich.table import Table

    from epicarve.workflow.tasks.passivation import AnsweredTrap, Passivation


def passivate(
    job: Annotated[Path, typer.Argument(metavar="JOB", help="Folder of a run that is through.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Folder to write to; JOB/passivate."),
    ] = None,
    halide: Annotated[
        str | None, typer.Option(metavar="X", help="Halide that is added; the model's, or Cl.")
    ] = None,
    ligand: Annotated[
        str, typer.Option(metavar="NAME", help="Neutral ligand put on cations, or none.")
    ] = "methylamine",
    most: Annotated[int, typer.Option(metavar="N", help="At most so many proposals.")] = 8,
    ipr_max: Annotated[
        float | None,
        typer.Option(help="States of a larger IPR are traps, as in analyse."),
    ] = None,
    n_ipr_max: Annotated[
        float | None, typer.Option(help="Threshold of the size-aware filter, on N·IPR.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Propose small neutral edits that answer the traps of a run, each as a recipe."""
    with progress("passivate") as tell:
        from epicarve.workflow.tasks.passivate import FOLDER
        from epicarve.workflow.tasks.passivate import passivate as proposed

        folder = job / FOLDER if out is None else out
        found = proposed(
            job,
            folder,
            halide=halide,
            ligand=None if ligand.lower() == "none" else ligand,
            most=most,
            ipr_max=ipr_max,
            n_ipr_max=n_ipr_max,
            tell=tell,
        )
    if as_json:
        print_json(found.as_dict())
        return
    console().print(_traps(found))
    console().print(_edits(found))
    console().print(
        "ranked by atoms changed, then by energy as point charges against bulk: a heuristic; what "
        "an edit does to the gap is what its run says"
    )
    console().print(f"epicarve run {folder / 'proposal-1.yaml'} -o ...", soft_wrap=True)


def _traps(found: Passivation) -> Table:
    """Return the traps of each cause, and what answers them, the deepest of each side first."""
    table = _table("Traps")
    for heading, right in (("trap", False), ("eV", True), ("cause", False), ("proposals", False)):
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    groups: dict[tuple[str, str], list[AnsweredTrap]] = {}
    for trap in sorted(found.traps, key=lambda each: (each.trap.side, -each.trap.depth_ev)):
        told = trap.cause.told if trap.cause.ions else trap.cause.kind
        groups.setdefault((trap.trap.side, told), []).append(trap)
    for (side, told), traps in groups.items():
        energies = sorted({round(trap.energy_ev, 2) for trap in traps})
        span = f"{energies[0]:.2f}" + (f" to {energies[-1]:.2f}" if len(energies) > 1 else "")
        table.add_row(
            f"{side} {', '.join(str(trap.trap.state + 1) for trap in traps)}",
            span,
            told,
            ", ".join(str(rank) for rank in traps[0].proposals) or "none",
        )
    return table


def _edits(found: Passivation) -> Table:
    """Return the proposals by rank."""
    table = _table("Proposals")
    table.add_column("", justify="right")
    table.add_column("edit", overflow="fold")
    for heading in ("atoms", "eV", "debye", "traps"):
        table.add_column(heading, justify="right", no_wrap=True)
    for edit in found.edits:
        energy_ev = edit.proposal.energy_ev
        table.add_row(
            str(edit.rank),
            edit.edit,
            str(edit.proposal.change.n_atoms),
            "" if energy_ev is None else f"{energy_ev:.2f}",
            f"{edit.model.dipole_debye:.0f}",
            str(edit.n_traps),
        )
    return table


def _table(title: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
