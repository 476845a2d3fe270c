"""Makes docs/reference/command-line.md, every option of every command, from the commands' parsers.

Run as ``python docs/make_command_reference.py`` (``make reference``).
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args

import typer
from make_recipe_reference import type_words

from epicarve.cli.main import app

PAGE = Path(__file__).parent / "reference" / "command-line.md"

INTRODUCTION = """# The command line

Every command with its arguments and options. This page is made from the parsers of the commands,
so it says what this version accepts; `epicarve COMMAND --help` says the same in the terminal.

Exit codes: 0, all is well; 1, `check` found something, or a member of a `campaign` failed; 2, wrong
input, told in one sentence on standard error, and nothing was written; 130, stopped by Ctrl-C.

`--install-completion` and `--show-completion`, before any command, install or print the completion
of your shell; `--version` prints the version.

| command | what it does |
|---|---|
"""


def commands() -> dict[str, Any]:
    """Return the commands by name, as they stand in the help."""
    found: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return found


def names_of(option: Any) -> str:
    """Return the names of an option, or the name of an argument."""
    if option.param_type_name == "argument":
        return f"`{option.metavar or option.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


def value_of(option: Any, annotation: Any) -> str:
    """Return what stands behind an option: its name in the help, and its type in words."""
    if option.param_type_name != "argument" and option.is_flag:
        return ""
    kind = type_words(get_args(annotation)[0]).removesuffix(" or none")
    repeated = kind.removeprefix("list of ")
    metavar = f"`{option.metavar}`, " if option.metavar else ""
    if option.param_type_name == "argument":
        metavar = ""
    return metavar + (repeated if repeated == kind else f"{repeated}, can be repeated")


def default_of(option: Any) -> str:
    """Return the value that holds where an option is left out."""
    if option.required:
        return "**needed**"
    default = option.default
    if default is None or default is False or default in ((), []):
        return ""
    if default is True:
        return f"`{option.opts[0]}`"
    return f"`{getattr(default, 'value', default)}`"


def section(name: str, command: Any) -> str:
    """Return what the page says of a command."""
    signature = inspect.signature(command.callback, eval_str=True).parameters
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    shown = {each.metavar or each.name.upper(): each.required for each in arguments}
    usage = " ".join(each if required else f"[{each}]" for each, required in shown.items())
    text = f"\n## epicarve {name}\n\n{command.help}\n\n"
    text += f"```text\nepicarve {name} {usage} [OPTIONS]\n```\n\n"
    text += "| argument or option | value | default | meaning |\n|---|---|---|---|\n"
    for option in command.params:
        cells = (
            names_of(option),
            value_of(option, signature[option.name].annotation),
            default_of(option),
            option.help or "",
        )
        text += "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    return text


def page() -> str:
    """Return the whole page."""
    found = commands()
    text = INTRODUCTION
    for name, command in found.items():
        summary = (command.help or "").split("\n\n")[0].replace("\n", " ")
        text += f"| [{name}](#epicarve-{name}) | {summary} |\n"
    return text + "".join(section(name, command) for name, command in found.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
