"""Values of a CIF: numbers with uncertainties or as fractions, oxidation numbers, site types."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import gemmi

if TYPE_CHECKING:
    from collections.abc import Collection

UNKNOWN = frozenset({"", "?", "."})
"""Texts with which a CIF says that a value is not known or does not apply."""

LARGEST_OXIDATION_NUMBER = 9
"""No ion carries more than this."""

HEAVIEST = 98
"""Atomic number of the heaviest element that sites are taken to be of."""

NOT_ELEMENTS = frozenset({"a", "du", "dum", "dummy", "ln", "m", "me", "q", "t", "va", "vac", "x"})
"""Names of sites that are no element, though some begin with the symbol of one."""

WITH_SUFFIX = frozenset("HCNOFSP")
"""Elements whose sites are named with a small letter behind the symbol, such as Ob and Cval."""

TRITIUM_U = 3.016
"""Mass of tritium in unified atomic mass units."""

_UNCERTAINTY = re.compile(r"\([\d.]*\)?$")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\([\d.]*\)?)?$")
_FRACTION = re.compile(r"([+-]?\d+)\s*/\s*(\d+)$")
_CHARGE = re.compile(r"(?:(\d+)([+-])|([+-])(\d+)|([+-]))$")
_WATER = re.compile(r"(wat|h2o)", re.IGNORECASE)
_HYDROUS = re.compile(r"wat|h2o|O_?[wW]|O-?[hH](?![a-z])|NH\d?(?![a-z])", re.IGNORECASE)


def number(text: str) -> float | None:
    """Return the number that a value states, None if it says that it is not known.

    Parameters
    ----------
    text : str
        The value without quotes: ``0.25``, ``.25``, ``0.25(3)``, ``1/4``, ``?`` or ``.``.

    Raises
    ------
    ValueError
        If the text is no finite number; the message says so and repeats it.

    Examples
    --------
    >>> number("5.936(2)"), number("1/4"), number("?")
    (5.936, 0.25, None)
    """
    text = text.strip().strip("'\"").strip()
    if text in UNKNOWN:
        return None
    if (plain := _NUMBER.match(text)) is not None:
        value = float(plain[1])
        if math.isfinite(value):
            return value
    elif (parts := _FRACTION.match(text)) is not None and int(parts[2]):
        return int(parts[1]) / int(parts[2])
    hint = "; write a decimal point" if re.fullmatch(r"[+-]?\d+,\d+", text) else ""
    raise ValueError(f"{text[:40]!r} is not a finite number{hint}")


def oxidation_number(text: str) -> int | None:
    """Return the oxidation number that a CIF states, None if it says that it is not known.

    Parameters
    ----------
    text : str
        The value without quotes: ``2``, ``+2``, ``2+``, ``2.0``, ``2(1)``, ``?`` or ``.``.

    Raises
    ------
    ValueError
        If the text is no whole number; the message says so and repeats it.

    Examples
    --------
    >>> oxidation_number("2+"), oxidation_number("-2"), oxidation_number("2(1)")
    (2, -2, 2)
    >>> oxidation_number("?") is None
    True
    """
    text = text.strip().strip("'\"").strip()
    if text in UNKNOWN:
        return None
    plain = _UNCERTAINTY.sub("", text.replace("\N{MINUS SIGN}", "-"))
    if plain[-1:] in {"+", "-"} and plain[:1] not in {"+", "-"}:
        plain = plain[-1] + (plain[:-1] or "1")
    try:
        value = float(plain)
    except ValueError:
        value = math.nan
    if not value.is_integer() or abs(value) > LARGEST_OXIDATION_NUMBER:
        raise ValueError(f"{text[:40]!r} is no whole oxidation number, such as 2 or -1")
    return int(value)


@dataclass(frozen=True)
class SiteType:
    """What a site is called.

    Parameters
    ----------
    element : str
        Symbol of its element; H for deuterium and tritium.
    charge : int
        Charge in its type, 0 if none stands there.
    mass_u : float
        Mass in unified atomic mass units, of deuterium its own.
    hydrous : bool
        Whether the name says that the site carries hydrogen, as ``Wat`` and ``OH`` do.
    """

    element: str
    charge: int
    mass_u: float
    hydrous: bool


def site_type(name: str, formula: Collection[str] = (), *, is_label: bool = False) -> SiteType:
    """Return what the type symbol or the label of a site says.

    Parameters
    ----------
    name : str
        Such as ``Pb``, ``Pb2+``, ``O-2``, ``Cval``, ``D``, ``Ob1``, ``Wat``, ``OH2``, ``CL1``.
    formula : collection of str
        Elements that the formula of the file names; they decide where two readings are possible.
    is_label : bool
        Whether it is a label, in which digits count the sites and no charge stands.

    Raises
    ------
    ValueError
        If no element can be made out; the message says so.

    Examples
    --------
    >>> site_type("Pb2+").charge, site_type("Ob1", is_label=True).element
    (2, 'O')
    >>> site_type("Wat1", is_label=True).hydrous
    True
    """
    text = name.strip().strip("'\"").replace("(", "").replace(")", "").strip()
    charge = 0
    if not is_label and (sign := _CHARGE.search(text)) is not None:
        charge = int(f"{sign[2] or sign[3] or sign[5]}{sign[1] or sign[4] or 1}")
        text = text[: sign.start()].rstrip()
    letters = re.match(r"\d*([A-Za-z]+)", "O" if _WATER.match(text) else text)
    symbols: list[str] = []
    if letters is not None and text == "T" and not is_label:
        symbols = ["T"]
    elif letters is not None and letters[1].lower() not in NOT_ELEMENTS:
        symbols = _readings(letters[1], formula, is_label=is_label)
    if not symbols:
        raise ValueError(f"{name[:40]!r} is no element")
    symbol = symbols[0]
    return SiteType(
        element="H" if symbol in {"D", "T"} else symbol,
        charge=charge,
        mass_u=TRITIUM_U if symbol == "T" else float(gemmi.Element(symbol).weight),
        hydrous=symbol in {"O", "N"} and _HYDROUS.match(text) is not None,
    )


def _readings(word: str, formula: Collection[str], *, is_label: bool) -> list[str]:
    """Return the elements that letters can mean, the likeliest first."""
    if not is_label and word in elements():
        return [word]
    two, one = word[:2].capitalize(), word[0].upper()
    found = [two] if len(word) > 1 and two in elements() else []
    if one in elements() and (len(word) == 1 or one in WITH_SUFFIX or not word[1].islower()):
        found.append(one)
    return [symbol for symbol in found if symbol in formula] or found


@cache
def elements() -> frozenset[str]:
    """Return the symbols of the elements that sites are taken to be of, and D."""
    names = (str(gemmi.Element(number).name) for number in range(1, HEAVIEST + 1))
    return frozenset(names) | {"D"}
