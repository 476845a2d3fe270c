"""What the commands share: option types, tables, progress and messages."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="Recipe, a YAML file.")]
FACING = {
    "like": "like charges face each other",
    "opposite": "opposite charges face each other",
}
"""How the outermost layers of two faces are told if both are charged."""

OutFolder = Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder to write to.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

told_guesses: list[str] = []
"""What was guessed, as far as it was told."""

LONGEST_DERIVATION = 300
"""Longer texts on how a crystal was derived are left to model.json."""


def complain(message: str) -> None:
    """Print one sentence on standard error."""
    typer.echo(f"epicarve: {message}", err=True)


def tell_guess(message: str) -> None:
    """Print what was guessed on standard error, unless it was told before."""
    if message not in told_guesses:
        told_guesses.append(message)
        complain(message)


def not_yet_told(notes: Sequence[str]) -> list[str]:
    """Return the notes on crystals that no `tell_guess` told before."""
    return [note for note in notes if not any(told.endswith(note) for told in told_guesses)]


def print_json(data: Any) -> None:
    """Print plain data as JSON on standard output."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def console() -> Console:
    """Return the console for standard output."""
    from rich.console import Console

    return Console(highlight=False)


def facts_table(title: str, facts: Mapping[str, object]) -> Table:
    """Return a table of two columns: what, and its value."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, show_header=False, title_justify="left")
    table.add_column(style="dim")
    table.add_column()
    for name, value in facts.items():
        table.add_row(name, str(value))
    return table


@contextmanager
def progress(start: str) -> Iterator[Callable[[str], None]]:
    """Show what is going on, on standard error, while a command works.

    On a terminal one line with a spinner and the time is kept up to date; elsewhere each change
    of the first word gives a line.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    errors = Console(stderr=True, highlight=False)
    if not errors.is_terminal:
        seen: set[str] = set()

        def tell_line(text: str) -> None:
            stage = text.split(":", maxsplit=1)[0]
            if stage not in seen:
                seen.add(stage)
                errors.print(f"epicarve: {stage}")

        yield tell_line
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(start, total=None)
        yield lambda text: bar.update(task, description=text)


def model_facts(summary: Mapping[str, Any]) -> dict[str, object]:
    """Return the lines that describe a model, from the content of its model.json."""
    from epicarve.builder.crystal import direction_name, plane_name
    from epicarve.builder.library import bundled_names

    ratio = " : ".join(
        f"{summary['stoichiometry']['actual'][s]} {s}" for s in summary["stoichiometry"]["actual"]
    )
    edits = summary["edits"]
    removed = sum(edit["action"] == "removed" for edit in edits)
    facts: dict[str, object] = {
        "ions": f"{summary['n_atoms']}  ({ratio})",
        "net charge": f"{summary['net_charge']:+d} e" if summary["net_charge"] else "0",
        "diameter": f"{summary['diameter_nm']:.2f} nm",
        "deviation from bulk ratio": f"{100 * summary['stoichiometry']['deviation']:.2f} %",
        "fewest opposite neighbours": ", ".join(
            f"{symbol} {n}" for symbol, n in summary["min_coordination"].items()
        ),
        "connected pieces": summary["n_components"],
        "dipole": f"{summary['dipole_debye']:.0f} D",
        "edits of the plain cut": f"{removed} removed, {len(edits) - removed} added",
        "cost of the edits": f"{summary['optimum']['objective']:.2f} Å, "
        f"proven optimal to {100 * summary['optimum']['gap']:.2g} %",
    }
    if "centres" in summary:
        facts["centre"] = f"{summary['centres']['chosen']}: {summary['centres']['why']}"
    if "orderings" in summary:
        tied = sum(row["tied_with_lowest"] for row in summary["orderings"])
        facts["orderings"] = f"{len(summary['orderings'])}, {tied} of them tied for the lowest"
    if "core_shell" in summary:
        parts = summary["core_shell"]
        facts["core and shell"] = (
            f"{parts['n_core']} ions {parts['core']}, {parts['n_shell']} {parts['shell']}, "
            f"both on the lattice of {parts['lattice']}"
        )
    if "part_of" in summary:
        facts["part of"] = "{film} on {substrate}".format(**summary["part_of"])
        facts["cost of the edits of both"] = facts.pop("cost of the edits")
    if "interface" in summary:
        interface = summary["interface"]
        continuity = interface["continuity"]
        pairs = ", ".join(f"{n} {pair}" for pair, n in continuity["pairs"].items())
        facts["interface"] = (
            f"{interface['film']} {plane_name(interface['film_hkl'])} on "
            f"{interface['substrate']} {plane_name(interface['substrate_hkl'])}, "
            f"gap {interface['gap_a']:.2f} Å"
        )
        polarity = interface["polarity"]
        facts["faces"] = (
            f"{interface['film_termination']} on {interface['substrate_termination']}, "
            f"charges {polarity['signs']}: {facing(polarity['signs'], polarity['kind'])}"
        )
        facts["misfit"] = ", ".join(
            f"{row['strain']:+.2%} along {direction_name(row['substrate_direction'])}"
            for row in interface["misfit"]
        )
        matched = f"{100 * continuity['matched_fraction']:.0f} %"
        facts["cations continued"] = (
            f"{matched}: {continuity['reason']}"
            if continuity["rms_a"] is None
            else f"{matched} ({pairs}), rms {continuity['rms_a']:.2f} Å"
        )
        contact = interface["shortest_contact"]
        facts["shortest contact across"] = (
            f"{contact['pair']} {contact['distance_a']:.2f} Å, "
            f"{100 * contact['fraction_of_bulk']:.0f} % of the bulk's"
        )
        for name, fit in interface.get("relaxed_halves", {}).items():
            facts[f"{name} relaxed"] = (
                f"turned by {fit['rotation_deg']:.2f}°, {fit['n_cations']} interface cations off "
                f"by {fit['residual_rms_a']:.2f} Å rms"
            )
    for name, origin in summary["provenance"]["crystal"].items():
        told = " ".join(origin["derivation"].split())
        facts[name] = f"{origin['status']}: {told}" if told else origin["status"]
        if origin["status"] == "given":
            facts[name] = f"{origin['source']}, space group {origin['space_group']}"
        elif name in bundled_names() and not origin["source"].startswith("file "):
            facts[name] = f"{origin['status']}; `epicarve crystals {name}` tells from what"
        elif len(told) > LONGEST_DERIVATION:
            facts[name] = f"{origin['status']}; model.json tells from what (provenance, crystal)"
        if notes := not_yet_told(origin["notes"]):
            facts[f"{name}: notes"] = "\n".join(notes)
    return facts


def facing(signs: str, kind: str) -> str:
    """Return what the charges of two faces, such as ``"+/0"``, mean for them."""
    if kind in FACING:
        return FACING[kind]
    film, substrate = signs.split("/")
    if film == substrate:
        return "neither face is charged"
    return f"only the {'film' if substrate == '0' else 'substrate'}'s face is charged"
