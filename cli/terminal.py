"""What the commands share: option types, tables, progress and messages."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from epicarve.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="Recipe, a YAML file.")]
OutFolder = Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder to write to.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

LONGEST_DERIVATION = 300
"""Longer texts on how a crystal was derived are left to JSON."""

describe_guesses: list[str] = []
"""What was guessed, as far as it was told."""


def complain(message: str) -> None:
    """Print one sentence on standard error."""
    typer.echo(f"epicarve: {message}", err=True)


def report_guess(message: str) -> None:
    """Print what was guessed on standard error, unless it was told before."""
    if message not in describe_guesses:
        describe_guesses.append(message)
        complain(message)


def not_yet_reported(notes: Sequence[str]) -> list[str]:
    """Return the notes on crystals that no `report_guess` told before."""
    return [note for note in notes if not any(told.endswith(note) for told in describe_guesses)]


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


def charges_of(text: str | None, option: str) -> dict[str, int] | None:
    """Return the charges that an option gives, as in ``Pb=2,S=-2``; None if it is not given."""
    from epicarve.builder.cif import oxidation_number

    if text is None:
        return None
    charges: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        ion, _, number = part.partition("=")
        try:
            charge = oxidation_number(number)
        except ValueError:
            charge = None
        if not ion or charge is None:
            raise InputError(
                f"{option} {text}: {part} gives no whole charge; write it as in Fe1=3,Fe2=2,O=-2"
            )
        charges[ion] = charge
    return charges


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
