"""Atoms chosen by a line of text: by number, element, neighbours, distance, or kind of place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from epicarve.units import A_PER_NM

LENGTH = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:nm|A|Å)"
ELEMENT = "[A-Z][a-z]?"

_NUMBERS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")
_ELEMENTS = re.compile(rf"{ELEMENT}(,{ELEMENT})*")
_NEIGHBOURS = re.compile(rf"({ELEMENT})(<=|>=|<|>|=)(\d+)(?:@({LENGTH}))?")
_DISTANCE = re.compile(rf"(?:({LENGTH})(<=?))?(r|x|y|z|interface|\([^()]*\))(<=|>=|<|>)({LENGTH})")
_PLACE = re.compile(r"(domain|position):(.+)")
_FLIPPED = {"<": ">", "<=": ">="}
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}

GRAMMAR = (
    "choose atoms by numbers from 1 (1-40,55), elements (Pb,Cl), neighbours (Pb<6, Pb<6@3.2A), "
    "distance from the centre (r<0.8nm), from a plane through it (z>0.3nm, (1,1,0)>0.3nm) or from "
    "the interface (interface<0.5nm), domain:NAME or position:surface, several joined by &"
)
"""What a choice can be, for messages."""


@dataclass(frozen=True)
class Numbers:
    """Atoms by their places in the run.

    Parameters
    ----------
    spans : tuple of (int, int)
        First and last atom of each range, counted from 1.
    """

    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Elements:
    """Atoms of some elements.

    Parameters
    ----------
    symbols : tuple of str
        Chemical symbols.
    """

    symbols: tuple[str, ...]


@dataclass(frozen=True)
class Neighbours:
    """Atoms of an element by the number of their neighbours.

    Parameters
    ----------
    symbol : str
        The element.
    comparison : {"<", "<=", ">", ">=", "="}
        How their number compares to `count`.
    count : int
        A number of neighbours.
    within_a : float or None
        Atoms of other elements within this distance in Å are neighbours; if None, ions of opposite
        charge by the bond rule of the model.
    """

    symbol: str
    comparison: str
    count: int
    within_a: float | None


@dataclass(frozen=True)
class Distance:
    """Atoms by a distance.

    Parameters
    ----------
    what : {"centre", "plane", "interface"}
        From where: the centroid of all atoms; a plane through it; the plane of the interface.
    normal : tuple of float
        Normal of the plane, of any length; empty of others.
    bounds : tuple of (str, float)
        Comparisons that all must hold, with lengths in Å. Along a normal, lengths have a sign.
    """

    what: str
    normal: tuple[float, ...]
    bounds: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Place:
    """Atoms by the kind of their place.

    Parameters
    ----------
    field : {"domain", "position"}
        What is told of an atom.
    value : str
        What it must be.
    """

    field: str
    value: str


Term = Numbers | Elements | Neighbours | Distance | Place


def parse_selection(text: str) -> tuple[Term, ...]:
    """Read a choice of atoms.

    Parameters
    ----------
    text : str
        As `GRAMMAR` says.

    Returns
    -------
    tuple of Term
        An atom is chosen if all of them hold.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse_selection("Pb<6 & r > 0.8 nm")
    (Neighbours(symbol='Pb', comparison='<', count=6, within_a=None), \
Distance(what='centre', normal=(), bounds=(('>', 8.0),)))
    >>> parse_selection("1-3,7")
    (Numbers(spans=((1, 3), (7, 7))),)
    """
    return tuple(_term(part.strip()) for part in text.split("&"))


def _term(text: str) -> Term:
    """Read one condition."""
    if place := _PLACE.fullmatch(text):
        return Place(place[1], place[2].strip())
    short = "".join(text.split())
    if _NUMBERS.fullmatch(short):
        spans = [part.partition("-") for part in short.split(",")]
        ranges = tuple((int(first), int(last or first)) for first, _, last in spans)
        for first, last in ranges:
            if not 1 <= first <= last:
                raise ValueError(f"{first}-{last} is no range of atoms; they count from 1 upwards")
        return Numbers(ranges)
    if _ELEMENTS.fullmatch(short):
        return Elements(tuple(short.split(",")))
    if bonds := _NEIGHBOURS.fullmatch(short):
        within_a = None if bonds[4] is None else _length_a(bonds[4])
        if within_a is not None and within_a <= 0.0:
            raise ValueError(f"{text!r}: neighbours lie within a positive distance")
        return Neighbours(bonds[1], bonds[2], int(bonds[3]), within_a)
    if distance := _DISTANCE.fullmatch(short):
        low, low_sign, what, sign, length = distance.groups()
        bounds = [] if low is None else [(_FLIPPED[low_sign], _length_a(low))]
        bounds.append((sign, _length_a(length)))
        if what in {"r", "interface"}:
            return Distance("centre" if what == "r" else what, (), tuple(bounds))
        return Distance("plane", _AXES.get(what) or _normal(what), tuple(bounds))
    raise ValueError(f"{text!r} chooses no atoms; {GRAMMAR}")


def _length_a(text: str) -> float:
    """Return a length in Å."""
    if text.endswith("nm"):
        return float(text[:-2]) * A_PER_NM
    return float(text[:-1])


def _normal(text: str) -> tuple[float, ...]:
    """Return three components, not all zero."""
    try:
        components = tuple(float(word) for word in text.strip("()").split(","))
    except ValueError:
        components = ()
    # NaN compares as false
    if len(components) != 3 or not 0.0 < sum(c * c for c in components) < float("inf"):
        raise ValueError(f"{text!r} is no normal of a plane; give three numbers, as in (1,1,0)")
    return components
