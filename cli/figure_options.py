"""Options of all figures on the command line, made of the fields of `FigureOptions`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from epicarve.errors import InputError

PANEL = "Look of the figures"

HELP: dict[str, tuple[Any, str]] = {
    "formats": (str, "Formats: png, svg, pdf; png,svg if not given."),
    "width": (str, "single (85 mm, the default) or double (170 mm)."),
    "width_mm": (float, "Width in mm, in the place of --width."),
    "height_mm": (float, "Height in mm; what the panels need if not given."),
    "font": (str, "Family of the letters."),
    "font_size_pt": (float, "Size of the letters in points (7)."),
    "palette": (str, "Colours: study, or safe for any colour vision."),
    "colours": (list[str], "NAME=COLOUR of an element or group; can be repeated."),
    "style": (Path, "Style file of matplotlib."),
    "title": (str, "Words over the figure."),
    "legend": (bool, "Whether colours and marks are told."),
    "caption": (bool, "Whether the notes stand below."),
    "zero": (
        str,
        "Energy to count from: homo, fermi, middle, edge, vacuum, core, core:Pb:d, "
        "NAME=EV or none.",
    ),
    "window_ev": (str, "Range of energies from the zero, such as -4,3."),
    "panels": (str, "Panels: ipr, dos, coop."),
    "groups": (str, "Colour by element, orbital, domain, domain-element, shell, own or a column."),
    "broadening_ev": (float, "Standard deviation of Gaussians in figures, in eV."),
    "filled": (bool, "Densities as areas, or as lines."),
    "stacked": (bool, "Densities of groups on each other, or all from zero."),
    "per_atom": (bool, "Densities per atom, or of the whole."),
    "overlaid": (bool, "Runs in one panel, or one below the other."),
}
"""Kind and help of each option, by the field of `FigureOptions`."""

OF_STATES = tuple(HELP)[tuple(HELP).index("zero") :]
"""Fields that only figures of states have a use for."""

NAMES = {
    "zero": ("--zero", "--align"),
    "colours": ("--colour",),
    "window_ev": ("--window",),
    "font_size_pt": ("--font-size",),
    "broadening_ev": ("--figure-broadening",),
}
"""Names of options that differ from those of the fields."""

Command = Callable[..., None]


def figure_options(*left_out: str, **names: str) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of figures to a command.

    Parameters
    ----------
    *left_out : str
        Fields that the command has no use for.
    **names
        Names of options that are others here than elsewhere, by their fields.

    Returns
    -------
    callable
        The command gets those that were given as the mapping ``figures``.
    """
    fields = [field for field in HELP if field not in left_out]

    def adding(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        own = [each for name, each in signature.parameters.items() if name != "figures"]

        @wraps(command)
        def with_figures(**given: Any) -> None:
            told = {field: given.pop(field) for field in fields}
            figures = {k: _meant(k, v) for k, v in told.items() if v is not None and v != []}
            command(**given, figures=figures)

        added = [
            inspect.Parameter(
                field,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=_option(field, names),
            )
            for field in fields
        ]
        with_figures.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*own, *added]
        )
        del with_figures.__wrapped__
        with_figures.__annotations__ = {each.name: each.annotation for each in (*own, *added)} | {
            "return": None
        }
        return with_figures

    return adding


def _option(field: str, names: dict[str, str]) -> Any:
    """Return the annotation of an option."""
    kind, told = HELP[field]
    word = field.replace("_", "-")
    usual = NAMES.get(field, (f"--{word}/--no-{word}" if kind is bool else f"--{word}",))
    called = (names[field],) if field in names else usual
    return Annotated[kind | None, typer.Option(*called, help=told, rich_help_panel=PANEL)]


def _meant(field: str, value: Any) -> Any:
    """Return what was typed as the field takes it."""
    if field in {"formats", "panels"}:
        return [word.strip() for word in value.split(",")]
    if field == "window_ev":
        return numbers(value, "--window")
    if field == "colours":
        pairs = [text.rpartition("=")[::2] for text in value]
        if not all(name and colour for name, colour in pairs):
            raise InputError(f"--colour {value[0]}: name a colour as in --colour Pb=black")
        return dict(pairs)
    return value


def numbers(text: str, option: str) -> list[float]:
    """Return numbers that stand between commas."""
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"{option} {text}: give numbers with commas between") from None
