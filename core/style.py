"""The look of figures and report: matplotlib style sheets and colours."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Literal

import yaml

from .errors import InputError
from .files import is_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Palette = Literal["study", "safe"]
"""Colours of the study, or near ones that can be told apart with any colour vision."""

Width = Literal["single", "double"]
"""Columns of a journal's page that a figure spans."""

_STYLES = files("epicarve.templates") / "styles"


@cache
def colours(palette: Palette = "study") -> dict[str, Any]:
    """Return a palette: ``elements``, ``others``, ``weights`` and one colour per mark.

    Examples
    --------
    >>> colours("safe")["ipr"]
    '#802a05'
    """
    table: dict[str, Any] = yaml.safe_load((_STYLES / "colours.yaml").read_text("utf-8"))
    chosen: dict[str, Any] = table[palette]
    return chosen


def element_colours(
    names: Sequence[str], palette: Palette = "study", own: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Give each group of atoms or orbitals a colour; that of an element is always the same.

    Angular momenta of an element (``"Pb:s"``) are tints of its colour; so is an element in a domain
    after the first (``"film:Pb"``). Groups of other names share a palette in turn.

    Parameters
    ----------
    names : sequence of str
        Chemical symbols, or names of other groups, without repetition.
    palette : {"study", "safe"}
        Which colours.
    own : mapping, optional
        Colours of the user's own by name, which count first.

    Returns
    -------
    dict
        Colour as ``#rrggbb``, or as the user named it, by name.

    Examples
    --------
    >>> element_colours(["Pb", "Pb:d", "film"], own={"film": "red"})
    {'Pb': '#4a4a4a', 'Pb:d': '#2c2c2c', 'film': 'red'}
    """
    elements, others = colours(palette)["elements"], colours(palette)["others"]
    found = {name: elements[name] for name in names if name in elements}
    parts = {name: name.rpartition(":")[::2] for name in names}
    domains = list(dict.fromkeys(head for head, tail in parts.values() if tail in elements))
    for name, (head, tail) in parts.items():
        if head in elements and tail in _TINTS:
            found[name] = _tinted(elements[head], _TINTS[tail])
        elif head and tail in elements:
            tint = _DOMAIN_TINTS[domains.index(head) % len(_DOMAIN_TINTS)]
            found[name] = _tinted(elements[tail], tint)
    rest = [name for name in names if name not in found]
    found |= {name: others[i % len(others)] for i, name in enumerate(rest)}
    found |= own or {}
    return {name: found[name] for name in names}


_TINTS = {"s": 0.45, "p": 0.0, "d": -0.4, "f": -0.65, "g": -0.75, "h": -0.85, "i": -0.95}
"""How far the colour of an element is mixed with white, or with black where negative."""

_DOMAIN_TINTS = (0.0, 0.45, -0.4)


def _tinted(colour: str, share: float) -> str:
    """Mix a colour ``#rrggbb`` with a share of white, or of black where the share is negative."""
    end = 255 if share > 0.0 else 0
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + abs(share) * (end - part)):02x}" for part in parts)


def pair_colours(n_pairs: int, palette: Palette = "study") -> list[str]:
    """Return colours of lines that stand for pairs of elements, in turn, as ``#rrggbb``.

    Examples
    --------
    >>> pair_colours(2)
    ['#332288', '#cc6677']
    """
    in_turn = colours(palette)["pairs"]
    return [in_turn[i % len(in_turn)] for i in range(n_pairs)]


def caption(notes: Sequence[str]) -> str:
    r"""Return the words under a picture: of each note its first line, as one paragraph.

    Examples
    --------
    >>> caption(["Computed crystal: PbS.\nIons relaxed in the cell of the source.", "A test."])
    'Computed crystal: PbS. A test.'
    """
    return " ".join(note.partition("\n")[0] for note in notes)


def require_colour(name: str, colour: str) -> None:
    """Refuse what matplotlib knows no colour by.

    Raises
    ------
    InputError
        If it is no colour.
    """
    from matplotlib.colors import is_color_like  # noqa: PLC0415  (settings name palettes without drawing)

    if not is_color_like(colour):
        raise InputError(
            f"{colour!r} of {name} is no colour; give one as '#rrggbb' or by a name, such as black"
        )


@contextmanager
def figure_style(
    width: Width = "single",
    own: Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """Set matplotlib to the style sheets for the time of a ``with``, whatever the user's own is.

    Parameters
    ----------
    width : {"single", "double"}
        Columns of a journal's page.
    own : Path, optional
        A style file of matplotlib, laid over the sheets.
    settings : mapping, optional
        Settings of matplotlib, laid over both.

    Raises
    ------
    InputError
        If the style file is missing, or no style file.
    """
    from matplotlib import rc_params_from_file, style  # noqa: PLC0415  (as above)

    sheets: list[Any] = []
    if own is not None:
        if not is_file(own):
            raise InputError(f"{own}: there is no such style file; give one of matplotlib's kind")
        with _told_by_matplotlib() as complaints:
            sheets.append(rc_params_from_file(own, use_default_template=False))
        if complaints:
            raise InputError(f"{own}: {complaints[0]}; give a style file of matplotlib")
    with (
        as_file(_STYLES / "figure.mplstyle") as base,
        as_file(_STYLES / f"{width}.mplstyle") as size,
        style.context(["default", base, size, *sheets, dict(settings or {})]),
    ):
        yield


@contextmanager
def _told_by_matplotlib() -> Iterator[list[str]]:
    """Collect, each as one line, what matplotlib logs as wrong with a style file."""
    complaints: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            complaints.append(" ".join(record.getMessage().split()))

    logger, handler = logging.getLogger("matplotlib"), Collector()
    logger.addHandler(handler)
    passed_on, logger.propagate = logger.propagate, False
    try:
        yield complaints
    except (OSError, UnicodeDecodeError, ValueError) as error:
        complaints.append(" ".join(str(error).split()))
    finally:
        logger.removeHandler(handler)
        logger.propagate = passed_on
