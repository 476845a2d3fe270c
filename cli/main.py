"""The program `epicarve`."""

from __future__ import annotations

import errno
import os
import signal
import sys
import warnings
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from epicarve.errors import GuessWarning, InputError
from epicarve.version import __version__

from .analyse import analyse
from .build import build
from .campaign import campaign
from .check import check
from .crate import crate
from .crystals import crystals
from .cube import cube
from .identify import identify
from .inputs import inputs
from .interface import compare, interface
from .machine import machine
from .new import new
from .orbital import orbital
from .passivate import passivate
from .plot import plot
from .report import report
from .run import run
from .series import series
from .structure import structure
from .study import study
from .table import table
from .terminal import complain, describe_guesses, report_guess

INTERRUPTED = 130
"""Exit code of a command that was stopped by Ctrl-C."""

OTHER_WORDS = {
    **dict.fromkeys(("carve", "cut", "make", "join", "generate", "nanocrystal"), "build"),
    **dict.fromkeys(("dos", "ipr", "gap", "traps", "post-process", "postprocess"), "analyse"),
    **dict.fromkeys(("submit", "relax", "optimise", "optimize", "calculate"), "run"),
    **dict.fromkeys(("write", "input", "prepare", "cp2k"), "inputs"),
    **dict.fromkeys(("validate", "lint"), "check"),
    **dict.fromkeys(("match", "epitaxy", "rank"), "interface"),
    **dict.fromkeys(("init", "example", "template", "recipe"), "new"),
    **dict.fromkeys(("draw", "figure"), "plot"),
    **dict.fromkeys(("recognise", "recognize"), "identify"),
}
"""Words for commands that people know from elsewhere, and the command that does it here."""


class Commands(TyperGroup):
    """The commands, which answer to an unknown one with the one that was meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; a word for one that is called otherwise is an InputError."""
        if args and (meant := OTHER_WORDS.get(args[0].lower())) and not ctx.resilient_parsing:
            raise InputError(f"no command is called {args[0]}; epicarve {meant} does that")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="epicarve",
    cls=Commands,
    help="From a crystal to a trap-filtered band gap: carve charge-balanced nanocrystals, "
    "prepare and run CP2K, and turn its output into DOS, IPR, traps and gap.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    crystals,
    new,
    build,
    series,
    interface,
    compare,
    inputs,
    machine,
    check,
    run,
    campaign,
    analyse,
    plot,
    report,
    table,
    crate,
    structure,
    passivate,
    identify,
    study,
    cube,
    orbital,
):
    app.command()(command)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"epicarve {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    """Accept the options that stand before a command."""


def _silence_libraries() -> None:
    """Drop what compiled libraries print on standard output, as HiGHS does now and then.

    These lines are left from its development and say nothing to a user. Standard output is then
    ours alone, and what stands behind --json is JSON.
    """
    if not isinstance(sys.stdout, TextIOWrapper) or sys.stdout is not sys.__stdout__:
        return  # it is a caller's own, as in a test, or there is none
    try:
        ours = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
    except OSError:  # one of them is closed
        return
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdout = os.fdopen(ours, "w", encoding=encoding, errors=errors)


def _report_guesses() -> None:
    """Print what was guessed as one line on standard error, without the line of code, and once."""
    as_usual = warnings.showwarning
    describe_guesses.clear()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, GuessWarning):
            report_guess(str(message))
        else:
            as_usual(message, category, *where, **more)

    warnings.showwarning = show


def main() -> None:
    """Run the command line; bad input is one sentence on standard error and exit code 2."""
    _silence_libraries()
    _report_guesses()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that CP2K is ended with us
    try:
        app()
    except InputError as error:
        complain(str(error))
        sys.exit(2)
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            complain(f"the disk is full{where}; free some space and run the same command again")
        elif where:
            reason = (error.strerror or "it cannot be used").lower()
            complain(f"{error.filename}: {reason}; name a file or folder that can be used so")
        else:
            raise
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(_told_stopped())
    except SystemExit as end:
        if end.code == INTERRUPTED:  # what typer makes of Ctrl-C
            _told_stopped()
        raise


def _told_stopped() -> int:
    complain("stopped; run the same command again to go on")
    return INTERRUPTED
