"""epicarve check."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .terminal import AsJson, print_json

if TYPE_CHECKING:
    from epicarve.dft.cp2k_input import Finding


def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE.inp...", help="CP2K inputs, folders that hold some, - for standard input."
        ),
    ],
    cp2k: Annotated[
        str | None,
        typer.Option(
            "--cp2k", metavar="VERSION", help="Version that will read it; 2023.1 if none."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check any CP2K inputs; exit code 1 and a list if something is wrong."""
    from epicarve.workflow.tasks.check import check as check_file
    from epicarve.workflow.tasks.check import inputs_in

    found = {file: check_file(file, cp2k) for file in inputs_in(files)}
    if as_json:
        told = [
            {"file": str(file), "findings": [asdict(finding) for finding in findings]}
            for file, findings in found.items()
        ]
        print_json(told[0] if len(told) == 1 else {"files": told})
    else:
        for file, findings in found.items():
            _print(file, findings)
    raise typer.Exit(1 if any(found.values()) else 0)


def _print(file: Path, findings: tuple[Finding, ...]) -> None:
    if not findings:
        typer.echo(f"{file}: nothing wrong found")
    for finding in findings:
        line = f":{finding.line}" if finding.line else ""
        typer.echo(f"{file}{line}: {finding.severity}: {finding.message}; {finding.remedy}")
