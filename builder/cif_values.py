"""Values of a CIF as numbers: signs after digits, uncertainties, fractions, and what is unknown."""

from __future__ import annotations

import math
import re

UNKNOWN = frozenset({"", "?", "."})
"""Texts with which a CIF says that a value is not known or does not apply."""

LARGEST_OXIDATION_NUMBER = 9
"""No ion carries more than this."""

_UNCERTAINTY = re.compile(r"\([\d.]*\)?$")


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
        raise ValueError(f"{text!r} is no whole oxidation number, such as 2 or -1")
    return int(value)
