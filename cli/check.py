"""epicarve check."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .terminal import AsJson, print_json


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.inp", help="A CP2K input.")],
    cp2k: Annotated[
        str | None,
        typer.Option(
            "--cp2k", metavar="VERSION", help="Version that will read it; 2023.1 if none."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check any CP2K input; exit code 1 and a list if something is wrong."""
    from epicarve.workflow.check import check as check_file

    findings = check_file(file, cp2k)
    if as_json:
        print_json({"file": str(file), "findings": [asdict(finding) for finding in findings]})
    elif not findings:
        typer.echo(f"{file}: nothing wrong found")
    else:
        for finding in findings:
            line = f":{finding.line}" if finding.line else ""
            typer.echo(f"{file}{line}: {finding.severity}: {finding.message}; {finding.remedy}")
    raise typer.Exit(1 if findings else 0)
