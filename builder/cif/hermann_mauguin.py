"""Space groups by the names that files give them: Hermann-Mauguin symbols short and full."""

from __future__ import annotations

import re
from functools import cache

import gemmi

BAR = "\N{COMBINING OVERLINE}"

_MARKUP = re.compile(r"<[^>]*>|[_~{}$]")
_OVERLINE = re.compile(r"\\(?:bar|overline)\s*\{?\s*(\d)\s*\}?")
_SCREW = re.compile(r"\((\d)\)")
_CHANGE_OF_AXES = re.compile(r"\([^()]*[abcxyz][^()]*,[^()]*\)")
_REMARK = re.compile(r"\([^()]*\)|,.*$")
_ORIGIN = re.compile(r"(?:origin|choice|setting|cell)\D*([12])|(hex|rhomb)", re.IGNORECASE)
_WORDS = re.compile(r"[:;]?\s*\b(?:origin|choice|setting|cell|hex|rhomb).*$", re.IGNORECASE)
_CHOICE = re.compile(r"\s*[:;]\s*(\w)$|\s*([12SZ])$", re.IGNORECASE)
_EXTENSION = {"S": "1", "Z": "2"}
"""The letters of the ICSD: S for the origin on the site of highest symmetry, Z for the centre."""


def settings_named(text: str) -> tuple[gemmi.SpaceGroup, ...]:
    """Return the settings of space groups that a name can mean, none if it is not known.

    Several are returned where the name leaves the choice of origin or axes open.

    Parameters
    ----------
    text : str
        A Hermann-Mauguin symbol: short or full, with or without blanks, screw axes as ``21``,
        ``2_1`` or ``2(1)``, and a choice as ``:1``, ``:2``, ``:H``, ``:R``, ``S``, ``Z``, ``H``.

    Examples
    --------
    >>> [setting.xhm() for setting in settings_named("F 4/m -3 2/m")]
    ['F m -3 m']
    >>> [setting.xhm() for setting in settings_named("I41/amd")]
    ['I 41/a m d:1', 'I 41/a m d:2']
    >>> settings_named("P2(1)/c")[0].xhm()
    'P 1 21/c 1'
    """
    if text.strip().isdigit():
        return settings_numbered(int(text))
    text = _SCREW.sub(r"\1", _OVERLINE.sub(r"-\1", re.sub(f"(\\d){BAR}", r"-\1", text)))
    text = _MARKUP.sub("", text).strip("'\" ")
    if _CHANGE_OF_AXES.search(text) is not None:
        return ()
    origin = _ORIGIN.search(text)
    symbol = _WORDS.sub("", _REMARK.sub("", text)).strip()
    choice = "" if origin is None else (origin[1] or origin[2][0].upper())
    found = _lookup(symbol)
    rhombohedral = symbol[:1].upper() in {"R", "H"} and symbol[-1:].upper() in {"R", "H"}
    end = _CHOICE.search(symbol)
    if not choice and end is not None and (not found or rhombohedral or ":" in symbol):
        choice = end[end.lastindex or 1].upper()
        found = _lookup(symbol[: end.start()]) or found
    elif not choice and rhombohedral and len(symbol) > 1:
        choice, found = symbol[-1].upper(), _lookup(symbol[:-1]) or found
    elif symbol[:1].upper() == "H":
        choice = "H"
    choice = _EXTENSION.get(choice, choice)
    chosen = tuple(setting for setting in found if setting.ext == choice)
    return chosen if choice and len(found) > 1 else found


def settings_numbered(number: int) -> tuple[gemmi.SpaceGroup, ...]:
    """Return all tabulated settings of the space group of a number, the standard one first."""
    found = [setting for setting in gemmi.spacegroup_table() if setting.number == number]
    return tuple(sorted(found, key=lambda setting: not setting.is_reference_setting()))


def _lookup(symbol: str) -> tuple[gemmi.SpaceGroup, ...]:
    """Return the settings of a bare symbol, whatever their origin or axes."""
    compact = "".join(symbol.split()).lower()
    if not compact:
        return ()
    found: gemmi.SpaceGroup | None = gemmi.find_spacegroup_by_name(symbol)
    if not isinstance(found, gemmi.SpaceGroup) or found.ext.strip("\0") not in {"", "1", "H"}:
        hall = _full_symbols().get(compact)
        found = None if hall is None else _by_hall(hall)
    if found is None:
        return ()
    return tuple(setting for setting in gemmi.spacegroup_table() if setting.hm == found.hm)


@cache
def _full_symbols() -> dict[str, str]:
    """Return the Hall symbol of every setting by its full symbol, from spglib's table."""
    import spglib  # noqa: PLC0415  (only for symbols that gemmi does not know)

    names: dict[str, str] = {}
    for index in range(1, 531):
        kind = spglib.get_spacegroup_type(index)
        if kind is None:
            continue
        symbols = [kind.international_full, *kind.international.split("=")]
        for symbol in symbols:
            compact = "".join(symbol.replace("_", "").split()).lower()
            names.setdefault(compact, kind.hall_symbol)
    return names


def _by_hall(symbol: str) -> gemmi.SpaceGroup | None:
    found = gemmi.find_spacegroup_by_ops(gemmi.symops_from_hall(symbol))
    return found if isinstance(found, gemmi.SpaceGroup) else None
