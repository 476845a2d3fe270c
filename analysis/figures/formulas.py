"""Formulas in words: their numbers stand low."""

from __future__ import annotations

import re

from epicarve.style import colours

NO_FORMULAS = {"CP2K"}
"""Words that read like formulas and are none."""

_WORD = re.compile(r"[A-Z][A-Za-z]*\d[A-Za-z0-9]*")
_SYMBOL = re.compile(r"[A-Z][a-z]?")
_FORMULA = re.compile(r"(?:[A-Z][a-z]?\d*)+(?=-|$)")


MATH, HTML = r"$_{\1}$", r"<sub>\1</sub>"
"""How low numbers are written: for matplotlib, and for a page."""


def pretty_words(text: str, low: str = MATH) -> str:
    """Set the numbers of all formulas in a text low.

    Examples
    --------
    >>> pretty_words("PbS-CsPbCl3 by CP2K, PBE0")
    'PbS-CsPbCl$_{3}$ by CP2K, PBE0'
    """
    return _WORD.sub(lambda found: pretty_formula(found.group(), low), text)


def pretty_formula(name: str, low: str = MATH) -> str:
    """Set the numbers of a chemical formula low; other names stay as they are.

    Examples
    --------
    >>> pretty_formula("Pb4S3Cl2"), pretty_formula("CsPbCl3-Pnma"), pretty_formula("film 2")
    ('Pb$_{4}$S$_{3}$Cl$_{2}$', 'CsPbCl$_{3}$-Pnma', 'film 2')
    """
    formula = _FORMULA.match(name)
    if formula is None or name in NO_FORMULAS:
        return name
    if not set(_SYMBOL.findall(formula.group())) <= set(colours()["elements"]):
        return name
    return re.sub(r"(\d+)", low, formula.group()) + name[formula.end() :]


def pretty_group(name: str) -> str:
    """Set the numbers of the formulas in the name of a group low.

    Examples
    --------
    >>> pretty_group("CsPbCl3:Pb"), pretty_group("list:1")
    ('CsPbCl$_{3}$:Pb', 'list:1')
    """
    return ":".join(pretty_formula(part) for part in name.split(":"))
